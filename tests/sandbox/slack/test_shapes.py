"""Every field that the stand-in sends stands in Slack's samples, with the same type."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridgebot.sandbox.slack.files import person_uploads
from bridgebot.sandbox.slack.membership import archives, joins, leaves, uninstalls
from bridgebot.sandbox.slack.methods import SERVED
from bridgebot.sandbox.slack.standin import OPEN
from bridgebot.sandbox.slack.state import EVENT_SCOPES
from tests.sandbox.slack.listener import Listener, listening
from tests.sandbox.slack.stand import ANNA, BOT, DESK, LEO, OTHER, POOR, TOM, Stand
from tests.sandbox.slack.test_interactions import BUTTONS
from tests.sandbox.slack.test_views import FIELD, home, modal, triggered

pytestmark = pytest.mark.shared

INTERACTIVE = {
    "block_actions": "BlockActionPayload",
    "message_action": "MessageShortcutPayload",
    "slash_commands": "SlashCommandPayload",
    "view_closed": "ViewClosedPayload",
    "view_submission": "ViewSubmissionPayload",
}
MESSAGES = {
    "": "Message",
    "bot_message": "MessageBot",
    "channel_join": "MessageChannelJoin",
    "channel_leave": "MessageChannelJoin",
    "file_share": "MessageFileShare",
    "message_changed": "MessageChanged",
    "message_deleted": "MessageDeleted",
    "thread_broadcast": "MessageThreadBroadcast",
}
IDS = re.compile(r"[CFTU]0?[0-9A-Z_]{7,}")


class Samples:
    """Slack's samples; where one leaves a message short, the Web API's fuller one stands in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        history = self.read("api/conversations.history")["messages"][0]
        self.message = merged(self.read("events/MessageChanged")["event"]["message"], history)
        self.view = self.read("api/views.open")["view"]

    def read(self, name: str) -> Any:
        """Read a sample."""
        return json.loads((self.folder / f"{name}.json").read_text("utf-8"))

    def of_answer(self, method: str) -> Any:
        """Make the sample of an answer; what is read are messages of all kinds."""
        sample = self.read(f"api/{method}")
        if "messages" in sample:
            sample["messages"] = [merged(sample["messages"][0], self.message)]
        return sample

    def of_event(self, event: dict[str, Any]) -> Any:
        """Make the sample of an event with its envelope."""
        kind, subtype = event["type"], event.get("subtype", "")
        # There is no sample of a private channel's; it is as a public one's.
        named = {"group_archive": "channel_archive"}.get(kind, kind)
        name = MESSAGES[subtype] if kind == "message" else named.title().replace("_", "")
        sample = self.read(f"events/{name}")
        # Captured events have it; the older samples do not.
        sample["context_team_id"] = ""
        if kind == "message":
            sample["event"] = merged(self.message, sample["event"])
        for part in ("message", "previous_message", "root"):
            if part in sample["event"]:
                sample["event"][part] = merged(self.message, sample["event"][part])
        if "view" in sample["event"]:
            sample["event"]["view"] = merged(self.view, sample["event"]["view"])
        return sample

    def of_interaction(self, kind: str) -> Any:
        """Make the sample of an interaction or a command."""
        sample = self.read(f"interactive/{INTERACTIVE[kind]}")
        for part, fuller in (("message", self.message), ("view", self.view)):
            if part in sample:
                sample[part] = merged(fuller, sample[part])
        return sample


def merged(one: Any, other: Any) -> Any:
    """Lay one sample over another."""
    if isinstance(one, list) and isinstance(other, list) and one and other:
        return [merged(one[0], other[0])]
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other or one
    return one | {key: merged(one.get(key), value) for key, value in other.items()}


