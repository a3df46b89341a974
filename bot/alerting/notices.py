"""Decides which notice is told now: at most once an hour each, once for all processes, also after a restart.

The database knows what was told. While it is away, the first of the processes that were members goes by its memory.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.alerting.conditions import (
    CONDITIONS,
    STALE_AFTER,
    ConditionName,
    Notice,
    Symptom,
    is_due,
)
from bot.errors import StoreFailed
from bot.ports import Cluster
from bot.runtime.clock import Clock
from bot.store.notices import Notices

log = structlog.get_logger()

Key = tuple[ConditionName, str]


@dataclass(frozen=True, slots=True)
class _Told:
    """A notice that was told while the database was away."""

    symptom: Symptom
    since: datetime
    at: datetime


class NoticeBook:
    """What this process may tell."""

    def __init__(self, notices: Notices, cluster: Cluster, clock: Clock) -> None:
        self._notices = notices
        self._membership = cluster.membership
        self._is_alone = cluster.is_local
        self._clock = clock
        self._told: dict[Key, _Told] = {}  # while the database is away

    @property
    def _reporter(self) -> str:
        """Who sees it: where there can be one process only, the one before a restart is no other."""
        return "" if self._is_alone else self._membership.id

    async def claim(self, symptom: Symptom) -> Notice | None:
        """The notice of a condition that is there, where it is to be told now, by the caller; else None."""
        key, now = (symptom.name, symptom.subject), self._clock.now()
        told = self._told.get(key)
        try:
            since = await self._notices.report(
                symptom.name,
                symptom.subject,
                symptom.detail,
                reporter=self._reporter,
                now=now,
                stale_after=STALE_AFTER,
                is_due=is_due,
                is_state=CONDITIONS[symptom.name].is_state,
                told_before=None if told is None else told.at,
            )
        except StoreFailed as failed:
            log.debug("notices not read", detail=failed.detail)
            return self._claim_alone(symptom, now)
        self._told.pop(key, None)
        return None if since is None else Notice(symptom=symptom, since=since)

    async def claim_ends(self, present: Collection[Key], unknown: Collection[Key]) -> list[Notice]:
        """The notices of what is over, where they are to be told now. `present`: what this process sees; `unknown`:
        what it cannot tell of."""
        try:
            known = await self._notices.list_open()
        except StoreFailed as failed:
            log.debug("notices not read", detail=failed.detail)
            return []
        over = [each for each in known if (each.condition, each.subject) not in {*present, *unknown}]
        ends: list[Notice] = []
        for each in over:
            since = await self._resolve(each.condition, each.subject)
            if since is not None and each.condition in CONDITIONS:
                symptom = Symptom(name=ConditionName(each.condition), subject=each.subject, detail=each.detail)
                ends.append(Notice(symptom=symptom, is_over=True, since=since))
        return [*ends, *self._end_alone(present, unknown)]

    async def put_back(self, notice: Notice) -> None:
        """A notice could be told nowhere: it is claimed again at the next look."""
        symptom = notice.symptom
        self._told.pop((symptom.name, symptom.subject), None)
        try:
            await self._notices.put_back(symptom.name, symptom.subject, is_over=notice.is_over)
        except StoreFailed as failed:
            log.debug("notices not read", detail=failed.detail)

    # ------------------------------------------------------------ without the database

    async def _resolve(self, condition: str, subject: str) -> datetime | None:
        try:
            return await self._notices.resolve(
                condition,
                subject,
                reporter=self._reporter,
                now=self._clock.now(),
                stale_after=STALE_AFTER,
                members=None if self._is_alone else {each.id for each in self._membership.members()},
            )
        except StoreFailed as failed:
            log.debug("notices not read", detail=failed.detail)
            return None

    def _claim_alone(self, symptom: Symptom, now: datetime) -> Notice | None:
        members: Sequence[str] = sorted(each.id for each in self._membership.members())
        if members and members[0] != self._membership.id:
            return None
        key = (symptom.name, symptom.subject)
        told = self._told.get(key)
        if not is_due(None if told is None else told.at, now):
            return None
        since = told.since if told is not None else now
        self._told[key] = _Told(symptom, since, now)
        return Notice(symptom=symptom, since=since)

    def _end_alone(self, present: Collection[Key], unknown: Collection[Key]) -> list[Notice]:
        """What was told while the database was away, and is over now that it is back."""
        over = [key for key in self._told if key not in present and key not in unknown]
        told = [self._told.pop(key) for key in over]
        return [
            Notice(symptom=each.symptom, is_over=True, since=each.since)
            for each in told
            if CONDITIONS[each.symptom.name].is_state
        ]
