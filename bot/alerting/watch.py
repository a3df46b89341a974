"""Looks for what needs a person, every so often, and has it told once it has lasted; then that it is over.

Decides nothing about words or places: `channels` has both. A look, or a channel, that fails is logged and stops none of
the others.
"""

from collections.abc import Mapping, Sequence

import structlog

from bot.alerting.channels import Channel
from bot.alerting.conditions import CONDITIONS, ConditionName, Findings, Notice, Symptom
from bot.alerting.notices import Key, NoticeBook
from bot.alerting.sources import NewErrors, SetAside, Source
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor

log = structlog.get_logger()

LOOK_EVERY_S = 20.0  # between two looks


class ConditionWatch:
    """The watch of one process."""

    def __init__(
        self,
        book: NoticeBook,
        channels: Sequence[Channel],
        clock: Clock,
        *,
        sources: Mapping[str, Source],
        errors: NewErrors,
        set_aside: SetAside,
    ) -> None:
        """`sources`: what is looked at, by its name in the log."""
        self._book = book
        self._channels = channels
        self._clock = clock
        self._sources = {**sources, "errors": errors.look, "set aside": set_aside.look}
        self._happened = {ConditionName.NEW_ERRORS: errors, ConditionName.SET_ASIDE: set_aside}
        self._since_s: dict[Key, float] = {}  # when this process has seen each first, monotonic
        self._supervisor = Supervisor(clock)

    def start(self) -> None:
        """Looks from now on."""
        self._supervisor.keep_running("alerting", self._run_forever)

    async def stop(self) -> None:
        """Looks no more."""
        await self._supervisor.stop()

    async def problem(self) -> str | None:
        """Why nobody would be told of anything, for `/readyz`; None while they would."""
        return self._supervisor.problem()

    async def _run_forever(self) -> None:
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """One look at everything, and what follows from it."""
        looks = [await self._look_at(name, source) for name, source in self._sources.items()]
        found = [findings for findings in looks if findings is not None]
        symptoms = {(each.name, each.subject): each for findings in found for each in findings.symptoms}
        unknown = {key for findings in found for key in findings.unknown}
        now_s = self._clock.monotonic()
        self._since_s = {key: self._since_s.get(key, now_s) for key in symptoms}
        for key, symptom in symptoms.items():
            if now_s - self._since_s[key] >= CONDITIONS[symptom.name].after_s:
                await self._tell_of(symptom)
        if len(found) == len(looks):
            for notice in await self._book.claim_ends(symptoms, unknown):
                await self._tell(notice)

    async def _look_at(self, name: str, source: Source) -> Findings | None:
        """None: nobody knows."""
        try:
            return await source()
        except Exception:
            log.exception("look for conditions failed", source=name)
            return None

    async def _tell_of(self, symptom: Symptom) -> None:
        notice = await self._book.claim(symptom)
        if notice is not None and await self._tell(notice) and (happened := self._happened.get(symptom.name)):
            happened.clear()

    async def _tell(self, notice: Notice) -> bool:
        """Whether it was told anywhere; else it is told later."""
        symptom = notice.symptom
        log.warning(
            "administrators are told",
            condition=symptom.name.value,
            subject=symptom.subject,
            is_over=notice.is_over,
            detail=symptom.detail,
        )
        told = [await channel.send(notice) for channel in self._channels]
        if not any(told):
            await self._book.put_back(notice)
        return any(told)
