"""Words in messages and in guests' names, found by the database's own full-text search.

SQLite has FTS5 tables that triggers keep in step with their rows, PostgreSQL an index over an
expression: on both, whatever writes a row has it found in the same transaction. Case and accents do
not count, and each word may be the beginning of a longer one. The migration holds the same
expression as this module.
"""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import (
    Column,
    ColumnElement,
    Subquery,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.schema import conversations, messages

NEWEST = 2000
"""Rows looked at for a word, newest first: some words stand in nearly all of them."""

MOST_WORDS = 12
LONGEST_WORD = 100
_WORD = re.compile(r"[^\W_]+")
# The tables of SQLite that stand beside the columns searched.
_BESIDE = {"messages": "message_words", "conversations": "guest_words"}


def words_of(text: str) -> list[str]:
    """List the words somebody typed, without case and accents; the rest has no meaning here."""
    plain = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return [word.lower()[:LONGEST_WORD] for word in _WORD.findall(bare)][:MOST_WORDS]


async def in_messages(connection: AsyncConnection, text: str, *, limit: int) -> list[int]:
    """List conversations in which a message has all the words, the newest message first."""
    words = words_of(text)
    if not words:
        return []
    newest = _newest(connection, messages.c.id, messages.c.content, words)
    query = (
        select(messages.c.conversation)
        .join(newest, newest.c.id == messages.c.id)
        .group_by(messages.c.conversation)
        .order_by(func.max(messages.c.sent_at).desc(), messages.c.conversation.desc())
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def in_names(connection: AsyncConnection, text: str, *, limit: int) -> list[int]:
    """List conversations whose guest's name has all the words, the latest activity first."""
    words = words_of(text)
    if not words:
        return []
    row = conversations.c
    newest = _newest(connection, row.id, row.guest_name, words)
    query = (
        select(row.id)
        .join(newest, newest.c.id == row.id)
        .order_by(func.coalesce(row.last_guest_at, row.created_at).desc(), row.id.desc())
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


def _newest(
    connection: AsyncConnection,
    row_id: Column[int],
    content: Column[str] | Column[str | None],
    words: list[str],
) -> Subquery:
    """Take the newest rows that have all words; these are letters and digits, so no operators.

    The limit stands inside, where SQLite's full-text table reads backwards and stops.
    """
    if connection.dialect.name == "postgresql":
        wanted = " & ".join(f"{word}:*" for word in words)
        document: ColumnElement[str] = literal_column(
            document_of(f"{content.table.name}.{content.name}")
        )
        query = func.to_tsquery(literal_column("'simple'::regconfig"), wanted)
        found: ColumnElement[int] = row_id
        has = document.op("@@")(query)
    else:
        beside = table(_BESIDE[content.table.name], column("rowid"))
        wanted = " ".join(f'"{word}"*' for word in words)
        found = beside.c.rowid
        has = literal_column(beside.name).op("MATCH")(literal(wanted))
    return select(found.label("id")).where(has).order_by(found.desc()).limit(NEWEST).subquery()


def document_of(name: str) -> str:
    """Write the expression that PostgreSQL has an index over.

    Accents are taken off as ``words_of`` does, and signs that its parser would join words by are
    blanks: "and/or" is two words. A text that is too long for an index is indexed by its beginning.
    """
    plain = f"normalize(left({name}, 50000), NFKD)"
    bare = f"regexp_replace({plain}, '[\\u0300-\\u036f]', '', 'g')"
    return f"to_tsvector('simple'::regconfig, translate({bare}, '@./:-_+&=?#''', '            '))"
