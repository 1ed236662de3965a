"""What keeps a reply waiting although it could go out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from bridgebot.session import open_session
from bridgebot.slack.files import Files
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import Pacer
from bridgebot.store import leases
from bridgebot.store.database import Store
from bridgebot.store.rows import to_ms
from bridgebot.store.schema import outbox
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.encloser import Encloser
from bridgebot.workers.leftovers import Leftovers
from bridgebot.workers.relayer import Relayer
from tests.store.build import ROOT, captured, conversation
from tests.workers.bench import Clock


@dataclass(slots=True)
class Reading:
    """Where a node's comparison of the threads stands."""

    held: Collection[str] | None = ()
    cut: bool = False


@dataclass(slots=True)
class Nodes:
    """Two nodes on one database, with one clock."""

    store: Store
    files: Files
    clock: Clock = field(default_factory=Clock)

    def relayer(self, name: str, reading: Reading) -> Relayer:
        """Make what sends replies on a node."""
        context = Context(
            store=self.store,
            owner=f"host:{name}",
            now=self.clock.now,
            chance=lambda: 0.0,
            routing=Routing(guests="C1", alerts="C2"),
            providers={},
            leased_at=lambda: to_ms(self.clock.now()),
        )
        return Relayer(
            context,
            Encloser(context, self.files),
            held=lambda: reading.held,
            cut=lambda: reading.cut,
            monotonic=self.clock.monotonic,
        )

    async def states(self) -> list[str]:
        """List how the replies stand."""
        found = await self.store.read(lambda c: c.execute(select(outbox.c.state)))
        return list(found.scalars())


async def test_nodes_that_were_cut_together_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Both read hundreds of old threads: a reply in another thread goes out meanwhile."""
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    async with open_session() as session:
        client = make_client("xoxb-test", "http://127.0.0.1:1/", session)
        nodes = Nodes(store, Files(Gateway(client, Pacer()), client))
        one, other = (
            nodes.relayer(name, Reading(held={"1.000001", "2.000001"}, cut=True))
            for name in ("1:one", "2:other")
        )
        await conversation(store)
        await captured(store, "1700000005.000100")

        await one.step()
        await one.pool.drain()
        assert await nodes.states() != ["available"]
        await other.step()
    await store.close()


@pytest.mark.parametrize("dies", [False, True])
async def test_no_node_overtakes_what_another_may_have_missed(tmp_path: Path, dies: bool) -> None:
    """One node's socket was cut: the others wait until it has read the threads, or is dead."""
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    async with open_session() as session:
        client = make_client("xoxb-test", "http://127.0.0.1:1/", session)
        nodes = Nodes(store, Files(Gateway(client, Pacer()), client))
        reading = Reading(held=None, cut=True)
        away, here = nodes.relayer("1:away", reading), nodes.relayer("2:here", Reading())
        await conversation(store)
        await captured(store, "1700000005.000100")

        for _ in range(4):
            await away.step()
            await here.step()
            assert await nodes.states() == ["available"]
            nodes.clock.seconds += 6
        if dies:
            await store.write(lambda c: leases.end(c, "host:1:away"))
        else:
            reading.cut, reading.held = False, {ROOT}
            await away.step()

        await here.step()
        assert here.pool.busy == 1
        await here.pool.drain()
        assert await nodes.states() != ["available"]
    await store.close()


async def test_after_a_lost_connection_replies_are_compared_before_they_are_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server that answers now may be a standby that had not heard of their ends."""
    doubted: list[str] = []
    monkeypatch.setattr(Leftovers, "doubt", lambda _self: doubted.append("all"))
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    async with open_session() as session:
        client = make_client("xoxb-test", "http://127.0.0.1:1/", session)
        nodes = Nodes(store, Files(Gateway(client, Pacer()), client))
        relayer = nodes.relayer("1:one", Reading())
        await relayer.step()
        assert doubted == []
        store.writer.doubts += 1
        for _ in range(3):
            await relayer.step()
    await store.close()

    assert doubted == ["all"]
