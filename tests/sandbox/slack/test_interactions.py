"""Slash commands, buttons and shortcuts through Bolt, and the answers at a ``response_url``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bridgebot.sandbox.slack.state import App, SlackRefusalError
from tests.sandbox.slack.listener import Listener, bolt_app, connected, listening
from tests.sandbox.slack.stand import ANNA, BOT, DESK, LEO, PAT, Stand

BUTTON = {"type": "button", "action_id": "go", "value": "7"}
BUTTONS = [
    {
        "type": "actions",
        "elements": [
            BUTTON | {"text": {"type": "plain_text", "text": "Go"}},
        ],
    }
]


async def pressed(stand: Stand, app: Listener, ts: str) -> dict[str, Any]:
    """Press the button of a message; return what the app is told."""
    app.frames.clear()
    stand.slack.interactions.press_button(ANNA, DESK, ts, "go")
    return await app.payload(type="block_actions")


async def respond(stand: Stand, url: str, body: object) -> tuple[int, str]:
    """Post to a ``response_url``; return the status and the text."""
    async with stand.session.post(url, json=body) as answer:
        return answer.status, await answer.text()


async def test_a_command_is_answered_in_its_acknowledgement(stand: Stand) -> None:
    """The answer is seen by the person alone, or by the channel when it says so."""
    bolt = bolt_app(stand)

    @bolt.command("/hello")
    async def hello(ack: Any, command: Mapping[str, Any]) -> None:
        kind = {"response_type": "in_channel"} if command["text"] == "all" else {}
        await ack(text=f"Hello {command['user_id']}", **kind)

    async with connected(stand, bolt):
        stand.slack.interactions.slash_command(ANNA, DESK, "/hello", "")
        await stand.until(lambda: stand.workspace.ephemerals)
        stand.slack.interactions.slash_command(ANNA, DESK, "/hello", "all")
        await stand.until(lambda: stand.workspace.channels[DESK].messages)

    shown = stand.workspace.ephemerals[0]
    assert (shown["user"], shown["text"]) == (ANNA, f"Hello {ANNA}")
    (message,) = stand.workspace.channels[DESK].messages.values()
    assert (message["bot_id"], message["text"]) == (BOT.bot_id, f"Hello {ANNA}")


async def test_a_click_is_answered_through_bolts_respond(stand: Stand) -> None:
    """``respond`` replaces the message, answers beside it, and deletes it."""
    bolt = bolt_app(stand)
    ts = await stand.post("Choose", blocks=BUTTONS)

    @bolt.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond("Taken", replace_original=True)
        await respond("For you", replace_original=False)
        await respond(delete_original=True)

    async with connected(stand, bolt):
        stand.slack.interactions.press_button(ANNA, DESK, ts, "go")
        await stand.until(lambda: ts not in stand.workspace.channels[DESK].messages)

    kinds = [each["type"] for each in stand.changes if each["type"] in {"changed", "deleted"}]
    assert kinds == ["changed", "deleted"]
    assert [each["text"] for each in stand.workspace.ephemerals] == ["For you"]


async def test_a_button_of_an_ephemeral_is_pressed_replaced_and_deleted(stand: Stand) -> None:
    """The payload has no message but says that it is ephemeral, and in which thread it stands."""
    root = await stand.post("root")
    shown = await stand.client.chat_postEphemeral(
        channel=DESK, user=ANNA, text="psst", blocks=BUTTONS, thread_ts=root
    )
    async with listening(stand) as app:
        told = await pressed(stand, app, shown["message_ts"])
        replaced = {"text": "done", "replace_original": True}
        assert await respond(stand, told["response_url"], replaced) == (200, "ok")
        assert [each["text"] for each in stand.workspace.ephemerals] == ["done"]
        assert await respond(stand, told["response_url"], {"delete_original": True}) == (200, "ok")

    assert stand.workspace.ephemerals == []
    assert "message" not in told
    assert told["container"] == {
        "type": "message",
        "message_ts": shown["message_ts"],
        "channel_id": DESK,
        "is_ephemeral": True,
        "thread_ts": root,
    }
    action = told["actions"][0]
    assert (action["action_id"], action["value"]) == ("go", "7")


async def test_a_response_url_is_good_five_times(stand: Stand) -> None:
    """The sixth use is refused."""
    ts = await stand.post("Choose", blocks=BUTTONS)
    async with listening(stand) as app:
        url = (await pressed(stand, app, ts))["response_url"]
        answers = [await respond(stand, url, {"text": "x"}) for _ in range(6)]

    assert [status for status, _ in answers] == [200] * 5 + [404]
    assert "used_url" in answers[5][1]


async def test_a_response_url_is_good_for_thirty_minutes(stand: Stand) -> None:
    """Then it is refused, as an unknown one is."""
    ts = await stand.post("Choose", blocks=BUTTONS)
    async with listening(stand) as app:
        url = (await pressed(stand, app, ts))["response_url"]
        stand.clock.ahead = 1799.0
        early = await respond(stand, url, {"text": "x"})
        stand.clock.ahead = 1801.0
        late = await respond(stand, url, {"text": "x"})
        unknown = await respond(stand, stand.url + "/response/none", {"text": "x"})

    assert early == (200, "ok")
    assert (late, late[0]) == (unknown, 404)
    assert "expired_url" in late[1]


async def test_a_response_url_says_what_is_wrong(stand: Stand) -> None:
    """Nothing to show, blocks that Slack does not take, and what is no JSON object."""
    ts = await stand.post("Choose", blocks=BUTTONS)
    async with listening(stand) as app:
        url = (await pressed(stand, app, ts))["response_url"]
        empty = await respond(stand, url, {})
        wrong = await respond(stand, url, {"text": "x", "blocks": [{}]})
        listed = await respond(stand, url, ["x"])
        async with stand.session.post(url, data="text") as answer:
            text = answer.status

    assert (empty[0], wrong[0], listed[0], text) == (400, 400, 400, 400)
    assert "no_text" in empty[1]
    assert "invalid_blocks" in wrong[1]


async def test_an_answer_can_go_into_the_thread_for_all(stand: Stand) -> None:
    """``in_channel`` with a ``thread_ts`` is a reply of the bot's."""
    root = await stand.post("Choose", blocks=BUTTONS)
    async with listening(stand) as app:
        url = (await pressed(stand, app, root))["response_url"]
        body = {"text": "seen", "response_type": "in_channel", "thread_ts": root}
        assert await respond(stand, url, body | {"replace_original": False}) == (200, "ok")
        assert (await respond(stand, url, body | {"thread_ts": "1.0"}))[0] == 400

    thread = (await stand.client.conversations_replies(channel=DESK, ts=root))["messages"]
    assert [each["text"] for each in thread] == ["Choose", "seen"]


