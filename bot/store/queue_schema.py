"""The tables and functions of procrastinate, the queue that processes on PostgreSQL share, brought up to date by its
own scripts. No migration of ours copies them: the newest script that was run is written down by its name, and a newer
procrastinate adds those that it brings.

Blocking, with a plain connection: called where tables are upgraded.
"""

from importlib import resources
from pathlib import PurePosixPath

from sqlalchemy import Connection, text

from bot.store.engine import upsert, url_problem
from bot.store.schema import key_value

VERSION_KEY = "procrastinate"  # of `key_value`: the newest script that has been run


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
    current = connection.scalar(text("SELECT value FROM key_value WHERE key = :key"), {"key": VERSION_KEY})
    if current is not None and current >= newest:
        return
    if not migrate:
        raise url_problem("the tables are missing or out of date: run easel db upgrade")
    if current is None:
        _run_script(connection, "schema.sql")
    else:
        for name in sorted(name for name in scripts if name > current):
            _run_script(connection, f"migrations/{name}")
    upsert(connection, key_value, {"key": VERSION_KEY, "value": newest}, key="key")


def _scripts() -> set[str]:
    """The names of all scripts from one version to the next; they sort by age. Raises ModuleNotFoundError."""
    folder = resources.files("procrastinate.sql") / "migrations"
    return {each.name for each in folder.iterdir() if each.name.endswith(".sql")}


def _run_script(connection: Connection, name: str) -> None:
    script = resources.files("procrastinate.sql").joinpath(*PurePosixPath(name).parts).read_text("utf-8")
    connection.execution_options(no_parameters=True).exec_driver_sql(script)
