"""The team, bots, groups, direct messages, membership, and apps that come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bridgebot.sandbox.slack.membership import archives, joins, leaves, regroups, uninstalls
from bridgebot.sandbox.slack.state import App, Person, SlackRefusalError
from tests.sandbox.slack.listener import listening
from tests.sandbox.slack.stand import (
    ANNA,
    BOT,
    DESK,
    LEO,
    OFFICE,
    OLD,
    OTHER,
    PAT,
    TOM,
    Stand,
)

GROUP = {"id": "S0STAFF", "name": "Staff", "handle": "staff", "users": [ANNA, TOM]}


def installed(stand: Stand, *scopes: str, **more: Any) -> App:
    """Install another app with some scopes, in the front desk's channel."""
    app = replace(BOT, app_id="A0TWO", bot_id="B0TWO", user_id="U0TWO", scopes=frozenset(scopes))
    app = replace(app, bot_token="xoxb-3", app_token="xapp-3", **more)
    stand.workspace.add_app(app)
    stand.workspace.channels[DESK].members.add(app.user_id)
    return app


async def test_the_team_and_the_bots_introduce_themselves(stand: Stand) -> None:
    """A bot is found by its id; without one it is the caller."""
    assert (await stand.client.team_info())["team"]["name"] == "Hotel"
    assert (await stand.client.bots_info())["bot"]["user_id"] == BOT.user_id
    assert (await stand.client.bots_info(bot="B0POOR"))["bot"]["name"] == "poor"
    assert await stand.refusal("bots.info", bot="B0NONE") == "bot_not_found"


async def test_groups_are_listed_with_their_people_when_asked(stand: Stand) -> None:
    """Their people can be asked for apart, too."""
    stand.workspace.groups["S0STAFF"] = GROUP
    client = stand.client

    assert "users" not in (await client.usergroups_list())["usergroups"][0]
    listed = await client.usergroups_list(include_users=True)
    assert listed["usergroups"] == [GROUP]
    users = await client.usergroups_users_list(usergroup="S0STAFF")
    assert users["users"] == [ANNA, TOM]
    assert await stand.refusal("usergroups.users.list", usergroup="S0NO") == "no_such_subteam"


async def test_a_group_that_is_switched_off_is_shown_only_if_asked_for(stand: Stand) -> None:
    """Its people are not told either."""
    regroups(stand.workspace, "S0STAFF", [ANNA], off=True)
    client = stand.client

    assert (await client.usergroups_list())["usergroups"] == []
    assert len((await client.usergroups_list(include_disabled=True))["usergroups"]) == 1
    assert await stand.refusal("usergroups.users.list", usergroup="S0STAFF") == "no_such_subteam"
    users = await client.usergroups_users_list(usergroup="S0STAFF", include_disabled=True)
    assert users["users"] == [ANNA]


async def test_apps_hear_of_changes_in_a_group(stand: Stand) -> None:
    """Who came and went, and the group as it is; only apps that may read groups."""
    scopes, events = ("usergroups:read",), {"subteam_members_changed", "subteam_updated"}
    app = installed(stand, *scopes, events=frozenset(events))
    heard: list[dict[str, Any]] = []
    stand.workspace.deliver = lambda to, event: heard.append(event) if to == app else None

    regroups(stand.workspace, "S0STAFF", [ANNA, TOM])
    regroups(stand.workspace, "S0STAFF", [TOM])
    regroups(stand.workspace, "S0STAFF", [TOM], off=True)

    deltas = [each for each in heard if each["type"] == "subteam_members_changed"]
    assert [each["added_users"] for each in deltas] == [[ANNA, TOM], []]
    assert [each["removed_users"] for each in deltas] == [[], [ANNA]]
    assert [each["subteam"]["users"] for each in heard if "subteam" in each][-1] == [TOM]
    assert len(heard) == 5


async def test_direct_messages_are_opened_once(stand: Stand) -> None:
    """They are no private channel: they need scopes and events of their own."""
    stand.workspace.add_person(Person("U0GONE", "Gone", "T0HOTEL", deleted=True))
    rights = ("im:write", "im:history", "im:read", "chat:write", "channels:read")
    app = installed(stand, *rights, events=frozenset({"message.im"}))
    client = stand.as_(app.bot_token)
    opened = [await client.conversations_open(users=[ANNA]) for _ in range(2)]
    direct = opened[0]["channel"]["id"]
    async with listening(stand, app) as heard:
        ts = (await client.chat_postMessage(channel=direct, text="psst"))["ts"]
        event = await heard.event(ts=ts)

    assert opened[1]["channel"]["id"] == direct
    assert event["channel_type"] == "im"
    assert (await client.conversations_info(channel=direct))["channel"]["is_im"]
    assert (await client.conversations_history(channel=direct))["messages"][0]["ts"] == ts
    listed = (await client.users_conversations(types="im"))["channels"]
    assert [each["id"] for each in listed] == [direct]
    refused = "conversations.open"
    assert await stand.refusal(refused, users=f"{ANNA},{TOM}") == (
        "method_not_supported_for_channel_type"
    )
    assert await stand.refusal(refused, users="U0NONE") == "user_not_found"
    assert await stand.refusal(refused, users="U0GONE") == "user_disabled"


