"""The tables, written once for SQLite and PostgreSQL.

Times are integers: milliseconds since 1970, UTC. A delivery is open while ``finished_at`` is null;
the partial indexes rest on that, so that the work in hand is found without reading the past.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    and_,
    literal,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes a row id of its own only of INTEGER; PostgreSQL needs the wider type.
Id = BigInteger().with_variant(Integer, "sqlite")
OPEN = text("finished_at IS NULL")
# What retention has still to look at; the oldest come first.
KEPT = text("erased_at IS NULL")

conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("property_id", Text),
    Column("conversation_type", Text),
    Column("reference", Text),
    Column("access", Text),
    Column("guest_name", Text),
    Column("guest_participant_id", Text),
    Column("property_participant_id", Text),
    Column("no_reply_needed", Boolean, nullable=False, server_default=text("false")),
    Column("channel", Text, nullable=False),
    Column("thread_ts", Text),
    Column("awaiting_since", BigInteger),
    Column("last_guest_at", BigInteger),
    Column("last_answer_at", BigInteger),
    Column("last_answer_by", Text),
    # up to when the guest's messages are marked read at the provider
    Column("read_until", BigInteger),
    # when the property wrote what the guest has read of it last, as far as the provider tells
    Column("guest_read_until", BigInteger),
    # a closing word ("thanks!") that nobody has to answer, newer than the last answer
    Column("closing_since", BigInteger),
    Column("no_reply_at", BigInteger),
    # who said so; null: the provider did
    Column("no_reply_by", Text),
    # the provider's tag as it should be, until the provider has it
    Column("tag_wanted", Boolean),
    Column("claimed_by", Text),
    Column("claimed_at", BigInteger),
    Column("snoozed_until", BigInteger),
    Column("snoozed_by", Text),
    # when the watchman has to look at it next; 0 is at once
    Column("watch_at", BigInteger),
    # the alert it stands in (its own, or a summary's), and what was raised for it so far
    Column("alert", Id),
    Column("alert_since", BigInteger),
    Column("alert_step", Integer, nullable=False, server_default=text("0")),
    Column("alert_warned", Boolean, nullable=False, server_default=text("false")),
    # when something was last taken for its thread: those that waited longest come first
    Column("turn_at", BigInteger, nullable=False, server_default=text("0")),
    # what was written before its thread was opened is in the thread too
    Column("whole", Boolean, nullable=False, server_default=text("false")),
    Column("card_wanted", Integer, nullable=False, server_default=text("0")),
    Column("card_shown", Integer, nullable=False, server_default=text("0")),
    # a digest of what the card looks like in Slack: what looks the same is not drawn again
    Column("card_drawn", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    # when the guest's name was erased; null again when the guest is heard of anew
    Column("erased_at", BigInteger),
    UniqueConstraint("provider", "conversation_id"),
    Index("ix_conversations_reference", "reference"),
    Index("ix_conversations_thread", "channel", "thread_ts", unique=True),
    Index("ix_conversations_property", "property_id", "last_guest_at"),
)


def _partly(name: str, where: TextClause, *columns: Column[object]) -> None:
    """Index the rows that a condition holds for: a short list out of a long table."""
    Index(name, *columns, sqlite_where=where, postgresql_where=where)


def _where_set(column: Column[object], name: str) -> Index:
    """Index a column where it holds something: a short list out of a long table."""
    there = text(f"{column.name} IS NOT NULL")
    return Index(name, column, sqlite_where=there, postgresql_where=there)


_partly("ix_conversations_kept", KEPT, conversations.c.created_at)
_where_set(conversations.c.awaiting_since, "ix_conversations_awaiting")
_where_set(conversations.c.watch_at, "ix_conversations_watch")
_where_set(conversations.c.alert, "ix_conversations_alert")
_where_set(conversations.c.tag_wanted, "ix_conversations_tag")
# Written into statements as they stand: only so their indexes are used.
UNREAD = text("last_answer_at > coalesce(read_until, 0)")
UNSEEN = text("last_answer_at > coalesce(guest_read_until, 0)")
_partly("ix_conversations_unread", UNREAD, conversations.c.last_answer_at)
_partly("ix_conversations_unseen", UNSEEN, conversations.c.last_answer_at)
_partly("ix_conversations_card", text("card_wanted <> card_shown"), conversations.c.id)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation", Id, ForeignKey("conversations.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_name", Text),
    Column("participant_id", Text),
    Column("content", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("attachment_ids", Text, nullable=False),
    # guest, elsewhere (the property, not by us) or slack (ours)
    Column("origin", Text, nullable=False),
    # our reply it is the echo of, while the answer to that reply is not known yet
    Column("reply", Id),
    # of a guest's message: it only thanks; when it was answered, or marked as needing no reply
    Column("closing", Boolean, nullable=False, server_default=text("false")),
    Column("answered_at", BigInteger),
    Column("excused_at", BigInteger),
    Column("sent_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("raw", Text, nullable=False),
    # fetched because somebody looked for it, and in no thread yet
    Column("imported", Boolean, nullable=False, server_default=text("false")),
    # when its content was erased
    Column("erased_at", BigInteger),
    UniqueConstraint("provider", "message_id"),
    Index("ix_messages_conversation", "conversation", "sent_at"),
)
# all that figures about answers ask for, so that they need not visit the rows; before 3.41 SQLite
# does not see that the sender is known
Index(
    "ix_messages_guest",
    messages.c.sent_at,
    messages.c.conversation,
    messages.c.answered_at,
    messages.c.excused_at,
    messages.c.sender,
    sqlite_where=text("sender = 'guest'"),
    postgresql_where=text("sender = 'guest'"),
)
BY_GUESTS = messages.c.sender == literal("guest", literal_execute=True)
"""Written into the statement as it stands: only so an index of guests' messages is used."""
FROM_ELSEWHERE = messages.c.origin == literal("elsewhere", literal_execute=True)
_where_set(messages.c.answered_at, "ix_messages_answered")
_where_set(messages.c.reply, "ix_messages_reply")
_partly("ix_messages_elsewhere", text("origin = 'elsewhere'"), messages.c.sent_at)
_partly("ix_messages_kept", KEPT, messages.c.sent_at)
_partly("ix_messages_imported", text("imported"), messages.c.received_at)


