"""The tables, once, for SQLite and PostgreSQL. What reads and writes them stands beside this package.

A change here needs a migration in `migrations/versions`; a test compares the two.
"""

from bot.store.schema.adapters import (
    blob_cache,
    incoming_update,
    interaction_token,
    key_value,
    moved_ref,
    pending_notice,
    post_intent,
)
from bot.store.schema.base import OF_PROCESSES, lasting_tables, metadata
from bot.store.schema.jobs import (
    ERASED,
    HAS_PARENT,
    IS_UNFINISHED,
    NOTIFICATION_PENDING,
    SEVERAL_MESSAGES,
    UNFINISHED,
    account,
    checkpoint,
    job,
    ledger,
    outcome,
    result,
    strike,
)
from bot.store.schema.operators import admin_link, admin_session, audit_entry, error_group, notice, quarantine
from bot.store.schema.processes import budget, budget_process, lease, process

__all__ = [
    "ERASED",
    "HAS_PARENT",
    "IS_UNFINISHED",
    "NOTIFICATION_PENDING",
    "OF_PROCESSES",
    "SEVERAL_MESSAGES",
    "UNFINISHED",
    "account",
    "admin_link",
    "admin_session",
    "audit_entry",
    "blob_cache",
    "budget",
    "budget_process",
    "checkpoint",
    "error_group",
    "incoming_update",
    "interaction_token",
    "job",
    "key_value",
    "lasting_tables",
    "lease",
    "ledger",
    "metadata",
    "moved_ref",
    "notice",
    "outcome",
    "pending_notice",
    "post_intent",
    "process",
    "quarantine",
    "result",
    "strike",
]