async def test_a_scope_is_needed_for_the_type_of_the_channel(stand: Stand) -> None:
    """The scope of public channels opens no private one, and the other way round."""
    app = installed(stand, "groups:history", "channels:read")
    stand.workspace.channels[OFFICE].members.add(app.user_id)
    client = stand.as_(app.bot_token)
    needed = []
    for method, arguments in (
        ("conversations.history", {"channel": DESK}),
        ("conversations.info", {"channel": OFFICE}),
        ("conversations.list", {"types": "public_channel,private_channel"}),
    ):
        with pytest.raises(SlackApiError) as told:
            await client.api_call(method, params=arguments)
        needed.append((told.value.response["error"], told.value.response["needed"]))

    assert needed == [
        ("missing_scope", "channels:history"),
        ("missing_scope", "groups:read"),
        ("missing_scope", "groups:read"),
    ]
    assert (await client.conversations_history(channel=OFFICE))["ok"]
    assert await stand.refusal("conversations.list", types="none") == "invalid_types"


async def test_an_app_may_write_everywhere_with_the_scope_for_it(stand: Stand) -> None:
    """``chat:write.public`` opens public channels only."""
    app = installed(stand, "chat:write", "chat:write.public")
    client = stand.as_(app.bot_token)

    assert (await client.chat_postMessage(channel=OTHER, text="x"))["ok"]
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.chat_postMessage(channel=OFFICE, text="x")


async def test_joining_and_leaving_is_told(stand: Stand) -> None:
    """The bot joins a public channel; who leaves is gone; a bot that is taken out is told."""
    everything = BOT.events | {"member_left_channel"}
    stand.workspace.apps[BOT.app_id] = replace(BOT, events=everything)
    desk, other = stand.workspace.channels[DESK], stand.workspace.channels[OTHER]
    async with listening(stand) as app:
        for _ in range(2):
            assert (await stand.client.conversations_join(channel=OTHER))["channel"]["is_member"]
        joins(stand.workspace, TOM, other)
        joined = await app.event(type="member_joined_channel", user=TOM)
        leaves(stand.workspace, TOM, other)
        leaves(stand.workspace, TOM, other)
        await app.event(type="member_left_channel", user=TOM)
        leaves(stand.workspace, BOT.user_id, desk)
        await app.event(type="member_left_channel", user=BOT.user_id)

    assert (joined["channel"], joined["channel_type"]) == (OTHER, "C")
    said = [each["subtype"] for each in other.messages.values()]
    assert said == ["channel_join", "channel_join", "channel_leave"]
    assert await stand.refusal("chat.postMessage", channel=DESK, text="x") == "not_in_channel"
    for wrong, error in ((OLD, "is_archived"), ("C0NONE", "channel_not_found")):
        assert await stand.refusal("conversations.join", channel=wrong) == error


async def test_an_archived_channel_is_told_and_takes_nothing(stand: Stand) -> None:
    """It can still be read; people cannot write there either."""
    events = frozenset({"channel_archive", "group_archive"})
    stand.workspace.apps[BOT.app_id] = replace(BOT, events=events)
    await stand.post("last")
    async with listening(stand) as app:
        archives(stand.workspace, ANNA, stand.workspace.channels[DESK])
        archives(stand.workspace, ANNA, stand.workspace.channels[OFFICE])
        await app.event(type="channel_archive", channel=DESK)
        await app.event(type="group_archive", channel=OFFICE)

    assert await stand.refusal("chat.postMessage", channel=DESK, text="x") == "is_archived"
    assert (await stand.client.conversations_history(channel=DESK))["messages"][0]["text"] == "last"
    with pytest.raises(SlackRefusalError, match="is_archived"):
        stand.workspace.person_writes(ANNA, DESK, "x")