def _delivery_columns() -> list[Column[object]]:
    """Columns that both queues share."""
    return [
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("due_at", BigInteger, nullable=False),
        Column("owner", Text),
        Column("started_at", BigInteger),
        Column("error", Text),
        Column("created_at", BigInteger, nullable=False),
        Column("finished_at", BigInteger),
    ]


inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation", Id, ForeignKey("conversations.id"), nullable=False),
    # one of the two: a provider's message, or words of the bot's own to the staff (JSON)
    Column("message", Id, ForeignKey("messages.id"), unique=True),
    Column("notice", Text),
    # ts of the posts that are in Slack already, in order (JSON list)
    Column("posted", Text, nullable=False, server_default=text("'[]'")),
    # a picture that could not be fetched yet: while it waits, it holds back nothing behind it
    Column("aside", Boolean, nullable=False, server_default=text("false")),
    # the file whose sharing was begun, so that a lost answer can be looked up
    Column("file", Text),
    # shown on demand, below what was written after it
    Column("older", Boolean, nullable=False, server_default=text("false")),
    # its message was redacted after it was posted, and its posts still show the text
    Column("stale", Boolean, nullable=False, server_default=text("false")),
    # names what came of one form, which may be submitted twice
    Column("key", Text),
    *_delivery_columns(),
)
_partly("ix_inbox_open", OPEN, inbox.c.conversation, inbox.c.id)

Index(
    "ix_inbox_key",
    inbox.c.key,
    unique=True,
    sqlite_where=text("key IS NOT NULL"),
    postgresql_where=text("key IS NOT NULL"),
)

