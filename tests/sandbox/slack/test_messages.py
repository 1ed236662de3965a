"""Posting, changing, deleting and reading messages through the official client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bridgebot.sandbox.slack.state import Channel
from bridgebot.sandbox.slack.workspace import Workspace
from tests.sandbox.slack.stand import (
    ANNA,
    BOT,
    DESK,
    LEO,
    OFFICE,
    OLD,
    OTHER,
    PAT,
    POOR,
    TOM,
    Clock,
    Stand,
)

SECTION = {"type": "section", "text": {"type": "plain_text", "text": "x"}}


def section(text: str) -> dict[str, Any]:
    """Make a block with a text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_a_post_is_answered_with_slacks_own_version(stand: Stand) -> None:
    """Entities, shortcodes, links and the bot's profile are in what comes back."""
    answer = await stand.client.chat_postMessage(
        channel=DESK, text="R&D < 5 \N{WAVING HAND SIGN} https://example.com <@U0ANNA>"
    )

    message = answer["message"]
    assert message["text"] == "R&amp;D &lt; 5 :wave: <https://example.com> <@U0ANNA>"
    assert (message["bot_id"], message["app_id"]) == (BOT.bot_id, BOT.app_id)
    assert message["bot_profile"]["name"] == "bridgebot"
    assert answer.headers["x-oauth-scopes"].split(",") == sorted(BOT.scopes)


async def test_parse_none_leaves_addresses_alone(stand: Stand) -> None:
    """With ``parse`` none an address stays text."""
    answer = await stand.client.chat_postMessage(
        channel=DESK, text="see https://example.com", parse="none"
    )

    assert answer["message"]["text"] == "see https://example.com"


async def test_timestamps_rise_strictly_when_the_clock_stands_still() -> None:
    """Two messages of the same microsecond get two timestamps."""
    workspace = Workspace(now=lambda: 1_800_000_000.999999)
    channel = workspace.add_channel(Channel("C1", "one"))

    stamps = [workspace.new_ts(channel) for _ in range(3)]

    assert stamps == ["1800000000.999999", "1800000001.000000", "1800000001.000001"]


async def test_a_root_counts_its_replies(stand: Stand) -> None:
    """The root carries counts, repliers and the latest reply; replies name their parent."""
    root = await stand.post("Guest")
    one = stand.workspace.person_writes(ANNA, DESK, "one", thread_ts=root)
    two = await stand.post("two", thread_ts=one)

    thread = (await stand.client.conversations_replies(channel=DESK, ts=root))["messages"]

    assert [each["ts"] for each in thread] == [root, one, two]
    assert thread[0]["thread_ts"] == root
    assert thread[0]["reply_count"] == 2
    assert thread[0]["reply_users"] == [ANNA, BOT.user_id]
    assert thread[0]["latest_reply"] == two
    assert {each["parent_user_id"] for each in thread[1:]} == {BOT.user_id}


async def test_history_shows_roots_and_broadcasts_newest_first(stand: Stand) -> None:
    """Replies are left out unless they were also sent to the channel."""
    root = await stand.post("root")
    await stand.post("hidden", thread_ts=root)
    shown = stand.workspace.person_writes(ANNA, DESK, "all", thread_ts=root, broadcast=True)
    own = await stand.post("mine", thread_ts=root, reply_broadcast=True)

    history = (await stand.client.conversations_history(channel=DESK))["messages"]

    assert [each["ts"] for each in history] == [own, shown, root]


async def test_history_is_read_in_pages_and_between_two_moments(stand: Stand) -> None:
    """Cursors walk all pages; ``oldest`` is exclusive unless ``inclusive`` is set."""
    stamps = [await stand.post(str(number)) for number in range(5)]
    pages = [
        [each["ts"] for each in page["messages"]]
        async for page in await stand.client.conversations_history(channel=DESK, limit=2)
    ]

    ask = stand.client.conversations_history
    after = await ask(channel=DESK, oldest=stamps[3])
    within = await ask(channel=DESK, oldest=stamps[3], inclusive=True)

    assert pages == [stamps[4:2:-1], stamps[2:0:-1], stamps[:1]]
    assert [each["ts"] for each in after["messages"]] == stamps[4:]
    assert [each["ts"] for each in within["messages"]] == stamps[:2:-1]


