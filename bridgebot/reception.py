"""Builds the reception: what staff use in Slack, and who looks after guests who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.bridge.hours import parse_hours, parse_weekly
from bridgebot.bridge.replies import Rules as ReplyRules
from bridgebot.bridge.signing import Signing
from bridgebot.bridge.waiting import HOUR, MINUTE, Desk, Rules, Step
from bridgebot.fields import PropertySettings
from bridgebot.settings import Settings
from bridgebot.slack.access import Access
from bridgebot.slack.by_hand import ByHand
from bridgebot.slack.capture import Capture
from bridgebot.slack.commands import Commands
from bridgebot.slack.drafts import Drafts
from bridgebot.slack.files import Files
from bridgebot.slack.find import Find
from bridgebot.slack.gateway import Gateway, Identity
from bridgebot.slack.guests import Guests
from bridgebot.slack.hearing import HearingApp
from bridgebot.slack.home import Home, Scores
from bridgebot.slack.lists import Lists
from bridgebot.slack.older import Older
from bridgebot.slack.pacing import Pacer
from bridgebot.slack.people import People
from bridgebot.slack.retries import Retries
from bridgebot.slack.rewording import Rewording
from bridgebot.slack.saved import SavedReplies
from bridgebot.slack.saved_desk import SavedDesk
from bridgebot.slack.waiting import WaitingButtons
from bridgebot.workers import loop
from bridgebot.workers.alerts import Alerts
from bridgebot.workers.context import Context
from bridgebot.workers.digest import Digester
from bridgebot.workers.importer import Importer
from bridgebot.workers.outright import Outright
from bridgebot.workers.presenter import Presenter
from bridgebot.workers.settler import Settler
from bridgebot.workers.watchman import Heard, Watchman
from bridgebot.workers.weekly import Weekly


def desk_of(settings: Settings) -> Desk:
    """Make the rules about guests who wait, for all properties and for those with their own."""
    return Desk(
        default=_rules(settings, PropertySettings()),
        by_property={name: _rules(settings, own) for name, own in settings.properties.items()},
        flood=settings.alert_flood,
    )


def _rules(settings: Settings, own: PropertySettings) -> Rules:
    def pick(name: str) -> Any:  # noqa: ANN401 - each setting has its own type
        mine = getattr(own, name)
        return getattr(settings, name) if mine is None else mine

    steps = [Step(after=int(pick("escalate_after_minutes") * MINUTE), to=pick("escalate_to"))]
    steps += [
        Step(after=int(each.after_minutes * MINUTE), to=each.to) for each in pick("escalations")
    ]
    return Rules(
        hours=parse_hours(pick("business_hours"), pick("timezone")),
        alert_after=int(pick("alert_after_minutes") * MINUTE),
        steps=tuple(sorted(steps, key=lambda step: step.after)),
        warn_before=int(settings.score_warning_hours * HOUR),
    )


def minutes_of(times: list[str]) -> tuple[int, ...]:
    """Turn times of day into minutes since midnight."""
    return tuple(int(each[:2]) * 60 + int(each[3:]) for each in times)


def signing_of(settings: Settings) -> Signing:
    """Tell how replies are signed."""
    lines = {name: own.signature for name, own in settings.properties.items() if own.signature}
    return Signing(how=settings.signature, lines=lines)


def drafts_of(settings: Settings, context: Context, people: People, rules: ReplyRules) -> Drafts:
    """Gather what replies that are written in a form are judged by."""

    def can_reply(provider: str) -> bool:
        found = context.providers.get(provider)
        return found is not None and found.replies is not None

    return Drafts(
        people=people,
        rules=rules,
        signing=context.signing,
        label=context.label,
        can_reply=can_reply,
        is_gone=lambda provider: provider not in context.providers,
        window_rule=context.window_rule,
        names={name: own.name for name, own in settings.properties.items() if own.name},
    )


def make_app(
    settings: Settings,
    context: Context,
    client: AsyncWebClient,
    me: Identity,
    outright: Outright,
    *,
    on_failed: Callable[[], None],
) -> tuple[HearingApp, Capture]:
    """Make Bolt's application; what comes is captured before anything else looks at it."""
    secret = settings.slack_signing_secret
    capture = Capture(
        context.store,
        bot_user=me.user_id,
        now=context.ms,
        on_captured=context.signals.decide.set,
        on_changed=context.signals.all,
        on_failed=on_failed,
        promise=settings.promise_reaction,
        named=settings.may_reply,
        traces=context.traces,
        decide=outright.decide,
    )
    app = HearingApp(
        client=client,
        before_authorize=capture,
        ignoring_self_events_enabled=False,
        request_verification_enabled=settings.slack_mode == "http",
        signing_secret=secret.get_secret_value() if secret is not None else "",
    )
    return app, capture


def open_reception(
    settings: Settings,
    context: Context,
    gateway: Gateway,
    access: Access,
    app: AsyncApp,
    pacer: Pacer,
    drafts: Drafts,
    heard: Sequence[Heard],
) -> tuple[tuple[loop.Worker, asyncio.Event], ...]:
    """Register commands, buttons and the Home tab; return the workers behind them."""
    store, now, wake = context.store, context.ms, context.signals.all
    prefix, desk = settings.command_prefix, desk_of(settings)
    zone, times = desk.default.hours.zone, minutes_of(settings.digest_at)
    scored = [each for each in context.providers if context.answer_within(each) is not None]
    scores = Scores(store, providers=scored, now=now)
    label = context.label
    importer = Importer(context)
    find = Find(store, gateway, access, importer, label=label, window=context.window, prefix=prefix)
    find.register(app)
    Older(store, gateway, access, importer).register(app)
    Retries(store, access, now=now, wake=wake).register(app)
    saved = SavedDesk(store, gateway, access, now=now)
    saved.register(app)
    SavedReplies(store, gateway, access, drafts, now=now, wake=wake, prefix=prefix).register(app)
    Commands(
        store, access, scores, saved, drafts.rules, now=now, wake=wake, prefix=prefix
    ).register(app)
    ByHand(store, access, drafts, now=now, wake=wake).register(app)
    Rewording(store, gateway, access, drafts, now=now, wake=wake).register(app)
    guests = Guests(store, gateway, desk, label=label, now=now)
    lists = Lists(guests, access, prefix=prefix)
    lists.register(app)
    home = Home(store, gateway, access, guests, scores, zone=zone, now=now)
    home.register(app)
    WaitingButtons(store, access, desk, lists, home, find, now=now, wake=wake).register(app)
    presenter = Presenter(
        context,
        gateway,
        undo=settings.undo_seconds,
        draw_alert=Alerts(context, gateway, guests, zone=zone).draw,
        ready_in=pacer.ready_in,
        breath=0.1,
    )
    return (
        (Watchman(context, desk, heard), context.signals.watch),
        (Settler(context), asyncio.Event()),
        (Digester(context, times=times, zone=zone), asyncio.Event()),
        (home, asyncio.Event()),
        (presenter, context.signals.views),
    )


def weekly_of(
    settings: Settings, context: Context, gateway: Gateway, files: Files
) -> tuple[tuple[loop.Worker, asyncio.Event], ...]:
    """Make the worker of the weekly report, where one is wanted."""
    if not settings.report_at:
        return ()
    zone = desk_of(settings).default.hours.zone
    weekly = Weekly(context, gateway, files, at=parse_weekly(settings.report_at), zone=zone)
    return ((weekly, asyncio.Event()),)
