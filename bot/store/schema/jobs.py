"""Tables of accounts, of jobs and of what they have made."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from bot.job import UNFINISHED_STATES
from bot.store.column_types import SafeText, UtcDateTime
from bot.store.schema.base import json_column, metadata

account = Table(
    "account",
    metadata,
    Column("id", Text, nullable=False),  # telegram:123, or chat:telegram:-100 for a group
    Column("daily", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("granted", BigInteger, nullable=False),
    Column("allowance", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("banned", Boolean(create_constraint=False), nullable=False),
    Column("paused_until", UtcDateTime),  # because of strikes; NULL: never was
    PrimaryKeyConstraint("id"),
    CheckConstraint("daily >= 0 AND daily <= allowance", name="daily"),
    CheckConstraint("reserved >= 0", name="reserved"),
    CheckConstraint("granted >= 0", name="granted"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("job", Text, nullable=False),  # a job's id; for kinds grant and set the entry's own id
    Column("kind", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("day", Date, nullable=False),  # UTC day whose daily credits were reserved
    Column("credits", BigInteger, nullable=False),
    Column("from_granted", BigInteger, nullable=False),  # part of `credits`
    Column("chat_account", Text),
    Column("chat_day", Date),
    Column("chat_from_granted", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("job", "kind"),
    CheckConstraint("kind IN ('reserve', 'settle', 'grant', 'set')", name="kind"),
    CheckConstraint("from_granted >= 0 AND from_granted <= credits", name="from_granted"),
    CheckConstraint("chat_from_granted >= 0 AND chat_from_granted <= credits", name="chat_from_granted"),
    CheckConstraint("(chat_account IS NULL) = (chat_day IS NULL)", name="chat"),
    Index("ix_ledger_account", "account", "at"),
)

strike = Table(
    "strike",
    metadata,
    Column("job", Text, nullable=False),  # that moderation refused; it may be gone meanwhile
    Column("user_key", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("job"),
    Index("ix_strike_user_key", "user_key", "at"),
)

# Conditions of partial indexes, as text: an index is used only where a query repeats its condition literally.
ERASED = text("prompt = ''")  # a job whose user asked Easel to forget them
UNFINISHED = text("finished IS NULL")
SEVERAL_MESSAGES = text("(further_ids IS NOT NULL OR copy_ids IS NOT NULL)")
HAS_PARENT = text("parent IS NOT NULL")
NOTIFICATION_PENDING = text("notification_pending")  # a job that ended, and whose message may not say so yet

job = Table(
    "job",
    metadata,
    Column("id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("button", Text),  # that asked for it; one unfinished job each
    Column("user_key", Text, nullable=False),
    Column("sender", json_column(), nullable=False),
    Column("chat_key", Text, nullable=False),
    Column("chat", json_column(), nullable=False),
    Column("request_id", Text),
    Column("locale", Text, nullable=False),
    Column("prompt", SafeText, nullable=False),
    Column("options", json_column(), nullable=False),
    Column("reference_images", json_column(), nullable=False),
    Column("mask", json_column()),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("holder", Text),  # the process that runs the attempt
    Column("shown_by", Text),  # the process that makes the calls about its message
    Column("cost", BigInteger, nullable=False),
    Column("is_reserved", Boolean(create_constraint=False), nullable=False),  # else nothing is, until it is moderated
    Column("charged", BigInteger),
    Column("status_id", Text),
    Column("created", UtcDateTime, nullable=False),
    Column("started", UtcDateTime),
    Column("finished", UtcDateTime),
    Column("provider", SafeText),
    Column("model", SafeText),
    Column("price", BigInteger),  # credits an image of that provider
    Column("spent", Float),  # what the upstream took, in its own credits
    Column("upstream_id", SafeText),
    Column("usage", json_column()),
    Column("trace", SafeText),
    Column("failure", json_column()),
    Column("delivered", json_column()),
    Column("delivered_id", Text),
    Column("further_ids", json_column()),  # of the other messages with its pictures; NULL: there is one at most
    Column("copy_ids", json_column()),  # of messages that show its pictures once more; NULL: none does
    Column("deleted", UtcDateTime),  # when its result was taken away
    Column("parent", Text),  # the job whose picture it starts from; may be forgotten
    Column("parent_picture", Integer),
    Column("is_variation", Boolean(create_constraint=False), nullable=False),
    Column("parts", json_column(), nullable=False),  # ids of further messages of its request
    Column("notification_pending", Boolean(create_constraint=False), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("event"),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
    CheckConstraint("attempt >= 0", name="attempt"),
    CheckConstraint("cost >= 0", name="cost"),
    CheckConstraint("charged >= 0 AND charged <= cost", name="charged"),
    CheckConstraint("(state IN ('done', 'failed', 'cancelled')) = (finished IS NOT NULL)", name="finished"),
    CheckConstraint("(finished IS NULL) = (charged IS NULL)", name="settled"),
    CheckConstraint("finished IS NOT NULL OR NOT notification_pending", name="notification"),
    Index("ix_job_state", "state", "user_key"),
    Index("ix_job_user", "user_key", "created"),
    Index("ix_job_created", "created"),
    Index("ix_job_finished", "finished"),
    Index("ix_job_done", "state", "attempt", "finished"),  # how long the latest took, whatever the past
    Index("ix_job_status_id", "status_id", "chat_key"),
    Index("ix_job_delivered_id", "delivered_id", "chat_key"),
    Index("ix_job_further_ids", "chat_key", sqlite_where=SEVERAL_MESSAGES, postgresql_where=SEVERAL_MESSAGES),
    Index("ix_job_parent", "parent", sqlite_where=HAS_PARENT, postgresql_where=HAS_PARENT),
    Index("ix_job_button", "button", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    Index("ix_job_erased", "created", sqlite_where=ERASED, postgresql_where=ERASED),
    Index(
        "ix_job_notification_pending",
        "created",
        "id",
        sqlite_where=NOTIFICATION_PENDING,
        postgresql_where=NOTIFICATION_PENDING,
    ),
)

# How each job ended, in few bytes: what figures and lists of many jobs are read from. Written with the job's end.
outcome = Table(
    "outcome",
    metadata,
    Column("job", Text, nullable=False),
    Column("finished", UtcDateTime, nullable=False),
    Column("created", UtcDateTime, nullable=False),  # the job's
    Column("whole_ms", BigInteger, nullable=False),  # from its acceptance to its end
    Column("waited_ms", BigInteger),  # until its first attempt; NULL: it never began
    Column("state", Text, nullable=False),
    Column("provider", SafeText),  # that was asked last
    Column("failure", Text),  # key of its sentence
    Column("pictures", Integer, nullable=False),  # delivered
    Column("charged", BigInteger, nullable=False),
    Column("spent", Float),  # what the upstream took, in its own credits
    Column("user_key", Text, nullable=False),  # empty: forgotten
    Column("chat_key", Text, nullable=False),  # empty: its user is forgotten
    PrimaryKeyConstraint("job"),
    # All that figures of a time are made of, so that they need no look into the rows themselves.
    Index(
        "ix_outcome_finished",
        *("finished", "state", "failure", "provider", "pictures", "charged", "user_key", "chat_key"),
    ),
)

# Its values stand in the statement: as parameters each of them would be spelled out at every execution.
IS_UNFINISHED = job.c.state.in_([literal_column(f"'{state.value}'") for state in sorted(UNFINISHED_STATES)])

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("job", Text, ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("value", JSON(), nullable=False),  # JSON null is a value here
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("job", "name"),
)

result = Table(
    "result",
    metadata,
    Column("job", Text, ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("job", "position"),
)
