"""The rules of strikes."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import Busy, FlaggedPicture, FlaggedPrompt, ForbiddenWord, Moderated
from bot.job import Failure
from bot.strikes import StrikeRules, announced_pause, hours_left, is_strike, refuse_until, with_pause

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("strikes", "paused"), [(1, False), (2, False), (3, True), (4, True)])
def test_as_many_refusals_as_the_limit_begin_a_pause(strikes: int, paused: bool) -> None:
    rules = StrikeRules(limit=3, pause=timedelta(hours=2))
    assert rules.pause_until(strikes, NOON) == (NOON + timedelta(hours=2) if paused else None)


def test_without_a_limit_there_is_no_pause() -> None:
    assert StrikeRules(limit=0, pause=timedelta(hours=2)).pause_until(1000, NOON) is None


def test_only_moderation_strikes() -> None:
    assert all(is_strike(Failure(key=kind.key)) for kind in (Moderated, FlaggedPrompt, FlaggedPicture))
    assert not any(is_strike(failure) for failure in (None, *(Failure(key=kind.key) for kind in (Busy, ForbiddenWord))))


def test_the_failure_that_brings_a_pause_announces_it_and_keeps_its_own_facts() -> None:
    refused = Failure(key=FlaggedPrompt.key, facts={"category": "hate"})
    assert announced_pause(refused) == {}
    told = with_pause(refused, NOON + timedelta(hours=6), NOON)
    assert told.facts["category"] == "hate"
    assert announced_pause(told) == refuse_until(NOON + timedelta(hours=6), NOON).facts
    assert announced_pause(told) == {"hours": 6, "until": "2026-03-01 18:00 UTC"}


@pytest.mark.parametrize(("minutes", "hours"), [(1, 1), (60, 1), (61, 2), (-5, 1)])
def test_hours_are_rounded_up(minutes: int, hours: int) -> None:
    assert hours_left(NOON + timedelta(minutes=minutes), NOON) == hours
