"""Builds all parts from the settings, runs them in one task group, and stops them in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot import __version__, health
from bridgebot.accounts import build_providers, build_routing
from bridgebot.bridge.replies import Rules
from bridgebot.errors import BridgebotError, ProviderError, SlackError
from bridgebot.providers.wire import open_http
from bridgebot.reception import drafts_of, make_app, open_reception, signing_of, weekly_of
from bridgebot.session import open_session
from bridgebot.settings import Settings
from bridgebot.slack.access import Access
from bridgebot.slack.actions import Actions
from bridgebot.slack.capture import Capture
from bridgebot.slack.files import Files
from bridgebot.slack.fitness import channel_problem
from bridgebot.slack.gateway import Gateway, Identity, make_client
from bridgebot.slack.group import Group
from bridgebot.slack.pacing import Pacer
from bridgebot.slack.people import People
from bridgebot.slack.socket import Socket
from bridgebot.slack.timekeeper import Timekeeper, utc_now
from bridgebot.slack.webhook import Webhook
from bridgebot.sources import Consumer, Sources, open_sources
from bridgebot.store.database import Store
from bridgebot.store.engine import sqlite_file, to_async_url
from bridgebot.tracing import open_traces
from bridgebot.vitals import Vitals
from bridgebot.workers import loop
from bridgebot.workers.catchup import Catchup
from bridgebot.workers.context import Context, Pulse, Routing, Signals
from bridgebot.workers.decider import Decider
from bridgebot.workers.encloser import Encloser
from bridgebot.workers.heartbeat import Heartbeat
from bridgebot.workers.neighbours import Neighbours
from bridgebot.workers.node import node_name
from bridgebot.workers.outage import close_departed
from bridgebot.workers.outright import Outright
from bridgebot.workers.patience import StoppedWaitingError, patiently
from bridgebot.workers.poster import Poster
from bridgebot.workers.pruner import Pruner
from bridgebot.workers.receiver import Receiver
from bridgebot.workers.reconciler import reconcilers
from bridgebot.workers.relayer import Relayer
from bridgebot.workers.selfcheck import SelfCheck

log = structlog.get_logger()

STEP_SECONDS = 3.0
"""How long a worker's step may take to finish after the order to stop."""

GRACE_SECONDS = 6.0
"""How long deliveries in flight may take after that."""