def differences(sent: object, sample: object, path: str = "") -> Iterator[str]:
    """Name the fields that are not in the sample, or are of another type there."""
    # Empty values of a sample carry no meaning; null is an absent field.
    if sent is None or sample in ({}, [], None):
        return
    if type(sent) is not type(sample):
        yield f"{path}: {type(sent).__name__}, not {type(sample).__name__}"
    elif isinstance(sent, dict) and isinstance(sample, dict):
        any_id = next((value for key, value in sample.items() if IDS.fullmatch(key)), None)
        for key, value in sent.items():
            if key in sample or any_id is not None:
                yield from differences(value, sample.get(key, any_id), f"{path}.{key}")
            else:
                yield f"{path}.{key}: not there"
    elif isinstance(sent, list) and isinstance(sample, list):
        for each in sent:
            yield from differences(each, sample[0], f"{path}[]")


async def talk(stand: Stand) -> None:
    """Let the bot and people write, change, react and delete in every way there is."""
    client, workspace = stand.client, stand.workspace
    metadata = {"event_type": "e", "event_payload": {"id": "1"}}
    root = await stand.post("x", blocks=BUTTONS, metadata=metadata)
    await stand.post("named", thread_ts=root, username="Ada", icon_emoji=":wave:")
    await stand.post("shown", thread_ts=root, reply_broadcast=True)
    typed = workspace.person_writes(ANNA, DESK, "typed", thread_ts=root, broadcast=True)
    workspace.person_writes(LEO, DESK, "beep", thread_ts=root)
    about = person_uploads(workspace, ANNA, "key.txt", b"4711")
    workspace.person_writes(ANNA, DESK, "the key", files=[about])
    await client.reactions_add(channel=DESK, timestamp=root, name="eyes")
    await client.reactions_get(channel=DESK, timestamp=root)
    workspace.person_edits(ANNA, DESK, typed, "retyped")
    await client.chat_update(channel=DESK, ts=root, text="y", blocks=BUTTONS)
    await client.chat_getPermalink(channel=DESK, message_ts=root)
    await client.chat_postEphemeral(channel=DESK, user=ANNA, text="psst")
    await client.conversations_history(channel=DESK, include_all_metadata=True, limit=2)
    await client.conversations_replies(channel=DESK, ts=root)
    stand.slack.interactions.press_button(ANNA, DESK, root, "go")
    stand.slack.interactions.message_shortcut(ANNA, DESK, typed, "keep")
    await client.reactions_remove(channel=DESK, timestamp=root, name="eyes")
    await client.chat_delete(channel=DESK, ts=root)
    workspace.person_deletes(DESK, typed)
    await client.conversations_replies(channel=DESK, ts=root)


async def look_around(stand: Stand) -> None:
    """Ask for everything that can be read, and be refused once."""
    client = stand.client
    stand.workspace.groups["S0"] = {"id": "S0", "name": "Staff", "handle": "s", "users": [ANNA]}
    upload = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    await stand.session.post(upload["upload_url"], data=b"abc")
    files = [{"id": upload["file_id"]}]
    await client.files_completeUploadExternal(files=files, channel_id=DESK)
    await client.files_info(file=upload["file_id"])
    await client.auth_test()
    await client.bots_info()
    await client.team_info()
    await client.users_info(user=ANNA)
    await client.users_list(limit=2)
    await client.usergroups_list(include_users=True)
    await client.usergroups_users_list(usergroup="S0")
    await client.conversations_list()
    await client.users_conversations()
    await client.conversations_info(channel=DESK, include_num_members=True)
    await client.conversations_members(channel=DESK)
    await client.conversations_open(users=[ANNA])
    await client.conversations_join(channel=OTHER)
    await stand.as_(POOR.bot_token).api_call("auth.test")
    assert await stand.refusal("chat.postMessage", channel=DESK, blocks=[{}]) == "invalid_blocks"


async def use_views(stand: Stand, app: Listener) -> None:
    """Open, change, press, submit and close views of all kinds."""
    client, modals = stand.client, stand.slack.modals
    await client.views_publish(user_id=ANNA, view=home())
    modals.open_home(ANNA)
    modals.press_at_home(ANNA, BOT.app_id, "go")
    view = modal(notify_on_close=True)
    opened = await client.views_open(trigger_id=await triggered(stand, app), view=view)
    await client.views_update(view_id=opened["view"]["id"], view=view)
    await client.views_push(trigger_id=await triggered(stand, app), view=view)
    modals.press(ANNA, "go")
    modals.submit(ANNA, FIELD)
    await stand.until(lambda: len(stand.workspace.stacks[ANNA]) == 1)
    modals.close(ANNA)
    await app.payload(type="view_closed")


