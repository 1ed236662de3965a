"""Events over HTTP: taken when Slack signed them just now, and from nobody else."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from tests.e2e.test_metrics import free_port
from tests.e2e.world import ANNA, BOT, GUESTS, World

pytestmark = pytest.mark.e2e

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@dataclass(slots=True)
class Poster:
    """Posts to the bot as Slack does."""

    http: httpx.AsyncClient
    team: str
    secret: str = SECRET
    age: int = 0

    async def post(self, body: str, kind: str = "application/json", **headers: str) -> int:
        """Post a signed body; return the status."""
        stamp = str(int(time.time()) - self.age)
        signature = SignatureVerifier(self.secret).generate_signature(timestamp=stamp, body=body)
        signed = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": str(signature),
            **headers,
        }
        return (await self.http.post("/slack/events", content=body, headers=signed)).status_code

    def event(self, event: Mapping[str, Any]) -> str:
        """Write an event's envelope."""
        return json.dumps(
            {
                "type": "event_callback",
                "team_id": self.team,
                "api_app_id": BOT.app_id,
                "event_id": f"Ev{time.monotonic_ns()}",
                "event_time": int(time.time()),
                "authorizations": [{"team_id": self.team, "user_id": BOT.user_id, "is_bot": True}],
                "event": dict(event),
            }
        )

    def staff(self, world: World, text: str) -> str:
        """Let somebody reply in the thread; return the event that Slack has for it."""
        ts = world.staff("c1", text)
        place = {"channel": GUESTS, "channel_type": "channel", "event_ts": ts}
        return self.event(world.slack.workspace.message(GUESTS, ts) | place)

    def forged(self, root: str, text: str) -> str:
        """Make the event of a reply that nobody wrote."""
        ts = f"{time.time():.6f}"
        place = {"channel": GUESTS, "channel_type": "channel", "thread_ts": root, "ts": ts}
        author = {"user": ANNA, "team": self.team, "parent_user_id": BOT.user_id}
        return self.event({"type": "message", "text": text, **place, **author, "event_ts": ts})


@pytest.fixture
async def slack(world: World) -> AsyncIterator[Poster]:
    """Start the bot without an app token, and give a Slack that posts to it."""
    bind = f"127.0.0.1:{free_port()}"
    world.more |= {
        "SLACK_MODE": "http",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_APP_TOKEN": "",
        "HTTP_BIND": bind,
    }
    bare = world.environment()
    del bare["BRIDGEBOT_SLACK_APP_TOKEN"]
    world.bare = bare
    world.guest("c1", "Hello")
    # What happens in Slack is posted by the tests, and by nobody else.
    world.slack.workspace.deliver = lambda _app, _event: None
    await world.start()
    await world.until(lambda: world.thread("c1"))
    async with httpx.AsyncClient(base_url=f"http://{bind}", trust_env=False, timeout=20) as http:
        yield Poster(http, world.slack.workspace.team_id)


def _root(world: World) -> str:
    root = world.root("c1")
    assert root is not None
    return str(root["ts"])


async def test_a_reply_reaches_the_guest(world: World, slack: Poster) -> None:
    """Slack posts the event, twice for good measure; the guest has the reply once."""
    event = slack.staff(world, "Welcome")

    assert [await slack.post(event), await slack.post(event)] == [200, 200]

    await world.until(lambda: world.got("c1"))
    assert await slack.post(slack.staff(world, "See you")) == 200
    await world.until(lambda: world.got("c1") == ["Welcome", "See you"])
    assert (await slack.http.get("/readyz")).status_code == 200
    assert world.slack.sockets.connections == 0


async def test_the_sandbox_plays_slack_over_http(world: World) -> None:
    """The stand-in asks the address its question, and posts what happens there, signed."""
    bind = f"127.0.0.1:{free_port()}"
    mode = {"SLACK_MODE": "http", "SLACK_SIGNING_SECRET": SECRET, "HTTP_BIND": bind}
    world.more |= mode
    workspace = world.slack.workspace
    workspace.apps[BOT.app_id] = replace(workspace.apps[BOT.app_id], signing_secret=SECRET)
    world.guest("c1", "Hello")
    await world.start()
    await world.slack.sockets.urls.verify(BOT.app_id, f"http://{bind}/slack/events")
    await world.until(lambda: world.thread("c1"))

    ts = world.staff("c1", "Welcome")
    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    world.slack.interactions.slash_command(ANNA, GUESTS, "/bridgebot", "help")
    await world.until(lambda: workspace.ephemerals)

    assert world.got("c1") == ["Welcome"]
    assert world.slack.sockets.connections == 0


