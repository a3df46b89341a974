"""The first tables.

For another migration: change `bot/store/schema/`, copy this file to the next number with `revision` and
`down_revision` set, write the difference into `upgrade`; a test tells what is missing. Nothing here may
import `schema`: a migration describes the tables as they were then. No downgrades: restore a backup. What one may
do beside processes of the version before it, and what `phase` means, stands in `bot/store/migrations/__init__.py`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("daily", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("allowance", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("banned", sa.Boolean(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("daily >= 0 AND daily <= allowance", name=op.f("ck_account_daily")),
        sa.CheckConstraint("granted >= 0", name=op.f("ck_account_granted")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_account_reserved")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_table(
        "blob_cache",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_blob_cache")),
    )
    op.create_index("ix_blob_cache_at", "blob_cache", ["at"], unique=False)
    op.create_table(
        "budget",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("uses", sa.JSON(), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_budget")),
    )
    op.create_table(
        "incoming_update",
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("adapter", "id", name=op.f("pk_incoming_update")),
    )
    op.create_table(
        "post_intent",
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("adapter", "key", name=op.f("pk_post_intent")),
    )
    op.create_index("ix_post_intent_job", "post_intent", ["job"])
    op.create_table(
        "strike",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("user_key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_strike")),
    )
    op.create_index("ix_strike_user_key", "strike", ["user_key", "at"])
    op.create_table(
        "interaction_token",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "id", name=op.f("pk_interaction_token")),
    )
    op.create_index("ix_interaction_token_expires", "interaction_token", ["expires"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("button", sa.Text(), nullable=True),
        sa.Column("user_key", sa.Text(), nullable=False),
        sa.Column("sender", sa.JSON(), nullable=False),
        sa.Column("chat_key", sa.Text(), nullable=False),
        sa.Column("chat", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("reference_images", sa.JSON(), nullable=False),
        sa.Column("mask", sa.JSON(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("shown_by", sa.Text(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("is_reserved", sa.Boolean(), nullable=False),
        sa.Column("charged", sa.BigInteger(), nullable=True),
        sa.Column("status_id", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("spent", sa.Float(), nullable=True),
        sa.Column("upstream_id", sa.Text(), nullable=True),
        sa.Column("usage", sa.JSON(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("failure", sa.JSON(), nullable=True),
        sa.Column("delivered", sa.JSON(), nullable=True),
        sa.Column("delivered_id", sa.Text(), nullable=True),
        sa.Column("further_ids", sa.JSON(), nullable=True),
        sa.Column("copy_ids", sa.JSON(), nullable=True),
        sa.Column("deleted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("parent_picture", sa.Integer(), nullable=True),
        sa.Column("is_variation", sa.Boolean(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("notification_pending", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('done', 'failed', 'cancelled')) = (finished IS NOT NULL)", name=op.f("ck_job_finished")
        ),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_job_state")),
        sa.CheckConstraint("(finished IS NULL) = (charged IS NULL)", name=op.f("ck_job_settled")),
        sa.CheckConstraint("attempt >= 0", name=op.f("ck_job_attempt")),
        sa.CheckConstraint("charged >= 0 AND charged <= cost", name=op.f("ck_job_charged")),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_job_cost")),
        sa.CheckConstraint("finished IS NOT NULL OR NOT notification_pending", name=op.f("ck_job_notification")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("event", name=op.f("uq_job_event")),
    )
    op.create_index("ix_job_created", "job", ["created"], unique=False)
    op.create_index("ix_job_delivered_id", "job", ["delivered_id", "chat_key"], unique=False)
    op.create_index("ix_job_done", "job", ["state", "attempt", "finished"], unique=False)
    op.create_index(
        "ix_job_erased",
        "job",
        ["created"],
        unique=False,
        sqlite_where=sa.text("prompt = ''"),
        postgresql_where=sa.text("prompt = ''"),
    )
    op.create_index(
        "ix_job_parent",
        "job",
        ["parent"],
        unique=False,
        sqlite_where=sa.text("parent IS NOT NULL"),
        postgresql_where=sa.text("parent IS NOT NULL"),
    )
    op.create_index(
        "ix_job_further_ids",
        "job",
        ["chat_key"],
        unique=False,
        sqlite_where=sa.text("(further_ids IS NOT NULL OR copy_ids IS NOT NULL)"),
        postgresql_where=sa.text("(further_ids IS NOT NULL OR copy_ids IS NOT NULL)"),
    )
    op.create_index("ix_job_finished", "job", ["finished"], unique=False)
    op.create_index(
        "ix_job_notification_pending",
        "job",
        ["created", "id"],
        unique=False,
        sqlite_where=sa.text("notification_pending"),
        postgresql_where=sa.text("notification_pending"),
    )
    op.create_index(
        "ix_job_button",
        "job",
        ["button"],
        unique=False,
        sqlite_where=sa.text("finished IS NULL"),
        postgresql_where=sa.text("finished IS NULL"),
    )
    op.create_index("ix_job_state", "job", ["state", "user_key"], unique=False)
    op.create_index("ix_job_status_id", "job", ["status_id", "chat_key"], unique=False)
    op.create_index("ix_job_user", "job", ["user_key", "created"], unique=False)
    op.create_table(
        "key_value",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_key_value")),
    )
    op.create_table(
        "ledger",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("from_granted", sa.BigInteger(), nullable=False),
        sa.Column("chat_account", sa.Text(), nullable=True),
        sa.Column("chat_day", sa.Date(), nullable=True),
        sa.Column("chat_from_granted", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('reserve', 'settle', 'grant', 'set')", name=op.f("ck_ledger_kind")),
        sa.CheckConstraint("(chat_account IS NULL) = (chat_day IS NULL)", name=op.f("ck_ledger_chat")),
        sa.CheckConstraint(
            "chat_from_granted >= 0 AND chat_from_granted <= credits", name=op.f("ck_ledger_chat_from_granted")
        ),
        sa.CheckConstraint("from_granted >= 0 AND from_granted <= credits", name=op.f("ck_ledger_from_granted")),
        sa.PrimaryKeyConstraint("job", "kind", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_account", "ledger", ["account", "at"], unique=False)
    op.create_table(
        "outcome",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whole_ms", sa.BigInteger(), nullable=False),
        sa.Column("waited_ms", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("charged", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.Float(), nullable=True),
        sa.Column("user_key", sa.Text(), nullable=False),
        sa.Column("chat_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_outcome")),
    )
    op.create_index(
        "ix_outcome_finished",
        "outcome",
        ["finished", "state", "failure", "provider", "pictures", "charged", "user_key", "chat_key"],
        unique=False,
    )
    op.create_table(
        "moved_ref",
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("adapter", "old", name=op.f("pk_moved_ref")),
    )
    op.create_table(
        "pending_notice",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "user_id", name=op.f("pk_pending_notice")),
    )
    op.create_table(
        "admin_link",
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("user_key", sa.Text(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_admin_link")),
    )
    op.create_table(
        "admin_session",
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("user_key", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_admin_session")),
    )
    op.create_index("ix_admin_session_user_key", "admin_session", ["user_key"])
    op.create_table(
        "process",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("pid_started", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat", sa.DateTime(timezone=True), nullable=False),
        sa.Column("steady_since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process")),
    )
    op.create_table(
        "budget_process",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("shares", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["process.id"], name=op.f("fk_budget_process_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_process")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("rest_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["holder"], ["process.id"], name=op.f("fk_lease_holder"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_index("ix_lease_holder", "lease", ["holder"])
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at", "id"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "error_group",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False),
        sa.Column("jobs", sa.JSON(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_error_group_count")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_error_group")),
    )
    op.create_index("ix_error_group_last", "error_group", ["last"])
    op.create_table(
        "notice",
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("reporters", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("condition", "subject", name=op.f("pk_notice")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["job.id"], name=op.f("fk_checkpoint_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "name", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "result",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["job.id"], name=op.f("fk_result_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "position", name=op.f("pk_result")),
    )
    if op.get_context().dialect.name == "postgresql":  # pictures are compressed: to try it again takes milliseconds
        for table in ("blob_cache", "result"):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN data SET STORAGE EXTERNAL")
