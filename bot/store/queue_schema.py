"""The tables and functions of procrastinate, the queue that processes on PostgreSQL share, brought up to date by its
own scripts. No migration of ours copies them: the newest script that was run stands in a comment on the table, and a
newer procrastinate adds those that it brings.

Blocking, with a plain connection: called where tables are upgraded.
"""

from importlib import resources
from pathlib import PurePosixPath

from sqlalchemy import Connection, text

from bot.store.engine import url_problem

FIRST = "03.04.00_50_post_add_retry_failed_job_procedure.sql"  # newest script of the first version that was used: 3.10
TABLE_AND_SCRIPT = text("""
    SELECT to_regclass('procrastinate_jobs'), obj_description(to_regclass('procrastinate_jobs'), 'pg_class')""")


def prepare_queue(connection: Connection, *, migrate: bool) -> None:
    """Brings the queue to the version that is installed; without `migrate`, only checks that it is not older. One that
    is newer serves this version, too: procrastinate keeps functions under their numbers while it replaces them.

    Raises SettingsWrong.
    """
    try:
        scripts = _scripts()
    except ModuleNotFoundError:
        raise url_problem('PostgreSQL needs: pip install "easel-bot[postgres]"') from None
    newest = max(scripts)
    table, current = connection.execute(TABLE_AND_SCRIPT).one()
    if table is not None and not current:  # a copy that was made without comments
        current = FIRST
    if current is not None and current >= newest:
        return
    if not migrate:
        raise url_problem("the tables are missing or out of date: run easel db upgrade")
    if current is None:
        _run_script(connection, "schema.sql")
    else:
        for name in sorted(name for name in scripts if name > current):
            _run_script(connection, f"migrations/{name}")
    connection.execute(text(f"COMMENT ON TABLE procrastinate_jobs IS '{newest}'"))  # a file's name


def _scripts() -> set[str]:
    """The names of all scripts from one version to the next; they sort by age. Raises ModuleNotFoundError."""
    folder = resources.files("procrastinate.sql") / "migrations"
    return {each.name for each in folder.iterdir() if each.name.endswith(".sql")}


def _run_script(connection: Connection, name: str) -> None:
    script = resources.files("procrastinate.sql").joinpath(*PurePosixPath(name).parts).read_text("utf-8")
    connection.execution_options(no_parameters=True).exec_driver_sql(script)
