"""Rate limits, when they are switched on, and the faults that can be set."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bridgebot.sandbox.slack.faults import Fault, Faults, Kind
from bridgebot.sandbox.slack.limits import BURST, OTHERS, TIERS
from tests.sandbox.slack.listener import listening
from tests.sandbox.slack.stand import ANNA, BOT, DESK, OFFICE, POOR, Stand
from tests.sandbox.slack.test_interactions import BUTTONS


async def waits(stand: Stand, method: str, token: str = BOT.bot_token, **arguments: str) -> str:
    """Call a method; return how long it has to wait, if it has."""
    headers = {"Authorization": f"Bearer {token}"}
    url = stand.client.base_url + method
    async with stand.session.post(url, headers=headers, json=arguments) as answer:
        assert (answer.status == 429) == ("Retry-After" in answer.headers)
        if answer.status == 429:
            assert await answer.json() == {"ok": False, "error": "ratelimited"}
        return answer.headers.get("Retry-After", "")


async def test_nothing_is_limited_unless_asked_for(stand: Stand) -> None:
    """A hundred posts at once pass."""
    for _ in range(100):
        await stand.post()

    assert stand.slack.limits.limited == 0


async def test_a_channel_takes_a_burst_then_a_post_a_second(stand: Stand) -> None:
    """Each channel and each app has its own budget; a second later there is room for one."""
    stand.slack.limits.enabled = True
    now = stand.clock()
    stand.slack.limits.now = lambda: now + stand.clock.ahead
    post = {"channel": DESK, "text": "x"}

    assert [await waits(stand, "chat.postMessage", **post) for _ in range(BURST)] == [""] * BURST
    assert await waits(stand, "chat.postMessage", **post) == "1"
    assert await waits(stand, "chat.postMessage", channel=OFFICE, text="x") == ""
    assert await waits(stand, "chat.postMessage", POOR.bot_token, **post) == ""
    stand.clock.ahead = 1.0
    assert await waits(stand, "chat.postMessage", **post) == ""
    assert await waits(stand, "chat.postMessage", **post) == "1"
    assert stand.slack.limits.limited == 2


@pytest.mark.parametrize(
    ("method", "most", "pause"),
    [
        ("conversations.history", OTHERS, "2"),
        ("users.list", TIERS["users.list"], "3"),
        ("users.info", TIERS["users.info"], "1"),
    ],
)
async def test_each_method_has_its_tier(stand: Stand, method: str, most: int, pause: str) -> None:
    """As many calls a minute, then a wait until there is room for one; others go on."""
    stand.slack.limits.enabled = True
    now = stand.clock()
    stand.slack.limits.now = lambda: now

    told = [await waits(stand, method, channel=DESK, user=ANNA) for _ in range(most + 1)]

    assert told == [""] * most + [pause]
    assert await waits(stand, "conversations.info", channel=DESK) == ""


async def test_some_methods_have_no_number(stand: Stand) -> None:
    """Slack publishes none for ``auth.test``; connections count for their own app."""
    stand.slack.limits.enabled = True
    for _ in range(OTHERS + 1):
        assert await waits(stand, "auth.test") == ""
    for _ in range(OTHERS):
        await stand.client.apps_connections_open(app_token=BOT.app_token)

    assert await waits(stand, "apps.connections.open", BOT.app_token)
    assert await waits(stand, "apps.connections.open", POOR.app_token) == ""


@pytest.mark.parametrize(
    ("kind", "status"), [("429", 429), ("500", 500), ("503", 503), ("html", 503)]
)
async def test_a_fault_is_answered_and_the_call_is_not_made(
    stand: Stand, kind: Kind, status: int
) -> None:
    """The next call passes."""
    stand.slack.faults.add("chat.postMessage", kind, seconds=7)
    with pytest.raises(SlackApiError) as told:
        await stand.post()
    response = told.value.response
    # An answer that is no JSON is a raw response of aiohttp's.
    assert getattr(response, "status_code", None) or response.status == status
    assert response.headers.get("Retry-After") == ("7" if kind == "429" else None)

    assert stand.workspace.channels[DESK].messages == {}
    await stand.post()


@pytest.mark.parametrize(("kind", "posts"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_connection_is_dropped_before_or_after_the_call(
    stand: Stand, kind: Kind, posts: int
) -> None:
    """The client sees the same; only afterwards the message is there."""
    stand.slack.faults.add("*", kind)
    with pytest.raises(aiohttp.ClientError):
        await stand.post()

    assert len(stand.workspace.channels[DESK].messages) == posts


async def test_an_internal_error_comes_after_the_post(stand: Stand) -> None:
    """The message is there, the answer says otherwise."""
    stand.slack.faults.add("chat.postMessage", "internal_error")
    with pytest.raises(SlackApiError, match="internal_error"):
        await stand.post()

    assert len(stand.workspace.channels[DESK].messages) == 1


async def test_a_delayed_call_is_made(stand: Stand) -> None:
    """It only takes longer."""
    stand.slack.faults.add("chat.postMessage", "delay", seconds=0.01)
    before = stand.clock()
    await stand.post()

    assert stand.clock() - before >= 0.01


async def test_an_upload_can_be_dropped_after_it_was_taken(stand: Stand) -> None:
    """The bytes are there all the same."""
    stand.slack.faults.add("files.upload", "drop_after")
    answer = await stand.client.files_getUploadURLExternal(filename="a", length=3)
    with pytest.raises(aiohttp.ClientError):
        await stand.session.post(answer["upload_url"], data=b"abc")

    assert stand.workspace.files[answer["file_id"]].data == b"abc"


def test_faults_strike_by_chance_as_often_as_they_are_set() -> None:
    """A chance of a half strikes some calls of many; none is left when they are cleared."""
    faults = Faults()
    faults.add("users.info", "500", times=1000, chance=0.5)
    struck = sum(faults.strike("users.info") is not None for _ in range(100))

    assert 20 < struck < 80
    assert faults.struck == struck
    assert faults.strike("users.list") is None
    assert faults.planned[0] == Fault("users.info", "500", 1000 - struck, 0.5)
    faults.clear()
    assert faults.strike("users.info") is None


async def test_answers_at_a_response_url_count_and_fail_like_posts(stand: Stand) -> None:
    """The channel's budget is theirs too; a fault is set by the name ``response_url``."""
    ts = await stand.post("Choose", blocks=BUTTONS)
    faults, limits = stand.slack.faults, stand.slack.limits
    async with listening(stand) as app:
        stand.slack.interactions.press_button(ANNA, DESK, ts, "go")
        url = (await app.payload(type="block_actions"))["response_url"]
        faults.add("response_url", "500")
        async with stand.session.post(url, json={"text": "x"}) as answer:
            assert answer.status == 500
        faults.add("response_url", "drop_after")
        with pytest.raises(aiohttp.ClientError):
            await stand.session.post(url, json={"text": "shown"})
        limits.enabled, now = True, stand.clock()
        limits.now = lambda: now
        for _ in range(BURST):
            limits.wait("chat.postMessage", BOT.app_id, DESK)
        async with stand.session.post(url, json={"text": "x"}) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "1")

    assert [each["text"] for each in stand.workspace.ephemerals] == ["shown"]
