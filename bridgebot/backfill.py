"""``bridgebot backfill``: fetches a span again from the command line, with a progress bar."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AsyncExitStack

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from bridgebot.accounts import build_providers, build_routing
from bridgebot.bridge.spans import Span
from bridgebot.errors import ProviderError
from bridgebot.providers.wire import TIMEOUT
from bridgebot.settings import Settings
from bridgebot.slack.timekeeper import utc_now
from bridgebot.store.database import Store
from bridgebot.workers.backfill import Backfill, Tally, shared_out
from bridgebot.workers.context import Context
from bridgebot.workers.node import node_name

WHOLE = 1000


async def backfill(settings: Settings, span: Span) -> str:
    """Fetch a span from every provider that can search; return in words what was found.

    Raises ``ProviderError`` with the same words where an account could not be asked.
    """
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.database_url)
        stack.push_async_callback(store.close)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT))
        providers = build_providers(settings, http, store)
        context = Context(
            store=store,
            owner=node_name(),
            now=utc_now,
            chance=random.random,
            routing=build_routing(settings),
            providers={provider.name: provider for provider in providers},
        )
        lines = []
        whole = True
        bar = stack.enter_context(_bar())
        lines += [
            f"{each.label} has no search; nothing was fetched there."
            for each in providers
            if each.search is None
        ]
        for provider, part in shared_out(span, providers):
            work = Backfill(context, provider, posts_per_second=settings.slack_posts_per_second)
            fetched, words = await work.attempt(part, _reporter(bar, provider.label))
            lines.append(words)
            whole = whole and fetched
        lines.append("What is new appears in the threads while the bridge runs.")
    if not whole:
        raise ProviderError("\n".join(lines), code="partly", permanent=True)
    return "\n".join(lines)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _reporter(bar: Progress, label: str) -> Callable[[Tally], None]:
    """Make a line of the bar; until the first page is there it only shows that time passes."""
    task = bar.add_task(f"{label}: search", total=None)

    def report(tally: Tally) -> None:
        at = f"{tally.at:%Y-%m-%d}" if tally.at is not None else ""
        description = f"{label}: {at} · {tally.in_words()}"
        bar.update(task, description=description, total=WHOLE, completed=tally.share * WHOLE)

    return report
