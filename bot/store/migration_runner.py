"""Runs the migrations that ship inside the package, by Alembic, in the transaction of a given connection.

Imported only where tables are not up to date.
"""

import threading

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select

from bot.store import schema
from bot.store.engine import upsert, url_problem
from bot.store.migrate import OLDEST_CODE

log = structlog.get_logger()

SCRIPTS = "bot.store:migrations"
ALEMBIC_LOCK = threading.Lock()  # alembic keeps its context in a module


def run_migrations(connection: Connection, *, migrate: bool) -> None:
    """Brings the tables to the newest revision; without `migrate`, only checks whether they have it. Those of a newer
    version are left alone, and are fine as long as this one works with them.

    Raises SettingsWrong.
    """
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    with ALEMBIC_LOCK:
        stands = set(MigrationContext.configure(connection).get_current_heads())
        if not stands <= {each.revision for each in script.walk_revisions()}:
            _check_newer_tables(connection, script)
            return
        if stands != set(script.get_heads()):
            if not migrate:
                raise url_problem("the tables are missing or out of date: run easel db upgrade")
            command.upgrade(config, "head")
            _note_oldest_code(connection, script)


def _note_oldest_code(connection: Connection, script: ScriptDirectory) -> None:
    """Writes down which code works with these tables; of the first ones there is none older."""
    revisions = list(script.walk_revisions())
    oldest = [each.module.oldest_code for each in revisions if each.module.phase == "contract"]
    if len(revisions) > 1:
        first = revisions[-1].revision
        upsert(connection, schema.key_value, {"key": OLDEST_CODE, "value": max([first, *oldest])}, key="key")


def _check_newer_tables(connection: Connection, script: ScriptDirectory) -> None:
    """Raises SettingsWrong for tables that this version cannot work with."""
    own = script.get_current_head()
    oldest = connection.scalar(select(schema.key_value.c.value).where(schema.key_value.c.key == OLDEST_CODE))
    if oldest is None or own is None or own < oldest:
        raise url_problem(
            "the database was written by a newer Easel, and this one cannot work with it: update this one"
        )
    log.warning("the database has the tables of a newer version, with which this one works, too", revision=own)
