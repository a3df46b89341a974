"""The inbox of updates: each is handled, or saved in the database, before Telegram may forget it; and handled once.

What an update means stands in events.py; how updates arrive, in connection.py and webhook.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog
import telegram
from cachetools import LRUCache

from adapters.telegram.state import TelegramState
from bot.background import BackgroundTasks
from bot.clock import Clock
from bot.errors import StoreFailed

log = structlog.get_logger()

INLINE_WAIT_S = 0.1  # that an update may take before it is saved instead of waited for
MAX_UPDATE_AGE = timedelta(hours=24)  # of a saved update; Telegram, too, keeps them for a day
STORE_RETRY_S = 5.0  # before an update is handled again whose database calls failed
MAX_HANDLED_IDS = 2000  # remembered, so that no update is handled twice
SHUTDOWN_WAIT_S = 5.0  # at the end, for updates that are being handled

HandleUpdate = Callable[[telegram.Update], Awaitable[bool]]


class UpdateDispatcher:
    """`handle_update` returns False when the update must be handled again after the next start."""

    def __init__(self, state: TelegramState, handle_update: HandleUpdate, clock: Clock) -> None:
        self._state = state
        self._handle_update = handle_update
        self._clock = clock
        self._handled: LRUCache[int, None] = LRUCache(MAX_HANDLED_IDS)
        self._tasks: dict[int, asyncio.Task[bool]] = {}  # those of `_handling`, by update id
        self._handling = BackgroundTasks()
        self._deletions = BackgroundTasks()

    async def enqueue(self, updates: Sequence[telegram.Update]) -> None:
        """Begins to handle the updates; returns when Telegram may forget them. Those that take long go on.

        Raises StoreFailed: Telegram must send them again.
        """
        tasks = {each.update_id: task for each in updates if (task := self._start(each)) is not None}
        if not tasks:
            return
        await asyncio.wait(tasks.values(), timeout=INLINE_WAIT_S)
        unhandled = {
            each.update_id: each for each in updates if each.update_id in tasks and _is_unhandled(tasks[each.update_id])
        }
        if unhandled:
            try:
                await self._state.save_updates({update_id: each.to_dict() for update_id, each in unhandled.items()})
            finally:  # also after a failure: the commit may have succeeded and only its answer been lost
                for update_id in unhandled:
                    self._delete_when_handled(update_id, tasks[update_id])

    def resume(self, updates: Sequence[telegram.Update]) -> None:
        """Begins to handle the updates that an earlier process saved; drops those older than MAX_UPDATE_AGE."""
        now = self._clock.now()
        for each in updates:
            sent_at = each.effective_message.date if isinstance(each.effective_message, telegram.Message) else now
            if now - sent_at > MAX_UPDATE_AGE:
                self._delete_in_background(each.update_id)
            elif (task := self._start(each)) is not None:
                self._delete_when_handled(each.update_id, task)

    async def close(self) -> None:
        """Waits for the updates that are being handled; the rest stays saved for the next start."""
        await self._handling.close(SHUTDOWN_WAIT_S, self._clock)
        await self._deletions.join()

    # ------------------------------------------------------------ within

    def _start(self, update: telegram.Update) -> asyncio.Task[bool] | None:
        """The task that handles an update, also one that runs already. None: it was handled before."""
        update_id = update.update_id
        if update_id in self._tasks:
            return self._tasks[update_id]
        if update_id in self._handled:
            return None
        task = self._handling.spawn(self._handle_with_retry(update), f"telegram update {update_id}")
        self._tasks[update_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(update_id, None))
        return task

    async def _handle_with_retry(self, update: telegram.Update) -> bool:
        """Handles an update, again and again while the database is away. An exception of the handler is logged and the
        update dropped: it would fail the next time too."""
        while True:
            try:
                handled = await self._handle_update(update)
            except StoreFailed as failed:
                log.warning("update waits for the database", update=update.update_id, detail=failed.detail)
                await self._clock.sleep(STORE_RETRY_S)
                continue
            except Exception:
                log.exception("update broke", update=update.update_id)
                handled = True
            if handled:
                self._handled[update.update_id] = None
            return handled

    def _delete_when_handled(self, update_id: int, task: asyncio.Task[bool]) -> None:
        def delete_if_handled(ended: asyncio.Task[bool]) -> None:
            if not ended.cancelled() and ended.result():
                self._delete_in_background(update_id)

        task.add_done_callback(delete_if_handled)

    def _delete_in_background(self, update_id: int) -> None:
        self._deletions.spawn(self._delete(update_id), "telegram inbox")

    async def _delete(self, update_id: int) -> None:
        try:
            await self._state.delete_update(update_id)
        except StoreFailed as failed:
            log.warning("update not struck out", update=update_id, detail=failed.detail)


def _is_unhandled(task: asyncio.Task[bool]) -> bool:
    """Whether an update is still being handled, or must be handled again."""
    return not task.done() or task.cancelled() or not task.result()
