"""The rules of credits hold for every order of events."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot import quota
from bot.quota import Account, QuotaRules

DAY = date(2026, 3, 14)
NEXT = DAY + timedelta(days=1)
FRESH = Account(id="telegram:1", daily=10, allowance=10, day=DAY)


def test_a_new_day_fills_the_pot_and_keeps_what_was_granted() -> None:
    spent = replace(FRESH, daily=2, reserved=3, granted=4)
    assert quota.refreshed(spent, NEXT, 10) == replace(spent, daily=10, day=NEXT)


def test_a_first_visit_finds_a_full_pot() -> None:
    assert quota.refreshed(Account(id="telegram:1"), DAY, 10) == FRESH


def test_a_clock_that_falls_back_refills_nothing() -> None:
    spent = replace(FRESH, daily=1)
    assert quota.refreshed(spent, DAY - timedelta(days=1), 10) == spent


def test_a_clock_that_was_a_month_ahead_stops_the_refill_for_a_day_at_most() -> None:
    ahead = replace(FRESH, daily=0, day=DAY + timedelta(days=30))
    back = quota.refreshed(ahead, DAY, 10)
    assert back == replace(ahead, day=DAY)  # that day's credits are spent
    assert quota.refreshed(back, NEXT, 10).daily == 10
    assert quota.refreshed(ahead, DAY, 14).daily == 4  # a higher allowance counts at once
    held, from_granted = quota.reserve(replace(ahead, daily=10), 10)
    back = quota.refreshed(held, DAY, 10)
    assert quota.settle(back, 10, from_granted, 0, ahead.day).daily == 10  # what the wrong day reserved comes back


@pytest.mark.parametrize(("allowance", "free"), [(15, 8), (8, 1), (3, 0), (10, 3)])
def test_a_changed_allowance_moves_what_is_left_today_by_the_difference(allowance: int, free: int) -> None:
    assert quota.refreshed(replace(FRESH, daily=3), DAY, allowance).daily == free


def test_the_daily_pot_is_spent_before_the_granted_credits() -> None:
    rich = replace(FRESH, granted=5)
    assert quota.reserve(rich, 4) == (replace(rich, daily=6, reserved=4), 0)
    assert quota.reserve(rich, 12) == (replace(rich, daily=0, reserved=12, granted=3), 2)


@pytest.mark.parametrize("amount", [-1, 11])
def test_more_than_is_left_cannot_be_reserved(amount: int) -> None:
    with pytest.raises(ValueError, match="cannot reserve"):
        quota.reserve(FRESH, amount)


def test_what_is_not_charged_returns_to_the_pot_it_came_from() -> None:
    held, from_granted = quota.reserve(replace(FRESH, granted=5), 12)
    assert quota.settle(held, 12, from_granted, 0, DAY) == replace(FRESH, granted=5)
    assert quota.settle(held, 12, from_granted, 3, DAY) == replace(FRESH, daily=7, granted=5)
    assert quota.settle(held, 12, from_granted, 11, DAY) == replace(FRESH, daily=0, granted=4)


def test_after_midnight_only_the_granted_part_returns() -> None:
    held, from_granted = quota.reserve(replace(FRESH, granted=5), 12)
    tomorrow = quota.refreshed(held, NEXT, 10)
    assert quota.settle(tomorrow, 12, from_granted, 0, DAY) == replace(FRESH, daily=10, granted=5, day=NEXT)


def test_an_allowance_that_fell_meanwhile_caps_what_returns() -> None:
    held, _ = quota.reserve(FRESH, 10)
    assert quota.settle(quota.refreshed(held, DAY, 4), 10, 0, 0, DAY).daily == 4


@pytest.mark.parametrize(("reserved", "extra", "charged"), [(3, 0, 4), (3, 4, 0), (3, -1, 0), (3, 0, -1), (6, 0, 0)])
def test_a_close_that_does_not_fit_its_reservation_is_refused(reserved: int, extra: int, charged: int) -> None:
    with pytest.raises(ValueError, match="cannot charge"):
        quota.settle(replace(FRESH, daily=5, reserved=5), reserved, extra, charged, DAY)


def test_a_grant_lasts_and_set_leaves_exactly_that_much() -> None:
    assert quota.grant(FRESH, 7) == replace(FRESH, granted=7)
    assert quota.set_available(replace(FRESH, granted=7, reserved=2), 3) == replace(FRESH, daily=3, reserved=2)
    assert quota.set_available(FRESH, 25) == replace(FRESH, daily=10, granted=15)


@pytest.mark.parametrize("change", [quota.grant, quota.set_available])
@pytest.mark.parametrize("credits", [-1, quota.MAX_CREDITS + 1])
def test_a_change_outside_all_reason_is_refused(change: object, credits: int) -> None:
    assert callable(change)
    with pytest.raises(ValueError, match="is not between"):
        change(FRESH, credits)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 3, 14, 0, 0, tzinfo=UTC), 24),
        (datetime(2026, 3, 14, 0, 0, 1, tzinfo=UTC), 24),
        (datetime(2026, 3, 14, 23, 0, tzinfo=UTC), 1),
        (datetime(2026, 3, 14, 23, 59, 59, 999999, tzinfo=UTC), 1),
        (datetime(2026, 3, 15, 1, 0, tzinfo=timezone(timedelta(hours=2))), 1),
    ],
)
def test_the_refill_comes_at_midnight_utc(now: datetime, hours: int) -> None:
    assert quota.hours_to_refill(now) == hours
    assert quota.today(now) == DAY


def test_running_and_waiting_jobs_together_are_what_a_user_may_have_unfinished() -> None:
    assert QuotaRules(user_daily=50, chat_daily=None, user_concurrent=2, user_waiting=5).unfinished == 7


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 100), st.integers(0, 100))
def test_within_a_day_no_credit_appears_or_vanishes(free: int, extra: int, amount: int, charged: int) -> None:
    before = Account(id="telegram:1", daily=free, granted=extra, allowance=50, day=DAY)
    amount = min(amount, before.available)
    charged = min(charged, amount)
    held, from_granted = quota.reserve(before, amount)
    assert held.available + held.reserved == before.available
    after = quota.settle(held, amount, from_granted, charged, DAY)
    assert (after.available, after.reserved) == (before.available - charged, 0)
    assert after.granted <= before.granted


class Days(RuleBasedStateMachine):
    """Any order of jobs, grants, days and settings: the books agree."""

    def __init__(self) -> None:
        super().__init__()
        self.allowance = 10
        self.day = DAY
        self.account = quota.refreshed(Account(id="telegram:1"), DAY, 10)
        self.open: list[tuple[int, int, date]] = []
        self.granted = 0  # all that ever came into extra
        self.extra_charged = 0

    @rule(amount=st.integers(0, 12))
    def accept(self, amount: int) -> None:
        self.account = quota.refreshed(self.account, self.day, self.allowance)
        if amount <= self.account.available:
            self.account, from_granted = quota.reserve(self.account, amount)
            self.open.append((amount, from_granted, self.account.day))

    @precondition(lambda self: bool(self.open))
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        reserved, from_granted, day = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        charged = data.draw(st.integers(0, reserved))
        self.account = quota.settle(self.account, reserved, from_granted, charged, day)
        self.extra_charged += max(0, charged - (reserved - from_granted))

    @rule(credits=st.integers(0, 20))
    def grant(self, credits: int) -> None:
        self.account = quota.grant(self.account, credits)
        self.granted += credits

    @rule(days=st.integers(-2, 2))
    def clock(self, days: int) -> None:
        self.day += timedelta(days=days)

    @rule(allowance=st.integers(0, 15))
    def settings(self, allowance: int) -> None:
        self.allowance = allowance

    @invariant()
    def held_is_what_is_open(self) -> None:
        assert self.account.reserved == sum(reserved for reserved, _, _ in self.open)

    @invariant()
    def nothing_is_negative_and_the_pot_never_overflows(self) -> None:
        assert 0 <= self.account.daily <= self.account.allowance
        assert self.account.granted >= 0

    @invariant()
    def granted_credits_are_spent_held_or_still_there(self) -> None:
        held = sum(from_granted for _, from_granted, _ in self.open)
        assert self.account.granted + held + self.extra_charged == self.granted


TestDays = Days.TestCase