async def come_and_go(stand: Stand, app: Listener) -> None:
    """Let people, channels and apps come and go."""
    workspace = stand.workspace
    for name in (DESK, "G0OFFICE"):
        channel = workspace.channels[name]
        joins(workspace, TOM, channel)
        leaves(workspace, TOM, channel)
        archives(workspace, ANNA, channel)
    uninstalls(workspace, BOT.app_id)
    await app.event(type="app_uninstalled")


UNSAMPLED = {"subteam_members_changed", "subteam_updated"}
"""Events of which there is no recorded sample; `test_directory.py` looks at them."""


@pytest.fixture
async def wire(stand: Stand) -> list[dict[str, Any]]:
    """Do everything once; give what went over the wire."""
    events = frozenset(EVENT_SCOPES)
    stand.workspace.apps[BOT.app_id] = replace(BOT, events=events)
    async with listening(stand) as app:
        await talk(stand)
        await look_around(stand)
        await use_views(stand, app)
        await come_and_go(stand, app)
        await stand.until(lambda: not stand.slack.sockets._waiting)
    return list(stand.workspace.wire)


@pytest.fixture
def samples(shared_dir: Path) -> Samples:
    """Read Slack's samples."""
    return Samples(shared_dir / "slack-samples")


def test_answers_have_slacks_fields(wire: list[dict[str, Any]], samples: Samples) -> None:
    """Each method was called, and each field of each answer is one of Slack's."""
    answers = [each for each in wire if each["what"] in {*SERVED, OPEN}]

    assert {each["what"] for each in answers} == {*SERVED, OPEN}
    found = {
        f"{each['what']}{one}"
        for each in answers
        for one in differences(each["body"], samples.of_answer(each["what"]))
    }
    assert found == set()


def test_events_have_slacks_fields(wire: list[dict[str, Any]], samples: Samples) -> None:
    """Each kind of event and message was sent, with fields of Slack's only."""
    payloads = [
        each["body"]["payload"]
        for each in wire
        if (each["what"], each.get("kind")) == ("envelope", "events_api")
    ]
    events = [each["event"] for each in payloads]

    kinds = {each.partition(".")[0] for each in EVENT_SCOPES} - UNSAMPLED
    assert {each["type"] for each in events} == kinds
    said = {each.get("subtype", "") for each in events if each["type"] == "message"}
    assert said == set(MESSAGES)
    found = {
        f"{each['event']['type']}/{each['event'].get('subtype', '')}{one}"
        for each in payloads
        for one in differences(each, samples.of_event(each["event"]))
    }
    assert found == set()


def test_interactions_have_slacks_fields(wire: list[dict[str, Any]], samples: Samples) -> None:
    """Each kind of interaction was sent, with fields of Slack's only."""
    sent = [
        (each["body"]["payload"].get("type", each["kind"]), each["body"]["payload"])
        for each in wire
        if each["what"] == "envelope" and each["kind"] != "events_api"
    ]

    assert {kind for kind, _ in sent} == set(INTERACTIVE)
    found = {
        f"{kind}{one}"
        for kind, payload in sent
        for one in differences(payload, samples.of_interaction(kind))
    }
    assert found == set()


def test_a_difference_is_found() -> None:
    """An unknown field, another type, at any depth; ids that are keys are any ids."""
    sample = {"a": {"b": [{"c": ""}]}, "n": 1, "s": {"C03E94MKU": {"ts": ""}}, "free": {}}
    sent = {"a": {"b": [{"c": 1}, {"d": ""}]}, "n": True, "s": {"C1": {"ts": 1}}, "free": {"x": 1}}

    assert list(differences(sent, sample)) == [
        ".a.b[].c: int, not str",
        ".a.b[].d: not there",
        ".n: bool, not int",
        ".s.C1.ts: int, not str",
    ]
    assert list(differences(sample, sample)) == []