async def test_metadata_is_whole_only_when_asked_for(stand: Stand) -> None:
    """Without ``include_all_metadata`` only the type of the metadata is read."""
    metadata = {"event_type": "seen", "event_payload": {"id": "1"}}
    ts = await stand.post(metadata=metadata)
    ask = stand.client.conversations_history

    assert (await ask(channel=DESK))["messages"][0]["metadata"] == {"event_type": "seen"}
    whole = await ask(channel=DESK, include_all_metadata=True)
    assert whole["messages"][0]["metadata"] == metadata
    await stand.client.chat_update(channel=DESK, ts=ts, text="x", metadata={})
    assert "metadata" not in (await ask(channel=DESK))["messages"][0]


async def test_a_bot_may_take_another_name_and_picture(stand: Stand) -> None:
    """Either alone, too; the message is then one of the kind ``bot_message``."""
    named = stand.workspace.message(DESK, await stand.post(username="Ada"))
    drawn = stand.workspace.message(DESK, await stand.post(icon_emoji=":wave:"))

    assert (named["username"], named["subtype"]) == ("Ada", "bot_message")
    assert (drawn["username"], drawn["icons"]) == ("bridgebot", {"emoji": ":wave:"})


async def test_an_update_keeps_what_it_leaves_out(stand: Stand) -> None:
    """Blocks that are left out stay; an empty list removes them; the answer holds the message."""
    ts = await stand.post("old", blocks=[section("old")])
    message = stand.workspace.message(DESK, ts)

    answer = await stand.client.chat_update(channel=DESK, ts=ts, text="new")
    assert (answer["text"], answer["message"]["text"]) == ("new", "new")
    assert message["blocks"][0]["text"]["text"] == "old"
    await stand.client.chat_update(channel=DESK, ts=ts, text="newer", blocks=[])
    assert message["blocks"] == []
    place = {"channel": DESK, "ts": ts}
    assert await stand.refusal("chat.update", **place, blocks=[section("block")]) == "ok"
    assert message["text"] == "newer"
    assert await stand.refusal("chat.update", **place) == "no_text"


async def test_a_deleted_root_with_replies_leaves_a_tombstone(stand: Stand) -> None:
    """The thread lives on; a root without replies is gone, and so is its last reply's count."""
    root = await stand.post("root")
    reply = await stand.post("reply", thread_ts=root)
    await stand.client.chat_delete(channel=DESK, ts=root)

    tomb, _ = (await stand.client.conversations_replies(channel=DESK, ts=root))["messages"]
    assert (tomb["subtype"], tomb["user"], tomb["reply_count"]) == ("tombstone", "USLACKBOT", 1)
    assert tomb["text"] == "This message was deleted."
    assert "bot_id" not in tomb
    stand.workspace.person_deletes(DESK, reply)
    assert "reply_count" not in stand.workspace.message(DESK, root)
    assert await stand.refusal("chat.update", channel=DESK, ts=reply, text="x") == (
        "message_not_found"
    )


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": "C0NONE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": OTHER, "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": OLD, "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": DESK}, "no_text"),
        (
            "chat.postMessage",
            {"channel": DESK, "text": "x", "thread_ts": "1.0"},
            "thread_not_found",
        ),
        ("chat.postMessage", {"channel": DESK, "blocks": [SECTION] * 51}, "invalid_blocks"),
        ("chat.postMessage", {"channel": DESK, "blocks": [section("")]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": DESK, "blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": DESK, "blocks": {"a": 1}}, "invalid_blocks_format"),
        (
            "chat.postMessage",
            {"channel": DESK, "text": "x", "metadata": {"event_type": 1}},
            "invalid_metadata_format",
        ),
        ("chat.update", {"channel": DESK, "ts": "1.0", "text": "x"}, "message_not_found"),
        (
            "chat.postEphemeral",
            {"channel": OFFICE, "user": TOM, "text": "x"},
            "user_not_in_channel",
        ),
        ("chat.postEphemeral", {"channel": DESK, "user": ANNA}, "no_text"),
        ("chat.getPermalink", {"channel": DESK, "message_ts": "1.0"}, "message_not_found"),
        ("conversations.history", {"channel": DESK, "limit": "x"}, "invalid_limit"),
        ("conversations.info", {"channel": "C0NONE"}, "channel_not_found"),
        ("conversations.replies", {"channel": DESK, "ts": "1.0"}, "thread_not_found"),
        ("conversations.history", {"channel": DESK, "cursor": "x"}, "invalid_cursor"),
        ("conversations.history", {"channel": DESK, "oldest": "x"}, "invalid_ts_oldest"),
        ("conversations.join", {"channel": OFFICE}, "method_not_supported_for_channel_type"),
        ("users.info", {"user": "U0NONE"}, "user_not_found"),
        ("emoji.list", {}, "unknown_method"),
    ],
)
async def test_calls_are_refused_by_slacks_names(
    stand: Stand, method: str, arguments: dict[str, Any], error: str
) -> None:
    """What Slack would refuse is refused, under the same name."""
    assert await stand.refusal(method, **arguments) == error


