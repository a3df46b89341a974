"""Where Alembic enters: runs the migrations inside the transaction of the connection it was handed.

Decides nothing. For a new migration see the header of `versions/0001_first.py`.
"""

from alembic import context

from bot.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
