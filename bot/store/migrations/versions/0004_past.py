"""What is looked up at each job and each start is found at once, however long the past."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_job_done", "job", ["state", "attempt", "finished"])
    untold = sa.text("name = 'untold'")
    op.create_index("ix_step_untold", "step", ["name"], sqlite_where=untold, postgresql_where=untold)
