"""Our endpoints for the notification service, called by its stand-in and by strangers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from sqlalchemy import select

from bridgebot.metrics import PUSHES
from bridgebot.push.notifications import LARGEST, PATH, TOKEN_PATH, WRONG_TRIES, Notifications
from bridgebot.push.throttle import MOST_ADDRESSES, Throttle
from bridgebot.push.tokens import LIFE
from bridgebot.push.tokens import Subscription as Ours
from bridgebot.sandbox.messaging.notifications import Notifier, PushSwitches, Subscription, variants
from bridgebot.store.schema import notifications as table
from tests.workers.booking_bench import BookingBench, booking_bench

SECRET = "0123456789abcdef0123456789abcdef"
FORM = {"grant_type": "client_credentials", "client_id": "cns", "client_secret": SECRET}
VARIANTS = dict(variants())


class Service:
    """The endpoints, served; the stand-in that calls them; and a stranger."""

    def __init__(self, bench: BookingBench, http: httpx.AsyncClient, base: str) -> None:
        self.bench = bench
        self.http = http
        self.notifier = Notifier(bench.booking)
        self.notifier.subscribe(
            Subscription(
                account="id",
                token_url=base + TOKEN_PATH,
                url=base + PATH,
                client_id="cns",
                client_secret=SECRET,
            )
        )
        self.receiver = bench.receiver()

    async def settled(self) -> list[str]:
        """Wait until all is sent and taken in; list what is shown."""
        task = self.notifier._task
        if task is not None:
            await task
        await self.receiver.step()
        return await self.bench.shown()

    async def token(self, **wrong: str) -> httpx.Response:
        """Ask for a token."""
        return await self.http.post(TOKEN_PATH, data={**FORM, **wrong})

    async def bearer(self) -> dict[str, str]:
        """Ask for a token and make a header of it."""
        return {"Authorization": f"Bearer {(await self.token()).json()['jwt']}"}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """Serve the endpoints for one account."""
    async with booking_bench(tmp_path) as bench:
        context = bench.context(bench.provider("notifications"))
        ours = Ours(provider="booking", client_id="cns", secret=SECRET)
        app = web.Application(client_max_size=1 << 20)
        Notifications(context, (ours,), clock=bench.clock.monotonic).add_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
            made = Service(bench, http, base)
            yield made
            await made.notifier.stop()
        await runner.cleanup()


def _count(endpoint: str, outcome: str) -> float:
    return float(PUSHES.labels(endpoint, outcome)._value.get())


@pytest.mark.parametrize("name", sorted(VARIANTS))
async def test_every_message_is_taken_once_whatever_is_not_documented(
    service: Service, name: str
) -> None:
    """Under every switch: sent twice after lost answers, and once more from the start."""
    service.notifier.switches = VARIANTS[name]
    service.notifier.faults.add("notifications.push", "drop_after", times=2)
    sent = [service.bench.guest(f"c{number % 2}", f"message {number}") for number in range(4)]
    own = service.bench.booking.property_writes("c1", "From the extranet")
    shown = await service.settled()
    service.notifier.again(sent[0])
    pushed = VARIANTS[name].own == "pushed"

    assert sorted(await service.settled()) == sorted([*sent, own] if pushed else sent)
    assert sorted(shown) == sorted(await service.bench.shown())
    assert service.notifier.lost == 0


async def test_a_token_that_ran_out_is_asked_for_again(service: Service) -> None:
    """The service is told by 401; nothing is lost, nobody waits for a person."""
    first = service.bench.guest("c1", "Hello")
    assert await service.settled() == [first]
    await service.bench.clock.sleep(LIFE.total_seconds() + 1)
    before = _count("notification", "refused")

    second = service.bench.guest("c1", "And again")

    assert await service.settled() == [first, second]
    assert _count("notification", "refused") == before + 1
    assert service.notifier.lost == 0


async def test_what_cannot_be_stored_is_not_acknowledged(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away: 503, and the service's next attempt brings it."""
    writer = service.bench.store.writer
    await writer.stop()
    answer = await service.http.post(
        PATH, json={"metadata": {"uuid": "u"}}, headers=await service.bearer()
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    await writer.start()

    sent = service.bench.guest("c1", "Hello")
    assert await service.settled() == [sent]


async def test_only_the_credentials_give_a_token(service: Service) -> None:
    """A wrong word, a missing one, another grant, junk: refused in the terms of OAuth."""
    wrong = [
        await service.token(client_secret="x" * 32),
        await service.token(client_id="cnx"),
        await service.token(client_secret=""),
        await service.token(grant_type="password"),
        await service.http.post(TOKEN_PATH, content=b"\xff\xfe"),
        await service.http.post(TOKEN_PATH, content=b"a=" + b"x" * 5000),
    ]
    good = await service.token()

    assert [each.status_code for each in wrong] == [401, 401, 401, 400, 400, 413]
    assert good.status_code == 200
    assert good.headers["Cache-Control"] == "no-store"
    assert SECRET not in good.text + "".join(each.text for each in wrong)


async def test_guessing_is_slow(service: Service) -> None:
    """After ten wrong tries in a minute an address waits; then the right words work again."""
    for _ in range(WRONG_TRIES):
        assert (await service.token(client_secret="wrong")).status_code == 401
    limited = await service.token()
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "61")

    await service.bench.clock.sleep(61)

    assert (await service.token()).status_code == 200


