"""Alembic's migrations of the database's tables, shipped inside the package and run by `bot.store.migrate`.

Expand, then contract: while one process after the other is restarted, the old version works on the new version's
tables. So a change that takes something away has two migrations, in two releases, and each says which it is:

    phase = "expand"        # only adds: tables, columns that may be NULL or have a server default, indexes, values of
                            # rows; the code before it goes on as if nothing had happened
    phase = "contract"      # takes away or forbids what no code needs any more
    oldest_code = "0007"    # of a contract: the newest revision of the first release that works without it. The tables
                            # remember it, and older code refuses to start on them in words

The first release adds the new column and writes both; a release later, once no process of the version before it runs,
the old one is dropped. `tests/support/migrations.py` holds every migration to this. On PostgreSQL each runs in a
transaction that gives way when it would have to wait for a process's: keep them short, and fill large tables from the
code, in batches.
"""
