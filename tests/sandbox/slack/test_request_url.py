"""Events over HTTP: signed posts to an app's address, on the socket's schedule."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bridgebot.sandbox.slack.manifests import install
from bridgebot.sandbox.slack.state import SlackRefusalError
from tests.sandbox.slack.listener import listening
from tests.sandbox.slack.stand import ANNA, BOT, DESK, Stand
from tests.sandbox.slack.test_interactions import BUTTONS
from tests.sandbox.slack.test_views import FIELD, modal

SECRET = "shared with the app"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve an app's address on the loopback."""
    app = web.Application()
    app.router.add_post("/slack/events", handler)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


def signed(stand: Stand) -> None:
    """Give the bot a signing secret."""
    stand.workspace.apps[BOT.app_id] = replace(BOT, signing_secret=SECRET)


async def test_bolt_is_played_against_over_http(stand: Stand) -> None:
    """Bolt checks each signature; event, command, button and form arrive, their answers count."""
    signed(stand)
    bolt = AsyncApp(client=stand.client, signing_secret=SECRET, ignoring_self_events_enabled=False)
    got: list[str] = []

    @bolt.event("message")
    async def heard(event: Mapping[str, Any]) -> None:
        got.append(event["text"])

    @bolt.command("/open")
    async def opens(ack: Any, command: Mapping[str, Any], client: Any) -> None:
        await ack(text=f"for {command['user_id']}")
        await client.views_open(trigger_id=command["trigger_id"], view=modal())

    @bolt.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond("Pressed", replace_original=True)

    @bolt.view("one")
    async def takes(ack: Any, view: Mapping[str, Any]) -> None:
        await ack(response_action="errors", errors={"f": "no"})

    async def handle(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))

    async with serving(handle) as url:
        await stand.slack.sockets.urls.verify(BOT.app_id, url)
        stand.workspace.person_writes(ANNA, DESK, "Grüße")
        ts = await stand.post("Choose", blocks=BUTTONS)
        await stand.until(lambda: "Grüße" in got)
        stand.slack.interactions.press_button(ANNA, DESK, ts, "go")
        await stand.until(lambda: stand.workspace.message(DESK, ts)["text"] == "Pressed")
        stand.slack.interactions.slash_command(ANNA, DESK, "/open", "a&b=ü")
        await stand.until(lambda: stand.workspace.stacks.get(ANNA))
        stand.slack.modals.submit(ANNA, FIELD)
        await stand.until(lambda: stand.slack.modals.errors.get(ANNA))

    assert [each["text"] for each in stand.workspace.ephemerals] == [f"for {ANNA}"]
    assert stand.slack.modals.errors[ANNA] == {"f": "no"}
    assert stand.slack.sockets.dropped == 0