async def test_only_own_messages_of_4000_characters_can_be_changed(stand: Stand) -> None:
    """A foreign message, and a text that is too long, are refused; posts are cut at 40,000."""
    ts = await stand.post("x" * 40_001)
    foreign = stand.workspace.person_writes(ANNA, DESK, "mine")
    change = {"channel": DESK, "text": "y" * 4001}

    assert len(stand.workspace.message(DESK, ts)["text"]) == 40_000
    assert await stand.refusal("chat.update", ts=ts, **change) == "msg_too_long"
    assert await stand.refusal("chat.update", ts=foreign, **change) == "cant_update_message"
    assert await stand.refusal("chat.delete", channel=DESK, ts=foreign) == "cant_delete_message"


async def test_reactions_are_put_once_and_taken_once(stand: Stand) -> None:
    """A second one is ``already_reacted``, a missing one ``no_reaction``; both are told."""
    ts = await stand.post()
    place = {"channel": DESK, "timestamp": ts, "name": "eyes"}
    await stand.client.reactions_add(**place)
    stand.workspace.react(ANNA, DESK, ts, "eyes")

    assert await stand.refusal("reactions.add", **place) == "already_reacted"
    shown = (await stand.client.reactions_get(channel=DESK, timestamp=ts))["message"]["reactions"]
    assert shown == [{"name": "eyes", "users": [BOT.user_id, ANNA], "count": 2}]
    await stand.client.reactions_remove(**place)
    assert await stand.refusal("reactions.remove", **place) == "no_reaction"


async def test_tokens_and_scopes_are_checked(stand: Stand) -> None:
    """Unknown tokens, the wrong kind of token and missing scopes are told apart."""
    errors = []
    for token in ("xoxb-wrong", BOT.app_token):
        with pytest.raises(SlackApiError) as told:
            await stand.as_(token).auth_test()
        errors.append(told.value.response["error"])
    with pytest.raises(SlackApiError) as poor:
        await stand.as_(POOR.bot_token).conversations_history(channel=DESK)
    with pytest.raises(SlackApiError) as custom:
        await stand.as_(POOR.bot_token).chat_postMessage(channel=DESK, text="x", username="y")
    with pytest.raises(SlackApiError) as opened:
        await stand.client.apps_connections_open(app_token=BOT.bot_token)

    assert errors == ["invalid_auth", "not_allowed_token_type"]
    assert poor.value.response["needed"] == "channels:history,groups:history"
    assert poor.value.response["provided"] == "chat:write"
    assert custom.value.response["needed"] == "chat:write.customize"
    assert opened.value.response["error"] == "not_allowed_token_type"


