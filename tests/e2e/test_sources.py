"""Each source of messages, two at once, and the change from one to another, in the real process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import httpx
import pytest

from bridgebot.sandbox.messaging.notifications import PushSwitches, Subscription
from tests.e2e.test_metrics import free_port
from tests.e2e.told import payload_of
from tests.e2e.world import ALERTS, HOSTEL_KEY, PROPERTY, World

pytestmark = pytest.mark.e2e

SECRET = "0123456789abcdef0123456789abcdef"
HOOK = "fedcba9876543210fedcba9876543210"


def use(world: World, *sources: str) -> str:
    """Set the sources; let the stand-in push to where the bot will listen."""
    bind = world.more.get("HTTP_BIND") or f"127.0.0.1:{free_port()}"
    world.more |= {
        "BOOKING_SOURCES": json.dumps(sources),
        "BOOKING_PROPERTIES": json.dumps([PROPERTY]),
        "BOOKING_READS_PER_MINUTE": "3000",
        "BOOKING_NOTIFICATIONS_CLIENT_ID": "cns",
        "BOOKING_NOTIFICATIONS_SECRET": SECRET,
        "HTTP_BIND": bind,
    }
    subscription = Subscription(
        account="id",
        token_url=f"http://{bind}/booking/token",
        url=f"http://{bind}/booking/notifications",
        client_id="cns",
        client_secret=SECRET,
    )
    world.notifier.subscribe(subscription if "notifications" in sources else None)
    world.booking.booking.accounts["id"].queue_enabled = "queue" in sources
    return bind


WAYS = [
    ("conversations",),
    ("notifications",),
    ("queue", "notifications"),
    ("queue", "conversations", "notifications"),
]


@pytest.mark.parametrize("sources", WAYS, ids="+".join)
async def test_each_message_is_shown_once_and_answered_once(
    world: World, sources: tuple[str, ...]
) -> None:
    """Messages, an answer with its echo, and what was written elsewhere; killed in between."""
    bind = use(world, *sources)
    await world.start()
    sent = [world.guest("c1", "Hello"), world.guest("c2", "Good morning")]
    await world.until(lambda: all(map(world.shown, sent)))
    reply = world.staff("c1", "Welcome")
    sent.append(world.booking.booking.property_writes("c2", "Written in the extranet"))
    await world.until(lambda: world.marks(reply) == ["white_check_mark"])
    sent.append(world.guest("c1", "Thank you. One more question?"))
    await world.until(lambda: all(map(world.shown, sent)))
    await world.kill()
    sent.append(world.guest("c1", "Are you there?"))
    await world.start()
    sent.append(world.guest("c2", "And here"))
    await world.until(lambda: all(map(world.shown, sent)), 40)

    assert [world.shown(each) for each in sent] == [1] * len(sent)
    assert world.got("c1") == ["Welcome"]
    async with httpx.AsyncClient(base_url=f"http://{bind}", trust_env=False) as http:
        figures = (await http.get("/metrics")).text
    assert figures.count('bridgebot_last_poll_age_seconds{provider="booking"}') == 1
    assert not any("Welcome" in post["text"] for post in world.thread("c1")[1:] if _is_bots(post))


def _is_bots(post: Mapping[str, object]) -> bool:
    return bool(payload_of(post, "bridgebot_message"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("queue", "conversations"),
        ("conversations", "queue"),
        ("queue", "notifications"),
    ],
)
async def test_a_change_of_sources_loses_nothing(world: World, before: str, after: str) -> None:
    """What the one source never delivered is found when another one takes its place."""
    use(world, before)
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first))
    if before == "queue":
        await world.until(lambda: b"searches_from_now" in world.log.read_bytes())
    await world.stop()
    # Nobody listens: the queue is off and drops what it holds, and nobody is notified.
    world.notifier.subscribe(None)
    lost = [world.guest("c1", "Are you there?"), world.guest("c2", "Hello?")]
    world.booking.booking.reset_queue("id")
    use(world, after)

    await world.start()
    lost.append(world.guest("c2", "Still here"))
    await world.until(lambda: all(map(world.shown, [first, *lost])), 60)

    assert [world.shown(each) for each in (first, *lost)] == [1] * 4


async def test_a_queue_that_is_switched_off_does_not_keep_the_others_from_starting(
    world: World,
) -> None:
    """The day the queue ends, the bridge goes on by conversations."""
    use(world, "queue", "conversations")
    world.booking.booking.accounts["id"].queue_enabled = False
    message = world.guest("c1", "Hello")

    await world.start()

    await world.until(lambda: world.shown(message))
    assert b"source_refused" in world.log.read_bytes()


async def test_notifications_may_have_their_own_words_for_who_wrote(world: World) -> None:
    """Unknown words are looked up, so that guests wait and echoes are known; disorder, doubles."""
    use(world, "notifications")
    await world.start()
    world.notifier.switches = PushSwitches(sender="other", uuid="new", order="reversed")
    world.notifier.faults.add("notifications.push", "drop_after", times=2)
    first = world.guest("c1", "Hello")
    await world.until(lambda: world.shown(first))
    reply = world.staff("c1", "Welcome")
    await world.until(lambda: world.marks(reply) == ["white_check_mark"])
    world.notifier.again(first)
    later = world.guest("c1", "Thanks, and a question")
    await world.until(lambda: world.shown(later) and world.notifier.idle)

    usernames = [post.get("username") for post in world.thread("c1") if _is_bots(post)]
    assert usernames == ["Ada Example (guest)"] * 2
    assert (world.shown(first), world.shown(later)) == (1, 1)


async def test_what_is_no_message_or_no_notification_harms_nobody(world: World) -> None:
    """Forged, oversized and odd bodies are refused and counted; other kinds are acknowledged."""
    bind = use(world, "notifications")
    await world.start()
    async with httpx.AsyncClient(base_url=f"http://{bind}", trust_env=False, timeout=20) as http:
        form = {"grant_type": "client_credentials", "client_id": "cns", "client_secret": SECRET}
        token = (await http.post("/booking/token", data=form)).json()["jwt"]
        good = {"Authorization": f"Bearer {token}"}

        async def post(headers: dict[str, str], content: bytes) -> int:
            answer = await http.post("/booking/notifications", content=content, headers=headers)
            return answer.status_code

        other = b'{"metadata": {"uuid": "u1", "type": "RESERVATION_NEW"}, "payload": {}}'
        odd = b'{"metadata": {"uuid": "u2", "type": "MESSAGING_API_NEW_MESSAGE"}, "payload": []}'
        statuses = [
            await post({}, b"{}"),
            await post({"Authorization": "Bearer e30.e30."}, b"{}"),
            await post(good, b"x" * 1_000_000),
            await post(good, b"no JSON"),
            await post(good, b"[" * 100_000),
            await post(good | {"Content-Encoding": "gzip"}, b"\x1f\x8b"),
            await post(good, other),
            await post(good, other),
            await post(good, odd),
        ]
        message = world.guest("c1", "Hello")
        await world.until(lambda: world.shown(message) and world.messages(ALERTS))
        figures = (await http.get("/metrics")).text

    assert statuses == [401, 401, 413, 400, 400, 415, 200, 200, 200]
    (alert,) = world.messages(ALERTS)
    assert alert["metadata"]["event_payload"]["kind"] == "quarantined"
    for outcome, count in (("refused", 2), ("oversized", 1), ("junk", 2), ("other", 1)):
        name = f'bridgebot_pushes_total{{endpoint="notification",outcome="{outcome}"}} {count}.0'
        assert name in figures
    assert SECRET not in world.log.read_text("utf-8")


async def test_a_webhook_hastens_the_next_look_and_does_no_more(world: World) -> None:
    """An hour between two looks; the event brings the message at once, a forged one nothing."""
    bind = f"127.0.0.1:{free_port()}"
    world.more |= {
        "HOSTELMATE_API_KEY": HOSTEL_KEY,
        "HOSTELMATE_POLL_SECONDS": "3600",
        "HOSTELMATE_WEBHOOK_SECRET": HOOK,
        "HTTP_BIND": bind,
    }
    mate = world.hostelmate.mate
    first = mate.guest_writes(mate.open_thread("hostelmate", thread_id="t1").thread_id, "Hi")
    await world.start()
    await world.until(lambda: world.shown(first))
    looks = len(mate.wire)
    async with httpx.AsyncClient(base_url=f"http://{bind}", trust_env=False) as http:
        wrong = await http.post("/hostelmate/events/wrong", json={"type": "message.received"})
        other = await http.post(f"/hostelmate/events/{HOOK}", json={"type": "booking.created"})
    await asyncio.sleep(0)
    assert (wrong.status_code, other.status_code, len(mate.wire)) == (404, 200, looks)
    world.webhook.url = f"http://{bind}/hostelmate/events/{HOOK}"

    message = mate.guest_writes("t1", "Anybody there?")

    await world.until(lambda: world.shown(message))
    assert world.webhook.statuses == [200]
    assert HOOK not in world.log.read_text("utf-8")