class Listening:
    """An address that keeps what it got; it answers the question, and else with ``statuses``."""

    def __init__(self, *statuses: int, no_retry: bool = False) -> None:
        self.statuses = list(statuses)
        self.no_retry = no_retry
        self.heads: list[Mapping[str, str]] = []
        self.bodies: list[str] = []

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Take one post."""
        self.heads.append(request.headers)
        self.bodies.append(await request.text())
        if "challenge" in self.bodies[-1]:
            return web.json_response({"challenge": (await request.json())["challenge"]})
        status = self.statuses.pop(0) if self.statuses else 200
        headers = {"X-Slack-No-Retry": "1"} if self.no_retry else {}
        return web.Response(status=status, headers=headers)


async def test_an_event_that_is_not_taken_comes_again(stand: Stand) -> None:
    """With its number and reason, the same event id, and a signature of its own."""
    signed(stand)
    address = Listening(500, 404, 503)
    async with serving(address.take) as url:
        await stand.slack.sockets.urls.verify(BOT.app_id, url)
        stand.workspace.person_writes(ANNA, DESK, "Hello")
        await stand.until(lambda: stand.slack.sockets.counts["acknowledged"] == 1)

    numbers = [each.get("X-Slack-Retry-Num") for each in address.heads]
    assert numbers == [None, None, "1", "2", "3"]
    assert address.heads[2]["X-Slack-Retry-Reason"] == "http_error"
    assert len(set(address.bodies[1:])) == 1
    verifier = SignatureVerifier(SECRET)
    for head, body in zip(address.heads, address.bodies, strict=True):
        assert verifier.is_valid_request(body, dict(head))


async def test_the_sockets_faults_count_over_http_too(stand: Stand) -> None:
    """While Slack is down nothing is posted; an answer that gets lost brings the event again."""
    signed(stand)
    address = Listening()
    async with serving(address.take) as url:
        sockets = stand.slack.sockets
        await sockets.urls.verify(BOT.app_id, url)
        sockets.refusing, sockets.losing, sockets.ack_seconds = True, 1, 0.1
        stand.workspace.person_writes(ANNA, DESK, "Hello")
        await stand.until(lambda: sockets._tasks)
        assert len(address.bodies) == 1
        sockets.refusing, sockets.ack_seconds = False, 3.0
        await stand.until(lambda: sockets.counts["acknowledged"] == 1)

    assert len(address.bodies) == 3
    assert address.heads[-1]["X-Slack-Retry-Reason"] == "http_timeout"


async def test_an_app_can_forbid_another_attempt(stand: Stand) -> None:
    """An error with ``X-Slack-No-Retry`` ends it."""
    signed(stand)
    address = Listening(500, no_retry=True)
    async with serving(address.take) as url:
        await stand.slack.sockets.urls.verify(BOT.app_id, url)
        stand.workspace.person_writes(ANNA, DESK, "Hello")
        stand.workspace.person_writes(ANNA, DESK, "Again")
        await stand.until(lambda: stand.slack.sockets.counts["acknowledged"] == 1)

    assert len(address.bodies) == 3


@pytest.mark.parametrize("wrong", ["silent", "refuses", "mumbles"])
async def test_an_address_that_does_not_answer_the_question_is_not_kept(
    stand: Stand, wrong: str
) -> None:
    """The app stays on its socket."""
    signed(stand)

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(text="what?", status=403 if wrong == "refuses" else 200)

    async with serving(handle) as url:
        asked = "http://127.0.0.1:9/slack/events" if wrong == "silent" else url
        with pytest.raises(SlackRefusalError, match="url_not_verified"):
            await stand.slack.sockets.urls.verify(BOT.app_id, asked)

    assert stand.workspace.apps[BOT.app_id].request_url == ""


async def test_apps_on_a_socket_and_over_http_work_side_by_side(stand: Stand) -> None:
    """Each hears what it subscribed to in its own way; a command goes to its owner alone."""
    manifest = {
        "display_information": {"name": "Taxi"},
        "features": {"slash_commands": [{"command": "/taxi", "description": "Call a car"}]},
        "oauth_config": {"scopes": {"bot": ["commands", "channels:history", "chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["message.channels"]}},
    }
    taxi = install(stand.workspace, manifest)
    stand.workspace.channels[DESK].members.add(taxi.user_id)
    address = Listening()
    async with listening(stand) as bot, serving(address.take) as url:
        await stand.slack.sockets.urls.verify(taxi.app_id, url)
        stand.workspace.person_writes(ANNA, DESK, "Hello")
        stand.slack.interactions.slash_command(ANNA, DESK, "/taxi", "now")
        stand.slack.interactions.slash_command(ANNA, DESK, "/room", "")
        await bot.payload(command="/room")
        await bot.event(type="message", text="Hello")
        await stand.until(lambda: len(address.bodies) == 3)

    assert [each.get("command") for each in bot.payloads if "command" in each] == ["/room"]
    assert sum("command=%2Ftaxi" in each for each in address.bodies) == 1
    client = stand.as_(taxi.bot_token)
    assert (await client.auth_test())["user_id"] == taxi.user_id
