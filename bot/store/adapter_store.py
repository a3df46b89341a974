"""What chat adapters keep over a restart, in tables of their own: values, blobs, updates, moved chats, posts, tokens.

Knows no platform: what a value, an update or a token means is its adapter's business. Jobs and credits are `store`'s.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, or_, select

from bot.ports import StoredToken
from bot.runtime.clock import Clock
from bot.store import schema
from bot.store.database import Database
from bot.store.engine import insert_once, upsert, upsert_all
from bot.store.quarantine import Quarantine

BLOB_DAYS = 30  # days that blobs are kept: an upload is needed for Retry and Vary
RECENT = timedelta(days=1)  # that the request of a job is looked up by its id
MAX_TOKEN_LIFE = timedelta(days=2)  # longer than any token is of use
PRESS_REDELIVERY = timedelta(hours=1)  # in which a press may be handed over again after a start
POST_INTENT_DAYS = 2  # days that the intent of a post is kept: after a restart it is needed at once, or never
MAX_MOVED_REFS = 1000  # an adapter; those are rare, and matter as long as somebody presses a button of before

DELETE_UPDATES = delete(schema.incoming_update).where(  # built once
    schema.incoming_update.c.adapter == bindparam("of"),
    schema.incoming_update.c.id.in_(bindparam("numbers", expanding=True)),
)


class AdapterStore:
    """Implements AdapterStorage, UpdateInbox, MovedRefs, PostIntents, InteractionTokenStorage and PendingNotices of
    `bot.ports`.

    Every method is one transaction and raises StoreFailed.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._quarantine = Quarantine(database, clock)

    # ------------------------------------------------------------ values and blobs

    async def set_value(self, key: str, value: str) -> None:
        """Keeps a small text under a key, such as the hash of the commands that a platform was last sent."""
        await self._database.write(lambda conn: upsert(conn, schema.key_value, {"key": key, "value": value}, key="key"))

    async def settle_value(self, key: str, value: str) -> str:
        """Keeps a small text under a key unless there is one; returns the one that is there then."""

        def work(conn: Connection) -> str:
            insert_once(conn, schema.key_value, {"key": key, "value": value}, key="key")
            return conn.execute(select(schema.key_value.c.value).where(schema.key_value.c.key == key)).scalar_one()

        return await self._database.write(work)

    async def get_value(self, key: str) -> str | None:
        def work(conn: Connection) -> str | None:
            query = select(schema.key_value.c.value).where(schema.key_value.c.key == key)
            return conn.execute(query).scalar_one_or_none()

        return await self._database.read(work)

    async def values_with_prefix(self, prefix: str) -> dict[str, str]:
        """The texts under all keys that begin with `prefix`."""

        def work(conn: Connection) -> dict[str, str]:
            query = select(schema.key_value.c.key, schema.key_value.c.value).where(
                schema.key_value.c.key.startswith(prefix, autoescape=True)
            )
            return {row.key: row.value for row in conn.execute(query)}

        return await self._database.read(work)

    async def cache_blob(self, key: str, data: bytes) -> None:
        """Keeps bytes under a key for BLOB_DAYS, such as an upload that its platform will not show again."""

        def work(conn: Connection) -> None:
            now = self._clock.now()
            delete_blobs(conn, cached_before=now - timedelta(days=BLOB_DAYS))
            upsert(conn, schema.blob_cache, {"key": key, "data": data, "at": now}, key="key")

        await self._database.write(work)

    async def cached_blob(self, key: str) -> bytes | None:
        def work(conn: Connection) -> bytes | None:
            query = select(schema.blob_cache.c.data).where(schema.blob_cache.c.key == key)
            return conn.execute(query).scalar_one_or_none()

        return await self._database.read(work)

    async def delete_key(self, key: str) -> None:
        """Deletes the value and the blob under a key."""

        def work(conn: Connection) -> None:
            conn.execute(delete(schema.blob_cache).where(schema.blob_cache.c.key == key))
            conn.execute(delete(schema.key_value).where(schema.key_value.c.key == key))

        await self._database.write(work)

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        """Takes a row out that its adapter can make nothing of, and keeps it for the operator."""
        await self._quarantine.set_aside(table, key, reason)

    # ------------------------------------------------------------ received updates

    async def save_updates(
        self,
        adapter: str,
        updates: Mapping[int, Mapping[str, Any]],
        *,
        chats: Mapping[int, str] | None = None,
        announce: Callable[[Connection], None] | None = None,
    ) -> None:
        """Keeps updates (JSON objects by their numbers) until they are handled; all of them or none."""
        chats = chats or {}

        def work(conn: Connection) -> None:
            now = self._clock.now()
            rows = [
                {"adapter": adapter, "id": number, "chat": chats.get(number), "body": dict(body), "received": now}
                for number, body in updates.items()
            ]
            upsert_all(conn, schema.incoming_update, rows, key="adapter,id")
            if announce is not None:
                announce(conn)

        await self._database.write(work)

    async def delete_updates(self, adapter: str, numbers: Collection[int]) -> None:
        """Deletes handled updates; no-op for those that were not kept."""
        chosen = {"of": adapter, "numbers": list(numbers)}
        await self._database.write(lambda conn: conn.execute(DELETE_UPDATES, chosen), put_off=True)

    async def saved_updates(self, adapter: str, *, chats: Collection[str] | None = None) -> dict[int, dict[str, Any]]:
        """The updates not handled yet, rising by number; `chats`: those of these alone."""
        table = schema.incoming_update
        query = select(table.c.id, table.c.body).where(table.c.adapter == adapter).order_by(table.c.id)
        if chats is not None:
            query = query.where(table.c.chat.in_(list(chats)))
        return await self._database.read(lambda conn: {row.id: row.body for row in conn.execute(query)})

    async def set_aside_update(self, adapter: str, number: int | None, body: object, reason: str) -> None:
        """Keeps an update that cannot be read or handled for the operator, and deletes it where it waits."""
        await self._quarantine.set_aside_update(adapter, number, body, reason)

    # ------------------------------------------------------------ moved chats and messages

    async def save_moved_ref(self, adapter: str, old: str, new: str) -> None:
        """Notes that a chat or a message is found under another id; the newest MAX_MOVED_REFS are kept."""
        table = schema.moved_ref

        def work(conn: Connection) -> None:
            values = {"adapter": adapter, "old": old, "new": new, "at": self._clock.now()}
            upsert(conn, table, values, key="adapter,old")
            newest = (
                select(table.c.old)
                .where(table.c.adapter == adapter)
                .order_by(table.c.at.desc(), table.c.old.desc())
                .limit(MAX_MOVED_REFS)
            )
            conn.execute(delete(table).where(table.c.adapter == adapter, table.c.old.not_in(newest)))

        await self._database.write(work)

    async def moved_refs(self, adapter: str) -> dict[str, str]:
        """New ids by old ones, oldest move first."""
        table = schema.moved_ref
        query = (
            select(table.c.old, table.c.new).where(table.c.adapter == adapter).order_by(table.c.at.asc(), table.c.old)
        )
        return await self._database.read(lambda conn: {row.old: row.new for row in conn.execute(query)})

    # ------------------------------------------------------------ posts

    async def save_post_intent(self, adapter: str, key: str, fields: Mapping[str, Any]) -> None:
        """Notes what is about to be posted; kept for POST_INTENT_DAYS."""
        now = self._clock.now()
        await self._database.write(lambda conn: save_post_intent(conn, adapter, key, fields, now))

    async def post_intents(self, adapter: str) -> dict[str, dict[str, Any]]:
        """The intents of an adapter by their keys, oldest first; of jobs that have not ended, or not visibly, and
        of what buttons have posted within PRESS_REDELIVERY."""
        table, job = schema.post_intent, schema.job
        unfinished = select(job.c.id).where(schema.IS_UNFINISHED)
        open_jobs = unfinished.union_all(select(job.c.id).where(schema.NOTIFICATION_PENDING))
        since = self._clock.now() - PRESS_REDELIVERY
        pressed = and_(table.c.key.contains(":press:"), table.c.at >= since)
        query = (
            select(table.c.key, table.c.body)
            .where(table.c.adapter == adapter, or_(table.c.job.in_(open_jobs), pressed))
            .order_by(table.c.at, table.c.key)
        )
        return await self._database.read(lambda conn: {row.key: row.body for row in conn.execute(query)})

    async def job_messages(self, platform: str, ids: Collection[str]) -> set[tuple[str, str]]:
        """The messages with these ids that a job knows: its status message, its delivered one, and for RECENT its
        request. Keys of chats, and ids."""
        job, chosen, recent = schema.job, list(ids), self._clock.now() - RECENT

        def work(conn: Connection) -> set[tuple[str, str]]:
            found: set[tuple[str, str]] = set()
            for column in (job.c.status_id, job.c.delivered_id, job.c.request_id):
                query = select(job.c.chat_key, column).where(
                    column.in_(chosen), job.c.chat_key.startswith(f"{platform}:", autoescape=True)
                )
                if column is job.c.request_id:  # which has no index
                    query = query.where(job.c.created > recent)
                found.update((chat_key, message_id) for chat_key, message_id in conn.execute(query))
            return found

        return await self._database.read(work)

    # ------------------------------------------------------------ interaction tokens

    async def save_tokens(self, scope: str, tokens: Sequence[StoredToken]) -> None:
        """Keeps tokens, each instead of one with the same id."""
        rows = [
            {"scope": scope, "id": token.id, "expires": token.expires, "body": dict(token.fields)} for token in tokens
        ]
        await self._database.write(lambda conn: upsert_all(conn, schema.interaction_token, rows, key="scope,id"))

    async def delete_expired_tokens(self, scope: str) -> None:
        now = self._clock.now()
        await self._database.write(lambda conn: delete_tokens(conn, expired_at=now, scope=scope))

    async def load_tokens(self, scope: str, token_id: str | None = None) -> list[StoredToken]:
        """The tokens of a scope that have not expired, by expiry; with `token_id` only that one."""
        table, now = schema.interaction_token, self._clock.now()

        def work(conn: Connection) -> list[StoredToken]:
            query = (
                select(table.c.id, table.c.expires, table.c.body)
                .where(table.c.scope == scope, table.c.expires > now, table.c.expires <= now + MAX_TOKEN_LIFE)
                .order_by(table.c.expires, table.c.id)
            )
            if token_id is not None:
                query = query.where(table.c.id == token_id)
            return [StoredToken(id=row.id, expires=row.expires, fields=row.body) for row in conn.execute(query)]

        return await self._database.read(work)

    # ------------------------------------------------------------ pending notices

    async def add_pending_notice(self, scope: str, user_id: str) -> None:
        """Notes that a user is still to be shown a notice; no-op when that was noted before."""
        values = {"scope": scope, "user_id": user_id, "at": self._clock.now()}
        await self._database.write(lambda conn: upsert(conn, schema.pending_notice, values, key="scope,user_id"))

    async def delete_pending_notice(self, scope: str, user_id: str) -> None:
        table = schema.pending_notice
        chosen = delete(table).where(table.c.scope == scope, table.c.user_id == user_id)
        await self._database.write(lambda conn: conn.execute(chosen))

    async def pending_notices(self, scope: str) -> set[str]:
        """The ids of the users who are still to be shown a notice."""
        table = schema.pending_notice
        query = select(table.c.user_id).where(table.c.scope == scope)
        return await self._database.read(lambda conn: set(conn.execute(query).scalars()))


