"""Asks for the settings step by step, checks each answer at once, and writes ``.env``."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.accounts import build_providers
from bridgebot.answers import check_one, where
from bridgebot.doctor.findings import Finding, good, report, status, wrong
from bridgebot.doctor.providers import check_provider
from bridgebot.doctor.slack import check_app_token, check_bot, check_channel, check_metadata
from bridgebot.providers.wire import TIMEOUT
from bridgebot.session import open_session
from bridgebot.settings import PREFIX, load_settings, single
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import Pacer

ENV = Path(".env")
Answers = Mapping[str, str]
Check = Callable[[Answers], Coroutine[Any, Any, Sequence[Finding]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminal:
    """The person at the keyboard: what is asked, what is confirmed, what is shown."""

    ask: Callable[[str, bool], str]
    confirm: Callable[[str], bool]
    show: Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One setting to ask for; ``check`` sees all answers so far, its own included."""

    name: str
    check: Check
    question: str = ""
    hidden: bool = False
    optional: bool = False


async def _bot(answers: Answers) -> Sequence[Finding]:
    async with open_session() as session:
        _, found = await check_bot(Gateway(_client(answers, session), Pacer()))
    return found


async def _app(answers: Answers) -> Sequence[Finding]:
    async with open_session() as session:
        return [await check_app_token(_client(answers, session), answers["SLACK_APP_TOKEN"])]


async def _guests(answers: Answers) -> Sequence[Finding]:
    return await _channel(answers, "GUESTS_CHANNEL")


async def _alerts(answers: Answers) -> Sequence[Finding]:
    return await _channel(answers, "ALERTS_CHANNEL")


async def _channel(answers: Answers, name: str) -> Sequence[Finding]:
    async with open_session() as session:
        gateway = Gateway(_client(answers, session), Pacer())
        found = await check_channel(gateway, PREFIX + name, answers[name])
        if name != "ALERTS_CHANNEL" or status([found]):
            return [found]
        return [found, await check_metadata(gateway, answers[name])]


def _client(answers: Answers, session: aiohttp.ClientSession) -> AsyncWebClient:
    return make_client(answers["SLACK_BOT_TOKEN"], single("SLACK_API_URL"), session)


async def _nothing(_answers: Answers) -> Sequence[Finding]:
    return ()


async def _booking(answers: Answers) -> Sequence[Finding]:
    """Try the machine account, and each property that is named."""
    values = {name.lower(): value for name, value in answers.items()}
    properties = json.loads(values.pop("booking_properties", "[]"))
    settings = load_settings(**values, booking_properties=properties)
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        return [
            finding
            for provider in build_providers(settings, http)
            for finding in await check_provider(provider, settings.database_url)
        ]


STEPS = (
    Step(name="SLACK_BOT_TOKEN", check=_bot, hidden=True),
    Step(name="SLACK_APP_TOKEN", check=_app, hidden=True),
    Step(name="GUESTS_CHANNEL", check=_guests),
    Step(name="ALERTS_CHANNEL", check=_alerts),
    Step(name="BOOKING_CLIENT_ID", check=_nothing),
    Step(name="BOOKING_CLIENT_SECRET", check=_booking, hidden=True),
    Step(
        name="BOOKING_PROPERTIES",
        check=_booking,
        question="the property ids, as 1383087, 1383088; nothing to leave them out",
        optional=True,
    ),
)


def walk(terminal: Terminal) -> None:
    """Ask for everything, check it, and write ``.env`` readable by its owner alone."""
    terminal.show(
        "Each answer is tried at once. Nothing is written before the end; Ctrl-C leaves all as it "
        "was.\nNo app in Slack yet? In another window: bridgebot manifest --link\n"
    )
    if ENV.exists() and not terminal.confirm("There is a .env; keep its other lines and go on?"):
        return
    answers: dict[str, str] = {}
    for number, step in enumerate(STEPS, start=1):
        terminal.show(
            f"{number}/{len(STEPS)}  {PREFIX}{step.name}: {step.question or where(step.name)}"
        )
        answer = _settle(step, answers, terminal)
        if answer:
            answers[step.name] = answer
    write_env(answers)
    terminal.show("\nWritten to .env, readable by you alone. Next: bridgebot doctor, bridgebot run")


def _settle(step: Step, answers: Answers, terminal: Terminal) -> str:
    """Ask until the answer passes, or the person wants to keep it as it is."""
    while True:
        answer = terminal.ask("  ", step.hidden).strip()
        if step.optional and not answer:
            return ""
        answer = _as_json(answer) if step.name == "BOOKING_PROPERTIES" else answer
        problem = check_one(step.name, answer) if answer else "nothing was given"
        if problem is not None:
            terminal.show(report([wrong(step.name.lower(), problem)]))
            continue
        findings = asyncio.run(step.check({**answers, step.name: answer}))
        terminal.show(report(findings or [good(step.name.lower(), "taken down")]))
        if not status(findings) or terminal.confirm("  Keep it all the same?"):
            return answer


def _as_json(answer: str) -> str:
    """Write a list as people type it (``1383087, 1383088``) as the setting wants it."""
    if answer.startswith("["):
        return answer
    return json.dumps([each.strip() for each in answer.split(",") if each.strip()])


def write_env(answers: Answers, path: Path = ENV) -> None:
    """Put the answers into the file in place of older ones; its other lines stay."""
    names = {PREFIX + name for name in answers}
    old = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in old if line.partition("=")[0].strip() not in names]
    lines = [*kept, *(f"{PREFIX}{name}={_quoted(value)}" for name, value in answers.items())]
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    fresh.replace(path)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
