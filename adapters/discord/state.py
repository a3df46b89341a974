"""The adapter's own small memory: the book of interactions on disk, members' languages and standing, debts.

Everything here is bounded, and the loss of any of it costs comfort, not correctness.
"""

import asyncio
import json
from collections import OrderedDict
from typing import TypeVar

import structlog

from adapters.discord.tokens import PAGE, InteractionToken, InteractionTokens
from bot.errors import StoreFailed
from bot.ports import AdapterStorage

log = structlog.get_logger()
V = TypeVar("V")

MEMBERS = 10_000  # whose language and standing are remembered
OURS = 20_000  # messages of the bot of which a deletion is heard
TICKETS, OWED = "discord:interactions", "discord:owed"  # keys of what is kept, before the shards it belongs to


class DiscordState:
    """`book` is kept on disk page by page, so that a save costs the same however full it is; saves that come together
    are one. `shards`: those of this process, where several share the database; each keeps a book of its own."""

    def __init__(self, memory: AdapterStorage, shards: tuple[int, ...] = ()) -> None:
        mine = f":{','.join(map(str, shards))}" if shards else ""
        self._tickets, self._debts = TICKETS + mine, OWED + mine
        self.book = InteractionTokens()
        self._pages: set[int] = set()  # that are kept
        self._changed: set[int] = set()
        self._memory = memory
        self._saving: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._locales: OrderedDict[str, str] = OrderedDict()
        self._tiers: OrderedDict[str, dict[int, tuple[str, ...]]] = OrderedDict()
        self._ours: OrderedDict[str, None] = OrderedDict()
        self._owed: set[str] = set()

    async def load(self) -> None:
        try:
            for page in json.loads(await self._memory.get_value(self._tickets) or "[]"):
                self._pages.add(page)
                if (tickets := await self._memory.get_value(self._key(page))) is not None:
                    self.book.load(tickets)
            if (owed := await self._memory.get_value(self._debts)) is not None:
                self._owed = set(json.loads(owed))
        except StoreFailed as failed:
            log.warning("interactions of before not read", detail=failed.detail)

    async def save(self, ticket: InteractionToken) -> None:
        """Has a ticket of the book written down. Returns as soon as the database has it to write, before whatever is
        asked of it next; all that call this while a write is under way share the next one."""
        self._changed.add(ticket.page)
        if self._next is None:
            self._next = asyncio.create_task(self._write(self._saving), name="discord notebook")
            await asyncio.sleep(0)  # it begins

    async def close(self) -> None:
        await asyncio.gather(*(task for task in (self._saving, self._next) if task), return_exceptions=True)

    # ------------------------------------------------------------ members

    def speaks(self, user: str, locale: str) -> None:
        _put(self._locales, user, locale, MEMBERS)

    def locale(self, user: str) -> str | None:
        """What a member's client was last set to."""
        return self._locales.get(user)

    def standing(self, user: str, guild: int, tiers: tuple[str, ...]) -> tuple[str, ...]:
        """The tiers of a member in all guilds they were seen in: credits do not change with the place."""
        known = self._tiers.get(user, {}) | {guild: tiers}
        _put(self._tiers, user, {place: some for place, some in known.items() if some}, MEMBERS)
        return tuple(dict.fromkeys(tier for some in known.values() for tier in some))

    # ------------------------------------------------------------ messages

    def mine(self, message: str) -> None:
        _put(self._ours, message, None, OURS)

    def is_mine(self, message: str) -> bool:
        return message in self._ours

    async def owe(self, user: str) -> None:
        """A member could not be told how a picture ended."""
        self._owed.add(user)
        await self._keep_owed()

    def owes(self, user: str) -> bool:
        """Whether something is to be told to a member."""
        return user in self._owed

    async def paid(self, user: str) -> None:
        """The member was told."""
        self._owed.discard(user)
        await self._keep_owed()

    async def _keep_owed(self) -> None:
        try:
            await self._memory.set_value(self._debts, json.dumps(sorted(self._owed)))
        except StoreFailed as failed:
            log.warning("debt not kept", detail=failed.detail)

    async def _write(self, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        self._saving, self._next = self._next, None
        changed, self._changed = self._changed, set()
        try:
            if not changed <= self._pages:
                await self._turn(changed)
            for page in changed:
                await self._memory.set_value(self._key(page), self.book.dump(page))
        except StoreFailed as failed:
            log.warning("interactions not kept", detail=failed.detail)

    async def _turn(self, fresh: set[int]) -> None:
        """New pages are begun: they are named before they are written, and what has gone out of date is dropped."""
        self.book.prune(max(fresh) * PAGE)
        kept = self.book.pages()
        await self._memory.set_value(self._tickets, json.dumps(sorted(kept)))
        gone, self._pages = self._pages - kept, kept
        for page in gone:
            await self._memory.delete_key(self._key(page))

    def _key(self, page: int) -> str:
        return f"{self._tickets}:{page}"


def _put(where: OrderedDict[str, V], key: str, value: V, most: int) -> None:
    where[key] = value
    where.move_to_end(key)
    while len(where) > most:
        where.popitem(last=False)
