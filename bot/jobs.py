"""The plot of one job, from acceptance to settlement. What a job has done is written down before the next step.

Says what happens, in order; how it is stored, shown, fetched or painted stands in the modules below. After a crash
the same plot runs again and skips what its steps say is done:

    asked:1       provider 1 is about to be asked        → open at a restart: it may have been paid, never ask again
    turned-down:1 provider 1 certainly accepted nothing  → the question is closed, another may be asked
    accepted      the upstream's own id of the painting
    picture:0     where the first finished picture lies  → a restart fetches it from there
    painted       the pictures lie in the database       → a restart delivers them
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot import pictures
from bot.chat import Action, Attachment, Button, Card, Delivered, MessageRef
from bot.errors import (
    BadResult,
    ChatFailed,
    EaselError,
    FetchFailed,
    PaintFailed,
    Refusal,
    Restarted,
    Stale,
    StoreFailed,
    Undelivered,
)
from bot.fetch import Fetcher
from bot.metrics import FAILURES, FINISHED, PAINT_SECONDS
from bot.painting import (
    Accepted,
    Blob,
    Event,
    Image,
    Link,
    PaintRequest,
    Picture,
    Preview,
    Progress,
    Stage,
    Staged,
    Usage,
)
from bot.ports import ChatPort, Clock
from bot.providers.failover import Asked, Failover, TurnedDown
from bot.status.board import Board, Final, Sheet
from bot.status.fold import Placed, Status
from bot.store import Failure, Job, State, Store
from bot.texts import explain, say

log = structlog.get_logger()

RESULT_LIMIT = 64_000_000  # bytes of one result; a 3840 × 2160 PNG at its worst is below 34 MB
PREVIEW_LIMIT = 8_000_000  # bytes
RESULT_SECONDS = 60.0  # to download one result
REFERENCE_LIMIT = 32_000_000  # bytes a member's picture may have before it is scaled down
MOST_ATTEMPTS = 5  # starts of one job; a job that takes the process down each time must not do so for ever
EXCERPT = 80  # characters of a prompt under its picture


@dataclass(slots=True, kw_only=True)
class Painting:
    """What one asking has brought so far."""

    provider: str = ""
    price: int = 1
    upstream_id: str | None = None
    usage: dict[str, object] = field(default_factory=dict[str, object])
    sources: list[Link | Blob] = field(default_factory=list[Link | Blob])


class Jobs:
    """Runs jobs to their ends. Whoever calls `run` decides when; `run` raises nothing but CancelledError."""

    def __init__(
        self,
        *,
        store: Store,
        failover: Failover,
        fetcher: Fetcher,
        board: Board,
        ports: Mapping[str, ChatPort],
        clock: Clock,
    ) -> None:
        self._store = store
        self._failover = failover
        self._fetcher = fetcher
        self._board = board
        self._ports = ports
        self._clock = clock
        self._cancelled: set[str] = set()
        self._settling: set[str] = set()
        self._previews: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ what the desk and the dispatcher use

    async def show(self, job: Job, gone: Callable[[], None]) -> None:
        """Puts the job's status message up, or takes hold again of the one that stands there."""
        typical = await self._store.typical_seconds()
        age = max(0.0, (self._clock.now() - job.created).total_seconds())
        ref = MessageRef(chat=job.chat, message_id=job.status_id) if job.status_id else None
        status = Status(since=self._clock.monotonic() - age, typical=typical, count=job.options.n)

        async def posted(at: MessageRef) -> None:
            await self._store.posted(job.id, at.message_id)

        self._board.open(
            Sheet(
                key=job.id,
                chat=job.chat,
                reply_to=job.request_id,
                locale=job.locale,
                status=status,
                buttons=buttons(job, Action.CANCEL),
                ref=ref,
                posted=posted,
                gone=gone,
            )
        )

    def placed(self, job_id: str, place: int) -> None:
        """The job's place in line changed."""
        self._board.tell(job_id, Placed(place))

    def may_cancel(self, job_id: str) -> bool:
        """Remembers that the job is to be cancelled. False: its pictures are on their way already."""
        if job_id in self._settling:
            return False
        self._cancelled.add(job_id)
        return True

    async def cancelled(self, job_id: str) -> bool:
        """Closes a job that was cancelled: nothing is charged. False: it had ended before."""
        job = await self._store.get(job_id)
        self._cancelled.discard(job_id)
        if job is None or not await self._finish(job, State.CANCELLED, charged=0):
            return False
        await self._conclude(job, Card(text=say(job.locale, "cancelled"), buttons=buttons(job, Action.RETRY)))
        return True

    async def run(self, job_id: str) -> None:
        """The plot, from its beginning or from where an earlier attempt got to."""
        try:
            await self._play(await self._store.begin(job_id))
        except asyncio.CancelledError:
            if job_id not in self._cancelled:
                raise  # the process stops; the next start goes on
            _keep_going()
            await self.cancelled(job_id)
        except Stale:
            log.info("job is held by a newer attempt", job=job_id)
        except StoreFailed as failed:
            log.error("database failed, the job goes on at the next start", job=job_id, detail=failed.detail)
            await self._say_store_failed(job_id, failed)
        except Exception:
            log.exception("job broke", job=job_id)
            await self._broke(job_id)
        finally:
            self._cancelled.discard(job_id)
            self._settling.discard(job_id)

    async def close(self) -> None:
        """Ends what is left of preview downloads."""
        for task in self._previews:
            task.cancel()
        await asyncio.gather(*self._previews, return_exceptions=True)

    # ------------------------------------------------------------ the plot

    async def _play(self, job: Job) -> None:
        try:
            painted = await self._painted(job)
        except (Refusal, PaintFailed) as failed:
            await self._fail(job, failed)
        else:
            self._settling.add(job.id)
            if job.id in self._cancelled:
                raise asyncio.CancelledError
            await self._deliver(job, painted)

    async def _painted(self, job: Job) -> Mapping[str, Any]:
        """The pictures lie in the database; returns what is known of them."""
        if (painted := job.steps.get("painted")) is not None:
            return painted
        painting = remembered(job)
        if not painting.sources:
            if job.attempt > MOST_ATTEMPTS or still_open(job):
                raise Restarted
            painting = await self._ask(job)
        self._board.tell(job.id, Staged(Stage.SAVING))
        images = await self._collect(painting.sources)
        facts: dict[str, Any] = {
            "provider": painting.provider,
            "price": painting.price,
            "count": len(images),
            "upstream_id": painting.upstream_id,
            "usage": painting.usage,
        }
        await self._store.keep(job, images, facts)
        return facts

    async def _ask(self, job: Job) -> Painting:
        """Asks the upstreams; every step that could cost money is written down first."""
        self._board.tell(job.id, Staged(Stage.PREPARING))
        request = PaintRequest(prompt=job.prompt, references=await self._references(job), options=job.options)
        painting = Painting()
        asked = sum(step.startswith("asked:") for step in job.steps)
        try:
            async with aclosing(self._failover.paint(request)) as events:
                async for event in events:
                    match event:
                        case Asked(provider, price):
                            asked += 1
                            painting = Painting(provider=provider, price=price)
                            await self._store.note(job, f"asked:{asked}", {"provider": provider, "price": price})
                        case TurnedDown(reason):
                            await self._store.note(job, f"turned-down:{asked}", {"reason": reason})
                        case _:
                            await self._hear(job, painting, event)
        except PaintFailed as failed:
            FAILURES.labels(type(failed).__name__).inc()
            if not painting.sources:
                raise
            log.warning("upstream failed after a picture", job=job.id, failure=type(failed).__name__)
        return painting

    async def _hear(self, job: Job, painting: Painting, event: Event) -> None:
        """One event of the upstream: kept where it counts, shown where it tells."""
        match event:
            case Accepted(upstream_id):
                if upstream_id and painting.upstream_id is None:
                    painting.upstream_id = upstream_id
                    await self._store.note(job, "accepted", {"upstream_id": upstream_id})
            case Usage(counts):
                painting.usage |= counts
            case Preview(source):
                self._fetch_preview(job.id, source)
            case Picture(source):
                if isinstance(source, Link):
                    await self._store.note(job, f"picture:{len(painting.sources)}", {"link": source.url})
                painting.sources.append(source)
            case Staged() | Progress():
                pass  # only to be shown
        self._board.tell(job.id, event)

    async def _deliver(self, job: Job, painted: Mapping[str, Any]) -> None:
        """The message becomes the pictures; only then they are charged."""
        count, price = int(painted["count"]), int(painted["price"])
        charged = min(count * price, job.cost)
        seconds = max(0.0, (self._clock.now() - (job.started or job.created)).total_seconds())
        key = "done-caption" if count >= job.options.n else "done-partly"
        text = say(
            job.locale,
            key,
            prompt=excerpt(job.prompt),
            seconds=round(seconds),
            credits=charged,
            got=count,
            asked=job.options.n,
        )
        card = Card(text=text, buttons=buttons(job, Action.RETRY, Action.VARY, Action.EDIT))

        async def load() -> Sequence[Image]:
            return await self._store.results(job)

        try:
            delivered = await self._board.end(job.id, Final(card=card, load=load))
        except ChatFailed as failed:
            log.error("pictures could not be delivered", job=job.id, chat=job.chat.key, detail=failed.detail)
            await self._finish(job, State.FAILED, charged=0, failure=failure_of(Undelivered()))
            return
        await self._finish(job, State.DONE, charged=charged, delivered=delivered)
        PAINT_SECONDS.labels(painted["provider"]).observe(seconds)

    async def _fail(self, job: Job, failed: EaselError) -> None:
        """The credits come back first, so that what the message says is true when it is read."""
        self._settling.add(job.id)
        log.warning(
            "job failed",
            job=job.id,
            failure=type(failed).__name__,
            trace_id=failed.trace,
            detail=failed.detail,
        )
        if await self._finish(job, State.FAILED, charged=0, failure=failure_of(failed), trace=failed.trace):
            again = buttons(job, Action.RETRY) if not isinstance(failed, Refusal) else ()
            await self._conclude(job, Card(text=explain(job.locale, failed), buttons=again))

    async def _finish(
        self,
        job: Job,
        state: State,
        *,
        charged: int,
        failure: Failure | None = None,
        delivered: Delivered | None = None,
        trace: str | None = None,
    ) -> bool:
        done = await self._store.finish(job, state, charged=charged, failure=failure, delivered=delivered, trace=trace)
        if done:
            self._ports[job.chat.platform].balance_changed(job.user)
            FINISHED.labels(state).inc()
            log.info("job ended", job=job.id, state=state.value, charged=charged)
        return done

    async def _conclude(self, job: Job, card: Card) -> None:
        """A final state without pictures. A platform that does not take it changes nothing about the job."""
        try:
            await self._board.end(job.id, Final(card=card))
        except ChatFailed as failed:
            log.warning("final state not shown", job=job.id, chat=job.chat.key, detail=failed.detail)

    async def _say_store_failed(self, job_id: str, failed: StoreFailed) -> None:
        try:
            if (job := await self._store.get(job_id)) is not None:
                await self._conclude(job, Card(text=explain(job.locale, failed)))
        except StoreFailed:
            log.error("database cannot be read either", job=job_id)

    async def _broke(self, job_id: str) -> None:
        """A bug of ours: released and said like any other failure."""
        try:
            if (job := await self._store.get(job_id)) is not None:
                await self._fail(job, EaselError())
        except (StoreFailed, Stale):
            log.exception("broken job could not be closed", job=job_id)

    # ------------------------------------------------------------ pictures in, pictures out

    async def _references(self, job: Job) -> tuple[Image, ...]:
        """The members' pictures as bytes, in order, fit for every configured provider."""
        abilities = self._failover.abilities
        port = self._ports[job.chat.platform]

        async def prepare(attachment: Attachment) -> Image:
            data = await port.fetch(attachment, limit=REFERENCE_LIMIT)
            return await pictures.reference(data, name=attachment.filename or "", abilities=abilities)

        return tuple([await prepare(each) for each in job.references])  # one by one, to hold one at a time

    async def _collect(self, sources: Sequence[Link | Blob]) -> list[Image]:
        """The results that can be had.

        Raises BadResult when there is none.
        """
        failure: EaselError | None = None
        images: list[Image] = []
        for source in sources:
            try:
                images.append(await pictures.result(await self._bytes(source, RESULT_LIMIT)))
            except (FetchFailed, BadResult) as failed:
                log.warning("result dropped", failure=type(failed).__name__, detail=failed.detail)
                failure = failed
        if not images:
            raise BadResult(detail=failure.detail if failure else None) from failure
        return images

    async def _bytes(self, source: Link | Blob, limit: int) -> bytes:
        if isinstance(source, Blob):
            return source.data
        return await self._fetcher.get(source.url, limit=limit, timeout=RESULT_SECONDS)

    def _fetch_preview(self, job_id: str, source: Link | Blob) -> None:
        """In the background: a preview that does not come is no loss."""

        async def fetch() -> None:
            try:
                data = await self._bytes(source, PREVIEW_LIMIT)
                self._board.unfold(job_id, await pictures.preview(data))
            except EaselError as failed:
                log.debug("no preview", job=job_id, detail=failed.detail)

        task = asyncio.create_task(fetch(), name=f"preview {job_id}")
        self._previews.add(task)
        task.add_done_callback(self._previews.discard)