async def test_a_stranger_leaves_nothing_behind(service: Service) -> None:
    """Forged tokens, bodies beyond measure, junk: refused, counted, not stored."""
    good = await service.bearer()
    before = {each: _count("notification", each) for each in ("refused", "oversized", "junk")}
    tries: list[tuple[dict[str, str], bytes]] = [
        ({}, b"{}"),
        ({"Authorization": "Basic Y25zOmNucw=="}, b"{}"),
        ({"Authorization": good["Authorization"] + "x"}, b"{}"),
        (good, b"{" + b" " * LARGEST),
        (good, b"\0"),
        (good, b"[" * 200_000),
        (good, b"[1]"),
        (good, b'{"a": ' + b"9" * 5000 + b"}"),
    ]

    statuses = [
        (await service.http.post(PATH, headers=headers, content=body)).status_code
        for headers, body in tries
    ]

    assert statuses == [401, 401, 401, 413, 400, 400, 400, 400]
    assert await service.bench.rows(select(table.c.id)) == []
    after = {each: _count("notification", each) - count for each, count in before.items()}
    assert after == {"refused": 3, "oversized": 1, "junk": 4}


async def test_a_body_without_a_length_is_measured_too(service: Service) -> None:
    """Sent in pieces, it is refused as soon as it is too long."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 50_000

    answer = await service.http.post(PATH, headers=await service.bearer(), content=pieces())

    assert answer.status_code == 413


async def test_odd_characters_are_kept_in_a_form_that_databases_take(service: Service) -> None:
    """NUL and halves of characters in ids and texts."""
    body = (
        b'{"metadata": {"uuid": "a\\u0000b", "type": "MESSAGING_API_NEW_MESSAGE"}, "payload": '
        b'{"message_id": "m\\ud83d", "content": "\\u0000 \\ud83d", "timestamp": '
        b'"2026-05-01T00:10:00.000Z", "conversation": {"conversation_id": "c9"}}}'
    )
    answer = await service.http.post(PATH, headers=await service.bearer(), content=body)
    await service.receiver.step()

    assert answer.json() == {"status": "kept"}
    assert len(await service.bench.shown()) == 1


def test_the_switches_are_varied_and_explained() -> None:
    """Each setting is tried above, and said in words."""
    names = {name.partition("=")[0] for name in VARIANTS}
    fields = set(PushSwitches.__dataclass_fields__)

    assert names == fields | {"default"}
    assert {name for name in fields if f"``{name}``" not in str(PushSwitches.__doc__)} == set()


def test_a_throttle_forgets_addresses_before_they_fill_the_memory() -> None:
    """The oldest go first; one that is known still waits."""
    throttle = Throttle(most=1, seconds=60, clock=lambda: 0.0)
    for number in range(MOST_ADDRESSES + 1):
        throttle.count(str(number))

    assert throttle.wait("0") == 0.0
    assert throttle.wait(str(MOST_ADDRESSES)) == 60.0
