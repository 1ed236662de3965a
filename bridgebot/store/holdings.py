"""What each column that can hold words holds, and what becomes of it: decided for every one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import BigInteger, Boolean, Column, Integer

from bridgebot.store.schema import metadata


class Fate(StrEnum):
    """What becomes of a column."""

    ERASED = "erased after `RETENTION_DAYS`, and by `db forget`"
    FORGOTTEN = "kept; erased by `db forget`"
    ID = "kept: an id, by which what comes twice is known and threads are found"
    STAFF = "kept: who of the staff did it, an id"
    WORD = "kept: one of the program's own words, or numbers"
    OPERATOR = "kept: what the operator set up or asked for"
    TAKEN = "emptied as soon as it is taken in"
    TRAIL = "deleted after `AUDIT_DAYS`"


_QUEUE = {"state": Fate.WORD, "owner": Fate.WORD, "error": Fate.WORD}

HOLDINGS: Mapping[str, Mapping[str, Fate]] = MappingProxyType(
    {
        "conversations": {
            "provider": Fate.WORD,
            "conversation_id": Fate.ID,
            "property_id": Fate.ID,
            "conversation_type": Fate.WORD,
            "reference": Fate.FORGOTTEN,
            "access": Fate.WORD,
            "guest_name": Fate.ERASED,
            "guest_participant_id": Fate.ERASED,
            "property_participant_id": Fate.ID,
            "channel": Fate.ID,
            "thread_ts": Fate.ID,
            "last_answer_by": Fate.STAFF,
            "no_reply_by": Fate.STAFF,
            "claimed_by": Fate.STAFF,
            "snoozed_by": Fate.STAFF,
        },
        "messages": {
            "provider": Fate.WORD,
            "message_id": Fate.ID,
            "sender": Fate.WORD,
            "sender_name": Fate.ERASED,
            "participant_id": Fate.ERASED,
            "content": Fate.ERASED,
            "kind": Fate.WORD,
            "attributes": Fate.ERASED,
            "attachment_ids": Fate.ERASED,
            "origin": Fate.WORD,
            "raw": Fate.ERASED,
        },
        "inbox": {
            "notice": Fate.ERASED,
            "posted": Fate.ID,
            "file": Fate.ID,
            "key": Fate.ID,
            **_QUEUE,
        },
        "outbox": {
            "channel": Fate.ID,
            "ts": Fate.ID,
            "thread_ts": Fate.ID,
            "user_id": Fate.STAFF,
            "event": Fate.ERASED,
            "kind": Fate.WORD,
            "content": Fate.ERASED,
            "pictures": Fate.ERASED,
            "message_id": Fate.ID,
            "mark_wanted": Fate.WORD,
            "mark_shown": Fate.WORD,
            **_QUEUE,
        },
        "quarantine": {
            "provider": Fate.WORD,
            "digest": Fate.ID,
            "raw": Fate.ERASED,
            # which fields were not as expected, never what stood in them
            "reason": Fate.WORD,
        },
        "notifications": {
            "provider": Fate.WORD,
            "key": Fate.ID,
            "kind": Fate.WORD,
            "body": Fate.TAKEN,
        },
        # texts of the hotel's own, written for any guest
        "saved_replies": {
            "name": Fate.OPERATOR,
            "sorted_as": Fate.OPERATOR,
            "text": Fate.OPERATOR,
            "changed_by": Fate.STAFF,
        },
        "alerts": {
            "kind": Fate.WORD,
            "provider": Fate.WORD,
            "subject": Fate.ID,
            # names and excerpts are drawn from the conversation and not kept here
            "title": Fate.WORD,
            "lines": Fate.WORD,
            "state": Fate.WORD,
            "calls": Fate.STAFF,
            "ts": Fate.ID,
            "owner": Fate.ID,
        },
        # a standing promise keeps the reply that it is about, until its mark is taken away
        "promises": {"channel": Fate.ID, "ts": Fate.ID, "user_id": Fate.STAFF},
        "audit": {
            "actor": Fate.TRAIL,
            "act": Fate.TRAIL,
            "subject": Fate.TRAIL,
            "detail": Fate.TRAIL,
        },
        "leases": {"name": Fate.WORD, "owner": Fate.WORD},
        # where reading goes on, a login's token, a backfill as it was typed
        "cursors": {"name": Fate.WORD, "value": Fate.OPERATOR},
    }
)


def columns() -> Iterator[Column[object]]:
    """Walk all columns that can hold words or bytes: all but numbers and truth values."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if not isinstance(column.type, Integer | BigInteger | Boolean):
                yield column


def erased() -> Iterator[Column[object]]:
    """Walk the columns that retention empties."""
    for column in columns():
        if HOLDINGS.get(column.table.name, {}).get(column.name) is Fate.ERASED:
            yield column
