"""The inbox of updates: each is handled, or saved in the database, before Telegram may forget it; and handled once.

What an update means stands in events.py; how updates arrive, in connection.py and webhook.py.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import structlog
import telegram
from cachetools import LRUCache

from adapters.telegram.state import TelegramState
from bot.background import BackgroundTasks
from bot.clock import Clock
from bot.errors import StoreFailed
from bot.errors.machine import is_machine_failure

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
        self._deletions = BackgroundTasks()
        self._deletion: asyncio.Task[None] | None = None  # takes what is in `_ids_to_delete`, until it is done

    async def enqueue(self, updates: Sequence[telegram.Update]) -> None:
        """Begins to handle the updates; returns when Telegram may forget them. Those that take longer go on, and are
        saved in one transaction.

        Raises StoreFailed: Telegram must send them again.
        """
        wanted = [each for each in updates if self._is_wanted(each)]
        if not wanted:
            return
        is_crowd = len(self._tasks) + len(wanted) > MAX_AWAITED
        tasks = [self._start(each) for each in wanted]
        if is_crowd:
            for _ in range(CROWD_TURNS):
                await asyncio.sleep(0)
        else:
            await asyncio.wait(tasks, timeout=INLINE_WAIT_S)
        if unhandled := [each for each in wanted if each.update_id not in self._handled]:
            await self._save(unhandled)

    def resume(self, updates: Sequence[telegram.Update]) -> None:
        """Begins to handle the updates that an earlier process saved; drops those older than MAX_UPDATE_AGE."""
        now = self._clock.now()
        for each in updates:
            sent_at = each.effective_message.date if isinstance(each.effective_message, telegram.Message) else now
            if now - sent_at > MAX_UPDATE_AGE:
                self._delete_in_background(each.update_id)
            else:
                self._saved.add(each.update_id)
                self._start(each)

    async def close(self) -> None:
        """Waits for the updates that are being handled; the rest stays saved for the next start."""
        await self._handling.close(SHUTDOWN_WAIT_S, self._clock)
        await self._deletions.join()

    # ------------------------------------------------------------ within

    def _is_wanted(self, update: telegram.Update) -> bool:
        """Whether an update is to be handled, or is being handled already; what is ignored counts as handled."""
        if update.update_id not in self._tasks and self._ignores(update):
            self._handled[update.update_id] = None
        return update.update_id not in self._handled

    def _ignores(self, update: telegram.Update) -> bool:
        try:
            return self._handler.ignores(update)
        except Exception:  # one update must not hold up those that came with it: its handling fails by itself
            log.exception("update handler failed", update=update.update_id)
            return False

    def _start(self, update: telegram.Update) -> asyncio.Task[bool]:
        """The task that handles an update, also one that runs already."""
        update_id = update.update_id
        if (task := self._tasks.get(update_id)) is None:
            task = self._tasks[update_id] = self._handling.spawn(
                self._handle_with_retry(update), f"telegram update {update_id}"
            )
            task.add_done_callback(lambda _: self._tasks.pop(update_id))
        return task

    async def _save(self, updates: Sequence[telegram.Update]) -> None:
        """Saves updates in one transaction, to be deleted once they are handled. Raises StoreFailed."""
        try:
            await self._state.save_updates({each.update_id: each.to_dict() for each in updates})
        finally:  # also after a failure: the commit may have succeeded and only its answer been lost
            for each in updates:
                self._saved.add(each.update_id)
                if each.update_id in self._handled:
                    self._delete_in_background(each.update_id)

    async def _handle_with_retry(self, update: telegram.Update) -> bool:
        """Handles an update, again and again while the database is away or the machine has no room for it. Any other
        exception of the handler is logged and the update dropped: it would fail the next time too."""
        while True:
            try:
                handled = await self._handler.handle_update(update)
            except Exception as failed:
                if isinstance(failed, StoreFailed) or is_machine_failure(failed):
                    detail = getattr(failed, "detail", None)
                    log.warning("update waits", update=update.update_id, failure=type(failed).__name__, detail=detail)
                    await self._clock.sleep(RETRY_S)
                    continue
                log.exception("update handler failed", update=update.update_id)
                handled = True
            if handled:
                self._handled[update.update_id] = None
                if update.update_id in self._saved:
                    self._delete_in_background(update.update_id)
            return handled

    def _delete_in_background(self, update_id: int) -> None:
        """Deletes a saved update; those that are handled while a transaction is under way share the next one."""
        self._saved.discard(update_id)
        self._ids_to_delete.add(update_id)
        if self._deletion is None or self._deletion.done():
            self._deletion = self._deletions.spawn(self._delete_handled(), "telegram inbox")

    async def _delete_handled(self) -> None:
        while self._ids_to_delete:
            update_ids, self._ids_to_delete = self._ids_to_delete, set()
            try:
                await self._state.delete_updates(update_ids)
            except StoreFailed as failed:
                log.warning("updates not deleted", updates=len(update_ids), detail=failed.detail)
