"""Masks, and what a painting costs at the upstream."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("mask", sa.JSON()))
    op.add_column("job", sa.Column("price", sa.BigInteger()))
    op.add_column("job", sa.Column("spent", sa.Float()))
