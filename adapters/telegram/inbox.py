"""Updates on their way in: each is taken care of, or written down, before Telegram may forget it. Once, too.

What an update means stands in events.py; how updates come, in connection.py and webhook.py.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog
import telegram

from adapters.telegram.state import TelegramState
from bot.errors import StoreFailed
from bot.ports import Clock

log = structlog.get_logger()

SOON = 0.1  # seconds that an update gets before it is written down instead of waited for
LONGEST_LIFE = timedelta(hours=24)  # of an update that was written down, as at Telegram
AGAIN = 5.0  # seconds before an update is taken to a database once more that did not answer
KNOWN = 2000  # updates that are not taken a second time
HANDING_OVER = 5.0  # seconds at the end for what came in

Take = Callable[[telegram.Update], Awaitable[bool]]


class Inbox:
    """`take` handles an update; False: it has to come again after the next start."""

    def __init__(self, notebook: TelegramState, take: Take, clock: Clock) -> None:
        self._notebook = notebook
        self._take = take
        self._clock = clock
        self._known: OrderedDict[int, None] = OrderedDict()
        self._under_way: dict[int, asyncio.Task[bool]] = {}
        self._striking: set[asyncio.Task[None]] = set()

    async def put(self, updates: Sequence[telegram.Update]) -> None:
        """Returns when Telegram may forget them. Those that take long go on.

        Raises StoreFailed: they must be told again.
        """
        tasks = {each.update_id: task for each in updates if (task := self._begin(each)) is not None}
        if not tasks:
            return
        await asyncio.wait(tasks.values(), timeout=SOON)
        left = {each.update_id: each for each in updates if each.update_id in tasks and _open(tasks[each.update_id])}
        if left:
            await self._notebook.write({number: each.to_dict() for number, each in left.items()})
            for number in left:
                self._strike_when_done(number, tasks[number])

    def again(self, updates: Sequence[telegram.Update]) -> None:
        """Updates that an earlier process wrote down; those too old are let go."""
        now = self._clock.now()
        for each in updates:
            said = each.effective_message.date if isinstance(each.effective_message, telegram.Message) else now
            if now - said > LONGEST_LIFE:
                self._strike_soon(each.update_id)
            elif (task := self._begin(each)) is not None:
                self._strike_when_done(each.update_id, task)

    async def close(self) -> None:
        """Hands over what came in; what then still waits is told again at the next start."""
        tasks = list(self._under_way.values())
        if tasks:
            all_done = asyncio.ensure_future(asyncio.wait(tasks))
            time_is_up = asyncio.ensure_future(self._clock.sleep(HANDING_OVER))
            await asyncio.wait([all_done, time_is_up], return_when=asyncio.FIRST_COMPLETED)
            for each in (all_done, time_is_up, *tasks):
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*self._striking, return_exceptions=True)

    # ------------------------------------------------------------ within

    def _begin(self, update: telegram.Update) -> asyncio.Task[bool] | None:
        """None: it was here before."""
        number = update.update_id
        if number in self._under_way:
            return self._under_way[number]
        if number in self._known:
            return None
        task = self._under_way[number] = asyncio.create_task(self._handle(update), name=f"telegram update {number}")
        task.add_done_callback(lambda _: self._under_way.pop(number, None))
        return task

    async def _handle(self, update: telegram.Update) -> bool:
        """One update, again and again while the database is away. A bug in its handling is logged, and the update let
        go: it would break the next time too."""
        while True:
            try:
                taken = await self._take(update)
            except StoreFailed as failed:
                log.warning("update waits for the database", update=update.update_id, detail=failed.detail)
                await self._clock.sleep(AGAIN)
                continue
            except Exception:
                log.exception("update broke", update=update.update_id)
                taken = True
            if taken:
                self._known[update.update_id] = None
                while len(self._known) > KNOWN:
                    self._known.popitem(last=False)
            return taken

    def _strike_when_done(self, number: int, task: asyncio.Task[bool]) -> None:
        def done(ended: asyncio.Task[bool]) -> None:
            if not ended.cancelled() and ended.result():
                self._strike_soon(number)

        task.add_done_callback(done)

    def _strike_soon(self, number: int) -> None:
        striking = asyncio.create_task(self._strike(number), name="telegram inbox")
        self._striking.add(striking)
        striking.add_done_callback(self._striking.discard)

    async def _strike(self, number: int) -> None:
        try:
            await self._notebook.strike(number)
        except StoreFailed as failed:
            log.warning("update not struck out", update=number, detail=failed.detail)


def _open(task: asyncio.Task[bool]) -> bool:
    """Whether an update is not taken care of: under way, or to come again."""
    return not task.done() or task.cancelled() or not task.result()