async def test_an_uninstalled_apps_tokens_are_worth_nothing(stand: Stand) -> None:
    """It is told of it, and of its tokens."""
    events = frozenset({"app_uninstalled", "tokens_revoked"})
    stand.workspace.apps[BOT.app_id] = replace(BOT, events=events)
    async with listening(stand) as app:
        uninstalls(stand.workspace, BOT.app_id)
        revoked = await app.event(type="tokens_revoked")
        await app.event(type="app_uninstalled")

    assert revoked["tokens"] == {"oauth": [], "bot": [BOT.user_id]}
    assert await stand.refusal("auth.test") == "account_inactive"


async def test_people_do_only_what_they_may(stand: Stand) -> None:
    """They write where they are members, and edit what is theirs."""
    ts = stand.workspace.person_writes(ANNA, DESK, "mine")
    acts: list[tuple[Any, str]] = [
        (lambda: stand.workspace.person_writes(TOM, OFFICE, "x"), "not_in_channel"),
        (lambda: stand.workspace.person_edits(TOM, DESK, ts, "x"), "cant_update_message"),
        (lambda: stand.workspace.person_edits(ANNA, DESK, "1.0", "x"), "message_not_found"),
        (lambda: stand.workspace.person_deletes("C0NONE", ts), "channel_not_found"),
    ]
    for act, error in acts:
        with pytest.raises(SlackRefusalError, match=error):
            act()


async def test_a_bot_of_the_old_kind_has_no_user(stand: Stand) -> None:
    """Its message has a name and a bot's id, and so has its root's list of repliers."""
    root = await stand.post("root")
    async with listening(stand) as app:
        ts = stand.workspace.person_writes(LEO, DESK, "beep", thread_ts=root)
        reply = stand.workspace.person_writes(PAT, DESK, "boop", thread_ts=ts)
        event = await app.event(ts=ts)
        stand.workspace.react(ANNA, DESK, ts, "eyes")
        reaction = await app.event(type="reaction_added")

    assert (event["subtype"], event["username"], event["bot_id"]) == (
        "bot_message",
        "Leo",
        "B0LEO",
    )
    assert not {"user", "client_msg_id", "team"} & event.keys()
    assert "item_user" not in reaction
    assert stand.workspace.message(DESK, reply)["thread_ts"] == root
    assert stand.workspace.message(DESK, root)["reply_users"] == ["B0LEO", PAT]


async def test_an_edit_is_told_with_what_stood_there(stand: Stand) -> None:
    """The event has a ts of its own; the message keeps its ts and says who edited it."""
    async with listening(stand) as app:
        ts = stand.workspace.person_writes(ANNA, DESK, "frist")
        stand.workspace.person_edits(ANNA, DESK, ts, "first")
        event = await app.event(subtype="message_changed")

    assert (event["message"]["ts"], event["ts"] > ts) == (ts, True)
    assert event["message"]["edited"]["user"] == ANNA
    teams = [event["message"][key] for key in ("team", "source_team", "user_team")]
    assert teams == ["T0HOTEL"] * 3
    assert (event["previous_message"]["text"], event["message"]["text"]) == ("frist", "first")
    assert stand.workspace.history[DESK, ts] == ["first", "frist"]


async def test_a_reply_can_be_told_of_its_root_too(stand: Stand) -> None:
    """Slack's ``message_replied`` comes without its subtype, with the root inside."""
    stand.workspace.tells_of_replies = True
    async with listening(stand) as app:
        root = await stand.post("root")
        stand.workspace.person_writes(ANNA, DESK, "reply", thread_ts=root)
        await stand.until(lambda: any("message" in each for each in app.events))

    (about,) = [each for each in app.events if "message" in each]
    assert "subtype" not in about
    assert (about["message"]["ts"], about["message"]["reply_count"]) == (root, 1)
    assert (about["message"]["is_locked"], about["message"]["subscribed"]) == (False, False)


async def test_what_people_say_of_themselves_is_an_own_kind(stand: Stand) -> None:
    """``/me`` gives text alone."""
    async with listening(stand) as app:
        stand.workspace.person_writes(ANNA, DESK, "/me waves")
        event = await app.event(subtype="me_message")

    assert event["text"] == "waves"
    assert not {"blocks", "client_msg_id", "team"} & event.keys()


async def test_a_reaction_is_an_emoji(stand: Stand) -> None:
    """With a tone of skin or without; other names are refused."""
    ts = await stand.post()
    names = ("+1", "wave::skin-tone-2", ":eyes:", "no_such_emoji")
    place = {"channel": DESK, "timestamp": ts}
    told = [await stand.refusal("reactions.add", **place, name=each) for each in names]

    assert told == ["ok", "ok", "invalid_name", "invalid_name"]
    for name in names[:2]:
        await stand.client.reactions_remove(**place, name=name)
    assert "reactions" not in stand.workspace.message(DESK, ts)
