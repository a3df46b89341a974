"""What was forgotten is found at once, each start and each hour; Discord's book of interactions is kept by pages."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    blank = sa.text("prompt = ''")
    op.create_index("ix_job_blank", "job", ["created"], sqlite_where=blank, postgresql_where=blank)
    op.execute("DELETE FROM meta WHERE key LIKE 'discord:interactions%'")  # whole books, of minutes that are over
