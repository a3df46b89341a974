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
from bot.providers.requirements import Requirements, fits, merged, requirements_of

log = structlog.get_logger()

BACKOFF = (1.0, 2.0, 4.0)  # seconds after a 429 that names no Retry-After, as ToAPIs' page asks; plus jitter


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
    slots: asyncio.Semaphore
    breaker: Breaker = field(default_factory=Breaker)


class FallbackProvider:
    """The configured providers as one."""

    def __init__(
        self,
        seats: Sequence[tuple[Provider, int]],
        *,
        budget: float,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        """`seats`: providers in order, each with its concurrency. `budget`: seconds for one request over all
        providers; what is not painted then is given up. `jitter`: 0 ≤ value < 1, for the spread of waiting times."""
        self._seats = [ProviderSlot(provider=p, slots=asyncio.Semaphore(n)) for p, n in seats]
        self._budget = budget
        self._clock = clock
        self._jitter = jitter

    # ------------------------------------------------------------ who can

    @cached_property
    def capabilities(self) -> Capabilities:
        """What at least one provider can do; a request that needs two capabilities of two providers is refused
        by `able`."""
        return merged([seat.provider.capabilities for seat in self._seats])

    def able(self, needs: Requirements) -> list[Provider]:
        """The providers that can meet the whole request, in order.

        Raises Unsupported when there is none.
        """
        return [seat.provider for seat in self._able(needs)]

    def price(self, needs: Requirements) -> int:
        """Credits to reserve for one image: of the dearest provider that may come to paint it.

        Raises Unsupported when none can.
        """
        return max(provider.price for provider in self.able(needs))

    def can(self, needs: Requirements) -> bool:
        """Whether anybody can meet the whole request."""
        return any(fits(seat.provider.capabilities, needs) for seat in self._seats)

    def resumable(self, name: str) -> bool:
        """Whether what the named provider has accepted can be asked about."""
        return any(seat.provider.name == name and seat.provider.resumable for seat in self._seats)

    def _able(self, needs: Requirements) -> list[ProviderSlot]:
        able = [seat for seat in self._seats if fits(seat.provider.capabilities, needs)]
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
        for position, seat in enumerate(self._order(self._able(requirements_of(request)))):
            if position and self._clock.monotonic() >= deadline:
                break
            if position:
                yield StageChanged(Stage.RETRYING)
            walk = _Attempt()
            try:
                async with aclosing(self._insist(seat, request, walk, deadline)) as events:
                    async for event in events:
                        yield event
            except PaintFailed as failed:
                failure = failed
                if failed.retry is Retry.NEVER or walk.painted:
                    raise
            else:
                return
        raise failure

    async def resume(self, name: str, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        """Goes on with what the named provider accepted before a restart. Submits nothing, asks nobody else.

        Raises PaintFailed; Restarted when that provider cannot be asked any more.
        """
        seat = next((seat for seat in self._seats if seat.provider.name == name), None)
        if seat is None or not seat.provider.resumable:
            raise Restarted(trace=upstream_id)
        walk = _Attempt(upstream_id=upstream_id)
        try:
            async with aclosing(self._told(seat, request, walk, self._clock.monotonic() + self._budget)) as events:
                async for event in events:
                    yield event
        except PaintFailed as failed:
            self._log(seat, failed)
            raise

    def _order(self, able: Sequence[ProviderSlot]) -> list[ProviderSlot]:
        """As configured, but for those whose circuit is open: better late than never."""
        now = self._clock.monotonic()
        return sorted(able, key=lambda seat: seat.breaker.circuit(now) is Circuit.OPEN)

    async def _insist(
        self, seat: ProviderSlot, request: PaintRequest, walk: "_Attempt", deadline: float
    ) -> AsyncGenerator[PaintEvent | AttemptStarted | AttemptRejected, None]:
        """Asks one provider, and again after a 429 as long as that is worth the time.

        Raises its last PaintFailed.
        """
        waits = iter(BACKOFF)
        while True:
            walk.begin()
            try:
                async with aclosing(self._ask(seat, request, walk, deadline)) as events:
                    async for event in events:
                        yield event
            except PaintFailed as failed:
                self._log(seat, failed)
                if failed.retry is Retry.NEVER or walk.painted:
                    raise
                if walk.asked:
                    yield AttemptRejected(type(failed).__name__)
                pause = self._pause(failed, next(waits, None), deadline)
                if pause is None:
                    raise
            else:
                return
            yield StageChanged(Stage.RETRYING)
            await self._clock.sleep(pause)

    async def _ask(
        self, seat: ProviderSlot, request: PaintRequest, walk: "_Attempt", deadline: float
    ) -> AsyncGenerator[PaintEvent | AttemptStarted, None]:
        """One asking of one provider, once it has a place free; its breaker hears how it ended."""
        provider, breaker = seat.provider, seat.breaker
        async with self._place(seat, deadline):
            is_probe = breaker.begin(self._clock.monotonic())
            try:
                walk.asked = True
                yield AttemptStarted(provider.name, provider.price, provider.model)
                async with aclosing(self._told(seat, request, walk, deadline)) as events:
                    async for event in events:
                        yield event
                breaker.heard(None, self._clock.monotonic())
            except PaintFailed as failed:
                breaker.heard(failed, self._clock.monotonic())
                if breaker.circuit(self._clock.monotonic()) is Circuit.OPEN:
                    log.warning("provider is asked last for a while", provider=provider.name)
                raise
            except BaseException:  # cancelled: nothing is known of the provider
                if is_probe:
                    breaker.given_up()
                raise

    async def _told(
        self, seat: ProviderSlot, request: PaintRequest, walk: "_Attempt", deadline: float
    ) -> AsyncGenerator[PaintEvent, None]:
        """The events of one painting. Where contact is lost and the provider can be asked what became of it, it is."""
        provider = seat.provider
        waits = iter(BACKOFF)
        while True:
            known = walk.upstream_id
            source = provider.paint(request) if known is None else provider.resume(request, known)
            try:
                async with aclosing(source), aclosing(self._until(deadline, source)) as events:
                    async for event in events:
                        walk.take(event)
                        yield event
            except Lost as lost:
                wait = next(waits, None)
                pause = None if wait is None else self._spread(wait)
                asks = provider.resumable and walk.upstream_id is not None and not walk.painted
                if isinstance(lost, TookTooLong) or not asks or pause is None or not self._before(pause, deadline):
                    raise
                self._log(seat, lost)
            else:
                return
            await self._clock.sleep(pause)

    async def _until(
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
    async def _place(self, seat: ProviderSlot, deadline: float) -> AsyncGenerator[None]:
        """One of the paintings that a provider may have under way.

        Raises Busy when none comes free in time.
        """
        try:
            async with Deadline(self._clock, deadline) as in_time:
                await in_time.wait_for(seat.slots.acquire)
        except TimeoutError as exc:
            raise Busy(detail="no place came free") from exc
        try:
            if not self._before(0.0, deadline):
                raise Busy(detail="a place came free too late")
            yield
        finally:
            seat.slots.release()

    def _pause(self, failed: PaintFailed, wait: float | None, deadline: float) -> float | None:
        """Seconds until the same provider is asked again; None: go on to the next one."""
        if not isinstance(failed, Busy) or wait is None:
            return None
        pause = failed.retry_after if failed.retry_after is not None else self._spread(wait)
        return pause if self._before(pause, deadline) else None

    def _spread(self, wait: float) -> float:
        return wait * (1 + self._jitter() / 2)

    def _before(self, pause: float, deadline: float) -> bool:
        return self._clock.monotonic() + pause < deadline

    def _log(self, seat: ProviderSlot, failed: PaintFailed) -> None:
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

    asked: bool = False
    painted: bool = False
    upstream_id: str | None = None

    def begin(self) -> None:
        """A new asking: what the last one was known by counts no more."""
        self.asked, self.upstream_id = False, None

    def take(self, event: PaintEvent) -> None:
        match event:
            case Accepted(upstream_id) if upstream_id:
                self.upstream_id = upstream_id
            case FinishedImage():
                self.painted = True
            case _:
                pass
