"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WORDS = (
    ("message_words", "messages", "content"),
    ("guest_words", "conversations", "guest_name"),
)


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "conversations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("property_id", sa.Text(), nullable=True),
        sa.Column("conversation_type", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("access", sa.Text(), nullable=True),
        sa.Column("guest_name", sa.Text(), nullable=True),
        sa.Column("guest_participant_id", sa.Text(), nullable=True),
        sa.Column("property_participant_id", sa.Text(), nullable=True),
        sa.Column("no_reply_needed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread_ts", sa.Text(), nullable=True),
        sa.Column("awaiting_since", sa.BigInteger(), nullable=True),
        sa.Column("last_guest_at", sa.BigInteger(), nullable=True),
        sa.Column("last_answer_at", sa.BigInteger(), nullable=True),
        sa.Column("last_answer_by", sa.Text(), nullable=True),
        sa.Column("read_until", sa.BigInteger(), nullable=True),
        sa.Column("guest_read_until", sa.BigInteger(), nullable=True),
        sa.Column("closing_since", sa.BigInteger(), nullable=True),
        sa.Column("no_reply_at", sa.BigInteger(), nullable=True),
        sa.Column("no_reply_by", sa.Text(), nullable=True),
        sa.Column("tag_wanted", sa.Boolean(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_by", sa.Text(), nullable=True),
        sa.Column("watch_at", sa.BigInteger(), nullable=True),
        sa.Column("alert", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("alert_since", sa.BigInteger(), nullable=True),
        sa.Column("alert_step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("alert_warned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("turn_at", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("whole", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("card_wanted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("card_shown", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("card_drawn", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint(
            "provider", "conversation_id", name=op.f("uq_conversations_provider_conversation_id")
        ),
    )
    op.create_index(
        "ix_conversations_kept",
        "conversations",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("erased_at IS NULL"),
        postgresql_where=sa.text("erased_at IS NULL"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column(
            "conversation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("subject", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("detail", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name=op.f("fk_audit_conversation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_conversation", "audit", ["conversation"], unique=False)
    op.create_index(
        "ix_conversations_alert",
        "conversations",
        ["alert"],
        unique=False,
        sqlite_where=sa.text("alert IS NOT NULL"),
        postgresql_where=sa.text("alert IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_awaiting",
        "conversations",
        ["awaiting_since"],
        unique=False,
        sqlite_where=sa.text("awaiting_since IS NOT NULL"),
        postgresql_where=sa.text("awaiting_since IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_unseen",
        "conversations",
        ["last_answer_at"],
        unique=False,
        sqlite_where=sa.text("last_answer_at > coalesce(guest_read_until, 0)"),
        postgresql_where=sa.text("last_answer_at > coalesce(guest_read_until, 0)"),
    )
    op.create_index(
        "ix_conversations_unread",
        "conversations",
        ["last_answer_at"],
        unique=False,
        sqlite_where=sa.text("last_answer_at > coalesce(read_until, 0)"),
        postgresql_where=sa.text("last_answer_at > coalesce(read_until, 0)"),
    )
    op.create_index(
        "ix_conversations_card",
        "conversations",
        ["id"],
        unique=False,
        sqlite_where=sa.text("card_wanted <> card_shown"),
        postgresql_where=sa.text("card_wanted <> card_shown"),
    )
    op.create_index(
        "ix_conversations_property", "conversations", ["property_id", "last_guest_at"], unique=False
    )
    op.create_index("ix_conversations_reference", "conversations", ["reference"], unique=False)
    op.create_index(
        "ix_conversations_tag",
        "conversations",
        ["tag_wanted"],
        unique=False,
        sqlite_where=sa.text("tag_wanted IS NOT NULL"),
        postgresql_where=sa.text("tag_wanted IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_thread", "conversations", ["channel", "thread_ts"], unique=True
    )
    op.create_index(
        "ix_conversations_watch",
        "conversations",
        ["watch_at"],
        unique=False,
        sqlite_where=sa.text("watch_at IS NOT NULL"),
        postgresql_where=sa.text("watch_at IS NOT NULL"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("retry_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("provider", "digest", name=op.f("uq_quarantine_provider_digest")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "conversation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("calls", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("calls_shown", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("wanted", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("shown", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name=op.f("fk_alerts_conversation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        "ix_alerts_open",
        "alerts",
        ["kind", "provider", "subject"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_alerts_unshown",
        "alerts",
        ["id"],
        unique=False,
        sqlite_where=sa.text("wanted <> shown"),
        postgresql_where=sa.text("wanted <> shown"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "conversation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("sender_name", sa.Text(), nullable=True),
        sa.Column("participant_id", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("attachment_ids", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("reply", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("excused_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("imported", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name=op.f("fk_messages_conversation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("provider", "message_id", name=op.f("uq_messages_provider_message_id")),
    )
    op.create_index(
        "ix_messages_answered",
        "messages",
        ["answered_at"],
        unique=False,
        sqlite_where=sa.text("answered_at IS NOT NULL"),
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_conversation", "messages", ["conversation", "sent_at"], unique=False
    )
    op.create_index(
        "ix_messages_guest",
        "messages",
        ["sent_at", "conversation", "answered_at", "excused_at", "sender"],
        unique=False,
        sqlite_where=sa.text("sender = 'guest'"),
        postgresql_where=sa.text("sender = 'guest'"),
    )
    op.create_index(
        "ix_messages_reply",
        "messages",
        ["reply"],
        unique=False,
        sqlite_where=sa.text("reply IS NOT NULL"),
        postgresql_where=sa.text("reply IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_elsewhere",
        "messages",
        ["sent_at"],
        unique=False,
        sqlite_where=sa.text("origin = 'elsewhere'"),
        postgresql_where=sa.text("origin = 'elsewhere'"),
    )
    op.create_index(
        "ix_messages_kept",
        "messages",
        ["sent_at"],
        unique=False,
        sqlite_where=sa.text("erased_at IS NULL"),
        postgresql_where=sa.text("erased_at IS NULL"),
    )
    op.create_index(
        "ix_messages_imported",
        "messages",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("imported"),
        postgresql_where=sa.text("imported"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "conversation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("thread_ts", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("pictures", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("mark_wanted", sa.Text(), nullable=True),
        sa.Column("mark_shown", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name=op.f("fk_outbox_conversation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("channel", "ts", name=op.f("uq_outbox_channel_ts")),
    )
    op.create_index(
        "ix_outbox_discarded",
        "outbox",
        ["conversation"],
        unique=False,
        sqlite_where=sa.text("state = 'discarded'"),
        postgresql_where=sa.text("state = 'discarded'"),
    )
    op.create_index(
        "ix_outbox_uncertain",
        "outbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL AND state = 'uncertain'"),
        postgresql_where=sa.text("finished_at IS NULL AND state = 'uncertain'"),
    )
    op.create_index(
        "ix_outbox_kept",
        "outbox",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("event <> '{}'"),
        postgresql_where=sa.text("event <> '{}'"),
    )
    op.create_index(
        "ix_outbox_mark",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("mark_wanted IS NOT NULL AND mark_wanted <> coalesce(mark_shown, '')"),
        postgresql_where=sa.text(
            "mark_wanted IS NOT NULL AND mark_wanted <> coalesce(mark_shown, '')"
        ),
    )
    op.create_index(
        "ix_outbox_unbound",
        "outbox",
        ["channel", "thread_ts", "ts"],
        unique=False,
        sqlite_where=sa.text("conversation IS NULL AND finished_at IS NULL"),
        postgresql_where=sa.text("conversation IS NULL AND finished_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_held",
        "outbox",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("kind = 'held'"),
        postgresql_where=sa.text("kind = 'held'"),
    )
    op.create_index(
        "ix_outbox_sent",
        "outbox",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("kind = 'reply' AND state = 'completed'"),
        postgresql_where=sa.text("kind = 'reply' AND state = 'completed'"),
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["conversation", "ts"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_undecided",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("kind IS NULL AND finished_at IS NULL"),
        postgresql_where=sa.text("kind IS NULL AND finished_at IS NULL"),
    )
    op.create_table(
        "saved_replies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sorted_as", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_replies")),
        sa.UniqueConstraint("sorted_as", name=op.f("uq_saved_replies_sorted_as")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("provider", "key", name=op.f("uq_notifications_provider_key")),
    )
    op.create_index("ix_notifications_done", "notifications", ["done_at"], unique=False)
    op.create_index(
        "ix_notifications_open",
        "notifications",
        ["provider", "id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "promises",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column(
            "conversation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name=op.f("fk_promises_conversation")
        ),
        sa.PrimaryKeyConstraint("channel", "ts", name=op.f("pk_promises")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "conversation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("message", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("posted", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("aside", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("older", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("stale", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name=op.f("fk_inbox_conversation")
        ),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name=op.f("fk_inbox_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("message", name=op.f("uq_inbox_message")),
    )
    op.create_index(
        "ix_inbox_key",
        "inbox",
        ["key"],
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.create_index(
        "ix_inbox_discarded",
        "inbox",
        ["conversation"],
        unique=False,
        sqlite_where=sa.text("state = 'discarded'"),
        postgresql_where=sa.text("state = 'discarded'"),
    )
    op.create_index(
        "ix_inbox_uncertain",
        "inbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL AND state = 'uncertain'"),
        postgresql_where=sa.text("finished_at IS NULL AND state = 'uncertain'"),
    )
    op.create_index(
        "ix_inbox_kept",
        "inbox",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("notice IS NOT NULL"),
        postgresql_where=sa.text("notice IS NOT NULL"),
    )
    op.create_index(
        "ix_inbox_stale",
        "inbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("stale"),
        postgresql_where=sa.text("stale"),
    )
    op.create_index(
        "ix_inbox_open",
        "inbox",
        ["conversation", "id"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _index_words_on_postgresql()
    else:
        _index_words_on_sqlite()


def _index_words_on_postgresql() -> None:
    """Index what full-text search asks for (``store/fulltext.py`` has the same expression)."""
    for name, table, column in WORDS:
        plain = f"normalize(left({column}, 50000), NFKD)"
        bare = f"regexp_replace({plain}, '[\\u0300-\\u036f]', '', 'g')"
        parted = f"translate({bare}, '@./:-_+&=?#''', '            ')"
        document = f"to_tsvector('simple'::regconfig, {parted})"
        op.get_bind().exec_driver_sql(f"CREATE INDEX {name} ON {table} USING gin ({document})")


def _index_words_on_sqlite() -> None:
    """Make the full-text tables, and the triggers that keep them in step with their rows."""
    for name, table, column in WORDS:
        # S608: names of our own, which cannot be bound
        out = f"INSERT INTO {name}({name}, rowid, {column}) VALUES ('delete', old.id, old.{column})"  # noqa: S608
        into = f"INSERT INTO {name}(rowid, {column}) VALUES (new.id, new.{column})"  # noqa: S608
        options = "content_rowid='id', tokenize='unicode61 remove_diacritics 2', prefix='2 3'"
        changed = f"UPDATE OF {column} ON {table} WHEN old.{column} IS NOT new.{column}"
        for statement in (
            f"CREATE VIRTUAL TABLE {name} USING fts5({column}, content='{table}', {options})",
            f"CREATE TRIGGER {name}_insert AFTER INSERT ON {table} BEGIN {into}; END",
            f"CREATE TRIGGER {name}_delete AFTER DELETE ON {table} BEGIN {out}; END",
            f"CREATE TRIGGER {name}_update AFTER {changed} BEGIN {out}; {into}; END",
        ):
            op.get_bind().exec_driver_sql(statement)
