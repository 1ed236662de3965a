"""The ledger finds what is lost, doubled, out of order or sent by nobody."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest

from bridgebot.sandbox.console.ledger import Books, Held, Ledger, Post, ledger
from bridgebot.sandbox.console.words import is_note, key, keys

ROOT = Post(
    channel="C1",
    ts="1.000",
    author="app",
    event_type="bridgebot_thread",
    payload={"conversation_id": "c1"},
)
NAMES = {"U1": "Anna Keller"}


def held(message_id: str, content: str = "Hi", *, api: bool = False, at: float = 0.0) -> Held:
    """Make a message at the provider, by the guest unless it was posted through the API."""
    return Held(
        message_id=message_id,
        conversation_id="c1",
        content=content,
        api=api,
        from_guest=not api,
        at=at,
    )


def shown(message_id: str, ts: str, part: int = 1, parts: int = 1) -> Post:
    """Make the bridge's post of a message in the thread of ``ROOT``."""
    return Post(
        channel="C1",
        ts=ts,
        thread_ts=ROOT.ts,
        author="app",
        event_type="bridgebot_message",
        payload={"message_id": message_id, "part": part, "parts": parts},
    )


def staff(text: str, ts: str) -> Post:
    """Make a staff message in the thread of ``ROOT``."""
    return Post(channel="C1", ts=ts, thread_ts=ROOT.ts, author="member", texts=(text,))


def compare(
    posts: tuple[Post, ...],
    messages: tuple[Held, ...],
    *,
    now: float = math.inf,
    patience: float = 0.0,
) -> Ledger:
    """Compare one conversation that takes replies."""
    books = Books(
        held=messages, posts=(ROOT, *posts), writable=frozenset({"c1"}), names=NAMES, confirmed=1
    )
    return ledger(books, now=now, patience=patience)


def test_balanced_books() -> None:
    """A message shown once and a reply sent once leave nothing to complain about."""
    result = compare(
        (shown("m1", "2.0"), staff("*Hello* :wave: <@U1>", "3.0")),
        (held("m1"), held("m2", "Hello 👋 Anna Keller", api=True)),
    )
    assert result == Ledger(
        guest_messages=1,
        threads=1,
        shown=1,
        replies=1,
        posted_to_guest=1,
        confirmed=1,
    )
    assert result.balanced


def test_message_not_shown_is_lost() -> None:
    """A guest message without a post in its thread is lost."""
    result = compare((), (held("m1"),))
    assert (result.lost, result.waiting, result.balanced) == (1, 0, False)


def test_young_message_is_waiting() -> None:
    """What came a moment ago is on its way, not lost."""
    result = compare((), (held("m1", at=95.0),), now=100.0, patience=10.0)
    assert (result.lost, result.waiting) == (0, 1)


def test_message_in_another_thread_is_lost_and_stray() -> None:
    """A post in the wrong thread does not count as shown."""
    wrong = replace(shown("m1", "2.0"), thread_ts="9.0")
    result = compare((wrong,), (held("m1"),))
    assert (result.lost, result.strays) == (1, 1)


def test_message_shown_twice() -> None:
    """A second post of the same message counts as twice."""
    result = compare((shown("m1", "2.0"), shown("m1", "3.0")), (held("m1"),))
    assert (result.twice, result.shown) == (1, 1)


def test_deleted_post_does_not_count() -> None:
    """A post that was deleted neither shows a message nor doubles it."""
    gone = replace(shown("m1", "3.0"), deleted=True)
    assert compare((shown("m1", "2.0"), gone), (held("m1"),)).balanced


def test_every_part_is_needed() -> None:
    """A message split over posts is shown when all its parts are there, each once."""
    first, second = shown("m1", "2.0", 1, 2), shown("m1", "3.0", 2, 2)
    assert compare((first, second), (held("m1"),)).balanced
    assert compare((first,), (held("m1"),)).lost == 1
    assert compare((first, second, replace(second, ts="4.0")), (held("m1"),)).twice == 1


def test_shared_post_shows_several_messages() -> None:
    """A post that names several messages shows each of them."""
    shared = replace(shown("m1", "2.0"), payload={"message_ids": ["m1", "m2"]})
    assert compare((shared,), (held("m1"), held("m2"))).shown == 2


def test_echo_of_a_reply_must_not_be_shown() -> None:
    """Our own reply in its thread again is a stray."""
    posts = (staff("Yes", "2.0"), shown("m2", "3.0"))
    assert compare(posts, (held("m2", "Yes", api=True),)).strays == 1


def test_second_thread_counts_as_twice() -> None:
    """One conversation has one thread."""
    assert compare((replace(ROOT, ts="5.0"),), ()).twice == 1


def test_reply_not_sent_is_lost() -> None:
    """A staff reply that the provider does not hold is lost, or waiting while it is young."""
    assert compare((staff("Yes", "2.0"),), ()).lost == 1
    assert compare((staff("Yes", "95.0"),), (), now=100.0, patience=10.0).waiting == 1


def test_reply_sent_twice() -> None:
    """One staff reply that the provider holds twice is a double."""
    messages = (held("m1", "Yes", api=True), held("m2", "Yes", api=True))
    assert compare((staff("Yes", "2.0"),), messages).twice == 1


def test_same_words_twice_are_two_replies() -> None:
    """Two staff replies of the same words account for two messages."""
    messages = (held("m1", "Yes", api=True), held("m2", "Yes", api=True))
    assert compare((staff("Yes", "2.0"), staff("Yes", "3.0")), messages).balanced