async def test_every_answer_tells_the_scopes_of_its_token(stand: Stand) -> None:
    """Refusals too; the app's token has the one for connections, an unknown one has none."""
    url = stand.client.base_url
    told = []
    for method, token in (
        ("users.info", POOR.bot_token),
        ("apps.connections.open", POOR.app_token),
        ("auth.test", "xoxb-wrong"),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        async with stand.session.post(url + method, headers=headers) as answer:
            told.append(answer.headers.get("x-oauth-scopes"))
    form = {"token": BOT.app_token}
    for method, data in (("auth.test", {}), ("apps.connections.open", form)):
        async with stand.session.post(url + method, data=data) as answer:
            assert (await answer.json())["error"] == "not_authed"

    assert told == ["chat:write", "connections:write", None]


async def test_wrong_json_is_no_call(stand: Stand) -> None:
    """A body that cannot be read is refused as such."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {BOT.bot_token}"}
    url = stand.client.base_url + "chat.postMessage"
    async with stand.session.post(url, data="{", headers=headers) as answer:
        assert answer.status == 400


async def test_arguments_come_from_query_form_and_body(stand: Stand) -> None:
    """A token in a form, as Node's client sends it, and a GET work alike."""
    url = stand.client.base_url
    form = {"token": BOT.bot_token, "channel": DESK, "text": "form", "blocks": "[]"}
    async with stand.session.post(url + "chat.postMessage", data=form) as answer:
        assert (await answer.json())["message"]["text"] == "form"
    query = {"token": BOT.bot_token, "channel": DESK}
    async with stand.session.get(url + "conversations.history", params=query) as answer:
        assert len((await answer.json())["messages"]) == 1


async def test_people_of_all_kinds_can_be_told_apart(stand: Stand) -> None:
    """Guests, bots and other organisations' people carry Slack's signs; the last are not listed."""
    listed = {each["id"] for each in (await stand.client.users_list())["members"]}
    shown = {
        user: (await stand.client.users_info(user=user))["user"] for user in (ANNA, TOM, PAT, LEO)
    }

    assert PAT not in listed
    assert shown[TOM]["is_restricted"]
    assert shown[LEO]["is_bot"]
    assert (shown[PAT]["team_id"], shown[PAT]["is_stranger"]) == ("T0PARTNER", False)
    assert shown[ANNA]["team_id"] == "T0HOTEL"


async def test_channels_are_listed_as_the_bot_sees_them(stand: Stand) -> None:
    """Types, archived ones, membership and pages."""
    client = stand.client
    public = (await client.conversations_list(exclude_archived=True))["channels"]
    both = await client.users_conversations(types="public_channel,private_channel")
    members = [
        each
        async for page in await client.conversations_members(channel=DESK, limit=2)
        for each in page["members"]
    ]
    info = await client.conversations_info(channel=DESK, include_num_members=True)

    assert [each["id"] for each in public] == [DESK, OTHER]
    assert {each["id"] for each in both["channels"]} == {DESK, OFFICE, OLD}
    assert len(members) == info["channel"]["num_members"] == 6
    assert info["channel"]["is_ext_shared"]


async def test_each_change_is_told_to_those_who_watch(stand: Stand) -> None:
    """The feed and the wire tell each change."""
    await stand.post()
    await stand.client.chat_postEphemeral(channel=DESK, user=ANNA, text="psst")

    kinds = [each["type"] for each in stand.changes]
    assert kinds == ["message", "ephemeral"]
    assert [each["user"] for each in stand.workspace.ephemerals] == [ANNA]
    assert [each["what"] for each in stand.workspace.wire] == [
        "chat.postMessage",
        "chat.postEphemeral",
    ]


async def test_many_posts_at_once_are_all_kept(stand: Stand) -> None:
    """Two hundred posts side by side get two hundred timestamps."""
    stamps = await asyncio.gather(*(stand.post(str(number)) for number in range(200)))

    assert len(set(stamps)) == 200


def test_a_clock_can_be_moved() -> None:
    """The stand-in's time is the one that is passed in."""
    assert Clock(100.0)() > Clock()()