LOOK_SECONDS = 120.0
"""How often the roots are looked at where events are posted to us."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """The bridge, built and not yet running."""

    context: Context
    gateway: Gateway
    socket: Socket | Webhook
    heartbeat: Heartbeat
    poster: Poster
    relayer: Relayer
    sources: Sources
    selfcheck: SelfCheck
    others: tuple[tuple[loop.Worker, asyncio.Event], ...]


async def run(settings: Settings) -> None:
    """Run the bridge until SIGTERM or SIGINT.

    Raises ``BridgebotError`` when it cannot start, or when a part of it ended on its own.
    """
    stop = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(contextlib.suppress(StoppedWaitingError))
        stack.enter_context(_signals(stop))
        store = await patiently(lambda: Store.open(settings.database_url), stop)
        stack.push_async_callback(store.close)
        parts = await _build(settings, store, stack, stop)
        await close_departed(parts.context, parts.sources.searching)
        await parts.heartbeat.begin()
        stack.push_async_callback(parts.heartbeat.end)
        vitals = Vitals(
            context=parts.context,
            socket=parts.socket,
            pollers=parts.sources.pollers,
            notified=parts.sources.notified,
            started=utc_now(),
            disk=_disk(settings),
            selfcheck=parts.selfcheck,
        )
        web = health.make_health_app(vitals.health, vitals.metrics)
        if isinstance(parts.socket, Webhook):
            parts.socket.add_routes(web)
        for endpoint in parts.sources.endpoints:
            endpoint.add_routes(web)
        await stack.enter_async_context(health.serve(web, settings.http_bind))
        await _run_parts(parts, stop)


async def _build(
    settings: Settings, store: Store, stack: contextlib.AsyncExitStack, stop: asyncio.Event
) -> Parts:
    pulse = Pulse()
    session = await stack.enter_async_context(open_session(pulse.beats))
    http = await stack.enter_async_context(open_http(pulse.beats))
    token = settings.slack_bot_token.get_secret_value()
    client = make_client(token, settings.slack_api_url, session)
    pacer = Pacer(posts_per_second=settings.slack_posts_per_second)
    time = Timekeeper()
    gateway = Gateway(client, pacer, may_post=pulse.beats, heard=time.heard)
    me = await patiently(gateway.whoami, stop)
    routing = build_routing(settings)
    await patiently(lambda: _check_channels(gateway, routing), stop)
    group = Group(gateway, settings.reply_group)
    await patiently(group.check, stop)
    providers = build_providers(settings, http, store)
    neighbours = _neighbours(settings)
    if neighbours is not None:
        stack.callback(neighbours.close)
    owner = node_name()
    traces = open_traces(os.environ, version=__version__, node=owner)
    stack.callback(traces.close)
    context = Context(
        store=store,
        signals=neighbours.signals if neighbours is not None else Signals(),
        owner=owner,
        now=time.now,
        chance=random.random,
        routing=routing,
        providers={provider.name: provider for provider in providers},
        settle=settings.settle_seconds,
        signing=signing_of(settings),
        pulse=pulse,
        traces=traces,
    )
    parts = _assemble(settings, context, gateway, pacer, client, me, group)
    if neighbours is None:
        return parts
    return replace(parts, others=((neighbours, neighbours.wake), *parts.others))


def _neighbours(settings: Settings) -> Neighbours | None:
    """Build what speaks with the other nodes, where there may be some."""
    url = settings.database_url
    return Neighbours(url) if to_async_url(url).get_backend_name() == "postgresql" else None


def _assemble(
    settings: Settings,
    context: Context,
    gateway: Gateway,
    pacer: Pacer,
    client: AsyncWebClient,
    me: Identity,
    group: Group,
) -> Parts:
    signals = context.signals
    people, rules = People(gateway, me.team_id, named=settings.may_reply), _rules(settings)
    outright = Outright(context, people, rules, group, undo=settings.undo_seconds)
    app, capture = make_app(
        settings, context, client, me, outright, on_failed=lambda: catchup.was_absent(0.0)
    )
    access, files = Access(people, context.routing.channels(), group), Files(gateway, client)
    group.register(app)
    drafts = drafts_of(settings, context, people, rules)
    Actions(context.store, access, drafts, now=context.ms, wake=signals.all).register(app)
    catchup = Catchup(
        context,
        gateway,
        bot_user=me.user_id,
        connected=lambda: socket.steady,
        after_seconds=settings.reconcile_after_seconds,
        named=settings.may_reply,
        look_seconds=LOOK_SECONDS if settings.slack_mode == "http" else None,
    )
    socket = _receiver(settings, app, client, catchup, capture)
    decider = Decider(context, gateway, people, rules, group, undo=settings.undo_seconds)
    sources = open_sources(settings, context, gateway)
    doubts = reconcilers(context, gateway, bot_id=me.bot_id)
    parts = Parts(
        context=context,
        gateway=gateway,
        socket=socket,
        heartbeat=Heartbeat(context, on_return=catchup.was_absent),
        poster=Poster(context, gateway, files),
        relayer=Relayer(context, Encloser(context, files), held=catchup.held, cut=catchup.cut),
        sources=sources,
        selfcheck=SelfCheck(
            context, gateway, group, disk=_disk(settings), on_lost=catchup.missing, wall=utc_now
        ),
        others=(
            (decider, signals.decide),
            *((each, signals.reconcile) for each in doubts),
            (catchup, signals.catchup),
            (_pruner(settings, context), asyncio.Event()),
            *open_reception(
                settings, context, gateway, access, app, pacer, drafts, sources.pollers
            ),
            *weekly_of(settings, context, gateway, files),
            *sources.others,
        ),
    )
    log.debug("hears", **app.hears)
    return parts


def _pruner(settings: Settings, context: Context) -> Pruner:
    """Build what erases what is older than it may be."""
    return Pruner(
        context.store,
        days=settings.retention_days,
        audit_days=settings.audit_days,
        now=context.ms,
    )


def _rules(settings: Settings) -> Rules:
    """Gather the settings that decide about replies."""
    return Rules(
        policy=settings.reply_policy,
        note_prefixes=tuple(settings.note_prefixes),
        max_chars=settings.max_reply_chars,
        max_age_seconds=settings.reply_max_age_hours * 3600,
        asks=tuple(settings.ask_before_sending),
        internal_pattern=settings.internal_pattern,
        picture_line=settings.picture_line,
    )


def _receiver(
    settings: Settings,
    app: AsyncApp,
    client: AsyncWebClient,
    catchup: Catchup,
    capture: Capture,
) -> Socket | Webhook:
    """Build what events come in by."""
    if settings.slack_mode == "http":
        return Webhook(app)
    token = _secret(settings.slack_app_token)
    return Socket(app, token, client, take=capture.take, on_return=catchup.was_absent)


def _disk(settings: Settings) -> Path | None:
    """Name the directory of a SQLite database."""
    path = sqlite_file(settings.database_url)
    return path.resolve().parent if path else None


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""


async def _check_channels(gateway: Gateway, routing: Routing) -> None:
    """End the start where the bot cannot write to a channel it is meant for."""
    for channel in sorted({*routing.channels(), routing.alerts}):
        found = await gateway.channel(channel)
        problem = channel_problem(found)
        if problem is not None:
            raise SlackError(f"channel {problem[0]}; {problem[1]}", code="not_in_channel")


async def _run_parts(parts: Parts, stop: asyncio.Event) -> None:
    """Run until told to stop, then stop: receiving first, what is in flight next."""
    await _probe(parts)
    await patiently(parts.socket.start, stop)
    try:
        await _work(parts, stop)
    finally:
        await _wind_down(parts)


async def _probe(parts: Parts) -> None:
    """Try each provider's login before polling.

    One that is merely away is no reason to stop, nor one that refuses us while another goes on: its
    worker raises the alert.
    """
    refusals: list[ProviderError] = []
    for provider in parts.context.providers.values():
        if provider.probe is None:
            continue
        try:
            await provider.probe()
        except ProviderError as error:
            if error.auth or error.permanent:
                refusals.append(error)
            log.warning("provider_away", provider=provider.name, code=error.code)
    if refusals and len(refusals) == len(parts.context.providers):
        raise refusals[0]


async def _work(parts: Parts, stop: asyncio.Event) -> None:
    signals = parts.context.signals
    workers: list[tuple[loop.Worker, asyncio.Event]] = [
        (parts.heartbeat, asyncio.Event()),
        (parts.selfcheck, asyncio.Event()),
        *((poller, _wake_of(poller, signals)) for poller in parts.sources.pollers),
        (parts.poster, signals.inbox),
        (parts.relayer, signals.outbox),
        *parts.others,
    ]
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(parts.socket.run(), name="socket")
        tasks = [
            group.create_task(loop.run(worker, wake=wake, stop=stop), name=worker.name)
            for worker, wake in workers
        ]
        _settle_in()
        log.info("ready", version=__version__, owner=parts.context.owner)
        await stop.wait()
        watch.cancel()
        # A step that is under way may finish; one that only waits for its turn need not.
        _, waiting = await asyncio.wait(tasks, timeout=STEP_SECONDS)
        for task in waiting:
            task.cancel()


def _settle_in() -> None:
    """Take what was loaded for the start out of the collector's rounds: it stays anyway.

    A full round looks at half a million objects otherwise, which holds the loop up each time.
    """
    gc.collect()
    gc.freeze()


def _wake_of(poller: Consumer, signals: Signals) -> asyncio.Event:
    return signals.pushed if isinstance(poller, Receiver) else signals.poll


async def _wind_down(parts: Parts) -> None:
    """Let what is in flight finish; the rest stays in the store."""
    log.info("stopping")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_SECONDS):
            await parts.socket.close()
            await parts.poster.pool.drain()
            await parts.relayer.pool.drain()
    log.info("stopped")


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """Turn SIGTERM and SIGINT into ``stop``."""
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            running.remove_signal_handler(number)


def serve(settings: Settings) -> None:
    """Run the bridge in this process, with an event loop of its own."""
    try:
        asyncio.run(run(settings))
    except* BridgebotError as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[BridgebotError]) -> BridgebotError:
    """Return the first error of a group; the others ended because of it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, BridgebotError)  # noqa: S101 - the group holds nothing else
    return error
