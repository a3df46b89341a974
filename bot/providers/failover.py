"""Who is asked, and who next: walks the configured providers until one paints or nobody may be asked any more.

Decides by failure class alone (`PaintFailed.retry`). Never asks again where something may have been accepted.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from bot.errors import Busy, PaintFailed, Retry, Unsupported
from bot.painting import Abilities, Event, Options, PaintRequest, Picture, Stage, Staged
from bot.ports import Clock, Provider

log = structlog.get_logger()

BACKOFF = (1.0, 2.0, 4.0)  # seconds after a 429 that names no Retry-After, as ToAPIs' page asks; plus jitter


@dataclass(frozen=True, slots=True)
class Asked:
    """The named provider is about to be asked: nothing has been sent before this is consumed."""

    provider: str
    price: int


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """The provider asked last certainly accepted nothing."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a request asks of whoever paints it. `references` and `prompt` are counts: pictures, characters."""

    options: Options
    references: int
    prompt: int

    def __str__(self) -> str:
        """In the words members typed, for a refusal: options, then pictures."""
        options = self.options
        typed = [f"--size {options.size}"] if options.size else []
        typed += [f"--quality {options.quality}"] if options.quality else []
        typed += [f"--n {options.n}"] if options.n > 1 else []
        typed += ["🖼" * self.references] if self.references else []
        return " ".join(typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A provider and how many paintings it may have under way at once."""

    provider: Provider
    slots: asyncio.Semaphore


class Failover:
    """The configured providers as one."""

    def __init__(
        self,
        seats: Sequence[tuple[Provider, int]],
        *,
        budget: float,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        """`seats`: providers in order, each with its concurrency. `budget`: seconds in which a new try may
        still begin. `jitter`: 0 ≤ value < 1, for the spread of waiting times."""
        self._seats = [Seat(provider=p, slots=asyncio.Semaphore(n)) for p, n in seats]
        self._budget = budget
        self._clock = clock
        self._jitter = jitter

    @property
    def abilities(self) -> Abilities:
        """What at least one provider can do; a request that needs two abilities of two providers is refused
        by `able`."""
        return merged([seat.provider.abilities for seat in self._seats])

    def able(self, needs: Needs) -> list[Provider]:
        """The providers that can meet the whole request, in order.

        Raises Unsupported when there is none.
        """
        return [seat.provider for seat in self._able(needs)]

    def price(self, needs: Needs) -> int:
        """Credits to reserve for one image: of the dearest provider that may come to paint it.

        Raises Unsupported when none can.
        """
        return max(provider.price for provider in self.able(needs))

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Event | Asked | TurnedDown, None]:
        """Asks the able providers in order.

        Raises PaintFailed: the last failure once nobody is left, or at once where another try could pay twice.
        """
        deadline = self._clock.monotonic() + self._budget
        failure: PaintFailed = PaintFailed()
        for position, seat in enumerate(self._able(needs_of(request))):
            if position:
                yield Staged(Stage.RETRYING)
            waits = iter(BACKOFF)
            while True:
                painted = False
                try:
                    async with seat.slots:
                        yield Asked(seat.provider.name, seat.provider.price)
                        async with aclosing(seat.provider.paint(request)) as events:
                            async for event in events:
                                painted = painted or isinstance(event, Picture)
                                yield event
                        return
                except PaintFailed as failed:
                    failure = failed
                    log.warning(
                        "upstream failed",
                        provider=seat.provider.name,
                        failure=type(failed).__name__,
                        trace_id=failed.trace,
                        detail=failed.detail,
                    )
                    if failed.retry is Retry.NEVER or painted:
                        raise
                    yield TurnedDown(type(failed).__name__)
                    pause = self._pause(failed, next(waits, None), deadline)
                    if pause is None:
                        break
                    yield Staged(Stage.RETRYING)
                    await self._clock.sleep(pause)
        raise failure

    def _able(self, needs: Needs) -> list[Seat]:
        able = [seat for seat in self._seats if fits(seat.provider.abilities, needs)]
        if not able:
            raise Unsupported(what=str(needs))
        return able

    def _pause(self, failed: PaintFailed, wait: float | None, deadline: float) -> float | None:
        """Seconds until the same provider is asked again; None: go on to the next one."""
        if not isinstance(failed, Busy) or wait is None:
            return None
        pause = failed.retry_after if failed.retry_after is not None else wait * (1 + self._jitter() / 2)
        return pause if self._clock.monotonic() + pause < deadline else None


def needs_of(request: PaintRequest) -> Needs:
    """A ready request's needs."""
    return Needs(options=request.options, references=len(request.references), prompt=len(request.prompt))


def fits(abilities: Abilities, needs: Needs) -> bool:
    """Whether a provider can meet the whole request."""
    options = needs.options
    return (
        (options.size is None or options.size in abilities.sizes)
        and (options.quality is None or options.quality in abilities.qualities)
        and options.n <= abilities.max_n
        and needs.references <= abilities.max_references
        and needs.prompt <= abilities.max_prompt
    )


def merged(each: Sequence[Abilities]) -> Abilities:
    """The union, for reading what members type. The limits of reference files are the strictest of all, so that
    one prepared set of references fits whoever paints."""
    return Abilities(
        sizes=tuple(dict.fromkeys(size for a in each for size in a.sizes)),
        qualities=tuple(dict.fromkeys(quality for a in each for quality in a.qualities)),
        max_n=max(a.max_n for a in each),
        max_references=max(a.max_references for a in each),
        max_prompt=max(a.max_prompt for a in each),
        max_reference_bytes=min(a.max_reference_bytes for a in each),
        max_reference_edge=min(a.max_reference_edge for a in each),
        reference_types=tuple(t for t in each[0].reference_types if all(t in a.reference_types for a in each)),
        masks=any(a.masks for a in each),
    )