async def test_a_wrong_answer_in_an_acknowledgement_leaves_the_socket_open(stand: Stand) -> None:
    """The person is told, the app goes on."""
    async with listening(stand) as app:
        app.answers[""] = {"blocks": "none"}
        stand.slack.interactions.slash_command(ANNA, DESK, "/hello", "")
        await stand.until(lambda: stand.slack.sockets.counts["refused"])
        await app.socket.send_str("no JSON")
        await app.socket.send_str('["no envelope"]')
        stand.workspace.person_writes(ANNA, DESK, "still there?")
        await app.event(text="still there?")

    told = [each for each in stand.changes if each["type"] == "refused"]
    assert told == [{"type": "refused", "kind": "slash_commands", "error": "invalid_blocks_format"}]


async def test_a_click_that_nobody_acknowledges_is_told_at_once(stand: Stand) -> None:
    """There is no second attempt for clicks and commands; the person sees an error."""
    ts = await stand.post("Choose", blocks=BUTTONS)
    async with listening(stand, silent=True) as app:
        await pressed(stand, app, ts)
        await stand.until(lambda: {"type": "dropped", "kind": "interactive"} in stand.changes)

    assert [each.get("type") for each in app.payloads].count("block_actions") == 1


async def test_what_is_told_is_what_was_pressed(stand: Stand) -> None:
    """A message that goes away in the same moment is told as it stood."""
    ts = await stand.post("Choose", blocks=BUTTONS)
    reply = await stand.post("reply", thread_ts=ts)
    async with listening(stand) as app:
        stand.slack.interactions.press_button(ANNA, DESK, ts, "go")
        stand.workspace.person_deletes(DESK, ts)
        told = await app.payload(type="block_actions")

    assert (told["message"]["text"], told["message"]["latest_reply"]) == ("Choose", reply)


