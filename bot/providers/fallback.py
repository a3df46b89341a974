"""Who is asked, and who next: walks the configured providers until one paints or nobody may be asked any more.

Decides by need, then by failure class alone (`PaintFailed.retry`). Never asks again where something may have been
accepted: what was accepted is asked about, where the provider can be.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial

import structlog

from bot.clock import Clock, Deadline
from bot.errors import Busy, Lost, PaintFailed, Restarted, Retry, TookTooLong, Unsupported
from bot.painting import Accepted, Capabilities, FinishedImage, PaintEvent, PaintRequest, Stage, StageChanged
from bot.ports import Provider
from bot.providers.breaker import Breaker, Circuit
from bot.providers.diagnostics import remedy
from bot.providers.requirements import Requirements, can_satisfy, merge_capabilities, requirements_of

log = structlog.get_logger()

BACKOFF_S = (1.0, 2.0, 4.0)  # seconds after a 429 that names no Retry-After, as ToAPIs' page asks; plus jitter


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """The named provider is about to be asked: nothing has been sent before this is consumed."""

    provider: str
    price: int
    model: str = ""


@dataclass(frozen=True, slots=True)
class AttemptRejected:
    """The provider asked last certainly accepted nothing."""

    reason: str


@dataclass(slots=True, kw_only=True)
class ProviderSlot:
    """A provider, how many paintings it may have under way at once, and whether it is worth asking."""

    provider: Provider
    semaphore: asyncio.Semaphore
    breaker: Breaker = field(default_factory=Breaker)


class FallbackProvider:
    """The configured providers as one."""

    def __init__(
        self,
        providers: Sequence[tuple[Provider, int]],
        *,
        budget_s: float,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        """`seats`: providers in order, each with its concurrency. `budget`: seconds for one request over all
        providers; what is not painted then is given up. `jitter`: 0 ≤ value < 1, for the spread of waiting times."""
        self._slots = [ProviderSlot(provider=p, semaphore=asyncio.Semaphore(n)) for p, n in providers]
        self._budget = budget_s
        self._clock = clock
        self._jitter = jitter

    # ------------------------------------------------------------ who can

    @cached_property
    def capabilities(self) -> Capabilities:
        """What at least one provider can do; a request that needs two capabilities of two providers is refused
        by `able`."""
        return merge_capabilities([seat.provider.capabilities for seat in self._slots])

    def capable_providers(self, needs: Requirements) -> list[Provider]:
        """The providers that can meet the whole request, in order.

        Raises Unsupported when there is none.
        """
        return [seat.provider for seat in self._capable_slots(needs)]

    def price(self, needs: Requirements) -> int:
        """Credits to reserve for one image: of the dearest provider that may come to paint it.

        Raises Unsupported when none can.
        """
        return max(provider.price for provider in self.capable_providers(needs))

    def can_satisfy(self, needs: Requirements) -> bool:
        """Whether anybody can meet the whole request."""
        return any(can_satisfy(seat.provider.capabilities, needs) for seat in self._slots)

    def resumable(self, name: str) -> bool:
        """Whether what the named provider has accepted can be asked about."""
        return any(seat.provider.name == name and seat.provider.resumable for seat in self._slots)

    def _capable_slots(self, needs: Requirements) -> list[ProviderSlot]:
        able = [seat for seat in self._slots if can_satisfy(seat.provider.capabilities, needs)]
        if not able:
            raise Unsupported(what=str(needs))
        return able

    # ------------------------------------------------------------ the walk

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent | AttemptStarted | AttemptRejected, None]:
        """Asks the able providers in order; those that have failed again and again come last.

        Raises PaintFailed: the last failure once nobody is left, or at once where another try could pay twice.
        """
        deadline = self._clock.monotonic() + self._budget
        failure: PaintFailed = PaintFailed()
        for position, seat in enumerate(self._in_order(self._capable_slots(requirements_of(request)))):
            if position and self._clock.monotonic() >= deadline:
                break
            if position:
                yield StageChanged(Stage.RETRYING)
            walk = _Attempt()
            try:
                async with aclosing(self._try_provider(seat, request, walk, deadline)) as events:
                    async for event in events:
                        yield event
            except PaintFailed as failed:
                failure = failed
                if failed.retry is Retry.NEVER or walk.has_picture:
                    raise
            else:
                return
        raise failure

    async def resume(self, name: str, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        """Goes on with what the named provider accepted before a restart. Submits nothing, asks nobody else.

        Raises PaintFailed; Restarted when that provider cannot be asked any more.
        """
        seat = next((seat for seat in self._slots if seat.provider.name == name), None)
        if seat is None or not seat.provider.resumable:
            raise Restarted(trace=upstream_id)
        walk = _Attempt(upstream_id=upstream_id)
        try:
            async with aclosing(
                self._events_of_painting(seat, request, walk, self._clock.monotonic() + self._budget)
            ) as events:
                async for event in events:
                    yield event
        except PaintFailed as failed:
            self._log_failure(seat, failed)
            raise

    def _in_order(self, able: Sequence[ProviderSlot]) -> list[ProviderSlot]:
        """As configured, but for those whose circuit is open: better late than never."""
        now = self._clock.monotonic()
        return sorted(able, key=lambda seat: seat.breaker.circuit(now) is Circuit.OPEN)

    async def _try_provider(
        self, seat: ProviderSlot, request: PaintRequest, walk: "_Attempt", deadline: float
    ) -> AsyncGenerator[PaintEvent | AttemptStarted | AttemptRejected, None]:
        """Asks one provider, and again after a 429 as long as that is worth the time.

        Raises its last PaintFailed.
        """
        waits = iter(BACKOFF_S)
        while True:
            walk.restart()
            try:
                async with aclosing(self._attempt(seat, request, walk, deadline)) as events:
                    async for event in events:
                        yield event
            except PaintFailed as failed:
                self._log_failure(seat, failed)
                if failed.retry is Retry.NEVER or walk.has_picture:
                    raise
                if walk.has_started:
                    yield AttemptRejected(type(failed).__name__)
                pause = self._retry_pause(failed, next(waits, None), deadline)
                if pause is None:
                    raise
            else:
                return
            yield StageChanged(Stage.RETRYING)
            await self._clock.sleep(pause)

    async def _attempt(
        self, seat: ProviderSlot, request: PaintRequest, walk: "_Attempt", deadline: float
    ) -> AsyncGenerator[PaintEvent | AttemptStarted, None]:
        """One asking of one provider, once it has a place free; its breaker hears how it ended."""
        provider, breaker = seat.provider, seat.breaker
        async with self._acquired(seat, deadline):
            is_probe = breaker.begin_request(self._clock.monotonic())
            try:
                walk.has_started = True
                yield AttemptStarted(provider.name, provider.price, provider.model)
                async with aclosing(self._events_of_painting(seat, request, walk, deadline)) as events:
                    async for event in events:
                        yield event
                breaker.record(None, self._clock.monotonic())
            except PaintFailed as failed:
                breaker.record(failed, self._clock.monotonic())
                if breaker.circuit(self._clock.monotonic()) is Circuit.OPEN:
                    log.warning("provider is asked last for a while", provider=provider.name)
                raise
            except BaseException:  # cancelled: nothing is known of the provider
                if is_probe:
                    breaker.abandon_probe()
                raise

    async def _events_of_painting(
        self, seat: ProviderSlot, request: PaintRequest, walk: "_Attempt", deadline: float
    ) -> AsyncGenerator[PaintEvent, None]:
        """The events of one painting. Where contact is lost and the provider can be asked what became of it, it is."""
        provider = seat.provider
        waits = iter(BACKOFF_S)
        while True:
            known = walk.upstream_id
            source = provider.paint(request) if known is None else provider.resume(request, known)
            try:
                async with aclosing(source), aclosing(self._events_before(deadline, source)) as events:
                    async for event in events:
                        walk.record(event)
                        yield event
            except Lost as lost:
                wait = next(waits, None)
                pause = None if wait is None else self._with_jitter(wait)
                asks = provider.resumable and walk.upstream_id is not None and not walk.has_picture
                if isinstance(lost, TookTooLong) or not asks or pause is None or not self._ends_before(pause, deadline):
                    raise
                self._log_failure(seat, lost)
            else:
                return
            await self._clock.sleep(pause)

    async def _events_before(
        self, deadline: float, events: AsyncGenerator[PaintEvent, None]
    ) -> AsyncGenerator[PaintEvent, None]:
        """The events that come in time.

        Raises TookTooLong at the deadline: whatever the provider is doing, the member has waited long enough.
        """
        async with Deadline(self._clock, deadline) as in_time:
            while True:
                try:
                    event = await in_time.wait_for(partial(anext, events, None))
                except TimeoutError as exc:
                    raise TookTooLong(seconds=round(self._budget)) from exc
                if event is None:
                    return
                yield event

    @asynccontextmanager
    async def _acquired(self, seat: ProviderSlot, deadline: float) -> AsyncGenerator[None]:
        """One of the paintings that a provider may have under way.

        Raises Busy when none comes free in time.
        """
        try:
            async with Deadline(self._clock, deadline) as in_time:
                await in_time.wait_for(seat.semaphore.acquire)
        except TimeoutError as exc:
            raise Busy(detail="no place came free") from exc
        try:
            if not self._ends_before(0.0, deadline):
                raise Busy(detail="a place came free too late")
            yield
        finally:
            seat.semaphore.release()

    def _retry_pause(self, failed: PaintFailed, wait: float | None, deadline: float) -> float | None:
        """Seconds until the same provider is asked again; None: go on to the next one."""
        if not isinstance(failed, Busy) or wait is None:
            return None
        pause = failed.retry_after if failed.retry_after is not None else self._with_jitter(wait)
        return pause if self._ends_before(pause, deadline) else None

    def _with_jitter(self, wait: float) -> float:
        return wait * (1 + self._jitter() / 2)

    def _ends_before(self, pause: float, deadline: float) -> bool:
        return self._clock.monotonic() + pause < deadline

    def _log_failure(self, seat: ProviderSlot, failed: PaintFailed) -> None:
        log.warning(
            "upstream failed",
            provider=seat.provider.name,
            failure=type(failed).__name__,
            trace_id=failed.trace,
            detail=failed.detail,
            hint=remedy(failed),
        )


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """How far one asking has come."""

    has_started: bool = False
    has_picture: bool = False
    upstream_id: str | None = None

    def restart(self) -> None:
        """A new asking: what the last one was known by counts no more."""
        self.has_started, self.upstream_id = False, None

    def record(self, event: PaintEvent) -> None:
        match event:
            case Accepted(upstream_id) if upstream_id:
                self.upstream_id = upstream_id
            case FinishedImage():
                self.has_picture = True
            case _:
                pass