def remembered(job: Job) -> Painting:
    """What an earlier attempt wrote down of its asking."""
    painting = Painting(upstream_id=job.steps.get("accepted", {}).get("upstream_id"))
    for name, value in job.steps.items():
        if name.startswith("asked:"):
            painting.provider, painting.price = value["provider"], value["price"]
    found = sorted(
        (int(name.partition(":")[2]), v["link"]) for name, v in job.steps.items() if name.startswith("picture:")
    )
    painting.sources.extend(Link(url=link) for _, link in found)
    return painting


def still_open(job: Job) -> bool:
    """Whether somebody was asked whose answer is unknown."""
    asked = {name.partition(":")[2] for name in job.steps if name.startswith("asked:")}
    closed = {name.partition(":")[2] for name in job.steps if name.startswith("turned-down:")}
    return bool(asked - closed)


def buttons(job: Job, *actions: Action) -> tuple[Button, ...]:
    """A job's buttons in its owner's language."""
    return tuple(Button(action=a, job=job.id, label=say(job.locale, f"button-{a.value}")) for a in actions)


def failure_of(failed: EaselError) -> Failure:
    """A failure as the database keeps it: words' key and facts."""
    return Failure(key=failed.key, facts=dict(failed.facts))


def excerpt(prompt: str) -> str:
    """The beginning of a prompt on one line."""
    line = " ".join(prompt.split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1].rstrip() + "…"


def _keep_going() -> None:
    """This task was cancelled on behalf of the user and has an ending to write."""
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
