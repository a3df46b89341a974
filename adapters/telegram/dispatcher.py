"""The inbox of updates: each is handled, saved in the database, or set aside, before Telegram may forget it; and once.

Set aside is what the library cannot read, and what breaks its handler: it is never tried again, and holds up nobody.
Where several processes receive updates, those of a chat are handled by one of them, in order: any other saves them, and
tells that one. What an update means stands in events.py; how updates arrive, in connection.py and webhook.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, cast

import structlog
import telegram
from cachetools import LRUCache

from adapters.telegram.state import TelegramState
from adapters.telegram.updates import (
    IgnoredUpdate,
    IncomingUpdate,
    RawUpdate,
    ReceivedUpdate,
    UnreadableUpdate,
    chat_of,
    read_update_id,
)
from bot.cluster.chat_routing import ChatRouting
from bot.errors import StoreFailed
from bot.errors.machine import is_machine_failure
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor, TaskInterrupted

log = structlog.get_logger()

INLINE_WAIT_S = 0.1  # that an update may take before it is saved instead of waited for
MAX_AWAITED = 4  # updates being handled at once up to which they are waited for: beyond, saving is cheaper
CROWD_TURNS = 2  # of the event loop that those of a crowd have: whatever is refused from memory is handled by then
MAX_UPDATE_AGE = timedelta(hours=24)  # of a saved update; Telegram, too, keeps them for a day
RETRY_S = 5.0  # before an update is handled again that the database or the machine failed
MAX_HANDLED_IDS = 10_000  # remembered, so that no update is handled twice; a hundred times what one getUpdates brings
SHUTDOWN_WAIT_S = 5.0  # at the end, for updates that are being handled
NO_CHAT = ""  # key of what is handled wherever it comes in

ReadUpdate = Callable[[object], IncomingUpdate | UnreadableUpdate]


class UpdateHandler(Protocol):
    """Handles updates: `adapters.telegram.events.UpdateHandler`."""

    async def handle_update(self, update: telegram.Update) -> bool:
        """Handles an update. False: it must be handled again after the next start."""
        ...

    def ignores(self, update: telegram.Update) -> bool:
        """Whether an update may be dropped. Costs a look in memory."""
        ...

    def ignores_unread(self, raw: RawUpdate) -> bool:
        """As `ignores`, of an update that nobody has parsed yet. False also where that would be needed to tell."""
        ...

    def abandon(self) -> None:
        """Other processes have taken over: what is under way goes no further, and nothing is known any more."""
        ...


class UpdateDispatcher:
    """Starts the handling of updates in the order of their arrival, each in a task of its own."""

    def __init__(
        self, state: TelegramState, handler: UpdateHandler, clock: Clock, *, chats: ChatRouting, read: ReadUpdate
    ) -> None:
        """`chats`: which of them are this process's. `read`: parses a saved update."""
        self._state = state
        self._handler = handler
        self._chats = chats
        self._clock = clock
        self._read = read
        self._handled: LRUCache[int, None] = LRUCache(MAX_HANDLED_IDS)
        self._tasks: dict[int, asyncio.Task[bool]] = {}  # those of `_handling`, by update id
        self._handling = BackgroundTasks()
        self._begun: dict[int, str] = {}  # updates and their chats, until nothing is left of them, also saved
        self._saving: set[int] = set()  # ids of updates on their way into the database
        self._saved: set[int] = set()  # ids of updates to be deleted once they are handled
        self._ids_to_delete: set[int] = set()  # ids of handled updates to be deleted
        self._order = asyncio.Lock()  # held while updates are begun that may be saved
        self._chats_to_look_for: set[str] | None = set()  # whose saved updates may be this process's now; None: all
        self._supervisor = Supervisor(clock)
        self._deletion = self._supervisor.add_worker("telegram inbox", self._delete_handled)
        self._search = self._supervisor.add_worker("telegram updates of others", self._begin_saved)

    def read(self, raw: object) -> ReceivedUpdate:
        """Parses one update, unless it is ignored: of a flood that would take most of the time. Raises only failures of
        the machine."""
        number = read_update_id(raw)
        if number is None or number in self._tasks or not self._ignores_unread(cast(RawUpdate, raw)):
            return self._read(raw)
        return IgnoredUpdate(id=number)

    async def enqueue(self, updates: Sequence[ReceivedUpdate]) -> None:
        """Begins to handle the updates; returns when Telegram may forget them. Those that take longer go on, and are
        saved in one transaction; the unreadable ones are set aside.

        Raises StoreFailed: Telegram must send them again.
        """
        self._handled.update((each.id, None) for each in updates if isinstance(each, IgnoredUpdate))
        wanted = [each for each in updates if isinstance(each, IncomingUpdate) and self._is_wanted(each)]
        is_crowd = len(self._tasks) + len(wanted) > MAX_AWAITED
        if not self._chats.is_alone:
            wanted = await self._begin_own(wanted)
        tasks = [self._start(each) for each in wanted]
        await self._set_aside_unreadable([each for each in updates if isinstance(each, UnreadableUpdate)])
        if not tasks:
            return
        if is_crowd:
            for _ in range(CROWD_TURNS):
                await asyncio.sleep(0)
        else:
            await asyncio.wait(tasks, timeout=INLINE_WAIT_S)
        if unhandled := [each for each in wanted if each.id not in self._handled and self._is_kept(each)]:
            await self._save(unhandled)

    async def resume(self, updates: Sequence[IncomingUpdate | UnreadableUpdate]) -> None:
        """Begins to handle the updates that an earlier process saved, as far as they are this process's now; drops
        those older than MAX_UPDATE_AGE."""
        for each in updates:
            if isinstance(each, IncomingUpdate):
                self._resume(each)
                continue
            try:
                await self._set_aside_unreadable([each])
            except StoreFailed as failed:
                log.warning("update of before not set aside", update=each.id, detail=failed.detail)

    def look_for(self, chats: Collection[str] | None) -> None:
        """Updates of these chats that are saved may be this process's now; None: of any chat."""
        if chats is None:
            self._chats_to_look_for = None
        elif self._chats_to_look_for is not None:
            self._chats_to_look_for.update(chats)
        self._search.start()

    def abandon(self) -> None:
        """Other processes have taken over what this one was handling."""
        self._begun.clear()
        self._saved.clear()
        self._ids_to_delete.clear()
        for task in self._tasks.values():
            task.cancel()
        self._handler.abandon()

    async def close(self) -> None:
        """Waits for the updates that are being handled; the rest stays saved for the next start."""
        await self._search.stop()
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

    def _ignores_unread(self, raw: RawUpdate) -> bool:
        try:
            return self._handler.ignores_unread(raw)
        except Exception:  # as above; whatever it may be that came in the place of an update
            return False

    def _is_too_old(self, update: telegram.Update) -> bool:
        message = update.effective_message
        sent_at = message.date if isinstance(message, telegram.Message) else None
        return isinstance(sent_at, datetime) and self._clock.now() - sent_at > MAX_UPDATE_AGE

    def _is_kept(self, incoming: IncomingUpdate) -> bool:
        """Whether an update is saved: not a query that others, too, would answer once they found it."""
        return self._chats.is_alone or self._chat_key(incoming) != NO_CHAT

    def _chat_key(self, incoming: IncomingUpdate) -> str:
        chat = chat_of(incoming.update)
        if chat is None:
            return NO_CHAT
        return self._state.moved_to(str(chat)) or str(chat)

    def _start(self, incoming: IncomingUpdate) -> asyncio.Task[bool]:
        """The task that handles an update, also one that runs already."""
        update_id = incoming.id
        if (task := self._tasks.get(update_id)) is None:
            if update_id not in self._begun:
                self._begun[update_id] = self._chat_key(incoming)
                self._chats.begin(self._begun[update_id])
            task = self._tasks[update_id] = self._handling.spawn(
                self._handle_with_retry(incoming), f"telegram update {update_id}"
            )
            task.add_done_callback(lambda _: self._task_done(update_id))
        return task

    def _task_done(self, update_id: int) -> None:
        del self._tasks[update_id]
        if update_id not in self._handled:  # it stays saved, for whoever is next
            self._saved.discard(update_id)
        self._release(update_id)

    def _release(self, update_id: int) -> None:
        """Tells the others that nothing is left of an update, if that is so."""
        is_open = any(update_id in each for each in (self._tasks, self._saving, self._saved, self._ids_to_delete))
        if not is_open and (chat := self._begun.pop(update_id, None)) is not None:
            self._chats.end(chat)

    async def _save(self, updates: Sequence[IncomingUpdate]) -> None:
        """Saves updates in one transaction, to be deleted once they are handled. Raises StoreFailed."""
        update_ids = {each.id for each in updates}
        self._saving |= update_ids
        try:
            await self._state.save_updates({each.id: each.raw for each in updates}, chats=self._chat_keys(updates))
        finally:  # also after a failure: the commit may have succeeded and only its answer been lost
            self._saving -= update_ids
            for update_id in update_ids & self._begun.keys():
                if update_id in self._handled:
                    self._delete_in_background(update_id)
                elif update_id in self._tasks:
                    self._saved.add(update_id)
                else:
                    self._release(update_id)

    def _chat_keys(self, updates: Sequence[IncomingUpdate]) -> dict[int, str]:
        return {each.id: self._chat_key(each) for each in updates}

    # ------------------------------------------------------------ among several processes

    async def _begin_own(self, updates: Sequence[IncomingUpdate]) -> list[IncomingUpdate]:
        """Begins those that this process handles, after what was saved of their chats before. The others are saved for
        whoever handles them. Returns this process's. Raises StoreFailed."""
        self._chats.require_current()
        async with self._order:
            keys = self._chat_keys(updates)
            mine = {key for key in keys.values() if key != NO_CHAT and self._chats.may_handle(key)}
            saved = [self._read(raw) for raw in await self._state.saved_updates(chats=mine)] if mine else []
            own = [
                each
                for each in updates
                if keys[each.id] == NO_CHAT or each.id in self._tasks or self._chats.may_handle(keys[each.id])
            ]
            begun = {each.id for each in own}
            for each in sorted((*own, *saved), key=lambda each: each.id or 0):
                if each in own:
                    self._start(each)
                elif each.id not in begun:
                    self._resume(each)
            if others := [each for each in updates if each not in own]:
                chats = {keys[each.id] for each in others}
                await self._state.save_updates(
                    {each.id: each.raw for each in others},
                    chats=keys,
                    announce=lambda conn: self._chats.tell_of_updates(conn, chats),
                )
        return own

    async def _begin_saved(self) -> None:
        """Begins what others have saved for this process, or left behind."""
        while (chats := self._chats_to_look_for) is None or chats:
            self._chats_to_look_for = set()
            async with self._order:
                try:
                    saved = await self._state.saved_updates(chats=chats)
                except StoreFailed as failed:
                    self.look_for(chats)
                    raise TaskInterrupted(f"updates of others wait for the database ({failed.detail})") from failed
                await self.resume([self._read(raw) for raw in saved])

    def _resume(self, incoming: IncomingUpdate | UnreadableUpdate) -> None:
        """Begins to handle an update that is saved, if it is this process's, and unless that was done."""
        if not isinstance(incoming, IncomingUpdate) or incoming.id in self._ids_to_delete:
            return
        if incoming.id not in self._tasks and not self._chats.may_handle(self._chat_key(incoming)):
            return
        if incoming.id in self._handled or self._is_too_old(incoming.update):
            self._delete_in_background(incoming.id)
            return
        self._saved.add(incoming.id)
        self._start(incoming)

    # ------------------------------------------------------------ handling

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
                raise TaskInterrupted(f"handled updates are not deleted ({failed.detail})") from failed
            self._ids_to_delete -= update_ids
            for update_id in update_ids:
                self._release(update_id)