async def test_slack_can_verify_the_address(slack: Poster) -> None:
    """The challenge comes back."""
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": "x"})
    stamp = str(int(time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": str(signature),
    }

    answer = await slack.http.post("/slack/events", content=body, headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1a"})


async def test_a_command_is_answered(world: World, slack: Poster) -> None:
    """Commands and clicks come to the same path, as forms."""
    command = {
        "command": "/bridgebot",
        "text": "help",
        "user_id": ANNA,
        "team_id": slack.team,
        "channel_id": GUESTS,
        "response_url": f"http://127.0.0.1:{world.port}/slack/response/none",
        "trigger_id": "1.2",
    }

    assert await slack.post(urlencode(command), "application/x-www-form-urlencoded") == 200


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"secret": "another"}, {}),
        ({"age": 3600}, {}),
        ({"age": -3600}, {}),
        ({}, {"X-Slack-Signature": "v0=0"}),
        ({}, {"X-Slack-Signature": ""}),
        ({}, {"X-Slack-Request-Timestamp": "soon"}),
        ({}, {"X-Slack-Request-Timestamp": ""}),
    ],
    ids=["forged", "replayed", "ahead", "wrong", "unsigned", "no number", "no time"],
)
async def test_what_slack_did_not_sign_just_now_is_refused(
    world: World, slack: Poster, change: dict[str, Any], headers: dict[str, str]
) -> None:
    """A forged, changed or replayed event is answered 401, and nothing of it is kept."""
    for name, value in change.items():
        setattr(slack, name, value)

    assert await slack.post(slack.forged(_root(world), "Give me the code"), **headers) == 401

    slack.secret, slack.age = SECRET, 0
    assert await slack.post(slack.staff(world, "The last")) == 200
    await world.until(lambda: world.got("c1"))
    assert world.got("c1") == ["The last"]


async def test_a_body_beyond_all_measure_is_refused(slack: Poster) -> None:
    """Nobody can fill the memory."""
    assert await slack.post("x" * (1 << 21)) == 413


async def test_what_cannot_be_stored_is_not_acknowledged(world: World, slack: Poster) -> None:
    """Slack waits three seconds in vain while the database refuses, and sends the event again."""
    event = slack.staff(world, "Once more")
    with contextlib.closing(sqlite3.connect(world.directory / "bridgebot.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        slack.http.timeout = httpx.Timeout(3)
        with pytest.raises(httpx.ReadTimeout):
            await slack.post(event)
        other.rollback()

    slack.http.timeout = httpx.Timeout(20)
    assert await slack.post(event) == 200
    await world.until(lambda: world.got("c1"))
    assert await slack.post(slack.staff(world, "The last")) == 200
    await world.until(lambda: len(world.got("c1")) > 1)
    assert world.got("c1") == ["Once more", "The last"]


async def test_an_event_in_work_is_finished_before_the_end(world: World, slack: Poster) -> None:
    """What was answered with 200 before the end is there after the next start."""
    assert await slack.post(slack.staff(world, "Just in time")) == 200
    assert await world.stop() == 0

    await world.start()

    await world.until(lambda: world.got("c1") == ["Just in time"])


async def test_what_is_posted_once_more_tells_of_an_absence(world: World, slack: Poster) -> None:
    """A proxy was away: one reply comes again, the one before it never; both go out in order."""
    slack.staff(world, "Given up by Slack")
    again = slack.staff(world, "Posted again")

    assert await slack.post(again, **{"X-Slack-Retry-Num": "3"}) == 200

    await world.until(lambda: len(world.got("c1")) > 1)
    assert world.got("c1") == ["Given up by Slack", "Posted again"]
