"""Search jobs: one call makes a job, another asks for its result until it is ready."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from bridgebot.sandbox.messaging.answers import Answer, Call
from bridgebot.sandbox.messaging.booking import Conversation, Message
from bridgebot.sandbox.messaging.conversations import shows_self_service
from bridgebot.sandbox.messaging.jobs import Job
from bridgebot.sandbox.messaging.payloads import (
    PAGE,
    envelope,
    offset_of,
    page_id,
    search_entry,
    stamp,
)

LIFE: Final = timedelta(hours=48)
WINDOW: Final = timedelta(days=90)
# How many requests for a result find the job not ready, where the switches say so.
POLLS: Final = 2
_PARAMETERS: Final = ("before", "after", "property_id", "order_by")
_Window = tuple[datetime, datetime]


def create(call: Call) -> Answer:
    """Make a job; a GET that makes another one each time it is called."""
    if not any(call.query.get(name) for name in _PARAMETERS):
        return call.refused(400)
    number = call.query.get("property_id")
    if number and number not in call.account.properties:
        return call.refused(403)
    window, order = _window(call), call.query.get("order_by") or call.switches.search_order
    if window is None or order not in {"asc", "desc"}:
        return call.refused(400)
    job = _job(call, window, order)
    data = {"job_id": job.job_id, "expires_at": f"{stamp(job.expires_at)}[GMT]", "ok": True}
    return 200, envelope(data)


def result(call: Call) -> Answer:
    """Give a page of a job's messages, or say that it is not ready."""
    job = call.booking.jobs.get(call.path["job"])
    if job is None or job.client_id != call.account.client_id:
        return call.refused(404)
    if job.expires_at <= call.booking.now():
        return call.refused(call.switches.search_expired)
    if job.polls:
        job.polls -= 1
        return _pending(call, job)
    offset = offset_of(call.query.get("page_id"))
    return call.refused(400) if offset is None else _page(call, job, offset)


def _job(call: Call, window: _Window, order: str) -> Job:
    now, number = call.booking.now(), call.query.get("property_id")
    job = Job(
        job_id=call.booking.new_id(now),
        client_id=call.account.client_id,
        properties=frozenset([number]) if number else call.account.properties,
        after=window[0],
        before=window[1],
        newest_first=order == "desc",
        version=call.version,
        # By the vendor's sample the two days count from the creation.
        expires_at=now + LIFE,
        polls=0 if call.switches.search_pending == "never" else POLLS,
    )
    call.booking.jobs[job.job_id] = job
    return job


def _window(call: Call) -> _Window | None:
    """Read the window, both ends included; ``None`` where it is refused."""
    now = call.booking.now()
    try:
        after, before = _time(call.query.get("after")), _time(call.query.get("before"))
    except ValueError:
        return None
    if after is None:
        end = before or now
        return end - WINDOW, end
    if before is None:
        return after, min(after + WINDOW, now)
    if before - after > WINDOW:
        too_long = call.switches.search_window == "400"
        return None if too_long else (after, after + WINDOW)
    return after, before


def _time(text: str | None) -> datetime | None:
    """Read a time in UTC as the documents write it, with a ``Z``."""
    if not text:
        return None
    if not text.endswith("Z"):
        raise ValueError(text)
    return datetime.fromisoformat(text).astimezone(UTC)


def _pending(call: Call, job: Job) -> Answer:
    """Say that a job is not ready, in one of the shapes that the silence allows."""
    shape = call.switches.search_pending
    if shape == "404":
        return call.refused(404)
    data = {} if shape == "empty" else {"job_id": job.job_id, "status": "processing", "ok": True}
    return (202 if shape == "202" else 200), envelope(data)


def _page(call: Call, job: Job, offset: int) -> Answer:
    found = sorted(
        _found(call, job), key=lambda pair: pair[1].at.timestamp(), reverse=job.newest_first
    )
    more = offset + PAGE < len(found)
    names = call.booking.properties
    data = {
        "messages": [
            search_entry(conversation, message, call.version, names, call.switches)
            for conversation, message in found[offset : offset + PAGE]
        ],
        "next_page_id": page_id(offset + PAGE, call.switches) if more else "",
        "ok": True,
    }
    return 200, envelope(data)


def _found(call: Call, job: Job) -> Iterator[tuple[Conversation, Message]]:
    # Self-service requests need version 1.2 on both calls, unless the account's flag brings them.
    flag_alone = call.account.self_service and call.switches.self_service == "either"
    wanted = shows_self_service(call) and (job.version >= "1.2" or flag_alone)
    for conversation in call.booking.conversations.values():
        if conversation.property_id not in job.properties:
            continue
        for message in conversation.messages:
            is_shown = wanted or message.kind != "self_service_event"
            if is_shown and job.after <= message.at <= job.before:
                yield conversation, message
