"""What is kept under keys, by the core and by chat adapters; `adapter` and `scope` say whose a row is."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from bot.store.column_types import UtcDateTime
from bot.store.schema.base import metadata

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