async def test_a_shortcut_tells_the_whole_message(stand: Stand) -> None:
    """With its thread, and with the callback id of the shortcut."""
    root = await stand.post("root")
    reply = stand.workspace.person_writes(ANNA, DESK, "note", thread_ts=root)
    async with listening(stand) as app:
        stand.slack.interactions.message_shortcut(ANNA, DESK, reply, "keep")
        told = await app.payload(type="message_action")

    assert (told["callback_id"], told["message_ts"]) == ("keep", reply)
    assert told["message"]["thread_ts"] == root
    assert "username" not in told["user"]


async def test_who_is_not_of_the_workspace_has_buttons_only(stand: Stand) -> None:
    """People of other organisations can press buttons, but use no commands and no shortcuts."""
    ts = await stand.post("Choose", blocks=BUTTONS)
    acts = stand.slack.interactions
    with pytest.raises(SlackRefusalError, match="not_a_member"):
        acts.slash_command(PAT, DESK, "/hello", "")
    with pytest.raises(SlackRefusalError, match="not_a_member"):
        acts.message_shortcut(PAT, DESK, ts, "keep")
    async with listening(stand) as app:
        acts.press_button(PAT, DESK, ts, "go")
        told = await app.payload(type="block_actions")

    assert told["user"]["team_id"] == "T0PARTNER"


async def test_there_is_nothing_to_press_where_no_app_listens(stand: Stand) -> None:
    """An unknown button, and the message of a bot that is no app."""
    ts = await stand.post("Choose", blocks=BUTTONS)
    foreign = stand.workspace.person_writes(LEO, DESK, "beep")

    for where, name in ((ts, "stop"), (foreign, "go")):
        with pytest.raises(SlackRefusalError, match="no_such_button"):
            stand.slack.interactions.press_button(ANNA, DESK, where, name)


def second(**more: Any) -> App:
    """Make another app."""
    one = replace(BOT, app_id="A0TWO", bot_id="B0TWO", user_id="U0TWO")
    return replace(one, bot_token="xoxb-3", app_token="xapp-3", name="two", **more)


async def test_two_apps_get_their_own_things_only(stand: Stand) -> None:
    """Buttons go to the app of the message, events to all, a token's messages are its own."""
    two = second()
    stand.workspace.add_app(two)
    stand.workspace.channels[DESK].members.add(two.user_id)
    mine = await stand.post("mine", blocks=BUTTONS)
    async with listening(stand) as first, listening(stand, two) as other:
        theirs = str(
            (await stand.as_("xoxb-3").chat_postMessage(channel=DESK, text="x", blocks=BUTTONS))[
                "ts"
            ]
        )
        told = [await each.event(ts=theirs) for each in (first, other)]
        for ts in (mine, theirs):
            stand.slack.interactions.press_button(ANNA, DESK, ts, "go")
        clicks = [await each.payload(type="block_actions") for each in (first, other)]

    assert told[0] == told[1]
    assert [each["message"]["ts"] for each in clicks] == [mine, theirs]
    assert [each["api_app_id"] for each in clicks] == [BOT.app_id, two.app_id]
    change = {"channel": DESK, "ts": theirs, "text": "y"}
    assert await stand.refusal("chat.update", **change) == "cant_update_message"


async def test_the_app_installed_last_has_a_command_that_two_own(stand: Stand) -> None:
    """A command that nobody owns is not valid, nor is one of an app without the scope."""
    owned = frozenset({"/hello"})
    two = second(commands=owned, shortcuts=frozenset({"keep"}))
    stand.workspace.add_app(two)
    acts = stand.slack.interactions
    ts = await stand.post("x")
    async with listening(stand) as first, listening(stand, two) as other:
        acts.slash_command(ANNA, DESK, "/hello", "")
        acts.slash_command(ANNA, DESK, "/other", "")
        acts.message_shortcut(ANNA, DESK, ts, "keep")
        acts.message_shortcut(ANNA, DESK, ts, "send")
        await other.payload(command="/hello")
        await other.payload(callback_id="keep")
        await first.payload(command="/other")
        await first.payload(callback_id="send")
    assert [
        len([one for one in each.payloads if "event" not in one]) for each in (first, other)
    ] == [2, 2]

    del stand.workspace.apps[BOT.app_id]
    with pytest.raises(SlackRefusalError, match="not_a_valid_command"):
        acts.slash_command(ANNA, DESK, "/other", "")
    with pytest.raises(SlackRefusalError, match="no_such_shortcut"):
        acts.message_shortcut(ANNA, DESK, ts, "send")
