"""The tables, once, for SQLite and PostgreSQL. What reads and writes them stands beside this module.

A change here needs a migration in `migrations/versions`; a test compares the two.
"""

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
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from bot.job import UNFINISHED_STATES
from bot.store.column_types import SafeText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


OF_PROCESSES = {"of_processes": True}  # info of a table that only processes at work use: a copy leaves it out


def lasting_tables() -> list[Table]:
    """The tables whose rows stay when no process runs, each after those that it refers to."""
    return [table for table in metadata.sorted_tables if table.info != OF_PROCESSES]


def _json() -> JSON:
    return JSON(none_as_null=True)


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
    Column("sender", _json(), nullable=False),
    Column("chat_key", Text, nullable=False),
    Column("chat", _json(), nullable=False),
    Column("request_id", Text),
    Column("locale", Text, nullable=False),
    Column("prompt", SafeText, nullable=False),
    Column("options", _json(), nullable=False),
    Column("reference_images", _json(), nullable=False),
    Column("mask", _json()),
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
    Column("usage", _json()),
    Column("trace", SafeText),
    Column("failure", _json()),
    Column("delivered", _json()),
    Column("delivered_id", Text),
    Column("further_ids", _json()),  # of the other messages with its pictures; NULL: there is one at most
    Column("copy_ids", _json()),  # of messages that show its pictures once more; NULL: none does
    Column("deleted", UtcDateTime),  # when its result was taken away
    Column("parent", Text),  # the job whose picture it starts from; may be forgotten
    Column("parent_picture", Integer),
    Column("is_variation", Boolean(create_constraint=False), nullable=False),
    Column("parts", _json(), nullable=False),  # ids of further messages of its request
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

key_value = Table(
    "key_value",
    metadata,
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("key"),
)

blob_cache = Table(
    "blob_cache",
    metadata,
    Column("key", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("key"),
    Index("ix_blob_cache_at", "at"),
)

# What chat adapters keep; `adapter` and `scope` say whose a row is.

incoming_update = Table(
    "incoming_update",
    metadata,
    Column("adapter", Text, nullable=False),
    Column("id", BigInteger, nullable=False),  # the platform's own number; rises
    Column("chat", Text),  # whose updates one process handles, in order
    Column("body", JSON(), nullable=False),
    Column("received", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("adapter", "id"),
)

moved_ref = Table(
    "moved_ref",
    metadata,
    Column("adapter", Text, nullable=False),
    Column("old", Text, nullable=False),  # the id of a chat or of a message
    Column("new", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("adapter", "old"),
)

post_intent = Table(
    "post_intent",
    metadata,
    Column("adapter", Text, nullable=False),
    Column("key", Text, nullable=False),  # idempotency key of the post: a job's id, alone or before a colon
    Column("job", Text, nullable=False),
    Column("body", JSON(), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("adapter", "key"),
    Index("ix_post_intent_job", "job"),
)

interaction_token = Table(
    "interaction_token",
    metadata,
    Column("scope", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Column("body", JSON(), nullable=False),
    PrimaryKeyConstraint("scope", "id"),
    Index("ix_interaction_token_expires", "expires"),
)

pending_notice = Table(
    "pending_notice",
    metadata,
    Column("scope", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("scope", "user_id"),
)

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

# What the processes of one Easel know of each other; on SQLite there is one, and nothing stands here.

process = Table(
    "process",
    metadata,
    Column("id", Text, nullable=False),  # of an incarnation
    Column("name", SafeText, nullable=False),  # for people
    Column("version", Text, nullable=False),
    Column("roles", _json(), nullable=False),
    Column("machine", Text, nullable=False),  # where its number is known; empty: cannot be known
    Column("pid", BigInteger, nullable=False),
    Column("pid_started", BigInteger, nullable=False),  # tells it from a later process with the same number
    # By the database's clock, like all times that processes compare.
    Column("started", UtcDateTime, nullable=False),
    Column("heartbeat", UtcDateTime, nullable=False),
    Column("steady_since", UtcDateTime, nullable=False),  # since then no heartbeat came late
    PrimaryKeyConstraint("id"),
    info=OF_PROCESSES,
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, nullable=False),
    Column("holder", Text, ForeignKey("process.id", ondelete="SET NULL")),  # NULL: free
    Column("fence", BigInteger, nullable=False),
    Column("rest_until", UtcDateTime, nullable=False),  # until then nobody takes it
    PrimaryKeyConstraint("name"),
    Index("ix_lease_holder", "holder"),
    info=OF_PROCESSES,
)

# Rate limits of the chat platforms, while several processes share them; on SQLite never.

budget = Table(
    "budget",
    metadata,
    Column("key", Text, nullable=False),
    Column("uses", _json(), nullable=False),  # what each process uses of it, by the process's id
    Column("free_at", UtcDateTime, nullable=False),  # nobody uses it from then on
    PrimaryKeyConstraint("key"),
    info=OF_PROCESSES,
)

budget_process = Table(
    "budget_process",
    metadata,
    Column("id", Text, ForeignKey("process.id", ondelete="CASCADE"), nullable=False),
    Column("shares", Boolean(create_constraint=False), nullable=False),  # whether it asks for slots in `budget`
    PrimaryKeyConstraint("id"),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("id", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", SafeText, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", SafeText, nullable=False),  # empty: Easel as a whole
    Column("details", _json(), nullable=False),
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

# What operators are shown and told.

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
    Column("jobs", _json(), nullable=False),  # ids of the latest, newest first
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
    Column("reporters", _json(), nullable=False),  # when each process has seen it last, by the process's id
    PrimaryKeyConstraint("condition", "subject"),
)
