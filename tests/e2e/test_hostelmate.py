"""Hostel Mate beside Booking.com, through the shipped process."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridgebot.sandbox.slack.state import Channel
from tests.e2e.world import ALERTS, ANNA, BOT, HOSTEL_KEY, World

pytestmark = pytest.mark.e2e


def _opened(world: World, name: str, **more: str) -> str:
    world.more.setdefault("HOSTELMATE_API_KEY", HOSTEL_KEY)
    world.hostelmate.mate.open_thread("hostelmate", thread_id=name, **more)
    return name


async def test_both_providers_run_side_by_side(world: World) -> None:
    """Each guest has a thread under the own provider's name; each message stands there once."""
    mate = world.hostelmate.mate
    _opened(world, "t1", guest_name="Sam Example")
    early = mate.now() - timedelta(hours=2)
    here = [world.guest("c1", "Hello"), mate.guest_writes("t1", "Hi")]
    await world.start()
    await world.until(lambda: all(map(world.shown, here)))
    later = [
        mate.guest_writes("t1", "Sent before, came later", at=early),
        mate.property_writes("t1", "Answered in the inbox"),
        world.guest("c1", "And again"),
    ]
    await world.until(lambda: all(map(world.shown, later)))

    assert [world.shown(each) for each in here + later] == [1] * 5
    payloads = [world.roots(name)[0]["metadata"]["event_payload"] for name in ("c1", "t1")]
    assert [each["provider"] for each in payloads] == ["booking", "hostelmate"]
    assert payloads[1]["property_id"] == "hostelmate"
    assert [post["username"] for post in world.thread("t1")] == [
        "Sam Example (guest)",
        "Sam Example (guest)",
        "Property, outside Slack",
    ]
    assert world.hostelmate.limits.limited == 0


async def test_two_hostels_have_a_channel_each(world: World) -> None:
    """Each key opens one property, which is called by its account's name."""
    mate = world.hostelmate.mate
    mate.add_hostel("barn", "hm_live_barn")
    world.slack.workspace.add_channel(Channel("C0BARN", "barn", members={BOT.user_id, ANNA}))
    file = world.directory / "accounts.toml"
    account = '[[accounts]]\nprovider = "hostelmate"\nname = "barn"\napi_key_env = "BARN_KEY"\n'
    file.write_text(f'{account}channel = "C0BARN"\n', "utf-8")
    (world.directory / ".env").write_text("BARN_KEY=hm_live_barn\n", "utf-8")
    world.more["CONFIG"] = str(file)
    _opened(world, "t1")
    mate.open_thread("barn", thread_id="t2")
    sent = mate.guest_writes("t1", "Is there a kitchen?")
    mate.guest_writes("t2", "Is there hay?")

    await world.start()
    await world.until(lambda: world.shown(sent) and world.messages("C0BARN"))

    payload = world.messages("C0BARN")[0]["metadata"]["event_payload"]
    assert payload == {
        "provider": "hostelmate:barn",
        "property_id": "barn",
        "conversation_id": "t2",
    }
    assert "Hostel Mate (barn)" in str(world.messages("C0BARN")[0]["blocks"])
    assert world.root("t2") is None


async def test_read_only_shows_at_the_root_and_is_said_when_somebody_answers(world: World) -> None:
    """The root says it before anybody types; a reply is answered at once; a note is a note."""
    _opened(world, "t1")
    world.hostelmate.mate.guest_writes("t1", "Is there a kitchen?")
    await world.start()
    await world.until(lambda: world.thread("t1"))

    root = world.root("t1")
    assert root is not None
    assert "Hostel Mate takes no replies from here" in str(root["blocks"])
    assert "read only" in root["text"]
    note = world.staff("t1", "// there is one")
    reply = world.staff("t1", "Yes, on the ground floor")

    await world.until(lambda: world.marks(note) and world.marks(reply))
    await world.until(lambda: "can only be read here" in world.thread("t1")[-1]["text"], 2)
    assert (world.marks(note), world.marks(reply)) == (["lock"], ["warning"])
    assert len(world.hostelmate.mate.threads["t1"].messages) == 1
    assert world.messages(ALERTS) == []


async def test_booking_coms_own_threads_are_not_shown_twice(world: World) -> None:
    """A conversation that both providers know is shown by Booking.com's own API alone."""
    _opened(world, "t1", channel="BOOKING_COM")
    other = _opened(world, "t2", channel="HOSTELWORLD")
    mate = world.hostelmate.mate
    twice, once = mate.guest_writes("t1", "Hello"), mate.guest_writes(other, "Hello")
    direct = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(once) and world.shown(direct))
    later = mate.guest_writes(other, "Again")
    await world.until(lambda: world.shown(later))

    assert world.shown(twice) == 0
    assert world.roots("t1") == []


async def test_a_wrong_key_stops_nobody_else(world: World) -> None:
    """Booking.com goes on, an alert names the setting; the right key is taken at the next start."""
    _opened(world, "t1")
    world.more["HOSTELMATE_API_KEY"] = "hm_live_wrong"
    message = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(message) and world.messages(ALERTS))

    alert = world.messages(ALERTS)[0]
    assert alert["metadata"]["event_payload"]["kind"] == "credentials"
    assert "BRIDGEBOT_HOSTELMATE_API_KEY" in alert["text"]
    assert "hm_live" not in world.log.read_text("utf-8")


async def test_where_every_provider_refuses_the_start_ends(world: World) -> None:
    """Nobody can be read: the reason is said, without the key."""
    _opened(world, "t1")
    world.more |= {"BOOKING_CLIENT_SECRET": "wrong", "HOSTELMATE_API_KEY": "hm_live_wrong"}
    await world.start(ready=False)

    assert world.process is not None
    assert await world.process.wait() == 1
    log = world.log.read_text("utf-8")
    assert "BRIDGEBOT_BOOKING_CLIENT" in log
    assert "hm_live" not in log


async def test_a_killed_process_goes_on_where_it_was(world: World) -> None:
    """After kill -9 each message is there once, those that came meanwhile too."""
    names = [_opened(world, f"t{number}") for number in range(6)]
    mate = world.hostelmate.mate
    sent = [mate.guest_writes(name, "Hello") for name in names]
    await world.start()
    await world.until(lambda: any(map(world.shown, sent)))
    await world.kill()
    sent += [mate.guest_writes(name, "Anybody there?") for name in names]

    await world.start()
    await world.until(lambda: all(map(world.shown, sent)), 40)

    assert [world.shown(each) for each in sent] == [1] * 12
    assert [len(world.roots(name)) for name in names] == [1] * 6