# ---------------------------------------------------------------- inside a transaction


def delete_blobs(conn: Connection, *, cached_before: datetime) -> None:
    conn.execute(delete(schema.blob_cache).where(schema.blob_cache.c.at < cached_before))


def save_post_intent(conn: Connection, adapter: str, key: str, fields: Mapping[str, Any], now: datetime) -> None:
    values = {"adapter": adapter, "key": key, "job": key.partition(":")[0], "body": dict(fields), "at": now}
    upsert(conn, schema.post_intent, values, key="adapter,key")


def delete_post_intents(conn: Connection, *, now: datetime) -> None:
    """Deletes the intents past POST_INTENT_DAYS, and those of a clock that was ahead."""
    at, days = schema.post_intent.c.at, timedelta(days=POST_INTENT_DAYS)
    conn.execute(delete(schema.post_intent).where((at < now - days) | (at > now + days)))


def delete_tokens(conn: Connection, *, expired_at: datetime, scope: str | None = None) -> None:
    """Deletes the tokens that have expired by a moment, of one scope or of all, and those of a clock that was ahead."""
    expires = schema.interaction_token.c.expires
    chosen = delete(schema.interaction_token).where((expires <= expired_at) | (expires > expired_at + MAX_TOKEN_LIFE))
    conn.execute(chosen if scope is None else chosen.where(schema.interaction_token.c.scope == scope))
