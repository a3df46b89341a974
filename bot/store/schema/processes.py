"""What the processes of one Easel know of each other; on SQLite there is one, and nothing stands here."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from bot.store.column_types import SafeText, UtcDateTime
from bot.store.schema.base import OF_PROCESSES, json_column, metadata

process = Table(
    "process",
    metadata,
    Column("id", Text, nullable=False),  # of an incarnation
    Column("name", SafeText, nullable=False),  # for people
    Column("version", Text, nullable=False),
    Column("roles", json_column(), nullable=False),
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
    Column("uses", json_column(), nullable=False),  # what each process uses of it, by the process's id
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
