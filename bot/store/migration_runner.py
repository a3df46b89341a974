"""Runs the migrations that ship inside the package, by Alembic, in the transaction of a given connection.

Imported only where tables are not up to date.
"""

import threading

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.store.engine import url_problem

ALEMBIC_LOCK = threading.Lock()  # alembic keeps its context in a module


def run_migrations(connection: Connection, *, migrate: bool) -> None:
    """Brings the tables to the newest revision; without `migrate`, only checks whether they have it.

    Raises SettingsWrong.
    """
    config = Config()
    config.set_main_option("script_location", "bot.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    with ALEMBIC_LOCK:
        stands = set(MigrationContext.configure(connection).get_current_heads())
        if not stands <= {each.revision for each in script.walk_revisions()}:
            raise url_problem("the database was written by a newer Easel")
        if stands != set(script.get_heads()):
            if not migrate:
                raise url_problem("the tables are missing or out of date: run easel db upgrade")
            command.upgrade(config, "head")
