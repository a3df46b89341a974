"""The inbox of updates: each is handled, saved in the database, or set aside, before Telegram may forget it; and once.

Set aside is what the library cannot read, and what breaks its handler: it is never tried again, and holds up nobody.
What an update means stands in events.py; how updates arrive, in connection.py and webhook.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
import telegram
from cachetools import LRUCache

from adapters.telegram.state import TelegramState
from adapters.telegram.updates import IncomingUpdate, UnreadableUpdate
from bot.errors import StoreFailed
from bot.errors.machine import is_machine_failure
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor

log = structlog.get_logger()

INLINE_WAIT_S = 0.1  # that an update may take before it is saved instead of waited for
MAX_AWAITED = 4  # updates being handled at once up to which they are waited for: beyond, saving is cheaper
CROWD_TURNS = 2  # of the event loop that those of a crowd have: whatever is refused from memory is handled by then
MAX_UPDATE_AGE = timedelta(hours=24)  # of a saved update; Telegram, too, keeps them for a day
RETRY_S = 5.0  # before an update is handled again that the database or the machine failed
MAX_HANDLED_IDS = 10_000  # remembered, so that no update is handled twice; a hundred times what one getUpdates brings
SHUTDOWN_WAIT_S = 5.0  # at the end, for updates that are being handled


class UpdateHandler(Protocol):
    """Handles updates: `adapters.telegram.events.UpdateHandler`."""

    async def handle_update(self, update: telegram.Update) -> bool:
        """Handles an update. False: it must be handled again after the next start."""
        ...

    def ignores(self, update: telegram.Update) -> bool:
        """Whether an update may be dropped. Costs a look in memory."""
        ...


class UpdateDispatcher:
    """Starts the handling of updates in the order of their arrival, each in a task of its own."""

    def __init__(self, state: TelegramState, handler: UpdateHandler, clock: Clock) -> None:
        self._state = state
        self._handler = handler
        self._clock = clock
        self._handled: LRUCache[int, None] = LRUCache(MAX_HANDLED_IDS)
        self._tasks: dict[int, asyncio.Task[bool]] = {}  # those of `_handling`, by update id
        self._handling = BackgroundTasks()
        self._saved: set[int] = set()  # ids of updates to be deleted once they are handled
        self._ids_to_delete: set[int] = set()  # ids of handled updates to be deleted
        self._supervisor = Supervisor(clock)
        self._deletion = self._supervisor.add_worker("telegram inbox", self._delete_handled)

    async def enqueue(self, updates: Sequence[IncomingUpdate | UnreadableUpdate]) -> None:
        """Begins to handle the updates; returns when Telegram may forget them. Those that take longer go on, and are
        saved in one transaction; the unreadable ones are set aside.

        Raises StoreFailed: Telegram must send them again.
        """
        wanted = [each for each in updates if isinstance(each, IncomingUpdate) and self._is_wanted(each)]
        is_crowd = len(self._tasks) + len(wanted) > MAX_AWAITED
        tasks = [self._start(each) for each in wanted]
        await self._set_aside_unreadable([each for each in updates if isinstance(each, UnreadableUpdate)])
        if not tasks:
            return
        if is_crowd:
            for _ in range(CROWD_TURNS):
                await asyncio.sleep(0)
        else:
            await asyncio.wait(tasks, timeout=INLINE_WAIT_S)
        if unhandled := [each for each in wanted if each.id not in self._handled]:
            await self._save(unhandled)

    async def resume(self, updates: Sequence[IncomingUpdate | UnreadableUpdate]) -> None:
        """Begins to handle the updates that an earlier process saved; drops those older than MAX_UPDATE_AGE."""
        for each in updates:
            if isinstance(each, UnreadableUpdate):
                try:
                    await self._set_aside_unreadable([each])
                except StoreFailed as failed:
                    log.warning("update of before not set aside", update=each.id, detail=failed.detail)
                continue
            self._saved.add(each.id)
            if self._is_too_old(each.update):
                self._delete_in_background(each.id)
            else:
                self._start(each)

    async def close(self) -> None:
        """Waits for the updates that are being handled; the rest stays saved for the next start."""
        await self._handling.close(SHUTDOWN_WAIT_S, self._clock)
        await self._deletion.finish()

    def problem(self) -> str | None:
        """Why the inbox does not work right now; None when it does."""
        return self._supervisor.problem()

    # ------------------------------------------------------------ within

    def _is_wanted(self, incoming: IncomingUpdate) -> bool:
        """Whether an update is to be handled, or is being handled already; what is ignored counts as handled."""
        if incoming.id not in self._tasks and self._ignores(incoming):
            self._handled[incoming.id] = None
        return incoming.id not in self._handled

    def _ignores(self, incoming: IncomingUpdate) -> bool:
        try:
            return self._handler.ignores(incoming.update)
        except Exception:  # one update must not hold up those that came with it: its handling fails by itself
            return False

    def _is_too_old(self, update: telegram.Update) -> bool:
        message = update.effective_message
        sent_at = message.date if isinstance(message, telegram.Message) else None
        return isinstance(sent_at, datetime) and self._clock.now() - sent_at > MAX_UPDATE_AGE

    def _start(self, incoming: IncomingUpdate) -> asyncio.Task[bool]:
        """The task that handles an update, also one that runs already."""
        update_id = incoming.id
        if (task := self._tasks.get(update_id)) is None:
            task = self._tasks[update_id] = self._handling.spawn(
                self._handle_with_retry(incoming), f"telegram update {update_id}"
            )
            task.add_done_callback(lambda _: self._tasks.pop(update_id))
        return task

    async def _save(self, updates: Sequence[IncomingUpdate]) -> None:
        """Saves updates in one transaction, to be deleted once they are handled. Raises StoreFailed."""
        try:
            await self._state.save_updates({each.id: each.raw for each in updates})
        finally:  # also after a failure: the commit may have succeeded and only its answer been lost
            for each in updates:
                self._saved.add(each.id)
                if each.id in self._handled:
                    self._delete_in_background(each.id)

    async def _handle_with_retry(self, incoming: IncomingUpdate) -> bool:
        """Handles an update, again and again while the database is away or the machine has no room for it. One that
        breaks its handler in any other way would do so the next time too: it is set aside."""
        handle: Callable[[], Awaitable[bool]] = partial(self._handler.handle_update, incoming.update)
        while True:
            try:
                handled = await handle()
            except Exception as failed:
                if isinstance(failed, StoreFailed) or is_machine_failure(failed):
                    detail = getattr(failed, "detail", None)
                    log.warning("update waits", update=incoming.id, failure=type(failed).__name__, detail=detail)
                    await self._clock.sleep(RETRY_S)
                    continue
                log.exception("update handler failed", update=incoming.id)
                handle = partial(self._set_aside_broken, incoming, f"handling: {type(failed).__name__}")
                continue
            if handled:
                self._handled[incoming.id] = None
                if incoming.id in self._saved:
                    self._delete_in_background(incoming.id)
            return handled

    async def _set_aside_broken(self, incoming: IncomingUpdate, reason: str) -> bool:
        """Raises StoreFailed."""
        await self._state.set_aside_update(incoming.id, incoming.raw, reason)
        return True

    async def _set_aside_unreadable(self, updates: Sequence[UnreadableUpdate]) -> None:
        """Raises StoreFailed."""
        new = [each for each in updates if each.id is None or each.id not in self._handled]
        await asyncio.gather(*(self._state.set_aside_update(each.id, each.raw, each.reason) for each in new))
        self._handled.update((each.id, None) for each in new if each.id is not None)

    def _delete_in_background(self, update_id: int) -> None:
        """Deletes a saved update; those that are handled while a transaction is under way share the next one."""
        self._saved.discard(update_id)
        self._ids_to_delete.add(update_id)
        self._deletion.start()

    async def _delete_handled(self) -> None:
        while self._ids_to_delete:
            update_ids = self._ids_to_delete.copy()
            try:
                await self._state.delete_updates(update_ids)
            except StoreFailed as failed:
                log.warning("updates not deleted", updates=len(update_ids), detail=failed.detail)
            self._ids_to_delete -= update_ids
