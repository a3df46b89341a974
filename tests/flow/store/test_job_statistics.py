"""Statistics of jobs, also over rows that nobody can read."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import create_engine, insert

from bot.store import job_statistics, schema
from tests.flow.store.test_unreadable_rows import independent_row

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def test_a_state_that_there_is_not_hides_no_other() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        schema.metadata.create_all(conn)
        conn.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        for number, state in enumerate(("done", "garbage")):
            sound = {"created": NOW, "finished": NOW, "spent": 0.0}
            row = independent_row(schema.outcome, number) | sound | {"state": state}
            conn.execute(insert(schema.outcome).values(row))
        found = job_statistics.stats(conn, NOW - timedelta(days=1))
    assert (found["done"], found["failed"]) == (1, 0)
    engine.dispose()