def test_replies_out_of_order() -> None:
    """Replies that reached the provider in another order than written are counted."""
    messages = (held("m1", "two", api=True), held("m2", "one", api=True))
    result = compare((staff("one", "2.0"), staff("two", "3.0")), messages)
    assert (result.out_of_order, result.posted_to_guest) == (1, 2)


def test_note_at_the_provider_is_a_stray() -> None:
    """A note that reached the guest is something nobody wrote to the guest."""
    message = held("m1", "VIP, be kind", api=True)
    assert compare((staff("// VIP, be kind", "2.0"),), (message,)).strays == 1
    assert compare((staff("// VIP, be kind", "2.0"),), ()).balanced


def test_words_of_others_must_not_reach_the_guest() -> None:
    """What an external person wrote is not owed to the guest and must not be sent."""
    other = replace(staff("We come at ten", "2.0"), author="other")
    assert compare((other,), ()).balanced
    assert compare((other,), (held("m1", "We come at ten", api=True),)).strays == 1


def test_edited_reply_may_arrive_in_any_version() -> None:
    """An edit changes what is sent inside the undo window and nothing after it."""
    edited = replace(staff("", "2.0"), texts=("At nine", "At ten"))
    assert compare((edited,), (held("m1", "At nine", api=True),)).balanced
    assert compare((edited,), (held("m1", "At ten", api=True),)).balanced
    assert compare((edited,), ()).lost == 1


def test_deleted_reply_is_not_owed() -> None:
    """A reply deleted in time need not be sent, and one deleted too late is no stray."""
    gone = replace(staff("Never mind", "2.0"), deleted=True)
    assert compare((gone,), ()).balanced
    assert compare((gone,), (held("m1", "Never mind", api=True),)).balanced


def test_refused_reply_is_not_lost() -> None:
    """A reply that the bridge openly refused is counted as refused."""
    refused = replace(staff("too long", "2.0"), marks=frozenset({"warning"}))
    result = compare((refused,), ())
    assert (result.refused, result.lost) == (1, 0)


def test_closed_conversation_owes_nothing() -> None:
    """Where the provider takes no replies, a reply is not demanded."""
    books = Books(posts=(ROOT, staff("Hello", "2.0")))
    assert ledger(books).balanced


@pytest.mark.parametrize("text", ["// later", "  NOTE: later", "<@U1> can you?"])
def test_notes_are_recognised(text: str) -> None:
    """Prefixes and a leading mention make a note."""
    assert is_note(text)
    assert not is_note(f"Dear guest, {text}")


@pytest.mark.parametrize(
    ("slack", "guest"),
    [
        ("*Yes* &amp; _no_", "Yes & no"),
        ("Map: <https://a.example/x|our map>", "Map: our map (https://a.example/x)"),
        ("Map: <https://a.example/x|our map>", "Map: https://a.example/x"),
        ("<https://a.example>", "https://a.example"),
        ("Ask <@U1> :+1::skin-tone-2:", "Ask Anna Keller 👍🏻"),
        ("• one\n• two", "- one\n- two"),
    ],
)
def test_words_match_across_formats(slack: str, guest: str) -> None:
    """Slack's marks, links, mentions and emoji match the clean text a guest gets."""
    assert key(guest) in keys(slack, NAMES)


def test_other_words_do_not_match() -> None:
    """A changed word is not the same reply."""
    assert key("Breakfast is from 8") not in keys("Breakfast is from 7", NAMES)


def with_deeds(
    posts: tuple[Post, ...],
    messages: tuple[Held, ...],
    *buttons: str,
    forms: tuple[str, ...] = (),
) -> Ledger:
    """Compare one conversation in whose thread members pressed buttons, and filled in forms."""
    pressed = Counter((ROOT.channel, ROOT.ts, each) for each in buttons)
    return ledger(
        Books(
            held=messages,
            posts=(ROOT, *posts),
            writable=frozenset({"c1"}),
            forms=forms,
            pressed=pressed,
        )
    )


def test_what_a_member_typed_into_a_form_was_written_by_somebody() -> None:
    """A saved reply goes out once for each form; another time nobody wrote it."""
    once, twice = held("1", "Welcome!", api=True), held("2", "Welcome!", api=True)
    assert with_deeds((), (once,), forms=("Welcome!",)).balanced
    assert with_deeds((), (once, twice), forms=("Welcome!",)).strays == 1


def test_a_reply_in_other_words_is_not_missed_in_its_own() -> None:
    """A held reply that was edited in a form is sent in the form's words; without that it lacks."""
    typed, sent = staff("PO-1 at nine", "2.000"), held("1", "Taxi at nine", api=True)
    assert with_deeds((typed,), (sent,), "held_edit", forms=("Taxi at nine",)).balanced
    assert with_deeds((typed,), (sent,), forms=("Taxi at nine",)).lost == 1


def test_a_correction_is_a_second_message_if_somebody_pressed_for_it() -> None:
    """Without the button the guest got one reply twice."""
    typed = replace(staff("At eight", "2.000"), texts=("At eight", "At seven"))
    both = held("1", "At seven", api=True), held("2", "At eight", api=True)
    assert with_deeds((typed,), both, "correction_send").balanced
    assert with_deeds((typed,), both).twice == 1


def test_a_persons_word_stands_for_a_reply_that_nobody_could_look_up() -> None:
    """As often as it was given; otherwise the reply is lost."""
    posts = staff("One moment", "2.000"), staff("Here you are", "3.000")
    assert with_deeds(posts, (), "uncertain_sent").lost == 1
    assert with_deeds(posts, (), "uncertain_sent", "uncertain_sent").balanced
