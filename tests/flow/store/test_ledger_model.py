"""The ledger against a model of it: coins that lie in pots and purses. Any order of events, and a crash between any two
statements, which must undo the whole event.

The model knows no columns and no arithmetic of reservations; it moves coins one by one. Beside the coins it remembers
presses, of which each button has one job at a time; refusals by moderation, which pause a member; and results, with
which much can be done that moves no coin.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from bot.chat import Chat, User
from bot.errors import ChatOutOfCredits, Moderated, OutOfCredits, Paused, Stale
from bot.intake.prices import Painted
from bot.job import Failure, Job, State
from bot.quota import today
from bot.store.store import Store
from bot.strikes import announced_pause
from tests.flow.store.ledger_model import (
    CAME,
    ORDERS,
    STRIKES,
    Crash,
    CrashError,
    Order,
    Pot,
    Purse,
    Record,
    Running,
    opened_on,
)
from tests.flow.store.stores import ANN, BEN, DIRECT, GROUP, new_job, rules
from tests.support.clocks import FakeClock
from tests.support.databases import books_agree, migrated_sqlite
from tests.support.examples import examples
from tests.support.statements import watch_statements

T = TypeVar("T")

MANY = settings(
    max_examples=examples(12),
    stateful_step_count=35,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # a real database with every commit on disk
)
MORE = settings(MANY, max_examples=200, stateful_step_count=60, derandomize=False)  # others each time
USER_DAILY, CHAT_DAILY = 10, 12
CRASHES = st.one_of(st.none(), st.integers(0, 14))  # before which statement; none: not at all
ENDS = {State.DONE: True, State.FAILED: False, State.CANCELLED: False}
BUTTONS = (None, None, "zoom-2", "vary", "original")  # that ask for a job; None: a message or a page does


NO_JOB: Any = multiple()  # pyright: ignore[reportUnknownVariableType] - of no type; hypothesis' word for an event that adds nothing to a bundle


# ---------------------------------------------------------------- both, side by side


class Ledger(RuleBasedStateMachine):
    jobs: Bundle[Running] = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = migrated_sqlite(Path(self.folder.name))
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.crash = Crash()
        self.terms = rules(user_daily=USER_DAILY, chat_daily=CHAT_DAILY)
        self.users = {user.key: Pot(USER_DAILY) for user in (ANN, BEN)}
        self.group = Pot(CHAT_DAILY)
        self.records = {user.key: Record() for user in (ANN, BEN)}
        self.open: list[Running] = []
        self.ended: list[Running] = []
        self.entries = 0

    @initialize()
    def begin(self) -> None:
        self.listening = ExitStack()
        self.listening.enter_context(watch_statements(self.crash.hear))
        self.store = self.runner.run(Store.open(self.url, clock=self.clock))

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.listening.close()
        self.runner.close()
        self.folder.cleanup()

    def happens(self, work: Callable[[], Awaitable[T]], crash: int | None) -> T | CrashError:
        """What comes of it; a crash leaves nothing."""

        async def run() -> T | CrashError:
            self.crash.left = crash
            try:
                return await work()
            except CrashError as crashed:
                return crashed
            finally:
                self.crash.left = None

        return self.runner.run(run())

    @property
    def day(self) -> date:
        return today(self.clock.now())

    # ------------------------------------------------------------ events

    @rule(
        target=jobs,
        user=st.sampled_from([ANN, BEN]),
        chat=st.sampled_from([DIRECT, GROUP]),
        order=ORDERS,
        button=st.sampled_from(BUTTONS),
        crash=CRASHES,
    )
    def accept(self, user: User, chat: Chat, order: Order, button: str | None, crash: int | None) -> Any:
        cost = order.cost
        pressed = None if button is None else f"{button}:{user.key}"
        new = replace(new_job(user=user, chat=chat, cost=cost), button=pressed, parent="a result", parent_picture=1)
        sibling = next((each.new for each in self.open if pressed is not None and each.new.button == pressed), None)
        is_paused = self.records[user.key].is_paused(self.clock.now())
        pots = [self.users[user.key], *([self.group] if chat is GROUP else [])]

        async def work() -> bool:
            try:
                job, is_new = await self.store.accept_job(new, self.terms)
            except Paused:
                assert is_paused
                return False
            except (OutOfCredits, ChatOutOfCredits):
                return False
            assert job.id == (new.id if sibling is None else sibling.id)
            return is_new

        accepted = self.happens(work, crash)
        if isinstance(accepted, CrashError):
            assert self.runner.run(self.store.get_job(new.id)) is None
            return NO_JOB
        affordable = all(len(opened_on(pot, self.day)) >= cost for pot in pots)
        assert accepted == (affordable and sibling is None and not is_paused)
        if not accepted:
            return NO_JOB
        for pot in pots:
            pot.open(self.day)
        running = Running(new=new, order=order, purse=Purse([(pot, pot.take(cost)) for pot in pots]))
        self.open.append(running)
        return running

    @rule(
        job=consumes(jobs),
        state=st.sampled_from(list(ENDS)),
        came=CAME,
        spent=st.none() | st.floats(0, 40),
        is_moderated=st.booleans(),
        crash=CRASHES,
    )
    def finish(
        self,
        job: Running,
        state: State,
        came: list[Painted],
        spent: float | None,
        is_moderated: bool,
        crash: int | None,
    ) -> None:
        """A crash in the middle is made good by ending it once more, as the next start does. Whoever held it before
        that ends nothing, and a second end is none. A refusal by moderation counts once, and says what it brings."""
        charged = job.order.charge(came, spent) if ENDS[state] else 0
        failure = Failure(key=Moderated.key) if state is State.FAILED and is_moderated else None
        assert charged <= job.new.cost
        holders: list[Job] = []

        async def work() -> bool:
            holders.append(await self.store.begin_attempt(job.new.id))
            for older in holders[:-1]:
                with pytest.raises(Stale):
                    await self.store.settle_job(older, State.DONE, charged=job.new.cost)
            return await self.store.settle_job(holders[-1], state, charged=charged, failure=failure, strikes=STRIKES)

        for attempt in (crash, None):
            ended = self.happens(work, attempt)
            if not isinstance(ended, CrashError):
                break
        assert ended is True
        assert not any(self.runner.run(self.store.settle_job(each, State.FAILED, charged=0)) for each in holders)
        self.open.remove(job)
        self.ended.append(job)
        job.purse.close(charged)
        begins_pause = failure is not None and self.records[job.new.user.key].refuse(self.clock.now())
        stored = self.runner.run(self.store.get_job(job.new.id))
        assert stored is not None
        assert bool(stored.failure is not None and announced_pause(stored.failure)) == begins_pause

    @rule(user=st.sampled_from([ANN, BEN]), credits=st.integers(0, 20), crash=CRASHES, times=st.integers(1, 2))
    def grant(self, user: User, credits: int, crash: int | None, times: int) -> None:
        """Told twice, it is given once."""
        self.entries += 1
        entry = f"grant:{self.entries}"
        given = False
        for attempt in (crash, *[None] * (times - 1)):
            done = self.happens(lambda: self.store.grant(entry, user.key, credits, USER_DAILY), attempt)
            given = given or not isinstance(done, CrashError)
        if given:
            pot = self.users[user.key]
            pot.open(self.day)
            pot.coins += [None] * credits

    @rule(user=st.sampled_from([ANN, BEN]), credits=st.integers(0, 20), crash=CRASHES)
    def put(self, user: User, credits: int, crash: int | None) -> None:
        self.entries += 1
        entry = f"set:{self.entries}"
        done = self.happens(
            lambda: self.store.administration.set_available("shell:test", entry, user.key, credits, USER_DAILY), crash
        )
        if not isinstance(done, CrashError):
            pot = self.users[user.key]
            pot.open(self.day)
            daily = min(credits, pot.daily)
            pot.coins = [self.day] * daily + [None] * (credits - daily)

    @rule(user=st.sampled_from([ANN, BEN]), credits=st.integers(0, 20), crash=CRASHES)
    def refund(self, user: User, credits: int, crash: int | None) -> None:
        """Granted coins go first, then the day's."""
        self.entries += 1
        entry = f"refund:{self.entries}"
        done = self.happens(
            lambda: self.store.administration.claw_back("shell:test", entry, user.key, credits, USER_DAILY), crash
        )
        if not isinstance(done, CrashError):
            pot = self.users[user.key]
            pot.open(self.day)
            pot.coins.sort(key=lambda coin: coin is not None)
            pot.coins = pot.coins[credits:]

    @rule(job=jobs)
    def told_again(self, job: Running) -> None:
        """Whoever does not know whether its event was taken tells it again: what is open stays one job."""
        known, new = self.runner.run(self.store.accept_job(job.new, self.terms))
        assert (known.id, new) == (job.new.id, False)

    @rule(at=st.integers(0, 100), crash=CRASHES)
    def used_link(self, at: int, crash: int | None) -> None:
        """A page's link that was used leads to its job, also when that has ended, and in a pause."""
        if self.ended:
            job = self.ended[at % len(self.ended)]
            found = self.happens(lambda: self.store.accept_job(job.new, self.terms), crash)
            assert isinstance(found, CrashError) or (found[0].id, found[1]) == (job.new.id, False)

    @rule(at=st.integers(0, 100), crash=CRASHES, takes_away=st.booleans())
    def free(self, at: int, crash: int | None, takes_away: bool) -> None:
        """Posts a result again, or takes it away, which no coin notices."""
        if not self.ended:
            return
        job_id = self.ended[at % len(self.ended)].new.id

        async def work() -> None:
            job = await self.store.get_job(job_id)
            assert job is not None
            await self.store.branch_of(job_id, 100)
            await self.store.has_result_below(job_id, BEN.key)
            if takes_away:
                await self.store.deletions.begin_deletion(job_id)
                await self.store.deletions.finish_deletion(job_id)
            else:
                await self.store.add_copy(job, "a copy")

        for attempt in (crash, None):
            self.happens(work, attempt)

    @rule(user=st.sampled_from([ANN, BEN]))
    def lift_pause(self, user: User) -> None:
        self.runner.run(self.store.administration.lift_pause("shell:test", user.key))
        self.records[user.key] = Record()

    @rule()
    def hours_pass(self) -> None:
        self.clock.jump(timedelta(hours=5).total_seconds())

    @rule()
    def midnight(self) -> None:
        self.clock.jump(timedelta(days=1).total_seconds())

    @rule()
    def restart(self) -> None:
        self.runner.run(self.store.close())
        self.store = self.runner.run(Store.open(self.url, clock=self.clock))

    # ------------------------------------------------------------ what holds at any time

    @invariant()
    def balances_are_the_models(self) -> None:
        for key, pot in self.users.items():
            balance = self.runner.run(self.store.balance(key, USER_DAILY))
            held = sum(job.new.cost for job in self.open if job.new.user.key == key)
            assert (balance.available, balance.reserved) == (len(opened_on(pot, self.day)), held)

    @invariant()
    def pauses_are_the_models(self) -> None:
        now = self.clock.now()
        for key, record in self.records.items():
            pause = self.runner.run(self.store.strikes.pause_of(key))
            assert (pause is not None) == record.is_paused(now)
            if pause is not None:
                assert (pause.until, pause.strikes) == (record.paused_until, record.lately(now))

    @invariant()
    def the_books_agree(self) -> None:
        assert books_agree(self.url)


@pytest.mark.timeout(240)  # seconds on a quiet machine
class TestLedger(Ledger.TestCase):
    settings = MANY


@pytest.mark.soak
@pytest.mark.timeout(1800)
class TestLedgerAtLength(Ledger.TestCase):
    settings = MORE
