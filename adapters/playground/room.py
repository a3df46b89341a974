"""The room itself: messages and files, kept in a SQLite file so that a reload or a restart changes nothing.

Knows neither sockets nor the bot. Its failures are ChatFailed's children and Refusals; sqlite3's become
ChatUnreachable in one place.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import aiosqlite

from adapters.playground import people, schema
from adapters.playground.entries import Entry, NewFile, StoredFile, read_entry, read_file
from adapters.playground.protocol import HISTORY, QUOTED, SHOWN, WireButton
from bot.clock import Clock
from bot.errors import ChatUnreachable, MessageGone, PictureGone, PictureTooLarge, ReplyGone

WHOLE = 1_000_000_000  # characters; SQLite's own limit of a text
LOOSE_FOR = timedelta(days=1)  # how long an uploaded file waits for its message before it is swept away


class Room:
    """One SQLite file. Every method is one transaction; they run one after another."""

    def __init__(self, path: Path, clock: Clock, new_id: Callable[[], str]) -> None:
        self._path = path
        self._clock = clock
        self._new_id = new_id
        self._lock = asyncio.Lock()
        self._connection: aiosqlite.Connection | None = None

    async def open(self) -> None:
        """Opens or makes the file. Raises ChatUnreachable when it cannot be used."""
        try:
            await asyncio.to_thread(self._path.parent.mkdir, parents=True, exist_ok=True)
            self._connection = await aiosqlite.connect(self._path, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            await self._connection.executescript(schema.PRAGMAS + schema.TABLES)
        except (OSError, sqlite3.Error) as error:
            await self.close()
            raise ChatUnreachable(detail=f"the playground's file cannot be opened: {error}") from error
        async with self._unit() as db:
            await db.execute(schema.DROP_LOOSE, ((self._clock.now() - LOOSE_FOR).isoformat(),))

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    # ------------------------------------------------------------ files

    async def keep(self, file: NewFile) -> StoredFile:
        """Stores an uploaded file; it is swept away when no message has taken it within LOOSE_FOR."""
        async with self._unit() as db:
            return await self._keep(db, file)

    async def file(self, id_: str, *, limit: int | None = None) -> tuple[StoredFile, bytes]:
        """A file and its bytes.

        Raises PictureGone when it is not there (any more), PictureTooLarge beyond `limit` bytes.
        """
        async with self._unit() as db:
            row = await _one(db, "SELECT '' AS alt, * FROM files WHERE id = ?", (id_,))
        if row is None:
            raise PictureGone(name=id_)
        if limit is not None and row["size"] > limit:
            raise PictureTooLarge(name=row["name"], limit=f"{limit / 1_000_000:.3g} MB")
        return read_file(row), row["data"]

    # ------------------------------------------------------------ messages of members

    async def send(
        self,
        *,
        sender: str,
        locale: str,
        chat: str,
        text: str,
        files: Sequence[str],
        reply_to: int | None,
        nonce: str,
    ) -> tuple[Entry, bool]:
        """A member's message, and whether it is new: False for a nonce that was seen before.

        Raises PictureGone for a file that is not there, ReplyGone for an answer to what never was there.
        """
        occasion = f"member:{sender}:{nonce}"
        async with self._unit() as db:
            known = await _one(db, "SELECT id FROM messages WHERE occasion = ?", (occasion,))
            if known is not None:
                return await self._entry(db, known["id"]), False
            if reply_to is not None and await self._chat_of(db, reply_to) != chat:
                raise ReplyGone
            cursor = await db.execute(
                "INSERT INTO messages (chat, sender, locale, text, reply_to, at, occasion, untold)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
                (chat, sender, locale, text, reply_to, self._now(), occasion),
            )
            assert cursor.lastrowid is not None
            await self._attach(db, cursor.lastrowid, files)
            return await self._entry(db, cursor.lastrowid), True

    async def told(self, message: int) -> None:
        """The bot has taken a member's message in."""
        async with self._unit() as db:
            await db.execute("UPDATE messages SET untold = 0 WHERE id = ?", (message,))

    async def untold(self) -> list[int]:
        """Messages that the bot has not taken in yet, oldest first."""
        async with self._unit() as db:
            rows = await db.execute_fetchall("SELECT id FROM messages WHERE untold AND NOT deleted ORDER BY id")
        return [row["id"] for row in rows]

    # ------------------------------------------------------------ messages of the bot

    async def post(
        self, *, chat: str, text: str, buttons: Sequence[WireButton], reply_to: int | None, key: str
    ) -> Entry:
        """The bot's message for the occasion `key`: made once, then brought up to date unless deleted."""
        occasion = f"bot:{chat}:{key}"
        async with self._unit() as db:
            known = await _one(db, "SELECT id, deleted FROM messages WHERE occasion = ?", (occasion,))
            if known is None:
                answered = (
                    None
                    if reply_to is None
                    else await _one(
                        db,
                        "SELECT id FROM messages WHERE id = ? AND chat = ? AND NOT deleted",
                        (reply_to, chat),
                    )
                )
                cursor = await db.execute(
                    "INSERT INTO messages (chat, sender, text, buttons, reply_to, at, occasion)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        chat,
                        people.EASEL,
                        text,
                        _dump(buttons),
                        answered and answered["id"],
                        self._now(),
                        occasion,
                    ),
                )
                assert cursor.lastrowid is not None
                return await self._entry(db, cursor.lastrowid)
            if not known["deleted"]:
                await self._rewrite(db, known["id"], text, buttons)
            return await self._entry(db, known["id"])

    async def edit(self, message: int, *, text: str, buttons: Sequence[WireButton]) -> Entry:
        """Replaces text and buttons. Raises MessageGone."""
        async with self._unit() as db:
            await self._rewrite(db, message, text, buttons)
            return await self._entry(db, message)

    async def fill(
        self, message: int, *, text: str, buttons: Sequence[WireButton], files: Sequence[NewFile], key: str
    ) -> Entry:
        """Turns the message into the pictures. A delivery repeated keeps the pictures of the first time.

        Raises MessageGone.
        """
        async with self._unit() as db:
            await self._rewrite(db, message, text, buttons)
            if (await self._entry(db, message)).delivery != key:
                await self._detach(db, message)
                kept = [(await self._keep(db, file)).id for file in files]
                await self._attach(db, message, kept, alts=[file.alt for file in files])
                await db.execute("UPDATE messages SET delivery = ? WHERE id = ?", (key, message))
            return await self._entry(db, message)

    # ------------------------------------------------------------ all messages

    async def entry(self, message: int, *, whole: bool = False) -> Entry:
        """A message, `whole` with all of its text. Raises MessageGone when it never was or was deleted."""
        async with self._unit() as db:
            found = await self._entry(db, message, length=WHOLE if whole else SHOWN)
        if found.deleted:
            raise MessageGone
        return found

    async def delete(self, chat: str, message: int) -> Entry | None:
        """Forgets text and files; their bytes too, unless another message shows them. None: nothing to do."""
        async with self._unit() as db:
            if await self._chat_of(db, message) != chat:
                return None
            found = await self._entry(db, message)
            if found.deleted:
                return None
            await self._detach(db, message)
            await db.execute("UPDATE messages SET deleted = 1, text = '', buttons = '[]' WHERE id = ?", (message,))
            return found

    async def history(self) -> dict[str, list[Entry]]:
        """The newest HISTORY messages of every chat, oldest first, all as of one moment."""
        async with self._unit() as db:
            return {place.id: await self._newest(db, place.id) for place in people.PLACES}

    # ------------------------------------------------------------ inside a transaction

    async def _newest(self, db: aiosqlite.Connection, chat: str) -> list[Entry]:
        newest = "SELECT id FROM messages WHERE chat = :chat AND NOT deleted ORDER BY id DESC LIMIT :most"
        facts: dict[str, object] = {"chat": chat, "most": HISTORY, "length": SHOWN, "quoted": QUOTED}
        where = f"m.id IN ({newest}) ORDER BY m.id"
        rows = await db.execute_fetchall(f"{schema.ENTRIES} WHERE {where}", facts)
        files = await db.execute_fetchall(
            f"{schema.FILES_OF} WHERE a.message IN ({newest}) ORDER BY a.message, a.position", facts
        )
        shown: dict[int, list[StoredFile]] = {}
        for row in files:
            shown.setdefault(row["message"], []).append(read_file(row))
        return [read_entry(row, shown.get(row["id"], []), SHOWN) for row in rows]

    async def _entry(self, db: aiosqlite.Connection, message: int, *, length: int = SHOWN) -> Entry:
        facts = {"id": message, "length": length, "quoted": QUOTED}
        row = await _one(db, f"{schema.ENTRIES} WHERE m.id = :id", facts)
        if row is None:
            raise MessageGone
        files = await db.execute_fetchall(f"{schema.FILES_OF} WHERE a.message = ? ORDER BY a.position", (message,))
        return read_entry(row, [read_file(each) for each in files], length)

    async def _rewrite(self, db: aiosqlite.Connection, message: int, text: str, buttons: Sequence[WireButton]) -> None:
        cursor = await db.execute(
            "UPDATE messages SET text = ?, buttons = ?, edited = 1 WHERE id = ? AND sender = ? AND NOT deleted",
            (text, _dump(buttons), message, people.EASEL),
        )
        if cursor.rowcount == 0:
            raise MessageGone

    async def _keep(self, db: aiosqlite.Connection, file: NewFile) -> StoredFile:
        id_ = self._new_id()
        facts = (id_, file.name, file.media_type, len(file.data), file.width, file.height)
        await db.execute(
            "INSERT INTO files (id, name, media_type, size, width, height, data, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*facts, file.data, self._now()),
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

    async def _attach(
        self,
        db: aiosqlite.Connection,
        message: int,
        files: Sequence[str],
        *,
        alts: Sequence[str] | None = None,
    ) -> None:
        """Shows files in a message; without `alts` each is described by its name. Raises PictureGone."""
        for position, file in enumerate(files):
            row = await _one(db, "SELECT name FROM files WHERE id = ?", (file,))
            if row is None:
                raise PictureGone(name=file[:8])
            alt = row["name"] if alts is None else alts[position]
            await db.execute("INSERT INTO attached VALUES (?, ?, ?, ?)", (message, position, file, alt))

    async def _detach(self, db: aiosqlite.Connection, message: int) -> None:
        files = await db.execute_fetchall("SELECT DISTINCT file FROM attached WHERE message = ?", (message,))
        await db.execute("DELETE FROM attached WHERE message = ?", (message,))
        for row in files:
            await db.execute(
                "DELETE FROM files WHERE id = ? AND NOT EXISTS (SELECT 1 FROM attached WHERE file = files.id)",
                (row["file"],),
            )

    async def _chat_of(self, db: aiosqlite.Connection, message: int) -> str | None:
        row = await _one(db, "SELECT chat FROM messages WHERE id = ?", (message,))
        return None if row is None else row["chat"]

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")

    @asynccontextmanager
    async def _unit(self) -> AsyncGenerator[aiosqlite.Connection]:
        """One transaction; the one translator of sqlite3's errors."""
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


async def _one(
    db: aiosqlite.Connection, sql: str, facts: Sequence[object] | Mapping[str, object]
) -> sqlite3.Row | None:
    async with db.execute(sql, facts) as cursor:  # pyright: ignore[reportArgumentType] - its stub forgets mappings
        return await cursor.fetchone()


def _dump(buttons: Sequence[WireButton]) -> str:
    return json.dumps(list(buttons))
