"""Adapters keep their updates, moved chats, interaction tokens and pending notices in tables of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incoming_update",
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("adapter", "id", name=op.f("pk_incoming_update")),
    )
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
