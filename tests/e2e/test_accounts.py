"""Two Booking.com accounts side by side in the real process; what befalls one stays with it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from bridgebot.sandbox.messaging.booking import Account
from bridgebot.sandbox.messaging.notifications import Subscription
from bridgebot.sandbox.slack.state import Channel
from tests.e2e.test_metrics import free_port
from tests.e2e.told import Told, payload_of
from tests.e2e.world import ALERTS, ANNA, BOT, GUESTS, PATIENCE, PROPERTY, World

pytestmark = pytest.mark.e2e

LAKE = "4410022"
LAKES = "C0LAKE"
SECRET = "0123456789abcdef0123456789abcdef"


def _add_lake(world: World, **more: str) -> Account:
    """Give the bot a second account, with a hotel and a secret of its own."""
    world.booking.booking.add_property(LAKE, "Lake Hotel")
    account = world.booking.booking.add_account("lake-id", "lake-secret", [LAKE])
    (world.directory / "lake-secret").write_text("lake-secret\n", "utf-8")
    _configure(world, **more)
    return account


def _configure(world: World, **more: str) -> None:
    """Write the file that names the second account."""
    values = {
        "provider": '"booking"',
        "name": '"lake"',
        "client_id": '"lake-id"',
        "client_secret_file": '"lake-secret"',
        "properties": f'["{LAKE}"]',
        **more,
    }
    lines = [f"{name} = {value}" for name, value in values.items()]
    file = world.directory / "accounts.toml"
    file.write_text("\n".join(["[[accounts]]", *lines]), "utf-8")
    world.more |= {"CONFIG": str(file), "BOOKING_PROPERTIES": f'["{PROPERTY}"]'}


def _alerts(world: World, word: str) -> list[dict[str, Any]]:
    """List the alerts whose text has a word."""
    return [each for each in world.messages(ALERTS) if word in each["text"]]


def _said(world: World, name: str, words: str) -> list[dict[str, Any]]:
    """List what stands with these words in a conversation's thread."""
    return [post for post in world.thread(name) if words in post["text"]]


def _state(alert: dict[str, Any]) -> object:
    return payload_of(alert, "bridgebot_alert").get("state")


