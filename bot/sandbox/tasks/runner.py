"""The lifecycle of tasks: created, painted at the renderer's pace, polled, announced by a callback.

Knows no routes; how a task is shown stands in dialects.py.
"""

import asyncio
import random
import time
import uuid
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from cachetools import FIFOCache

from bot.sandbox.faults import FaultEffect
from bot.sandbox.http_errors import Object
from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.progress import progress_steps
from bot.sandbox.renderer import Renderer
from bot.sandbox.served_files import apply_file_fault
from bot.sandbox.tasks.dialects import TaskDialect
from bot.sandbox.tasks.task import State, Task, TaskRequest

MAX_TASKS = 1000  # remembered; older ones answer 404
CALLBACK_TIMEOUT_S = 10.0
CALLBACK_RETRY_PAUSES_S = (1.0, 2.0, 4.0)  # before each further attempt
ERROR_MESSAGES = {
    "content_policy_violation": "The prompt or a picture was rejected by the safety system",
    "quota_exceeded": "The quota is exceeded",
}


class TaskRunner:
    """Runs the tasks of both dialects, each in an asyncio task of its own."""

    def __init__(self, renderer: Renderer, *, callbacks_to: str | None) -> None:
        """`callbacks_to`: origin, such as `http://127.0.0.1:8080`, that receives every callback in place of the host
        of its address, as a reverse proxy would; None: that host itself."""
        self._renderer = renderer
        self._callbacks_to = callbacks_to
        self._tasks: FIFOCache[str, tuple[TaskDialect, Task, FaultEffect]] = FIFOCache(MAX_TASKS)
        self._running: set[asyncio.Task[None]] = set()
        self._client: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Opens the HTTP client of the callbacks."""
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALLBACK_TIMEOUT_S))

    async def close(self) -> None:
        """Stops every task in its current state."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
            self._client = None

    def list_tasks(self) -> list[Task]:
        """Oldest first, at most MAX_TASKS."""
        return [task for _, task, _ in self._tasks.values()]

    async def start_task(
        self, dialect: TaskDialect, request: TaskRequest, effect: FaultEffect, *, origin: str, rng: random.Random
    ) -> Object:
        """Creates a task and returns the response to its submit: at once, or after the callback where a fault asks
        for an early one. `origin`: what result addresses begin with."""
        created, token = int(time.time()), uuid.uuid4().hex
        task_id = dialect.task_id_format.format(created=created, token=token)
        task = Task(id=task_id, request=request, created_at=created)
        self._tasks[task.id] = dialect, task, effect
        response = dialect.encode_created(task)
        running = asyncio.create_task(self._run_task(dialect, task, effect, origin, rng), name=task.id)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        if effect.callback_mode == "early":
            await asyncio.wait([running])
        return response

    def find_task(self, dialect: TaskDialect, id_: str) -> tuple[Task, FaultEffect] | None:
        """The task of a dialect by the id of its submit response, or by the one that its status shows."""
        for candidate in (id_, f"task_{id_}"):
            if (found := self._tasks.get(candidate)) is not None and found[0] is dialect:
                return found[1], found[2]
        return None

    # ------------------------------------------------------------ one task

    async def _run_task(
        self, dialect: TaskDialect, task: Task, effect: FaultEffect, origin: str, rng: random.Random
    ) -> None:
        async with self._renderer.acquire_slot(on_full=_stay_queued):
            await self._paint(dialect, task, effect, origin, rng)
        if task.is_finished and task.request.callback_url is not None and effect.callback_mode != "never":
            for _ in range(2 if effect.callback_mode == "twice" else 1):
                await self._send_callback(task.request.callback_url, dialect.encode_status(task), task)

    async def _paint(
        self, dialect: TaskDialect, task: Task, effect: FaultEffect, origin: str, rng: random.Random
    ) -> None:
        duration_s = self._renderer.pace * effect.slowdown * rng.uniform(0.85, 1.15)
        early_state = _early_state(dialect, effect)
        task.state = "painting"
        for percent, share in progress_steps(rng):
            await self._renderer.sleep(duration_s * share)
            task.progress = int(percent)
            if early_state is not None and percent >= effect.ending_percent:
                self._end_task(task, effect, early_state, _failure_code(effect))
                return
        count = task.request.picture_count if effect.picture_count is None else int(effect.picture_count)
        urls = [await self._render_picture(task.request, effect, origin) for _ in range(count)]
        task.progress = 100
        task.result_urls = tuple(urls) if effect.result_format != "none" else ()
        self._end_task(task, effect, "completed", None)

    async def _render_picture(self, request: TaskRequest, effect: FaultEffect, origin: str) -> str:
        """Paints and publishes one picture; returns its address."""
        width, height = request.size
        spec = PictureSpec(
            prompt=request.prompt, references=request.references, mask=request.mask, width=width, height=height
        )
        name = f"{uuid.uuid4().hex}.png"
        if (file := apply_file_fault(effect, await self._renderer.render(spec))) is not None:
            self._renderer.files.add_file(name, *file)
        return f"{origin}/pictures/{name}"

    def _end_task(self, task: Task, effect: FaultEffect, state: State, code: str | None) -> None:
        if code is not None:
            message = ERROR_MESSAGES.get(code, "The picture could not be made")
            task.error = {"code": 500 if effect.numeric_error_code else code, "message": message, "type": "task_error"}
            task.fail_reason = message if effect.numeric_error_code else ""
        task.single_result = effect.single_result
        task.ended_at = int(time.time())
        task.state = state

    async def _send_callback(self, url: str, document: Object, task: Task) -> None:
        """Posts the task's status; repeated after each of CALLBACK_RETRY_PAUSES_S until a response is a 2xx."""
        assert self._client is not None, "not open"
        if self._callbacks_to is not None:
            origin = urlsplit(self._callbacks_to)
            url = urlunsplit(urlsplit(url)._replace(scheme=origin.scheme, netloc=origin.netloc))
        for pause_s in (*CALLBACK_RETRY_PAUSES_S, None):
            try:
                async with self._client.post(url, json=document) as response:
                    task.callback_statuses.append(response.status)
                    if 200 <= response.status < 300:
                        return
            except (aiohttp.ClientError, TimeoutError):
                task.callback_statuses.append(0)
            if pause_s is not None:
                await self._renderer.sleep(pause_s)


async def _stay_queued() -> None:
    """Nothing to send while waiting for a slot: the state is `queued` until then."""


def _early_state(dialect: TaskDialect, effect: FaultEffect) -> State | None:
    """The state in which a fault ends the task before its picture is there; None: no fault does. `painting`: it stays
    there for ever."""
    if effect.task_outcome is not None:
        return effect.task_outcome
    if effect.ending == "quiet":
        return "painting"
    failing = effect.task_error or effect.numeric_error_code or effect.ending == "error" or effect.progress_format == 19
    moderated = effect.code == "moderation_blocked" and dialect.moderation_status is None
    return "failed" if failing or moderated else None


def _failure_code(effect: FaultEffect) -> str | None:
    """The error code of a failed task; None for one that ends otherwise."""
    if effect.task_outcome is not None or effect.ending == "quiet":
        return None
    if effect.code == "moderation_blocked":
        return "content_policy_violation"
    return effect.task_error or ("service_error" if effect.ending == "error" else "generation_failed")
