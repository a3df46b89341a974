"""Links to the admin page and the sessions that they have begun, in the database, so that all processes share them.

Tokens come in and stand here as digests alone: whoever reads the database cannot sign in. Who may is others' to say.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, or_, select, update

from bot.store.database import Database
from bot.store.readable_rows import UNREADABLE, is_of_row, read_rows
from bot.store.schema import admin_link, admin_session


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSession:
    """Somebody who is signed in."""

    user_key: str
    """`platform:id` of the admin."""

    created: datetime
    """When they signed in."""

    used: datetime
    """When a person last did something on the page."""


class AdminSessions:
    """The links and sessions in a database. Every method raises StoreFailed when the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_link(self, token_digest: str, user_key: str, expires: datetime) -> None:
        """Stores a link for one admin, good until `expires`."""
        values = {"token_digest": token_digest, "user_key": user_key, "expires": expires}

        def work(conn: Connection) -> None:
            conn.execute(insert(admin_link).values(values))

        await self._database.write(work)

    async def begin_session(
        self, link_digest: str, session_digest: str, now: datetime, *, expires_by: datetime
    ) -> AdminSession | None:
        """Uses up a link, and stores a session for its admin in the same transaction. None: there is no such link, it
        was used, is too old, or expires after `expires_by`."""

        def work(conn: Connection) -> AdminSession | None:
            link = delete(admin_link).where(admin_link.c.token_digest == link_digest)
            try:
                found = conn.execute(link.returning(admin_link.c.user_key, admin_link.c.expires)).one_or_none()
                is_good = found is not None and now < found.expires <= expires_by
            except UNREADABLE as failed:
                if not is_of_row(failed):
                    raise
                return None
            if found is None or not is_good:
                return None
            session = AdminSession(user_key=found.user_key, created=now, used=now)
            values = {"user_key": session.user_key, "created": now, "used": now}
            conn.execute(insert(admin_session).values({"token_digest": session_digest, **values}))
            return session

        return await self._database.write(work)

    async def find_session(self, session_digest: str) -> AdminSession | None:
        """The session as it stands, however old; None: there is none that can be read."""

        def work(conn: Connection) -> AdminSession | None:
            query = select(admin_session.c.user_key, admin_session.c.created, admin_session.c.used).where(
                admin_session.c.token_digest == session_digest
            )
            return next(iter(read_rows(conn, query, _session)), None)

        return await self._database.read(work)

    async def mark_used(self, session_digest: str, now: datetime) -> None:
        """Notes that a person has done something."""
        session = update(admin_session).where(admin_session.c.token_digest == session_digest)

        def work(conn: Connection) -> None:
            conn.execute(session.values(used=now))

        await self._database.write(work)

    async def end_session(self, session_digest: str) -> None:
        """Signs out. No-op for a session that is over."""
        session = delete(admin_session).where(admin_session.c.token_digest == session_digest)

        def work(conn: Connection) -> None:
            conn.execute(session)

        await self._database.write(work)

    async def end_all(self, user_key: str) -> int:
        """Ends every session of an admin, and spoils their links. Returns how many sessions there were."""

        def work(conn: Connection) -> int:
            return delete_sign_ins(conn, user_key)

        return await self._database.write(work)

    async def delete_expired(self, now: datetime, *, used_before: datetime, created_before: datetime) -> None:
        """Deletes links that are too old at `now`, and sessions last used, or begun, before those moments."""
        over = or_(admin_session.c.used < used_before, admin_session.c.created < created_before)

        def work(conn: Connection) -> None:
            conn.execute(delete(admin_link).where(admin_link.c.expires <= now))
            conn.execute(delete(admin_session).where(over))

        await self._database.write(work, can_wait=True)


# ---------------------------------------------------------------- inside a transaction


def _session(row: RowMapping) -> AdminSession:
    return AdminSession(**row)


def delete_sign_ins(conn: Connection, user_key: str) -> int:
    """Deletes every session and link of a user. Returns the number of sessions."""
    conn.execute(delete(admin_link).where(admin_link.c.user_key == user_key))
    theirs = delete(admin_session).where(admin_session.c.user_key == user_key)
    return len(conn.execute(theirs.returning(admin_session.c.token_digest)).all())
