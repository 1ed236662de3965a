"""Alerts of guests who wait: each posted once, whatever nodes and answers do, and put off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bridgebot.bridge.waiting import MINUTE, Desk, Step
from bridgebot.slack.pacing import POST
from bridgebot.store import desk
from bridgebot.workers.alerts import LOOK_AGAIN
from tests.e2e.world import ALERTS
from tests.workers.desk import Office, rules


async def test_two_nodes_post_one_alert_once(shared: Office) -> None:
    """Whoever takes an alert in hand draws it; the other one leaves it alone."""
    one, other = await shared.node("a"), await shared.node("b")
    await shared.guest(one)
    shared.later(16)
    shared.world.slack.faults.add("chat.postMessage", "delay", seconds=0.2)

    await asyncio.gather(one.work(), other.work())
    shared.later(50)
    await asyncio.gather(other.work(), one.work())

    assert shared.states() == ["open"]
    assert shared.calls() == ["<!here> Still no answer after 1 h 6 min."]


async def test_two_nodes_make_one_summary_of_a_flood(shared: Office) -> None:
    """None of them sees a part of the flood only, and takes it for a few alerts."""
    shared.desk = rules(flood=6)
    one, other = await shared.node("a"), await shared.node("b")
    for number in range(8):
        await shared.guest(one, f"c{number}")
    shared.later(16)

    await asyncio.gather(one.work(), other.work())
    await one.work()

    assert len(shared.alerts()) == 1
    assert "8 guests wait" in shared.alerts()[0]["text"]


async def test_a_node_that_stalls_before_it_posts_leaves_one_alert(shared: Office) -> None:
    """Its post may still appear: the node that takes over waits for that before it posts."""
    stalls, goes_on = asyncio.Event(), asyncio.Event()

    async def stall(_seconds: float) -> None:
        stalls.set()
        await goes_on.wait()
        shared.clock.seconds += 1

    one, other = await shared.node("a", stall), await shared.node("b")
    row = await shared.guest(one)
    shared.later(16)
    one.pacer.refused(POST, ALERTS, 1.0)
    stalled = asyncio.create_task(one.work())
    await stalls.wait()
    await one.dies()

    await other.work()
    assert shared.alerts() == []
    goes_on.set()
    await stalled
    shared.clock.seconds += LOOK_AGAIN + 1
    await other.work()
    await shared.answer(other, row)
    await other.work()

    assert shared.states() == ["closed"]


async def test_an_alert_whose_answer_is_lost_stands_once(office: Office) -> None:
    """What was accepted is found; what never arrived is posted again when that is sure."""
    node = await office.node()
    first = await office.guest(node)
    office.later(16)
    office.world.slack.faults.add("chat.postMessage", "drop_after")
    await node.work()
    for _ in range(3):
        office.clock.seconds += 15.1
        await node.work()
    assert len(office.alerts()) == 1
    await office.answer(node, first)
    await node.work()
    assert office.states() == ["closed"]

    await office.guest(node, "c2")
    office.later(16)
    office.world.slack.faults.add("chat.postMessage", "drop_before")
    await node.work()
    office.clock.seconds += 15.1
    await node.work()
    assert len(office.alerts()) == 1
    office.later(1)
    await node.work()
    assert office.states() == ["closed", "open"]


async def test_an_alert_that_staff_removed_is_posted_again_with_the_next_change(
    office: Office,
) -> None:
    """Its cause still stands; it is there once more, and is the one that closes."""
    node = await office.node()
    row = await office.guest(node)
    office.later(16)
    await node.work()
    workspace = office.world.slack.workspace
    workspace.person_deletes(ALERTS, office.alerts()[0]["ts"])
    await node.work()
    assert office.alerts() == []

    await node.context.store.write(lambda c: desk.claim(c, row.id, "U1", now=1))
    await node.work()
    assert office.states() == ["open"]
    await office.answer(node, row)
    await node.work()
    assert office.states() == ["closed"]


async def test_a_removed_alert_does_not_come_back_when_it_is_over(office: Office) -> None:
    """Nobody needs to read of a guest who has had the answer."""
    node = await office.node()
    row = await office.guest(node)
    office.later(16)
    await node.work()
    office.world.slack.workspace.person_deletes(ALERTS, office.alerts()[0]["ts"])

    await office.answer(node, row)
    await node.work()

    assert office.alerts() == []


async def test_a_snooze_that_ends_alerts_again(office: Office) -> None:
    """Who put it off is called when the time is over and the guest still waits, once."""
    node = await office.node()
    row = await office.guest(node)
    office.later(16)
    await node.work()
    until = node.context.ms() + 120 * 60_000
    await node.context.store.write(lambda c: desk.snooze(c, row.id, "U0ANNA", until=until))
    await node.work()
    assert "Quiet until" in str(office.alerts()[0]["blocks"])

    office.later(119)
    await node.work()
    assert office.calls() == []
    office.later(2)
    await node.work()
    await node.work()

    woken = [each for each in office.calls() if "snooze is over" in each]
    assert [each.startswith("<@U0ANNA>") for each in woken] == [True]
    # The escalation that fell due meanwhile comes with it.
    assert len(office.calls()) == 2
    assert "Quiet until" not in str(office.alerts()[0]["blocks"])


async def test_a_guest_who_is_put_off_before_the_alert_raises_it_afterwards(
    office: Office,
) -> None:
    """Quiet from a list or the Home tab holds the alert itself back, and does not drop it."""
    node = await office.node()
    row = await office.guest(node)
    until = node.context.ms() + 30 * 60_000
    await node.context.store.write(lambda c: desk.snooze(c, row.id, "U0ANNA", until=until))
    office.later(29)
    await node.work()
    assert office.alerts() == []

    office.later(2)
    await node.work()

    assert office.states() == ["open"]


async def test_an_answer_ends_a_snooze(office: Office) -> None:
    """Nobody is called for a guest who has had the answer meanwhile."""
    node = await office.node()
    row = await office.guest(node)
    office.later(16)
    await node.work()
    until = node.context.ms() + 30 * 60_000
    await node.context.store.write(lambda c: desk.snooze(c, row.id, "U0ANNA", until=until))

    await office.answer(node, row)
    office.later(60)
    await node.work()

    assert (office.states(), office.calls()) == (["closed"], [])


async def test_a_second_flood_on_the_same_day_is_a_summary_of_its_own(office: Office) -> None:
    """The first one is over, and is not changed any more."""
    office.desk = rules(flood=3)
    node = await office.node()
    for day_part in ("early", "late"):
        rows = [await office.guest(node, f"{day_part}{number}") for number in range(3)]
        office.later(16)
        await node.work()
        assert "3 guests wait" in office.alerts()[-1]["text"]
        for row in rows:
            await office.answer(node, row)
        await node.work()
        office.later(120)

    assert office.states() == ["closed", "closed"]


async def test_a_flood_while_another_still_stands_is_a_summary_of_its_own(office: Office) -> None:
    """Hours later it would not be noticed as a change of the first one."""
    office.desk = rules(flood=3, steps=())
    node = await office.node()
    for day_part in ("early", "late"):
        for number in range(3):
            await office.guest(node, f"{day_part}{number}")
        office.later(16)
        await node.work()
        office.later(120)

    assert office.states() == ["open", "open"]
    assert all("3 guests wait" in each["text"] for each in office.alerts())


async def test_a_flood_calls_the_people_of_every_property(office: Office) -> None:
    """One post calls all; who joins the summary later brings its own people, nobody twice."""
    each = {place: Step(after=60 * MINUTE, to=f"U{place.upper()}") for place in ("p1", "p2", "p3")}
    default = rules().default
    own = {place: replace(default, steps=(step,)) for place, step in each.items()}
    office.desk = Desk(default=default, by_property=own, flood=3)
    node = await office.node()
    for number, place in enumerate(("p1", "p1", "p2")):
        await office.guest(node, f"c{number}", place=place)
    office.later(6)
    for number, place in enumerate(("p1", "p3")):
        await office.guest(node, f"late{number}", place=place)
    office.later(10)
    await node.work()
    office.later(5)
    await node.work()
    assert (len(office.alerts()), office.calls()) == (1, [])

    office.later(40)
    await node.work()
    await node.work()
    assert [call.partition(" Still")[0] for call in office.calls()] == ["<@UP1> <@UP2>"]

    office.later(6)
    await node.work()
    assert [call.partition(" Still")[0] for call in office.calls()][1:] == ["<@UP3>"]
