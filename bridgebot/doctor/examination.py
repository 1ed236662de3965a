"""The whole examination, in the order in which things depend on each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import aiohttp
import httpx

from bridgebot.accounts import build_providers
from bridgebot.doctor.findings import Finding
from bridgebot.doctor.machine import check_database, check_env_file, check_settings
from bridgebot.doctor.notifications import check_notifications
from bridgebot.doctor.providers import check_provider
from bridgebot.doctor.slack import (
    by_hand,
    check_app_token,
    check_bot,
    check_channels,
    check_clock,
    check_group,
    check_metadata,
)
from bridgebot.providers.wire import TIMEOUT
from bridgebot.session import open_session
from bridgebot.settings import Settings
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import Pacer
from bridgebot.slack.timekeeper import utc_now


async def examine(now: Callable[[], datetime] = utc_now) -> list[Finding]:
    """Make all checks; those that need an earlier one to pass are left out without it."""
    settings, findings = check_settings()
    findings += check_env_file()
    if settings is None:
        return findings
    findings += await check_database(settings.database_url)
    async with open_session() as session:
        findings += await _check_slack(settings, session, now())
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        for provider in build_providers(settings, http):
            findings += await check_provider(provider, settings.database_url)
        findings += await check_notifications(settings, http)
    return [*findings, *by_hand(settings)]


async def _check_slack(
    settings: Settings, session: aiohttp.ClientSession, now: datetime
) -> list[Finding]:
    token = settings.slack_bot_token.get_secret_value()
    client = make_client(token, settings.slack_api_url, session)
    gateway = Gateway(client, Pacer())
    me, findings = await check_bot(gateway)
    if settings.slack_mode == "socket" and settings.slack_app_token is not None:
        app_token = settings.slack_app_token.get_secret_value()
        findings.append(await check_app_token(client, app_token))
    if me is not None:
        findings += await check_channels(gateway, settings)
        findings += await check_group(gateway, settings)
        findings.append(await check_metadata(gateway, settings.alerts_channel))
        findings.append(check_clock(me, now))
    return findings
