"""The life of a task: begun, painted at the studio's pace, told about when asked, announced by a callback.

Knows no routes; what a task looks like from outside stands in task_forms.
"""

import asyncio
import random
import time
import uuid
from collections import OrderedDict
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from bot.sandbox.chat.timeline import progress_steps
from bot.sandbox.faults import FaultEffect
from bot.sandbox.painting.painter import Order
from bot.sandbox.renderer import Studio
from bot.sandbox.served_files import apply_file_fault
from bot.sandbox.tasks.dialects import Family
from bot.sandbox.tasks.task import Errand, Object, State, Task

REMEMBERED = 1000  # tasks
CALLBACK_TIMEOUT = 10.0  # seconds
CALLBACK_PAUSES = (1.0, 2.0, 4.0)  # seconds before each further try
MESSAGES = {
    "content_policy_violation": "The prompt or a picture was rejected by the safety system",
    "quota_exceeded": "The quota is exceeded",
}


class Tasks:
    """The tasks of both families.

    `callbacks_to`: where callbacks go, such as `http://127.0.0.1:8080`, as if a proxy stood there that answers
    for the host of every callback's address; None: to that host itself.
    """

    def __init__(self, studio: Studio, *, callbacks_to: str | None) -> None:
        self._studio = studio
        self._callbacks_to = callbacks_to
        self._tasks: OrderedDict[str, tuple[Family, Task, FaultEffect]] = OrderedDict()
        self._running: set[asyncio.Task[None]] = set()
        self._client: aiohttp.ClientSession | None = None

    def open(self) -> None:
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALLBACK_TIMEOUT))

    async def close(self) -> None:
        """Ends every task where it is."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
            self._client = None

    @property
    def all(self) -> list[Task]:
        """Oldest first, at most REMEMBERED."""
        return [task for _, task, _ in self._tasks.values()]

    async def begin(self, family: Family, errand: Errand, twist: FaultEffect, *, origin: str, dice: random.Random) -> Object:
        """Takes an errand. Returns what is told of the new task; at once, or after the callback where that is to
        come first."""
        created, token = int(time.time()), uuid.uuid4().hex
        task = Task(id=family.task_id.format(created=created, token=token), errand=errand, created=created)
        self._tasks[task.id] = family, task, twist
        if len(self._tasks) > REMEMBERED:
            self._tasks.popitem(last=False)
        opened = family.opened(task)
        running = asyncio.create_task(self._live(family, task, twist, origin, dice), name=task.id)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        if twist.callback_mode == "early":
            await asyncio.wait([running])
        return opened

    def find(self, family: Family, name: str) -> tuple[Task, FaultEffect] | None:
        """The task of a family by the id it was given, or by the one it tells about it."""
        for known in (name, f"task_{name}"):
            if (found := self._tasks.get(known)) is not None and found[0] is family:
                return found[1], found[2]
        return None

    # ------------------------------------------------------------ the life of one

    async def _live(self, family: Family, task: Task, twist: FaultEffect, origin: str, dice: random.Random) -> None:
        async with self._studio.place(full=_nothing):
            await self._paint(family, task, twist, origin, dice)
        if task.finished and task.errand.callback is not None and twist.callback_mode != "never":
            for _ in range(2 if twist.callback_mode == "twice" else 1):
                await self._call(task.errand.callback, family.told(task), task)

    async def _paint(self, family: Family, task: Task, twist: FaultEffect, origin: str, dice: random.Random) -> None:
        pace = self._studio.pace * twist.slowdown * dice.uniform(0.85, 1.15)
        ends_early = _early_end(family, twist)
        task.state = "painting"
        for percent, share in progress_steps(dice):
            await self._studio.sleep(pace * share)
            task.progress = int(percent)
            if ends_early is not None and percent >= twist.ending_percent:
                self._end(task, twist, ends_early, _reason(twist))
                return
        links = [await self._one(task.errand, twist, origin) for _ in range(_pictures(task.errand, twist))]
        task.progress = 100
        task.links = tuple(links) if twist.result_format != "none" else ()
        self._end(task, twist, "completed", None)

    async def _one(self, errand: Errand, twist: FaultEffect, origin: str) -> str:
        width, height = errand.size
        order = Order(prompt=errand.prompt, references=errand.references, mask=errand.mask, width=width, height=height)
        name = f"{uuid.uuid4().hex}.png"
        if (file := apply_file_fault(twist, await self._studio.paint(order))) is not None:
            self._studio.shelf.add_file(name, *file)
        return f"{origin}/pictures/{name}"

    def _end(self, task: Task, twist: FaultEffect, state: State, code: str | None) -> None:
        if code is not None:
            message = MESSAGES.get(code, "The picture could not be made")
            task.error = {"code": 500 if twist.numeric_error_code else code, "message": message, "type": "task_error"}
            task.reason = message if twist.numeric_error_code else ""
        task.single = twist.single_result
        task.ended = int(time.time())
        task.state = state

    async def _call(self, address: str, told: Object, task: Task) -> None:
        """Announces a task; tried again after each of CALLBACK_PAUSES until an answer is a 2xx."""
        assert self._client is not None, "not open"
        if self._callbacks_to is not None:
            host = urlsplit(self._callbacks_to)
            address = urlunsplit(urlsplit(address)._replace(scheme=host.scheme, netloc=host.netloc))
        for pause in (*CALLBACK_PAUSES, None):
            try:
                async with self._client.post(address, json=told) as answer:
                    task.calls.append(answer.status)
                    if 200 <= answer.status < 300:
                        return
            except (aiohttp.ClientError, TimeoutError):
                task.calls.append(0)
            if pause is not None:
                await self._studio.sleep(pause)


async def _nothing() -> None:
    """Who waits in line says nothing: the state is `queued` until then."""


def _early_end(family: Family, twist: FaultEffect) -> State | None:
    """How a task ends before its picture is there; None: it does not. `painting`: it stays so for ever."""
    if twist.task_outcome is not None:
        return twist.task_outcome
    if twist.ending == "quiet":
        return "painting"
    failing = twist.task_error or twist.numeric_error_code or twist.ending == "error" or twist.progress_format == 19
    moderated = twist.code == "moderation_blocked" and family.moderated is None
    return "failed" if failing or moderated else None


def _reason(twist: FaultEffect) -> str | None:
    """The code of a failed task."""
    if twist.task_outcome is not None or twist.ending == "quiet":
        return None
    if twist.code == "moderation_blocked":
        return "content_policy_violation"
    return twist.task_error or ("service_error" if twist.ending == "error" else "generation_failed")


def _pictures(errand: Errand, twist: FaultEffect) -> int:
    return errand.pictures if twist.picture_count is None else int(twist.picture_count)
