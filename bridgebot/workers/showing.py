"""What is written down when an attempt to show something in a thread ends; in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import Outcome, State
from bridgebot.store import formed, inbox, queues, records
from bridgebot.store.rows import InboxRow
from bridgebot.store.schema import inbox as table
from bridgebot.store.standing import subject_of
from bridgebot.workers.context import Context
from bridgebot.workers.notices import to_notice

PATIENT_ATTEMPTS = 3
"""Failures of Slack's that a picture waits for at its place, before others go on without it."""


async def record_post(
    connection: AsyncConnection,
    context: Context,
    row: InboxRow,
    outcome: Outcome,
    posted: Sequence[str],
    *,
    called: bool = False,
    told: str | None = None,
    aside: bool = False,
) -> bool:
    """Record how an attempt ended; return whether the row was still this node's.

    ``called`` tells that a call has just ended: the other side's time runs from now, and not from
    the claim. ``told`` is said in the thread; ``aside`` lets others go on without this row.
    """
    now = context.ms()
    values: dict[str, object] = {} if outcome.counted else {"attempts": row.attempts - 1}
    if called and outcome.state is State.UNCERTAIN:
        values["started_at"] = now
    if aside and not row.aside:
        values["aside"] = True
    mine = await queues.finish(
        connection,
        table,
        row.id,
        owner=context.owner,
        state=outcome.state.value,
        now=now,
        posted=inbox.as_json(posted),
        error=outcome.code,
        due_at=now + int(outcome.delay * 1000),
        **values,
    )
    if not mine:
        return False
    if told is not None:
        await inbox.add_notice(connection, row.conversation.id, to_notice(told), now=now)
    if outcome.state is State.DISCARDED:
        title, lines = _given_up(row, outcome)
        await records.raise_alert(
            connection,
            kind="undelivered",
            provider=row.conversation.about.provider,
            subject=subject_of(table, row.id),
            conversation=row.conversation.id,
            title=title,
            lines=lines,
            now=now,
        )
    return True


def _given_up(row: InboxRow, outcome: Outcome) -> tuple[str, Sequence[str]]:
    """Say what an alert says of something that is not shown."""
    reason = f"Slack answered: {outcome.code}."
    if row.picture is not None:
        title = "A guest's picture could not be shown in Slack"
        return title, (f"The last reason: {outcome.code}.", "Its message stands in the thread.")
    if row.notice is None:
        title = "A guest's message could not be shown in Slack"
    elif formed.reply_of(row.notice):
        title = "A reply could not be shown in Slack, so it was not sent to the guest"
    else:
        title = "Words of the bridge's own could not be shown in Slack"
    return title, (reason, "The text is kept.")


def not_yet(about: Mapping[str, Any], side: str, code: str | None) -> str:
    """Say in the thread that a picture comes later."""
    return f"{called(about)} cannot be shown yet ({side}: {code}). It follows here."


def not_at_all(about: Mapping[str, Any], label: str) -> str:
    """Say in the thread that a picture does not come."""
    return f"{called(about)} could not be shown. Look at it in {label} itself."


def called(about: Mapping[str, Any]) -> str:
    """Name a picture among those of its message."""
    if about["count"] == 1:
        return "The picture"
    return f"Picture {about['number']} of {about['count']}"
