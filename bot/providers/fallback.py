"""The configured providers as one: tries them in order until one paints or another try could pay twice.

Which ones, and in which order, `bot.providers.catalog` says; who has a slot free, `bot.providers.candidates`; whether
another try may follow, the failure's class alone (`PaintFailed.retry`). Never submits again where something may have
been accepted: what was accepted is resumed, where the provider can.
"""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from bot.errors import Busy, Lost, NoTurn, PaintFailed, Restarted, Retry, TextTooLarge, TookTooLong, TooLarge
from bot.painting import Accepted, PaintEvent, PaintRequest, Stage, StageChanged
from bot.ports import Provider
from bot.providers.attempts import Attempt, TimeBudget
from bot.providers.breaker import Circuit
from bot.providers.candidates import BACKOFF_S, Candidate, Candidates, Mark
from bot.providers.catalog import CatalogEntry, Order, ProviderCatalog
from bot.providers.concurrency import PendingRequest
from bot.providers.diagnostics import remedy
from bot.providers.requirements import requirements_of
from bot.providers.slots import RequestSlots
from bot.runtime.clock import Clock, Deadline

log = structlog.get_logger()

Shrink = Callable[[PaintRequest], Awaitable[PaintRequest | None]]
"""Makes the pictures of a request smaller; None: it has none, or they cannot be."""


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """A request to a provider is about to begin: nothing has been sent before this event is consumed."""

    provider: str
    """The operator's name for it."""

    price: int
    """Most credits for one image of the request there; >= 0."""

    model: str = ""
    """Name of its model."""

    dialect: str = ""
    """What it speaks, for traces; empty: not known."""


@dataclass(frozen=True, slots=True)
class AttemptRejected:
    """The provider of the last AttemptStarted certainly accepted nothing."""

    reason: str
    """Name of the failure's class."""


