"""The command line: parse, call, print."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, NoReturn

import typer

from bridgebot import __version__
from bridgebot.cli_db import db, report
from bridgebot.errors import BridgebotError, SettingsError

app = typer.Typer(
    name="bridgebot",
    help="Answers hotel guests from Slack. Try it without any account: bridgebot demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
deliveries = typer.Typer(
    help="What is under way, what failed, and what was put aside.", no_args_is_help=True
)
app.add_typer(db, name="db")
app.add_typer(deliveries, name="deliveries")
app.command()(report)

Port = Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")]


def main() -> None:
    """Run the command line; errors end in one message on standard error, never in a traceback."""
    try:
        app(standalone_mode=True)
    except SettingsError as error:
        _end(str(error), 2)
    except BridgebotError as error:
        _end(f"bridgebot: {error}", 1)


def _end(text: str, status: int) -> NoReturn:
    print(text, file=sys.stderr)
    raise SystemExit(status)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's form
    if wanted:
        print(f"bridgebot {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: FBT002 - typer's form
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


@contextlib.contextmanager
def _left_out(*names: str) -> Iterator[None]:
    """Let imports go without modules that they can do without."""
    blocked = [name for name in names if name not in sys.modules]
    # None in the table makes an import fail as if the module were not installed.
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in blocked:
            sys.modules.pop(name, None)


@app.command()
def run() -> None:
    """Run the bridge with the settings of the environment."""
    # httpx loads its own command line, structlog coloured tracebacks: five megabytes for nothing.
    with _left_out("rich", "httpx._main"):
        from bridgebot import app as bridge  # noqa: PLC0415 - the other commands start without it
    from bridgebot.settings import load_settings, unknown_names  # noqa: PLC0415
    from bridgebot.telemetry import configure_logging, warn_of_unknown  # noqa: PLC0415

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    warn_of_unknown(unknown_names())
    bridge.serve(settings)


@app.command()
def demo(
    once: Annotated[  # noqa: FBT002 - typer's form
        bool, typer.Option("--once", help="Play a scripted scenario to its end and judge it.")
    ] = False,
    chaos: Annotated[  # noqa: FBT002
        bool, typer.Option("--chaos", help="With faults on both sides and a killed bot.")
    ] = False,
    port: Port = 8765,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,  # noqa: FBT002
    scenario: Annotated[
        str,
        typer.Option(
            help="calm-day, busy-check-in, night, notified, outage, or a file of your own."
        ),
    ] = "calm-day",
    speed: Annotated[
        float | None, typer.Option(min=0.01, help="How much faster than real time it passes.")
    ] = None,
) -> None:
    """Show the bridge at work, with stand-ins for both sides; no account is needed."""
    from bridgebot.sandbox.front import demo as play  # noqa: PLC0415
    from bridgebot.sandbox.script import WrongScriptError, read  # noqa: PLC0415

    try:
        script = read(scenario, speed)
    except WrongScriptError as error:
        _end(f"bridgebot: {error}", 2)
    work = play(port=port, once=once, chaos=chaos, browser=browser, script=script)
    raise typer.Exit(asyncio.run(work))


@app.command()
def sandbox(port: Port = 8765) -> None:
    """Run the stand-ins alone, for a bot of your own."""
    from bridgebot.sandbox.front import sandbox as play  # noqa: PLC0415

    raise typer.Exit(asyncio.run(play(port=port)))


@app.command()
def manifest(
    link: Annotated[  # noqa: FBT002
        bool, typer.Option("--link", help="Print the address that opens Slack's form filled in.")
    ] = False,
    url: Annotated[
        str, typer.Option(help="For SLACK_MODE=http: https://<your host>/slack/events.")
    ] = "",
) -> None:
    """Print the manifest to create the Slack app with."""
    from bridgebot.manifest import manifest_text  # noqa: PLC0415
    from bridgebot.settings import single  # noqa: PLC0415

    text = manifest_text(single("COMMAND_PREFIX"), url)
    if link:
        from urllib.parse import quote  # noqa: PLC0415

        text = f"https://api.slack.com/apps?new_app=1&manifest_yaml={quote(text, safe='')}"
    print(text)


@app.command()
def init() -> None:
    """Ask for the settings step by step, try each at once, and write .env."""
    from bridgebot.init import Terminal, walk  # noqa: PLC0415
    from bridgebot.telemetry import configure_logging  # noqa: PLC0415

    configure_logging("error", "console")

    def ask(words: str, hidden: bool) -> str:  # noqa: FBT001 - Terminal's form
        answer: str = typer.prompt(words, default="", show_default=False, hide_input=hidden)
        return answer

    walk(Terminal(ask=ask, confirm=typer.confirm, show=print))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,  # noqa: FBT002
) -> None:
    """Check settings, database, tokens, channels and providers; name what to mend."""
    from bridgebot.doctor.examination import examine  # noqa: PLC0415
    from bridgebot.doctor.findings import report, status  # noqa: PLC0415
    from bridgebot.telemetry import configure_logging  # noqa: PLC0415

    configure_logging("error", "console")
    findings = asyncio.run(examine())
    print(report(findings, for_machines=as_json))
    raise typer.Exit(status(findings))


@app.command()
def backfill(
    after: Annotated[str, typer.Option(help="Since when: a date or time, as 2026-01-31.")],
    before: Annotated[str | None, typer.Option(help="Until when; now if left out.")] = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", help="Of this property; may be repeated.")
    ] = None,
) -> None:
    """Fetch messages of the past again and show what was missing; goes on where it was cut off."""
    from bridgebot.backfill import backfill as fetch  # noqa: PLC0415
    from bridgebot.bridge.spans import make_span  # noqa: PLC0415
    from bridgebot.settings import load_settings  # noqa: PLC0415
    from bridgebot.telemetry import configure_logging  # noqa: PLC0415

    try:
        span = make_span(after, before, tuple(properties or ()), now=datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    settings = load_settings()
    configure_logging("warning", settings.log_format)
    print(asyncio.run(fetch(settings, span)))


@deliveries.command("list")
def deliveries_list() -> None:
    """List open and failed deliveries and quarantined entries."""
    from bridgebot.operations import list_deliveries  # noqa: PLC0415

    print(asyncio.run(list_deliveries()))


@deliveries.command("retry")
def deliveries_retry(
    name: Annotated[str, typer.Argument(help="i12 (inbox), o12 (outbox) or q12 (quarantine).")],
) -> None:
    """Let a delivery go out again, or read a quarantined entry again."""
    from bridgebot.operations import retry_delivery  # noqa: PLC0415

    print(asyncio.run(retry_delivery(name, now=int(time.time() * 1000))))


@deliveries.command("discard")
def deliveries_discard(
    name: Annotated[str, typer.Argument(help="i12 (inbox), o12 (outbox) or q12 (quarantine).")],
) -> None:
    """Give a delivery up."""
    from bridgebot.operations import discard_delivery  # noqa: PLC0415

    print(asyncio.run(discard_delivery(name, now=int(time.time() * 1000))))
