"""What operators are shown and told: sign-ins, the audit log, rows that were set aside, errors, notices."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from bot.store.column_types import SafeText, UtcDateTime
from bot.store.schema.base import OF_PROCESSES, json_column, metadata

# Who is signed in to the admin page. Tokens stand here by their digests alone, and a copy of the database has none.

admin_link = Table(
    "admin_link",
    metadata,
    Column("token_digest", Text, nullable=False),
    Column("user_key", Text, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("token_digest"),
    info=OF_PROCESSES,
)

admin_session = Table(
    "admin_session",
    metadata,
    Column("token_digest", Text, nullable=False),
    Column("user_key", Text, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("used", UtcDateTime, nullable=False),  # by a person; the page's own refreshing does not count
    PrimaryKeyConstraint("token_digest"),
    Index("ix_admin_session_user_key", "user_key"),
    info=OF_PROCESSES,
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("id", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", SafeText, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", SafeText, nullable=False),  # empty: Easel as a whole
    Column("details", json_column(), nullable=False),
    PrimaryKeyConstraint("id"),
    Index("ix_audit_entry_at", "at", "id"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Text, nullable=False),
    Column("source", Text, nullable=False),  # the table that the row stood in
    Column("key", SafeText, nullable=False),  # its primary key
    Column("reason", SafeText, nullable=False),  # what could not be read
    Column("content", SafeText, nullable=False),  # its values, shortened, without secrets
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("id"),
)

error_group = Table(
    "error_group",
    metadata,
    Column("fingerprint", Text, nullable=False),
    Column("kind", SafeText, nullable=False),  # name of the exception's class
    Column("place", SafeText, nullable=False),  # the innermost frame of ours
    Column("event", SafeText, nullable=False),  # as the log says it
    Column("sample", SafeText, nullable=False),  # the latest traceback, without values
    Column("count", BigInteger, nullable=False),
    Column("first", UtcDateTime, nullable=False),
    Column("last", UtcDateTime, nullable=False),
    Column("jobs", json_column(), nullable=False),  # ids of the latest, newest first
    PrimaryKeyConstraint("fingerprint"),
    CheckConstraint("count > 0", name="count"),
    Index("ix_error_group_last", "last"),
)

notice = Table(
    "notice",
    metadata,
    Column("condition", Text, nullable=False),
    Column("subject", SafeText, nullable=False),  # what it is about, such as a provider's name; empty: all of Easel
    Column("detail", SafeText, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("told", UtcDateTime),  # when admins were told last; NULL: not yet
    Column("is_open", Boolean(create_constraint=False), nullable=False),  # told, and not yet that it is over
    Column("reporters", json_column(), nullable=False),  # when each process has seen it last, by the process's id
    PrimaryKeyConstraint("condition", "subject"),
)