class FallbackProvider:
    """The configured providers as one."""

    def __init__(
        self,
        providers: Sequence[tuple[Provider, int | None]],
        *,
        concurrency: int,
        budget_s: float,
        wait_s: float,
        clock: Clock,
        jitter: Callable[[], float],
        order: Order = "listed",
    ) -> None:
        """`providers`: in order of preference, each with the operator's `max_concurrency` (> 0; None: it is learned);
        those of one name are the models of one provider. `concurrency`: most requests to any one of them, > 0.
        `budget_s`: seconds for one request over all providers, after which it fails; the wait for their slots does not
        count. `wait_s`: seconds that it may wait for slots, of all providers together. `jitter`: a random number,
        0 <= value < 1, at each call. `order`: of those that can paint a request."""
        self.catalog = ProviderCatalog([provider for provider, _ in providers], order=order)
        """What they can do, and at what price."""
        self._clock = clock
        self._jitter = jitter
        self._concurrency = concurrency
        self._caps = {provider.name: cap for provider, cap in providers}
        self._slots = {name: self._make_slots(name, cap) for name, cap in self._caps.items()}  # of each provider
        self._budget_s = budget_s
        self._wait_s = wait_s

    def replace(
        self, providers: Sequence[tuple[Provider, int | None]], *, budget_s: float, wait_s: float, order: Order
    ) -> None:
        """Other providers for requests that begin from now on. Who keeps name and cap keeps its learned limit."""
        self.catalog.replace([provider for provider, _ in providers], order=order, since=self._clock.now())
        caps = {provider.name: cap for provider, cap in providers}
        kept = {name: slots for name, slots in self._slots.items() if name in caps and caps[name] == self._caps[name]}
        self._slots = {name: kept.get(name) or self._make_slots(name, cap) for name, cap in caps.items()}
        self._caps, self._budget_s, self._wait_s = caps, budget_s, wait_s

    def _make_slots(self, name: str, cap: int | None) -> RequestSlots:
        slots = RequestSlots(name, self._clock, max_concurrency=cap, most=self._concurrency)
        if name in self.catalog.paused:
            slots.pause()
        return slots

    def pause(self, names: Collection[str]) -> None:
        """The providers with these names begin no request from now on, and all others do; what is under way goes
        on."""
        self.catalog.paused = frozenset(names)
        for name, slots in self._slots.items():
            if name in names:
                slots.pause()
            else:
                slots.resume()

    def slots_of(self, name: str) -> RequestSlots:
        """The requests to a configured provider."""
        return self._slots[name]

    def resumable(self, name: str) -> bool:
        """Whether the named provider can resume what it has accepted."""
        return any(entry.provider.name == name and entry.provider.resumable for entry in self.catalog.entries)

    async def paint(
        self, request: PaintRequest, *, shrink: Shrink | None = None, mark: Mark | None = None
    ) -> AsyncGenerator[PaintEvent | AttemptStarted | AttemptRejected, None]:
        """Tries the capable providers in the catalog's order.

        `shrink`: called once, where a provider refuses the request for its bytes; None: the request stays as it is.
        `mark`: called where a provider takes no mask itself; None: the request has no mask.

        Raises PaintFailed: the last failure once none is left, or at once where another try could pay twice; Refusal
        where none is capable or all that are were paused, or as `mark` does.
        """
        time = self._start_time()
        candidates = self._candidates(request)
        last_failure: PaintFailed = PaintFailed()
        pause: float | None = None
        while candidates and self._ends_in_time(pause or 0.0, time):
            if pause is not None:
                yield StageChanged(Stage.RETRYING)
                await self._clock.sleep(pause)
            attempt = Attempt()
            try:
                with _failure_of(request):
                    async with aclosing(self._attempt(candidates, attempt, time, mark)) as events:
                        async for event in events:
                            yield event
            except PaintFailed as failure:
                last_failure = failure
                if attempt.asked:
                    self._log_failure(attempt.asked.entry, failure)
                if failure.retry is Retry.NEVER or attempt.has_picture:
                    raise
                if attempt.has_started:
                    yield AttemptRejected(type(failure).__name__)
                pause = await self._next_pause(failure, candidates, attempt.asked, time, shrink)
            else:
                return
        raise last_failure

    async def resume(
        self, name: str, request: PaintRequest, upstream_id: str, *, model: str = ""
    ) -> AsyncGenerator[PaintEvent, None]:
        """Resumes what the named provider accepted before a restart. Submits nothing, tries no other provider.
        `model`: its upstream's name of the model, whose settings may have gone since: another model of it will do.

        Raises PaintFailed; Restarted when that provider is gone or cannot resume.
        """
        entries = [each for each in self.catalog.entries if each.provider.name == name and each.provider.resumable]
        if not entries:
            raise Restarted(trace=upstream_id)
        entry = next((each for each in entries if each.provider.model == model), entries[0])
        attempt = Attempt(upstream_id=upstream_id)
        try:
            async with aclosing(self._paint_or_resume(entry, request, attempt, self._start_time())) as events:
                async for event in events:
                    yield event
        except PaintFailed as failure:
            self._log_failure(entry, failure)
            raise

    def _candidates(self, request: PaintRequest) -> Candidates:
        """Raises Refusal where nobody can paint the request."""
        listed = self.catalog.in_order(requirements_of(request), self._clock.monotonic())
        lines = [(models, self._slots[models[0].provider.name]) for models in listed]
        return Candidates(
            [
                Candidate(models=list(models), request=request, slots=slots, ticket=slots.draw_ticket())
                for models, slots in lines
            ],
            self._clock,
        )

    async def _next_pause(
        self,
        failure: PaintFailed,
        candidates: Candidates,
        asked: Candidate | None,
        time: TimeBudget,
        shrink: Shrink | None,
    ) -> float:
        """Seconds until the next attempt: at the one that was asked, where it is busy or may take smaller pictures;
        else it is no candidate any more. `asked`: None: nobody's turn came.

        Raises the failure where nobody else may be asked.
        """
        if asked is None:
            return 0.0
        if failure.retry is Retry.SMALLER:
            smaller = await shrink(asked.request) if shrink and not asked.is_smaller else None
            if smaller is None:
                raise failure
            asked.shrink(smaller)
            return 0.0
        pause = self._retry_pause(failure, next(asked.backoff, None), time)
        if pause is None:
            candidates.drop(asked, failure)
        return pause or 0.0

    async def _attempt(
        self, candidates: Candidates, attempt: Attempt, time: TimeBudget, mark: Mark | None
    ) -> AsyncGenerator[PaintEvent | AttemptStarted, None]:
        """One request to the first candidate with a slot free; its breaker and its slots record the outcome."""
        if candidates.must_wait:
            yield StageChanged(Stage.WAITING)
        async with self._hold_slot(candidates, time) as (asked, pending):
            attempt.asked = asked
            request = await asked.fit_request(mark)
            async with aclosing(self._ask(asked, request, pending, attempt, time)) as events:
                async for event in events:
                    yield event

    async def _ask(
        self,
        asked: Candidate,
        request: PaintRequest,
        pending: PendingRequest,
        attempt: Attempt,
        time: TimeBudget,
    ) -> AsyncGenerator[PaintEvent | AttemptStarted, None]:
        entry, slots = asked.entry, asked.slots
        provider, breaker = entry.provider, entry.breaker
        is_probe = breaker.begin_request(self._clock.monotonic())
        try:
            attempt.has_started = True
            price = entry.price_range(request.options).most
            yield AttemptStarted(provider.name, price, provider.model, getattr(provider, "dialect", ""))
            async with aclosing(self._paint_or_resume(entry, request, attempt, time)) as events:
                async for event in events:
                    if isinstance(event, Accepted):
                        slots.take(pending)
                    yield event
            slots.take(pending)
            breaker.record(None, self._clock.monotonic())
        except PaintFailed as failure:
            if failure.overloaded:
                slots.refuse(pending)
            elif failure.retry is not Retry.ELSEWHERE:
                slots.take(pending)
            breaker.record(failure, self._clock.monotonic())
            if breaker.circuit(self._clock.monotonic()) is Circuit.OPEN:
                asked_last = {"model": provider.model} if failure.concerns_model else {}
                log.warning("provider is asked last for a while", provider=provider.name, **asked_last)
            raise
        except BaseException:  # cancelled: says nothing about the provider
            if is_probe:
                breaker.abandon_probe()
            raise

    async def _paint_or_resume(
        self, entry: CatalogEntry, request: PaintRequest, attempt: Attempt, time: TimeBudget
    ) -> AsyncGenerator[PaintEvent, None]:
        """The events of one generation. Where contact is lost and the provider can resume, it is resumed."""
        provider = entry.provider
        backoff = iter(BACKOFF_S)
        while True:
            upstream_id = attempt.upstream_id
            source = provider.paint(request) if upstream_id is None else provider.resume(request, upstream_id)
            try:
                async with aclosing(source), aclosing(self._events_until_deadline(time.deadline, source)) as events:
                    async for event in events:
                        attempt.record(event)
                        yield event
            except Lost as lost:
                wait = next(backoff, None)
                pause = None if wait is None else self._with_jitter(wait)
                can_resume = provider.resumable and attempt.upstream_id is not None and not attempt.has_picture
                if (
                    isinstance(lost, TookTooLong)
                    or not can_resume
                    or pause is None
                    or not self._ends_in_time(pause, time)
                ):
                    raise
                self._log_failure(entry, lost)
            else:
                return
            await self._clock.sleep(pause)

    async def _events_until_deadline(
        self, deadline: float, events: AsyncGenerator[PaintEvent, None]
    ) -> AsyncGenerator[PaintEvent, None]:
        """The events that come before the deadline.

        Raises TookTooLong at the deadline, whatever the provider is doing: the user has waited long enough.
        """
        async with Deadline(self._clock, deadline) as timer:
            while True:
                try:
                    event = await timer.wait_for(partial(anext, events, None))
                except TimeoutError as exc:
                    raise TookTooLong(seconds=round(self._budget_s)) from exc
                if event is None:
                    return
                yield event

    @asynccontextmanager
    async def _hold_slot(
        self, candidates: Candidates, time: TimeBudget
    ) -> AsyncGenerator[tuple[Candidate, PendingRequest]]:
        """Holds a concurrency slot of a candidate. The wait for it puts off the deadline: the upstream was not asked
        yet.

        Raises NoTurn when none comes free within the time that the request may wait.
        """
        began = self._clock.monotonic()
        try:
            asked, pending = await candidates.acquire(time.wait_s)
        except TimeoutError as exc:
            failure = NoTurn(minutes=math.ceil(self._wait_s / 60))
            for each in candidates.drop_line():
                self._log_failure(each.entry, failure)
            raise failure from exc
        finally:
            time.add_wait(self._clock.monotonic() - began)
        try:
            yield asked, pending
        finally:
            asked.slots.release(pending)

    def _retry_pause(self, failure: PaintFailed, wait: float | None, time: TimeBudget) -> float | None:
        """Seconds until the same provider is tried again; None: the next one is tried."""
        if not isinstance(failure, Busy) or wait is None:
            return None
        pause = failure.retry_after if failure.retry_after is not None else self._with_jitter(wait)
        return pause if self._ends_in_time(pause, time) else None

    def _with_jitter(self, wait: float) -> float:
        return wait * (1 + self._jitter() / 2)

    def _start_time(self) -> TimeBudget:
        return TimeBudget(deadline=self._clock.monotonic() + self._budget_s, wait_s=self._wait_s)

    def _ends_in_time(self, pause: float, time: TimeBudget) -> bool:
        return self._clock.monotonic() + pause < time.deadline

    def _log_failure(self, entry: CatalogEntry, failure: PaintFailed) -> None:
        tell = log.error if failure.lasting else log.warning  # a key, a balance, an address: the operator must act
        tell(
            "upstream failed",
            provider=entry.provider.name,
            model=entry.provider.model,
            failure=type(failure).__name__,
            trace_id=failure.trace,
            detail=failure.detail,
            hint=remedy(failure),
        )


@contextmanager
def _failure_of(request: PaintRequest) -> Generator[None]:
    """Makes a TooLarge inside the context what it is for a request without pictures, of which nothing can be scaled
    down."""
    try:
        yield
    except TooLarge as failure:
        if request.references:
            raise
        raise TextTooLarge(trace=failure.trace, detail=failure.detail) from failure
