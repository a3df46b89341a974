"""The playground's messages and files in a SQLite file of their own, so that a reload or a restart changes nothing.

Knows neither websockets nor the bot. Raises children of ChatFailed, and Refusals; sqlite3's errors become
ChatUnreachable in one place.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import aiosqlite
import structlog

from adapters.playground import gallery, schema, users
from adapters.playground.protocol import HISTORY, QUOTED, SHOWN, WireButton
from adapters.playground.records import NewFile, StoredFile, StoredMessage, decode_stored_text, read_file, read_message
from bot.chat import Action
from bot.errors import ChatUnreachable, MessageGone, PictureGone, PictureTooLarge, ReplyGone
from bot.observability.metrics import ROWS_SET_ASIDE
from bot.ports import read_target
from bot.runtime.clock import Clock
from bot.store.private_files import create_private_file, create_private_folder

log = structlog.get_logger()

WHOLE_TEXT = 1_000_000_000  # characters; SQLite's own limit of a text
UNATTACHED_FOR = timedelta(days=1)  # how long an uploaded file is kept without a message that shows it


class ChatDatabase:
    """One SQLite file. Every method is one transaction; they run one after another."""

    def __init__(self, path: Path, clock: Clock, new_id: Callable[[], str]) -> None:
        """`new_id` returns a new file id, 32 hex digits. Nothing is opened yet."""
        self._path = path
        self._clock = clock
        self._new_id = new_id
        self._lock = asyncio.Lock()
        self._connection: aiosqlite.Connection | None = None

    async def open(self) -> None:
        """Opens or creates the file. Raises ChatUnreachable when it cannot be used."""
        try:
            await asyncio.to_thread(self._create_file)
            self._connection = await aiosqlite.connect(self._path, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.text_factory = decode_stored_text
            await self._connection.create_function("casefold", 1, str.casefold, deterministic=True)  # pyright: ignore[reportUnknownMemberType] - untyped in its stub
            await self._connection.executescript(schema.PRAGMAS + schema.TABLES)
        except (OSError, sqlite3.Error) as error:
            await self.close()
            raise ChatUnreachable(detail=f"playground.path: {self._path} cannot be opened ({error})") from error
        async with self._transaction() as db:
            oldest = self._clock.now() - UNATTACHED_FOR
            await db.execute(schema.DELETE_UNATTACHED_FILES, (oldest.isoformat(),))
            senders = (users.BOT_ID, *(user.id for user in users.USERS))
            for table, statement in schema.set_aside_unreadable([chat.id for chat in users.CHATS], senders).items():
                if count := (await db.execute(statement)).rowcount:
                    ROWS_SET_ASIDE.labels(f"playground {table}").inc(count)
                    log.error("rows set aside", table=f"playground {table}", rows=count)

    def _create_file(self) -> None:
        if not self._path.parent.is_dir():
            create_private_folder(self._path.parent)
        create_private_file(self._path)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    # ------------------------------------------------------------ files

    async def save_file(self, file: NewFile) -> StoredFile:
        """Stores an uploaded file; it is deleted when no message shows it within UNATTACHED_FOR."""
        async with self._transaction() as db:
            return await self._insert_file(db, file)

    async def load_file(self, id_: str, *, limit: int | None = None) -> tuple[StoredFile, bytes]:
        """A file and its bytes.

        Raises PictureGone when it is not there (any more), PictureTooLarge beyond `limit` bytes.
        """
        async with self._transaction() as db:
            row = await _fetch_one(db, "SELECT '' AS alt, * FROM files WHERE id = ?", (id_,))
        if row is None:
            raise PictureGone(name=id_)
        if limit is not None and row["size"] > limit:
            raise PictureTooLarge(name=row["name"], limit=f"{limit / 1_000_000:.3g} MB")
        return read_file(row), row["data"]

    # ------------------------------------------------------------ messages of users

    async def add_user_message(
        self,
        *,
        sender: str,
        locale: str,
        chat: str,
        text: str,
        files: Sequence[str],
        reply_to: int | None,
        reply_file: str | None = None,
        nonce: str,
    ) -> tuple[StoredMessage, bool]:
        """A user's message, and whether it is new: False for a nonce that was used before. `reply_file`: the one file
        of the message it replies to that it is about; one that is not there is ignored.

        Raises PictureGone for a file that is not there, ReplyGone for a reply to a message that never existed.
        """
        key = f"user:{sender}:{nonce}"
        async with self._transaction() as db:
            existing = await _fetch_one(db, "SELECT id FROM messages WHERE idempotency_key = ?", (key,))
            if existing is not None:
                return await self._select_message(db, existing["id"]), False
            if reply_to is not None and await self._chat_of(db, reply_to) != chat:
                raise ReplyGone
            cursor = await db.execute(
                "INSERT INTO messages"
                " (chat, sender, locale, text, reply_to, source, created_at, idempotency_key, pending)"
                " VALUES (?, ?, ?, ?, ?,"
                " (SELECT file FROM attachments WHERE message = ? AND file = ? LIMIT 1), ?, ?, 1)",
                (chat, sender, locale, text, reply_to, reply_to, reply_file, self._now(), key),
            )
            assert cursor.lastrowid is not None
            await self._attach_files(db, cursor.lastrowid, files)
            return await self._select_message(db, cursor.lastrowid), True

    async def mark_accepted(self, message: int) -> None:
        """Records that the core has accepted a user's message."""
        async with self._transaction() as db:
            await db.execute("UPDATE messages SET pending = 0 WHERE id = ?", (message,))

    async def pending_messages(self) -> list[int]:
        """Ids of the messages that the core has not accepted yet, oldest first."""
        async with self._transaction() as db:
            rows = await db.execute_fetchall("SELECT id FROM messages WHERE pending AND NOT deleted ORDER BY id")
        return [row["id"] for row in rows]

    # ------------------------------------------------------------ messages of the bot

    async def post_message(
        self, *, chat: str, text: str, buttons: Sequence[WireButton], reply_to: int | None, key: str
    ) -> StoredMessage:
        """The bot's message for the idempotency key: created once, then updated unless it was deleted.

        A `reply_to` that was deleted or stands in another chat is ignored.
        """
        idempotency_key = f"bot:{chat}:{key}"
        async with self._transaction() as db:
            existing = await _fetch_one(
                db, "SELECT id, deleted FROM messages WHERE idempotency_key = ?", (idempotency_key,)
            )
            if existing is None:
                return await self._insert_bot_message(db, chat, text, buttons, reply_to, idempotency_key)
            if not existing["deleted"]:
                await self._update_message(db, existing["id"], text, buttons)
            return await self._select_message(db, existing["id"])

    async def edit_message(self, message: int, *, text: str, buttons: Sequence[WireButton]) -> StoredMessage:
        """Replaces text and buttons. Raises MessageGone."""
        async with self._transaction() as db:
            await self._update_message(db, message, text, buttons)
            return await self._select_message(db, message)

    async def remove_buttons(self, jobs: Collection[str]) -> list[StoredMessage]:
        """Takes the buttons of these jobs off all messages, but for *More…*; returns the messages that had some."""
        with_buttons = "SELECT id FROM messages WHERE NOT deleted AND buttons <> '[]'"
        changed: list[StoredMessage] = []
        async with self._transaction() as db:
            for row in await db.execute_fetchall(with_buttons):
                message = await self._select_message(db, row["id"])
                kept = [
                    each
                    for each in message.buttons
                    if read_target(each["job"])[0] not in jobs or each["action"] == Action.MORE
                ]
                if len(kept) < len(message.buttons):
                    statement = "UPDATE messages SET buttons = ? WHERE id = ?"
                    await db.execute(statement, (json.dumps(kept), message.id))
                    changed.append(await self._select_message(db, message.id))
        return changed

    async def deliver_files(
        self,
        message: int,
        *,
        text: str,
        buttons: Sequence[WireButton],
        files: Sequence[NewFile],
        key: str,
        source: str | None = None,
    ) -> StoredMessage:
        """Replaces text, buttons and files. `source`: id of the file that these were made from. A repeated `key`
        keeps the files of the first time.

        Raises MessageGone.
        """
        async with self._transaction() as db:
            await self._update_message(db, message, text, buttons)
            if (await self._select_message(db, message)).delivery_key != key:
                await self._detach_files(db, message)
                stored = [(await self._insert_file(db, file)).id for file in files]
                await self._attach_files(db, message, stored, alts=[file.alt for file in files])
                statement = "UPDATE messages SET delivery_key = ?, source = ? WHERE id = ?"
                await db.execute(statement, (key, source, message))
            return await self._select_message(db, message)

    # ------------------------------------------------------------ all messages

    async def get_message(self, message: int, *, whole_text: bool = False) -> StoredMessage:
        """A message, with all of its text or SHOWN characters. Raises MessageGone when it never existed or was
        deleted."""
        async with self._transaction() as db:
            found = await self._select_message(db, message, max_characters=WHOLE_TEXT if whole_text else SHOWN)
        if found.is_deleted:
            raise MessageGone
        return found

    async def delete_message(self, chat: str, message: int, *, keep: Collection[str] = ()) -> StoredMessage | None:
        """Deletes text and attachments, and files that no other message shows, but for those to `keep` for a day.
        Returns the message as it was; None when the chat has no such message."""
        async with self._transaction() as db:
            if await self._chat_of(db, message) != chat:
                return None
            found = await self._select_message(db, message)
            if found.is_deleted:
                return None
            await self._detach_files(db, message, keep=keep)
            await db.execute("UPDATE messages SET deleted = 1, text = '', buttons = '[]' WHERE id = ?", (message,))
            return found

    async def load_history(self) -> dict[str, list[StoredMessage]]:
        """The newest HISTORY messages of every chat by its id, oldest first, all as of one moment."""
        async with self._transaction() as db:
            return {
                chat.id: await self._select_messages(db, schema.NEWEST_IDS, {"chat": chat.id, "count": HISTORY})
                for chat in users.CHATS
            }

    async def load_around(self, chat: str, message: int) -> list[StoredMessage]:
        """A message with its neighbours, AROUND on each side, oldest first. Raises MessageGone."""
        async with self._transaction() as db:
            values = {"chat": chat, "id": message, "count": gallery.AROUND}
            found = await self._select_messages(db, gallery.AROUND_MESSAGE, values)
        if all(each.id != message for each in found):
            raise MessageGone
        return found

    async def select_results(self, query: gallery.GalleryQuery) -> list[gallery.Result]:
        """The newest results that are asked for, newest first; one more than a page has, where there are more."""
        async with self._transaction() as db:
            rows = list(await db.execute_fetchall(gallery.SELECT_RESULTS, query.values()))
            ids = json.dumps([row["id"] for row in rows])
            return gallery.read_results(
                rows, list(await db.execute_fetchall(gallery.SELECT_PICTURES, {"messages": ids}))
            )

    # ------------------------------------------------------------ inside a transaction

    async def _select_messages(
        self, db: aiosqlite.Connection, ids: str, values: Mapping[str, object]
    ) -> list[StoredMessage]:
        """The messages whose ids a statement selects, oldest first."""
        values = {**values, "text_length": SHOWN, "quote_length": QUOTED}
        rows = await db.execute_fetchall(f"{schema.SELECT_MESSAGES} WHERE m.id IN ({ids}) ORDER BY m.id", values)
        file_rows = await db.execute_fetchall(
            f"{schema.SELECT_FILES} WHERE a.message IN ({ids}) ORDER BY a.message, a.position", values
        )
        files: dict[int, list[StoredFile]] = {}
        for row in file_rows:
            files.setdefault(row["message"], []).append(read_file(row))
        return [read_message(row, files.get(row["id"], []), SHOWN) for row in rows]

    async def _select_message(
        self, db: aiosqlite.Connection, message: int, *, max_characters: int = SHOWN
    ) -> StoredMessage:
        values = {"id": message, "text_length": max_characters, "quote_length": QUOTED}
        row = await _fetch_one(db, f"{schema.SELECT_MESSAGES} WHERE m.id = :id", values)
        if row is None:
            raise MessageGone
        files = await db.execute_fetchall(f"{schema.SELECT_FILES} WHERE a.message = ? ORDER BY a.position", (message,))
        return read_message(row, [read_file(each) for each in files], max_characters)

    async def _insert_bot_message(
        self,
        db: aiosqlite.Connection,
        chat: str,
        text: str,
        buttons: Sequence[WireButton],
        reply_to: int | None,
        idempotency_key: str,
    ) -> StoredMessage:
        replied = None
        if reply_to is not None:
            select = "SELECT id FROM messages WHERE id = ? AND chat = ? AND NOT deleted"
            replied = await _fetch_one(db, select, (reply_to, chat))
        replied_id = None if replied is None else replied["id"]
        cursor = await db.execute(
            "INSERT INTO messages (chat, sender, text, buttons, reply_to, created_at, idempotency_key)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (chat, users.BOT_ID, text, json.dumps(list(buttons)), replied_id, self._now(), idempotency_key),
        )
        assert cursor.lastrowid is not None
        return await self._select_message(db, cursor.lastrowid)

    async def _update_message(
        self, db: aiosqlite.Connection, message: int, text: str, buttons: Sequence[WireButton]
    ) -> None:
        cursor = await db.execute(
            "UPDATE messages SET text = ?, buttons = ?, edited = 1 WHERE id = ? AND sender = ? AND NOT deleted",
            (text, json.dumps(list(buttons)), message, users.BOT_ID),
        )
        if cursor.rowcount == 0:
            raise MessageGone

    async def _insert_file(self, db: aiosqlite.Connection, file: NewFile) -> StoredFile:
        id_ = self._new_id()
        properties = (id_, file.name, file.media_type, len(file.data), file.width, file.height)
        await db.execute(
            "INSERT INTO files (id, name, media_type, size, width, height, data, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*properties, file.data, self._now()),
        )
        return StoredFile(
            id=id_,
            name=file.name,
            media_type=file.media_type,
            size=len(file.data),
            width=file.width,
            height=file.height,
            alt=file.alt,
        )

    async def _attach_files(
        self,
        db: aiosqlite.Connection,
        message: int,
        files: Sequence[str],
        *,
        alts: Sequence[str] | None = None,
    ) -> None:
        """Attaches stored files to a message; without `alts` each is described by its name. Raises PictureGone."""
        for position, file in enumerate(files):
            row = await _fetch_one(db, "SELECT name FROM files WHERE id = ?", (file,))
            if row is None:
                raise PictureGone(name=file[:8])
            alt = row["name"] if alts is None else alts[position]
            await db.execute("INSERT INTO attachments VALUES (?, ?, ?, ?)", (message, position, file, alt))

    async def _detach_files(self, db: aiosqlite.Connection, message: int, *, keep: Collection[str] = ()) -> None:
        """Removes a message's attachments, and the files that no other message shows but those to `keep`."""
        files = await db.execute_fetchall("SELECT DISTINCT file FROM attachments WHERE message = ?", (message,))
        await db.execute("DELETE FROM attachments WHERE message = ?", (message,))
        for row in files:
            if row["file"] in keep:
                continue
            await db.execute(
                "DELETE FROM files WHERE id = ? AND NOT EXISTS (SELECT 1 FROM attachments WHERE file = files.id)",
                (row["file"],),
            )

    async def _chat_of(self, db: aiosqlite.Connection, message: int) -> str | None:
        row = await _fetch_one(db, "SELECT chat FROM messages WHERE id = ?", (message,))
        return None if row is None else row["chat"]

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[aiosqlite.Connection]:
        """One transaction, rolled back on any exception; the one translator of sqlite3's errors."""
        async with self._lock:
            db = self._connection
            if db is None:
                raise ChatUnreachable(detail="the playground is closed")
            try:
                try:
                    await db.execute("BEGIN IMMEDIATE")
                    yield db
                except BaseException:
                    with suppress(sqlite3.Error):  # nothing had begun
                        await db.rollback()
                    raise
                await db.commit()
            except sqlite3.Error as error:
                raise ChatUnreachable(detail=f"the playground's file: {error}") from error


async def _fetch_one(
    db: aiosqlite.Connection, sql: str, values: Sequence[object] | Mapping[str, object]
) -> sqlite3.Row | None:
    async with db.execute(sql, values) as cursor:  # pyright: ignore[reportArgumentType] - its stub forgets mappings
        return await cursor.fetchone()
