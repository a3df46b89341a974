"""What administrators have paused, in every process: the bot, or providers. Stored, so that it holds over restarts.

Memory is authoritative, and read anew whenever another process tells of a change, or may have. Refuses requests; what
was accepted before is painted.
"""

from collections.abc import Callable, Collection, Container
from typing import Any

import structlog

from bot.chat import User
from bot.errors import BotPaused, BotPausedInWords, StoreFailed
from bot.ports import Bus, Transaction
from bot.ports.admin_views import BotPause
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.store.administration.admin_store import AdminStore
from bot.store.administration.pauses import StoredPauses

log = structlog.get_logger()

TOPIC = "pauses changed"
RETRY_S = 1.0  # before a read is repeated whose database failed


class Pauses:
    """The pauses of one Easel, as this process knows them."""

    def __init__(
        self,
        store: AdminStore,
        bus: Bus,
        clock: Clock,
        *,
        admins: Container[str],
        pause_providers: Callable[[Collection[str]], None],
    ) -> None:
        """`admins`: keys of users whose requests a pause of the bot does not refuse: who has paused it can try whether
        it works again. `pause_providers`: has exactly these begin no requests."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._admins = admins
        self._pause_providers = pause_providers
        self._tasks = BackgroundTasks()
        self._now = StoredPauses()
        bus.subscribe(TOPIC, self._changed_elsewhere)
        bus.on_gap(lambda: self._changed_elsewhere(None))

    @property
    def bot(self) -> BotPause | None:
        """The pause of the bot; None: it is not paused."""
        return self._now.bot

    @property
    def providers(self) -> frozenset[str]:
        """Names of the paused providers, also of such as are not configured any more."""
        return frozenset(self._now.providers)

    def is_refused(self, user: User) -> bool:
        """Whether a new request of the user is."""
        return self._now.bot is not None and user.key not in self._admins

    def check_request(self, user: User) -> None:
        """Raises BotPaused where a new request of the user is refused."""
        if self._now.bot is None or not self.is_refused(user):
            return
        if self._now.bot.words is None:
            raise BotPaused
        raise BotPausedInWords(words=self._now.bot.words)

    async def load(self) -> None:
        """What is stored holds from now on. Raises StoreFailed."""
        self._now = await self._store.pauses()
        self._pause_providers(self._now.providers.keys())

    def tell(self, conn: Transaction) -> None:
        """Tells the other processes, within the transaction that changes something."""
        self._bus.notify(conn, TOPIC)

    async def close(self) -> None:
        """Reads nothing any more."""
        await self._tasks.cancel()

    def _changed_elsewhere(self, _: Any) -> None:
        self._tasks.spawn(self._load_until_done(), "pauses")

    async def _load_until_done(self) -> None:
        while True:
            try:
                return await self.load()
            except StoreFailed as failed:
                log.warning("pauses not read", detail=failed.detail)
            await self._clock.sleep(RETRY_S)
