"""Checks of Slack: tokens, scopes, channels, the clock, and what must be looked at by hand."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.doctor.findings import Finding, good, note, warning, wrong
from bridgebot.errors import SlackError
from bridgebot.manifest import bot_scopes
from bridgebot.settings import Settings
from bridgebot.slack.fitness import (
    CLOCK_DOUBTFUL,
    CLOCK_WRONG,
    REINSTALL,
    SYNCHRONISE,
    channel_problem,
    clock_off,
    missing_scopes,
)
from bridgebot.slack.gateway import Gateway, Identity
from bridgebot.slack.socket import ask_for_socket


async def check_bot(gateway: Gateway) -> tuple[Identity | None, list[Finding]]:
    """Try the bot's token, and compare its scopes with the manifest's."""
    try:
        me = await gateway.whoami()
    except SlackError as error:
        remedy = "copy the Bot User OAuth Token again: BRIDGEBOT_SLACK_BOT_TOKEN"
        return None, [wrong("bot token", str(error), remedy)]
    return me, [good("bot token", f"accepted (team {me.team_id})"), *check_scopes(me.scopes)]


def check_scopes(granted: frozenset[str]) -> list[Finding]:
    """Compare the scopes of a token with those of the manifest."""
    missing, extra = missing_scopes(granted), sorted(granted - bot_scopes())
    found = []
    if missing:
        found.append(wrong("scopes", f"missing: {', '.join(missing)}", REINSTALL))
    if extra:
        words = f"more than needed: {', '.join(extra)}"
        found.append(warning("scopes", words, "take them away: a stolen token could do less"))
    return found or [good("scopes", "exactly those of the manifest")]


async def check_app_token(client: AsyncWebClient, token: str) -> Finding:
    """Ask for a socket's address; the socket itself is not opened."""
    try:
        await ask_for_socket(client, token)
    except SlackError as error:
        return wrong("app token", str(error), "make one with connections:write")
    return good("app token", "accepted")


async def check_channels(gateway: Gateway, settings: Settings) -> list[Finding]:
    """Look at each channel that is named in the settings."""
    named = {"BRIDGEBOT_GUESTS_CHANNEL": settings.guests_channel}
    named |= {f"BRIDGEBOT_CHANNELS ({key})": each for key, each in settings.channels.items()}
    for account in settings.accounts:
        if account.channel is not None:
            named[account.called("channel")] = account.channel
        named |= {
            account.called(f"channels ({key})"): each for key, each in account.channels.items()
        }
    named |= {
        f"BRIDGEBOT_ROUTES (rule {number})": each.channel
        for number, each in enumerate(settings.routes, 1)
    }
    named["BRIDGEBOT_ALERTS_CHANNEL"] = settings.alerts_channel
    return [await check_channel(gateway, name, channel) for name, channel in named.items()]


async def check_group(gateway: Gateway, settings: Settings) -> list[Finding]:
    """Look whether the group that answers guests can be read, and has somebody in it."""
    if settings.reply_group is None:
        return []
    try:
        members = await gateway.group(settings.reply_group)
    except SlackError as error:
        remedy = "copy the id of an active user group into BRIDGEBOT_REPLY_GROUP"
        return [wrong("reply group", str(error), remedy)]
    if not members:
        return [wrong("reply group", "has nobody in it", "nobody could answer a guest: fill it")]
    return [good("reply group", f"{len(members)} people may answer guests")]


async def check_channel(gateway: Gateway, name: str, channel: str) -> Finding:
    """Look whether the bot can work in a channel, and who else is there."""
    try:
        about = await gateway.channel(channel)
    except SlackError as error:
        return wrong("channel", f"{name}: {error}")
    return _judge_channel(name, about)


def _judge_channel(name: str, about: Mapping[str, Any]) -> Finding:
    problem = channel_problem(about)
    if problem is not None:
        return wrong("channel", f"{name}: {problem[0]}", problem[1])
    what = f"{name}: #{about.get('name')}"
    if about.get("is_ext_shared") or about.get("is_pending_ext_shared"):
        remedy = "use a channel of your own: people of the other organisation read all of it"
        return warning("channel", f"{what} is shared with another organisation", remedy)
    return good("channel", f"{what} is ready")


async def check_metadata(gateway: Gateway, channel: str) -> Finding:
    """Post, read the post's metadata back, and delete it: without it nothing could be looked up."""
    payload = {"probe": secrets.token_hex(8)}
    try:
        ts = await gateway.post(
            channel,
            "bridgebot doctor looks whether it can read its own posts; this one goes at once.",
            metadata=("bridgebot_probe", payload),
        )
        try:
            found = await _read_back(gateway, channel, ts)
        finally:
            await gateway.delete(channel, ts)
    except SlackError as error:
        return wrong("metadata", str(error))
    if found != payload:
        remedy = "install the app again from the manifest; the bridge finds its posts by metadata"
        return wrong("metadata", "what was posted does not come back", remedy)
    return good("metadata", "comes back as it was posted")


async def _read_back(gateway: Gateway, channel: str, ts: str) -> object:
    async for message in gateway.history(channel, oldest=f"{float(ts) - 1:.6f}"):
        if message.get("ts") == ts:
            return (message.get("metadata") or {}).get("event_payload")
    return None


def check_clock(me: Identity, now: datetime) -> Finding:
    """Compare this machine's clock with the time of Slack's answer."""
    off = clock_off(me.answered_at, now)
    if off >= CLOCK_WRONG:
        return wrong("clock", f"{off:.0f} s off", SYNCHRONISE)
    if off >= CLOCK_DOUBTFUL:
        return warning("clock", f"{off:.0f} s off", SYNCHRONISE)
    return good("clock", "agrees with Slack's")


def by_hand(settings: Settings) -> list[Finding]:
    """List what Slack tells nobody."""
    prefix = settings.command_prefix
    address = note(
        "events address",
        "Slack does not say whether it reaches the bridge",
        "api.slack.com/apps → your app → Event Subscriptions → Verified stands beside the address",
    )
    return [
        *([address] if settings.slack_mode == "http" else []),
        note(
            "commands",
            "Slack does not say whose a command is",
            f"type /{prefix}bridgebot in Slack: if another app answers, set "
            "BRIDGEBOT_COMMAND_PREFIX and update the app by: bridgebot manifest",
        ),
        note(
            "delayed events",
            "Slack does not say whether they are on",
            "api.slack.com/apps → your app → Event Subscriptions → switch on Delayed Events, so "
            "that Slack repeats for a day what it could not deliver",
        ),
    ]
