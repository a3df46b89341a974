"""The first tables.

For another migration: change `bot/store/schema.py`, copy this file to the next number with `revision` and
`down_revision` set, write the difference into `upgrade`; a test tells what is missing. Nothing here may
import `schema`: a migration describes the tables as they were then. No downgrades: restore a backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


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
        sa.CheckConstraint("granted >= 0", name=op.f("ck_account_granted")),
        sa.CheckConstraint("daily >= 0 AND daily <= allowance", name=op.f("ck_account_daily")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_account_reserved")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("user_key", sa.Text(), nullable=False),
        sa.Column("sender", sa.JSON(), nullable=False),
        sa.Column("chat_key", sa.Text(), nullable=False),
        sa.Column("chat", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("reference_images", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("charged", sa.BigInteger()),
        sa.Column("status_id", sa.Text()),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True)),
        sa.Column("finished", sa.DateTime(timezone=True)),
        sa.Column("provider", sa.Text()),
        sa.Column("model", sa.Text()),
        sa.Column("upstream_id", sa.Text()),
        sa.Column("usage", sa.JSON()),
        sa.Column("trace", sa.Text()),
        sa.Column("failure", sa.JSON()),
        sa.Column("delivered", sa.JSON()),
        sa.Column("delivered_id", sa.Text()),
        sa.Column("parent", sa.Text()),
        sa.CheckConstraint(
            "(state IN ('done', 'failed', 'cancelled')) = (finished IS NOT NULL)",
            name=op.f("ck_job_finished"),
        ),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_job_state")),
        sa.CheckConstraint("(finished IS NULL) = (charged IS NULL)", name=op.f("ck_job_settled")),
        sa.CheckConstraint("attempt >= 0", name=op.f("ck_job_attempt")),
        sa.CheckConstraint("charged >= 0 AND charged <= cost", name=op.f("ck_job_charged")),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_job_cost")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("event", name=op.f("uq_job_event")),
    )
    op.create_index("ix_job_created", "job", ["created"])
    op.create_index("ix_job_delivered_id", "job", ["delivered_id", "chat_key"])
    op.create_index("ix_job_finished", "job", ["finished"])
    op.create_index("ix_job_parent", "job", ["parent"])
    op.create_index("ix_job_state", "job", ["state", "user_key"])
    op.create_index("ix_job_status_id", "job", ["status_id", "chat_key"])
    op.create_index("ix_job_user", "job", ["user_key", "created"])
    op.create_table(
        "ledger",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("from_granted", sa.BigInteger(), nullable=False),
        sa.Column("chat_account", sa.Text()),
        sa.Column("chat_day", sa.Date()),
        sa.Column("chat_from_granted", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('reserve', 'close', 'grant', 'set')", name=op.f("ck_ledger_kind")),
        sa.CheckConstraint("(chat_account IS NULL) = (chat_day IS NULL)", name=op.f("ck_ledger_chat")),
        sa.CheckConstraint(
            "chat_from_granted >= 0 AND chat_from_granted <= credits", name=op.f("ck_ledger_chat_from_granted")
        ),
        sa.CheckConstraint("from_granted >= 0 AND from_granted <= credits", name=op.f("ck_ledger_from_granted")),
        sa.PrimaryKeyConstraint("job", "kind", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_account", "ledger", ["account", "at"])
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
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
    op.create_table(
        "step",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["job.id"], name=op.f("fk_step_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "name", name=op.f("pk_step")),
    )
