"""Alembic's migrations of the database's tables, shipped inside the package and run by `bot.store.migrate`."""