async def _get(bind: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://{bind}", trust_env=False) as http:
        return await http.get(path)


async def test_each_account_has_its_guests_and_answers_them(world: World) -> None:
    """Messages of both come once, replies go out by their own; killed in between."""
    bind = f"127.0.0.1:{free_port()}"
    world.more["HTTP_BIND"] = bind
    _add_lake(world)
    world.conversation("pier", property_id=LAKE)
    told = Told(world)
    told.guest("c1", "Hello")
    told.guest("pier", "Is the lake warm?")
    await world.start()
    await world.until(told.all_shown)
    told.staff("c1", "Welcome")
    told.staff("pier", "Rather fresh")
    await world.kill()
    told.guest("c1", "Thanks")
    told.guest("pier", "We come anyway")
    await world.start()
    await world.until(lambda: told.settled() and told.all_marked(), 60)
    await world.until(lambda: not world.booking.booking.accounts["lake-id"].queue)

    assert told.wrong() == []
    assert world.got("pier") == ["Rather fresh"]
    roots = {name: payload_of(world.roots(name)[0], "bridgebot_thread") for name in ("c1", "pier")}
    assert {name: each["provider"] for name, each in roots.items()} == {
        "c1": "booking",
        "pier": "booking:lake",
    }
    figures = (await _get(bind, "/metrics")).text
    for account in ("booking", "booking:lake"):
        assert figures.count(f'bridgebot_last_poll_age_seconds{{provider="{account}"}}') == 1
    assert (await _get(bind, "/readyz")).status_code == 200


async def test_an_account_has_its_own_channel(world: World) -> None:
    """Its threads open there, and who works there can answer."""
    workspace = world.slack.workspace
    workspace.add_channel(Channel(LAKES, "lake", members={BOT.user_id, ANNA}))
    _add_lake(world, channel=f'"{LAKES}"')
    world.conversation("pier", property_id=LAKE)
    world.guest("c1", "Hello")
    world.guest("pier", "Is the lake warm?")
    await world.start()
    await world.until(lambda: world.messages(LAKES) and world.root("c1"))

    root = world.messages(LAKES)[0]
    workspace.person_writes(ANNA, LAKES, "Rather fresh", thread_ts=root["ts"])

    await world.until(lambda: world.got("pier") == ["Rather fresh"])
    assert payload_of(root, "bridgebot_thread")["conversation_id"] == "pier"
    assert world.root("pier") is None


async def test_refused_credentials_stop_one_account_alone(world: World) -> None:
    """Its replies wait, its alert names it, and `/readyz` does; the other one goes on."""
    bind = f"127.0.0.1:{free_port()}"
    world.more["HTTP_BIND"] = bind
    lake = _add_lake(world)
    world.conversation("pier", property_id=LAKE)
    world.conversation("jetty", property_id=LAKE)
    world.guest("c1", "Hello")
    world.guest("pier", "Is the lake warm?")
    world.guest("jetty", "Are there boats?")
    await world.start()
    await world.until(lambda: world.root("c1") and world.root("pier") and world.root("jetty"))
    lake.tokens.clear()
    lake.client_secret = "changed"

    waiting = [world.staff("pier", "Rather fresh"), world.staff("jetty", "Two")]
    await world.until(lambda: _alerts(world, "refuses our credentials"))
    sent = world.staff("c1", "Welcome")
    later = world.guest("c1", "Thanks")
    await world.until(lambda: world.marks(sent) == ["white_check_mark"] and world.shown(later))
    (alert,) = _alerts(world, "refuses our credentials")
    assert "Booking.com (lake)" in alert["text"]
    assert "client_id of the account lake" in alert["text"]
    assert world.got("pier") == world.got("jetty") == []
    assert all("warning" not in world.marks(each) for each in waiting)
    health = await _readiness(world, bind)
    assert [each for each in health["reasons"] if "booking:lake " in each]
    assert not [each for each in health["reasons"] if "booking " in each]

    lake.client_secret = "lake-secret"
    await world.until(lambda: all(map(world.got, ("pier", "jetty"))), 60)
    assert (world.got("pier"), world.got("jetty")) == (["Rather fresh"], ["Two"])
    await world.until(lambda: _state(_alerts(world, "refuses our credentials")[0]) == "closed", 60)


async def _readiness(world: World, bind: str) -> dict[str, Any]:
    """Wait until the bot says that it is not ready, and why; silence counts after some seconds."""
    found: dict[str, Any] = {}
    async with asyncio.timeout(PATIENCE):
        while not found.get("reasons"):
            found = (await _get(bind, "/readyz")).json()
            await asyncio.sleep(0.1)
    return found


async def test_an_account_that_is_refused_from_the_start_keeps_nobody_waiting(
    world: World,
) -> None:
    """The bot starts with the accounts that work."""
    lake = _add_lake(world)
    lake.client_secret = "changed"
    message = world.guest("c1", "Hello")

    await world.start()

    await world.until(lambda: world.shown(message))
    await world.until(lambda: _alerts(world, "Booking.com (lake) refuses our credentials"))


async def test_an_account_that_is_taken_away_loses_nothing(world: World) -> None:
    """What waited is refused in words and kept; put back, it goes out when somebody says so."""
    lake = _add_lake(world)
    world.conversation("pier", property_id=LAKE)
    world.guest("pier", "Is the lake warm?")
    await world.start()
    await world.until(lambda: world.root("pier"))
    lake.tokens.clear()
    lake.client_secret = "changed"
    waiting = world.staff("pier", "Rather fresh")
    await world.until(lambda: _alerts(world, "refuses our credentials"))
    await world.stop()
    lake.client_secret = "lake-secret"
    world.more.pop("CONFIG")

    await world.start()
    await world.until(lambda: world.marks(waiting) == ["warning"], 60)
    told = world.staff("pier", "Are you still there?")
    await world.until(lambda: world.marks(told) == ["warning"])

    # The mark and the words are on their way side by side.
    gone = "the account booking:lake is not in"
    for words in (f"Not delivered: {gone}", f"Not sent: {gone}"):
        await world.until(lambda words=words: _said(world, "pier", words))  # type: ignore[misc]
    assert world.got("pier") == []
    await world.until(lambda: _state(_alerts(world, "refuses")[0]) == "closed")
    await world.stop()

    _configure(world)
    await world.start()
    (press,) = _said(world, "pier", "Not delivered")
    world.slack.interactions.press_button(ANNA, GUESTS, press["ts"], "delivery_retry")
    await world.until(lambda: world.got("pier") == ["Rather fresh"])


async def test_a_notification_finds_its_account(world: World) -> None:
    """Both accounts notify the same address; whose one is, its token tells."""
    bind = f"127.0.0.1:{free_port()}"
    world.more |= {
        "BOOKING_SOURCES": '["notifications"]',
        "BOOKING_NOTIFICATIONS_CLIENT_ID": "cns",
        "BOOKING_NOTIFICATIONS_SECRET": SECRET,
        "HTTP_BIND": bind,
    }
    own = SECRET[::-1]
    _add_lake(world, notifications_client_id='"cns-lake"', notifications_secret=f'"{own}"')
    for account, client_id, secret in (("id", "cns", SECRET), ("lake-id", "cns-lake", own)):
        world.notifier.subscribe(
            Subscription(
                account=account,
                token_url=f"http://{bind}/booking/token",
                url=f"http://{bind}/booking/notifications",
                client_id=client_id,
                client_secret=secret,
            )
        )
        world.booking.booking.accounts[account].queue_enabled = False
    world.conversation("pier", property_id=LAKE)
    await world.start()

    sent = [world.guest("c1", "Hello"), world.guest("pier", "Is the lake warm?")]
    await world.until(lambda: all(map(world.shown, sent)))
    world.staff("pier", "Rather fresh")

    await world.until(lambda: world.got("pier") == ["Rather fresh"])
    assert payload_of(world.roots("pier")[0], "bridgebot_thread")["provider"] == "booking:lake"
    assert payload_of(world.roots("c1")[0], "bridgebot_thread")["provider"] == "booking"
    assert [world.shown(each) for each in sent] == [1, 1]