_partly("ix_inbox_stale", text("stale"), inbox.c.id)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    # null until the thread is known to be a conversation's
    Column("conversation", Id, ForeignKey("conversations.id")),
    Column("channel", Text, nullable=False),
    Column("ts", Text, nullable=False),
    Column("thread_ts", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    # null until decided: reply, note, silent, refused
    Column("kind", Text),
    Column("content", Text),
    # ids of the files in the event that go with it (JSON list)
    Column("pictures", Text, nullable=False, server_default=text("'[]'")),
    Column("message_id", Text),
    Column("mark_wanted", Text),
    Column("mark_shown", Text),
    *_delivery_columns(),
    UniqueConstraint("channel", "ts"),
)
_partly("ix_outbox_open", OPEN, outbox.c.conversation, outbox.c.ts)
_partly("ix_outbox_undecided", text("kind IS NULL AND finished_at IS NULL"), outbox.c.id)
# messages of threads that are not known to be a conversation's yet
UNBOUND = text("conversation IS NULL AND finished_at IS NULL")
_partly("ix_outbox_unbound", UNBOUND, outbox.c.channel, outbox.c.thread_ts, outbox.c.ts)
MISMARKED = text("mark_wanted IS NOT NULL AND mark_wanted <> coalesce(mark_shown, '')")
_partly("ix_outbox_mark", MISMARKED, outbox.c.id)
HELD = text("kind = 'held'")
_partly("ix_outbox_held", HELD, outbox.c.created_at)
_partly("ix_outbox_sent", text("kind = 'reply' AND state = 'completed'"), outbox.c.finished_at)
SENT = and_(
    outbox.c.kind == literal("reply", literal_execute=True),
    outbox.c.state == literal("completed", literal_execute=True),
)

_partly("ix_outbox_kept", text("event <> '{}'"), outbox.c.created_at)
DISCARDED = text("state = 'discarded'")
UNCERTAIN = text("finished_at IS NULL AND state = 'uncertain'")
for _queue in (inbox, outbox):
    _partly(f"ix_{_queue.name}_discarded", DISCARDED, _queue.c.conversation)
    _partly(f"ix_{_queue.name}_uncertain", UNCERTAIN, _queue.c.due_at)
_partly("ix_inbox_kept", text("notice IS NOT NULL"), inbox.c.created_at)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Id, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    # when an operator asked for it to be read again
    Column("retry_at", BigInteger),
    Column("resolved_at", BigInteger),
    UniqueConstraint("provider", "digest"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Id, primary_key=True),
    Column("provider", Text, nullable=False),
    # what tells that it is the same one again
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # as it came, until it is taken in; null for kinds that hold no message
    Column("body", Text),
    Column("received_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    UniqueConstraint("provider", "key"),
    Index("ix_notifications_done", "done_at"),
)
_partly(
    "ix_notifications_open",
    text("done_at IS NULL"),
    notifications.c.provider,
    notifications.c.id,
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("provider", Text, nullable=False),
    # what it is about: a conversation's id, a delivery, or empty for the provider as a whole
    Column("subject", Text, nullable=False),
    Column("conversation", Id, ForeignKey("conversations.id")),
    Column("title", Text, nullable=False),
    Column("lines", Text, nullable=False),
    Column("state", Text, nullable=False),
    # since when the guest waits whom it is about
    Column("since", BigInteger),
    # posts below the alert that notify people (JSON list), and how many of them are in Slack
    Column("calls", Text, nullable=False, server_default=text("'[]'")),
    Column("calls_shown", Integer, nullable=False, server_default=text("0")),
    Column("ts", Text),
    # which node draws it now; when its post was begun, if it is not known to have ended; from when
    # on such a post that is not found counts as never made
    Column("owner", Text),
    Column("started_at", BigInteger),
    Column("settled_at", BigInteger),
    Column("wanted", Integer, nullable=False, server_default=text("1")),
    Column("shown", Integer, nullable=False, server_default=text("0")),
    Column("created_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
)
Index(
    "ix_alerts_open",
    alerts.c.kind,
    alerts.c.provider,
    alerts.c.subject,
    unique=True,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
_partly("ix_alerts_unshown", text("wanted <> shown"), alerts.c.id)

promises = Table(
    "promises",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("ts", Text, primary_key=True),
    Column("conversation", Id, ForeignKey("conversations.id"), nullable=False),
    Column("user_id", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

saved_replies = Table(
    "saved_replies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    # the name in small letters: two that differ in nothing else are one
    Column("sorted_as", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    UniqueConstraint("sorted_as"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    # slack:<user id>, operator:<login on the machine> or bridge
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("conversation", Id, ForeignKey("conversations.id")),
    # what it was done to, where that is not the conversation: outbox:12, reservation:4312539378
    Column("subject", Text, nullable=False, server_default=text("''")),
    # numbers beside it (JSON): counts, times; never words of guests or staff
    Column("detail", Text, nullable=False, server_default=text("'{}'")),
    Index("ix_audit_at", "at"),
    Index("ix_audit_conversation", "conversation"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
