"""A shift at the desk: everything that staff can press, choose, type and fill in, once at least."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from bridgebot.sandbox import world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.furniture import book
from bridgebot.sandbox.hands import Hands, Message, MissingError, named
from bridgebot.sandbox.slack.state import SlackRefusalError
from bridgebot.sandbox.transcript import Transcript
from bridgebot.sandbox.world import ANNA, GRETA, GUESTS, HANNA, MARCO, OSKAR, TOMAS, Person

EMILY, JONAS = world.stay_of("Emily"), world.stay_of("Jonas")
LUCIA, KLARA, BASTIEN = world.stay_of("Lucía"), world.stay_of("Klara"), world.stay_of("Bastien")
GIULIA, MARISOL, NOOR = world.stay_of("Giulia"), world.stay_of("Marisol"), world.stay_of("Noor")
IRMA = world.stay_of("Irma")
_POOL: Final = "A word to all guests: the sauna is closed on Monday."
_ORDER: Final = "Your taxi comes at nine, its order is PO-55120."
_NAMES: Final = ("Parking", "Breakfast", "Late arrival", "Luggage", "Wi-Fi", "Taxi", "Pets")
_REPLY: Final = "Dear {guest}, yes: breakfast is from 7 to 10:30. ({reservation})"
_MORE: Final = 7
"""Saved replies that each of three people writes: more than the list shows at once."""


def settings() -> dict[str, str]:
    """Name the settings under which a shift has everything: hours that end, alerts at once."""
    now = datetime.now(UTC)
    opens = (now + timedelta(hours=12)).replace(second=0)
    closes = opens - timedelta(minutes=1)
    return {
        # The bridge tells what it listens to.
        "BRIDGEBOT_LOG_LEVEL": "debug",
        "BRIDGEBOT_ALERT_AFTER_MINUTES": "0.02",
        "BRIDGEBOT_ALERT_FLOOD": "10",
        "BRIDGEBOT_BUSINESS_HOURS": f"{opens:%H:%M}-{closes:%H:%M}",
        "BRIDGEBOT_INTERNAL_PATTERN": r"PO-\d{5}",
        "BRIDGEBOT_TAGS_SECONDS": "1",
        "BRIDGEBOT_DIGEST_AT": f'["{now - timedelta(minutes=2):%H:%M}"]',
    }


def settings_of_the_next() -> dict[str, str]:
    """Name the same settings, with an hour of handing over that has just come."""
    digest = f"{datetime.now(UTC) - timedelta(minutes=1):%H:%M}"
    return {**settings(), "BRIDGEBOT_DIGEST_AT": f'["{digest}"]'}


def crowd_missing(chain: Chain) -> Sequence[str]:
    """Complain until the summary of all who wait is there: answered before, they are no crowd."""
    posts = chain.workspace.channels[world.ALERTS.channel_id].messages.values()
    return [] if any(named(post, "wait_list") for post in posts) else ["no summary of who waits"]


async def play(
    chain: Chain, transcript: Transcript, restart: Callable[[], Awaitable[None]]
) -> Sequence[str]:
    """Play the shift; return what did not come of something, in words."""
    shift = _Shift(Hands(chain, transcript), restart)
    for scene in (
        shift.a_crowd_waits,
        shift.lists_and_home,
        shift.an_alert,
        shift.finding,
        shift.words_to_the_bridge,
        shift.older_messages,
        shift.questions_before_sending,
        shift.second_thoughts,
        shift.what_cannot_be_delivered,
        shift.what_nobody_knows,
        shift.saved_replies,
        shift.handing_over,
    ):
        transcript.line("demo", "", str(scene.__doc__))
        try:
            await scene()
        except (MissingError, SlackRefusalError) as missing:
            return [f"{scene.__name__.replace('_', ' ')}: {missing}"]
    return []


def unused(hears: Mapping[str, Iterable[str]], taken: Iterable[tuple[str, str]]) -> list[str]:
    """Name what the bridge listens to and nobody has used."""
    done = list(taken)
    return [
        f"{kind} {pattern}"
        for kind, patterns in hears.items()
        for pattern in patterns
        if not any(of == kind and re.fullmatch(pattern, name) for of, name in done)
    ]


class _Shift:
    """The scenes of the shift, in their order."""

    def __init__(self, hands: Hands, restart: Callable[[], Awaitable[None]]) -> None:
        self._hands = hands
        self._chain = hands.chain
        self._restart = restart

    def _tagged(self, stay: world.Stay) -> bool | None:
        return self._chain.booking.conversations[stay.conversation_id].no_reply_needed

    async def a_crowd_waits(self) -> None:
        """Open the list behind the summary of many who wait, and answer the last of them."""
        hands, see = self._hands, self._hands.see
        await see("the summary", partial(self._alert_with, "wait_list"))
        summary = self._alert_with("wait_list")
        await hands.press(ANNA, summary, "wait_list")
        await see("the list of all who wait", lambda: named(hands.private(ANNA), "wait_claim"))
        await hands.press(TOMAS, summary, "wait_list")
        await see("the refusal", lambda: "Only full members" in str(hands.private(TOMAS)))
        for guest in ("Marisol", "Ravi", "Wanda"):
            self._chain.hotel_writes(world.stay_of(guest), "Gracias, thank you, dziękuję!")
        await see("the end of the summary", lambda: not named(summary, "wait_list"))

    async def lists_and_home(self) -> None:
        """Look who waits, in the list and at the Home tab, and take care of somebody."""
        hands, see = self._hands, self._hands.see
        book(self._chain.booking, HANNA)
        self._chain.guest_writes(HANNA, HANNA.opening[0])
        await see("the alert", lambda: named(hands.alert(HANNA), "wait_claim"))
        hands.command(MARCO, "/unanswered", "")
        await see("the list", lambda: HANNA.guest in hands.private(MARCO).get("text", ""))
        await hands.press(MARCO, hands.private(MARCO), "wait_claim")
        await see("the claim", lambda: named(hands.private(MARCO), "wait_release"))
        self._chain.slack_api.modals.open_home(ANNA.user_id)
        await see("the Home tab", lambda: HANNA.guest in str(hands.home(ANNA)))
        await hands.at_home(ANNA, "home_property", KLARA.property_id)
        await see("another property", lambda: HANNA.guest not in str(hands.home(ANNA)))
        await hands.at_home(ANNA, "home_property", HANNA.property_id)
        await see("the guest again", lambda: named(hands.home(ANNA), "wait_release"))
        await hands.at_home(ANNA, "home_refresh")
        await hands.at_home(ANNA, "wait_release")
        await see("nobody in charge", lambda: named(hands.home(ANNA), "wait_claim"))

    async def an_alert(self) -> None:
        """Claim an alert, release it, snooze it, settle it, take that back, and answer."""
        hands, see = self._hands, self._hands.see
        for act, shows in (
            ("wait_claim", f"Claimed by <@{ANNA.user_id}>"),
            ("wait_release", "wait_claim"),
            ("wait_snooze_30", "Quiet until"),
        ):
            await hands.press(ANNA, hands.alert(HANNA), act)
            await see(shows, partial(self._alerted, shows))
        for act in ("wait_snooze_120", "wait_snooze_opening"):
            before = str(hands.alert(HANNA)["blocks"])
            await hands.press(ANNA, hands.alert(HANNA), act)
            await see("another time", partial(self._alerted_other, before))
        await hands.press(ANNA, hands.alert(HANNA), "wait_open")
        await hands.press(ANNA, hands.alert(HANNA), "wait_settle")
        await see("the mark at Booking.com", lambda: self._tagged(HANNA))
        await see("its end", lambda: named(hands.alert(HANNA), "wait_reopen"))
        await hands.press(MARCO, hands.alert(HANNA), "wait_reopen")
        await see("the mark gone", lambda: self._tagged(HANNA) is False)
        await see("a new alert", lambda: named(hands.alert(HANNA), "wait_settle"))
        self._chain.booking.conversations[HANNA.conversation_id].no_reply_needed = True
        await see("the mark set elsewhere", lambda: "No reply" in hands.alert(HANNA)["text"])
        self._chain.guest_writes(EMILY, "Thank you so much!")
        await see("that she only thanks", lambda: named(hands.root(EMILY), "wait_reopen"))
        await hands.press(ANNA, hands.root(EMILY), "wait_reopen")
        await see("an alert about thanks", lambda: named(hands.alert(EMILY), "wait_settle"))
        ts = hands.says(ANNA, EMILY, "With pleasure! See you tonight.")
        await see("the answer", lambda: "Answered" in hands.alert(EMILY)["text"])
        self._chain.workspace.react(ANNA.user_id, GUESTS.channel_id, ts, "handshake")

    def _alerted(self, words: str) -> bool:
        return words in str(self._hands.alert(HANNA)["blocks"])

    def _alerted_other(self, before: str) -> bool:
        return str(self._hands.alert(HANNA)["blocks"]) != before

    def _offered(self, person: Person, action_id: str) -> bool:
        return bool(named(self._hands.private(person), action_id))

    async def finding(self) -> None:
        """Find somebody by words, page by page, and by a number that nobody knows yet."""
        hands, see = self._hands, self._hands.see
        several = (EMILY, JONAS, LUCIA, KLARA, BASTIEN, GIULIA)
        for stay in several:
            self._chain.hotel_writes(stay, _POOL, template="To all guests")
        await see("the words in all threads", lambda: all(map(self._told, several)))
        hands.command(GRETA, "/reservation", "sauna")
        for turn in ("find_turn_more", "find_turn_back"):
            await see(turn, partial(self._offered, GRETA, turn))
            await hands.press(GRETA, hands.private(GRETA), turn)
        await see("the first page", lambda: named(hands.private(GRETA), "find_turn_more"))
        await hands.press(GRETA, hands.private(GRETA), named(hands.private(GRETA), "find_show_")[0])
        await see("the card", lambda: named(hands.private(GRETA), "find_go"))
        await hands.press(GRETA, hands.private(GRETA), "find_go")
        await hands.press(GRETA, hands.private(GRETA), "find_turn_list")
        await see("the list again", lambda: named(hands.private(GRETA), "find_show_"))

        book(self._chain.booking, OSKAR)
        self._chain.guest_wrote_long_ago(OSKAR, OSKAR.opening[0])
        hands.command(MARCO, "/reservation", OSKAR.reference)
        await see("the guest", lambda: named(hands.private(MARCO), "find_open"))
        await hands.press(MARCO, hands.private(MARCO), "find_open")
        await see("his thread", lambda: OSKAR.opening[0] in str(hands.thread(OSKAR)))
        await see("the way there", lambda: named(hands.private(MARCO), "find_go"))

    def _told(self, stay: world.Stay) -> bool:
        return "sauna" in str(self._hands.thread(stay))

    async def older_messages(self) -> None:
        """Ask for what was written before the first day."""
        hands, see = self._hands, self._hands.see
        self._chain.guest_wrote_long_ago(NOOR, "Is there a lift in the house?")
        await hands.press(GRETA, hands.root(NOOR), "older_show")
        await see("the older message", lambda: "a lift" in str(hands.thread(NOOR)))
        await see("no more to ask for", lambda: not named(hands.root(NOOR), "older_show"))
        (first, *_) = hands.thread(NOOR)
        hands.shortcut(GRETA, first, "older_messages", "Older messages")
        await see("that it is whole", lambda: "Nothing older" in str(hands.private(GRETA)))

    async def _held(self, person: Person, stay: world.Stay, text: str) -> tuple[str, Message]:
        """Write what is held for a question; give its ts and the question."""
        before = {each["ts"] for each in self._hands.thread(stay)}
        ts = self._hands.says(person, stay, text)

        def asked() -> list[Message]:
            fresh = (each for each in self._hands.thread(stay) if each["ts"] not in before)
            return [each for each in fresh if named(each, "held_send")]

        await self._hands.see("the question", asked)
        return ts, asked()[0]

    def _marked(self, stay: world.Stay, ts: str, mark: str) -> Callable[[], bool]:
        channel, _ = self._chain.thread_of(stay) or ("", "")
        message = self._chain.workspace.message(channel, ts)
        return lambda: mark in str(message.get("reactions"))

    async def questions_before_sending(self) -> None:
        """Decide about replies that look internal: send, edit, keep, and send after all."""
        hands, see = self._hands, self._hands.see
        ts, question = await self._held(ANNA, KLARA, _ORDER)
        await hands.press(ANNA, question, "held_send")
        await see("the reply", self._marked(KLARA, ts, "white_check_mark"))
        ts, question = await self._held(MARCO, HANNA, _ORDER)
        await hands.press(MARCO, question, "held_edit")
        await hands.opened(MARCO, "held_edit")
        hands.fill(MARCO, text="Ihr Taxi kommt um neun Uhr.")
        await see("the reply in other words", self._marked(HANNA, ts, "white_check_mark"))
        ts, question = await self._held(GRETA, JONAS, _ORDER)
        await hands.press(GRETA, question, "held_keep")
        await see("the lock", self._marked(JONAS, ts, "lock"))
        reply = self._chain.workspace.message(GUESTS.channel_id, ts)
        hands.shortcut(GRETA, reply, "send_to_guest", "Send to guest")
        await see("the reply after all", self._marked(JONAS, ts, "white_check_mark"))
        ts, _ = await self._held(ANNA, KLARA, _ORDER)
        reply = self._chain.workspace.message(GUESTS.channel_id, ts)
        hands.shortcut(ANNA, reply, "keep_internal", "Keep internal")
        await see("the lock", self._marked(KLARA, ts, "lock"))

    async def second_thoughts(self) -> None:
        """Edit a reply too late, and send the correction."""
        hands, see = self._hands, self._hands.see
        ts = hands.says(MARCO, GIULIA, "La colazione è alle sette.")
        await see("the reply", self._marked(GIULIA, ts, "white_check_mark"))
        self._chain.edits(MARCO, GIULIA, ts, "La colazione è alle otto.")
        await see("the offer", lambda: named(hands.thread(GIULIA)[0], "correction_send"))
        await hands.press(MARCO, hands.thread(GIULIA)[0], "correction_send")
        await see("the new words", lambda: "La colazione è alle otto." in self._chain.got(GIULIA))

    async def what_cannot_be_delivered(self) -> None:
        """Copy a reply that was refused, try it again, and what Slack refused as well."""
        hands, see = self._hands, self._hands.see
        self._chain.booking_api.faults.add("conversations.post", "403")
        ts = hands.says(ANNA, LUCIA, "La esperamos.")
        await see("why not", lambda: named(hands.thread(LUCIA)[0], "delivery_retry"))
        refused = hands.thread(LUCIA)[0]
        await hands.press(ANNA, refused, "delivery_copy")
        await see("the words to copy", lambda: "La esperamos." in str(hands.private(ANNA)))
        await hands.press(ANNA, refused, "delivery_retry")
        await see("the reply", self._marked(LUCIA, ts, "white_check_mark"))

        self._chain.slack_api.faults.add("chat.postMessage", "refused")
        self._chain.hotel_writes(IRMA, "A domani!")
        await see("what Slack refused", partial(self._alert_with, "post_retry"))
        await hands.press(ANNA, self._alert_with("post_retry"), "post_retry")
        await see("it in the thread", lambda: "A domani!" in str(hands.thread(IRMA)))

    def _alert_with(self, action_id: str) -> Message:
        posts = self._hands.messages(world.ALERTS.channel_id)
        return next((each for each in posts if named(each, action_id)), {})

    async def what_nobody_knows(self) -> None:
        """Say what became of replies whose answers were lost."""
        hands, see, faults = self._hands, self._hands.see, self._chain.booking_api.faults
        acts = {LUCIA: "uncertain_sent", IRMA: "uncertain_again", KLARA: "uncertain_drop"}
        faults.add("conversations.post", "drop_before", times=len(acts))
        # Others look at conversations too, and meet it as well.
        faults.add("conversations.by_id", "403", times=1_000_000)
        for stay in acts:
            hands.says(GRETA, stay, "One moment, please.")
            await see("the question", partial(self._question, stay))
        faults.drop("conversations.by_id")
        # Somebody looked in the extranet, and wrote it there in the guest's language.
        self._chain.hotel_writes(LUCIA, "Un momento, por favor.")
        for stay, act in acts.items():
            await hands.press(GRETA, self._question(stay), act)
            await see("the decision", partial(self._decided, stay))
        await see("the one sent again", lambda: "One moment, please." in self._chain.got(IRMA))

    def _question(self, stay: world.Stay) -> Message:
        posts = self._hands.thread(stay)
        return next((each for each in posts if named(each, "uncertain_sent")), {})

    def _decided(self, stay: world.Stay) -> bool:
        return not self._question(stay)

    async def saved_replies(self) -> None:
        """Write saved replies, change and delete some, choose one, see it, and send it."""
        hands, see = self._hands, self._hands.see
        await asyncio.gather(*map(self._write_replies, (ANNA, MARCO, GRETA)))
        hands.command(ANNA, "/bridgebot", "replies")
        view = await hands.opened(ANNA, "")
        await see("all of them", lambda: named(hands.top(ANNA), "saved_turn_more"))
        await hands.press_in_form(ANNA, "saved_turn_more")
        await see("the other page", lambda: named(view, "saved_turn_back"))
        await hands.press_in_form(ANNA, named(view, "saved_delete_")[0])
        await see("one less", lambda: f"{3 * _MORE - 1} saved" in str(view["blocks"]))
        await hands.press_in_form(ANNA, named(view, "saved_edit_")[0])
        await hands.opened(ANNA, "saved_form")
        hands.fill(ANNA, name="Aa breakfast", text=_REPLY)
        await see("the new words", lambda: "Aa breakfast" in str(view["blocks"]))
        hands.close(ANNA)

        await hands.press(MARCO, hands.root(EMILY), "saved_open")
        await hands.opened(MARCO, "saved_choose")
        hands.close(MARCO)
        message = hands.thread(EMILY)[0]
        hands.shortcut(MARCO, message, "saved_replies", "Saved replies")
        form = await hands.opened(MARCO, "saved_choose")
        options = form["blocks"][1]["element"]["options"]
        which = next(one["value"] for one in options if one["text"]["text"] == "Aa breakfast")
        hands.fill(MARCO, which=which)
        draft = await hands.opened(MARCO, "saved_send")
        text = draft["blocks"][1]["element"]["initial_value"]
        hands.fill(MARCO, text=text)
        await see("the reply", lambda: text in self._chain.got(EMILY))

    async def _write_replies(self, person: Person) -> None:
        hands = self._hands
        hands.command(person, "/bridgebot", "replies")
        view = await hands.opened(person, "")
        for name in _NAMES[:_MORE]:
            await hands.press_in_form(person, "saved_new")
            await hands.opened(person, "saved_form")
            hands.fill(person, name=f"{name} ({person.name})", text=_REPLY)
            await hands.opened(person, "")
        await hands.see("the list", lambda: named(view, "saved_edit_"))
        hands.close(person)

    async def words_to_the_bridge(self) -> None:
        """Ask the bridge how it is doing, and have days of the past fetched again."""
        hands, see = self._hands, self._hands.see
        hands.command(GRETA, "/bridgebot", "status")
        await see("the figures", lambda: "Guests waiting" in str(hands.private(GRETA)))
        day = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
        hands.command(GRETA, "/bridgebot", f"backfill {day}")
        await see("that it begins", lambda: "Fetching" in str(hands.private(GRETA)))
        hands.command(GRETA, "/bridgebot", "help")
        await see("the help", lambda: "/unanswered lists" in str(hands.private(GRETA)))

    async def handing_over(self) -> None:
        """Hand over to the next shift, with what was promised."""
        await self._restart()
        alerts = world.ALERTS.channel_id
        await self._hands.see(
            "the hand-over",
            lambda: any("1 promised" in each["text"] for each in self._hands.messages(alerts)),
        )
