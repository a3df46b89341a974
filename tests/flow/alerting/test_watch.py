"""What needs a person is told once it has lasted, once an hour, by one process; and that it is over."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.alerting.conditions import OUTAGE_S, STALE_AFTER, TELL_EVERY, ConditionName, Findings, Notice, Symptom
from bot.alerting.notices import NoticeBook
from bot.alerting.sources import NewErrors, SetAside, provider_findings
from bot.alerting.watch import LOOK_EVERY_S, ConditionWatch
from bot.cluster.local import LocalMembership, local_cluster
from bot.errors import BadCredentials, OutOfFunds, PaintFailed, StoreFailed, UpstreamDown
from bot.observability.error_groups import group_of
from bot.observability.metrics import ROWS_SET_ASIDE
from bot.ports import Cluster, Member
from bot.providers.breaker import FIRST_PAUSE_S
from bot.providers.catalog import ProviderCatalog
from bot.runtime.clock import Clock
from bot.sandbox import Sandbox
from bot.store.store import Store
from tests.flow.world import MemoryWorld, sandbox_provider, world
from tests.support.clocks import FakeClock
from tests.support.databases import migrated_sqlite
from tests.support.world import open_store

DISK = Symptom(name=ConditionName.DISK, subject="host", detail="12 MB free")
DOWN = Symptom(name=ConditionName.PLATFORM_AWAY, subject="discord", detail="no connection")


@dataclass
class Recorded:
    """A channel; `works`: whether it takes anything."""

    works: bool = True
    notices: list[Notice] = field(default_factory=list[Notice])

    async def send(self, notice: Notice) -> bool:
        if self.works:
            self.notices.append(notice)
        return self.works

    @property
    def told(self) -> list[tuple[str, str, bool]]:
        return [(each.symptom.name.value, each.symptom.subject, each.is_over) for each in self.notices]


@dataclass
class Watched:
    """The watch of one process, and what it sees."""

    store: Store
    clock: Clock
    channel: Recorded = field(default_factory=Recorded)
    membership: LocalMembership = field(default_factory=LocalMembership)
    symptoms: list[Symptom] = field(default_factory=list[Symptom])
    unknown: set[tuple[ConditionName, str]] = field(default_factory=set[tuple[ConditionName, str]])
    errors: NewErrors = field(default_factory=NewErrors)
    set_aside: SetAside = field(default_factory=SetAside)
    fails: bool = False

    def __post_init__(self) -> None:
        alone = local_cluster()
        cluster = Cluster(membership=self.membership, leases=alone.leases, bus=alone.bus)
        book = NoticeBook(self.store.notices, cluster, self.clock)
        self.watch = ConditionWatch(
            book, [self.channel], self.clock, sources={"x": self.look}, errors=self.errors, set_aside=self.set_aside
        )

    async def look(self) -> Findings:
        if self.fails:
            raise RuntimeError("a bug")
        return Findings(tuple(self.symptoms), frozenset(self.unknown))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def shelf(tmp_path: Path, clock: FakeClock) -> AsyncGenerator[Store]:
    async with open_store(migrated_sqlite(tmp_path), clock, migrate=False) as opened:
        yield opened


async def test_it_is_told_and_so_is_its_end(shelf: Store, clock: FakeClock) -> None:
    seen = Watched(shelf, clock)
    seen.watch.start()
    await clock.asleep()
    seen.symptoms = [DISK]
    for _ in range(5):
        await clock.advance(LOOK_EVERY_S)
        await clock.asleep()
    assert seen.channel.told == [("disk", "host", False)]
    seen.symptoms = []
    await clock.advance(LOOK_EVERY_S)
    await clock.asleep()
    assert seen.channel.told == [("disk", "host", False), ("disk", "host", True)]
    await seen.watch.stop()


async def test_what_is_over_in_a_moment_is_told_to_nobody(shelf: Store, clock: FakeClock) -> None:
    seen = Watched(shelf, clock, symptoms=[DOWN])
    await seen.watch.look()
    await clock.advance(OUTAGE_S - 1)
    await seen.watch.look()
    seen.symptoms = []
    await seen.watch.look()
    seen.symptoms = [DOWN]
    await seen.watch.look()
    assert seen.channel.told == []
    await clock.advance(OUTAGE_S)
    await seen.watch.look()
    assert seen.channel.told == [("platform-away", "discord", False)]


async def test_after_a_restart_nothing_is_told_twice(shelf: Store, clock: FakeClock) -> None:
    await Watched(shelf, clock, symptoms=[DISK]).watch.look()
    again = Watched(shelf, clock, symptoms=[DISK])
    await again.watch.look()
    assert again.channel.told == []
    await clock.advance(TELL_EVERY.total_seconds())
    await again.watch.look()
    assert again.channel.told == [("disk", "host", False)]
    last = Watched(shelf, clock, unknown={(ConditionName.DISK, "host")})
    await clock.advance(STALE_AFTER.total_seconds())
    await last.watch.look()
    assert last.channel.told == []  # nobody can tell yet
    last.unknown = set()
    last.fails = True
    await last.watch.look()
    assert last.channel.told == []  # nor now
    last.fails = False
    await last.watch.look()
    assert last.channel.told == [("disk", "host", True)]


async def test_of_five_processes_one_tells(shelf: Store, clock: FakeClock) -> None:
    seen = [Watched(shelf, clock, symptoms=[DISK]) for _ in range(5)]
    for each in seen:
        await each.watch.look()
    assert sum(len(each.channel.told) for each in seen) == 1
    for each in seen:
        each.symptoms = []
        await each.watch.look()
    assert [told for each in seen for told in each.channel.told if told[2]] == [("disk", "host", True)]


async def test_what_no_channel_takes_is_told_later(shelf: Store, clock: FakeClock) -> None:
    seen = Watched(shelf, clock, symptoms=[DISK], channel=Recorded(works=False))
    await seen.watch.look()
    seen.channel.works = True
    await seen.watch.look()
    seen.symptoms, seen.channel.works = [], False
    await seen.watch.look()
    seen.channel.works = True
    await seen.watch.look()
    assert seen.channel.told == [("disk", "host", False), ("disk", "host", True)]


class Crowd(LocalMembership):
    """A process among others, of which it is the first, or not."""

    def __init__(self, *, is_first: bool) -> None:
        super().__init__()
        other = Member(id="zz" if is_first else "", name="", version="", roles=frozenset(), started=datetime.now(UTC))
        self.others = other

    def members(self) -> tuple[Member, ...]:
        return (*super().members(), self.others)


async def test_without_the_database_the_first_process_tells(
    shelf: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise StoreFailed(detail="database or disk is full")

    away = Symptom(name=ConditionName.DATABASE, detail="StoreFailed")
    first = Watched(shelf, clock, membership=Crowd(is_first=True), symptoms=[away])
    second = Watched(shelf, clock, membership=Crowd(is_first=False), symptoms=[away])
    with monkeypatch.context() as patched:
        for name in ("report", "resolve", "list_open", "put_back"):
            patched.setattr(shelf.notices, name, fail)
        for _ in range(10):
            await first.watch.look()
            await second.watch.look()
            await clock.advance(LOOK_EVERY_S)
        first.channel.works = False
        await clock.advance(TELL_EVERY.total_seconds())
        await first.watch.look()
        first.channel.works = True
        await first.watch.look()
    assert first.channel.told == [("database", "", False)] * 2
    first.symptoms = second.symptoms = []
    await first.watch.look()
    await second.watch.look()
    assert first.channel.told[2:] == [("database", "", True)]
    assert second.channel.told == []


async def test_one_that_outlasts_the_outage_of_the_database_is_not_told_again(
    shelf: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise StoreFailed(detail="away")

    seen = Watched(shelf, clock, symptoms=[DISK])
    with monkeypatch.context() as patched:
        patched.setattr(shelf.notices, "report", fail)
        await seen.watch.look()
    await seen.watch.look()
    assert seen.channel.told == [("disk", "host", False)]
    seen.symptoms = []
    await seen.watch.look()
    assert seen.channel.told == [("disk", "host", False), ("disk", "host", True)]


async def test_new_errors_and_what_was_set_aside_are_told_once(shelf: Store, clock: FakeClock) -> None:
    seen = Watched(shelf, clock)

    def add(*kinds: type[Exception]) -> None:
        seen.errors.add([group_of(kind(), event="x", logger="bot.jobs", job=None, at=clock.now()) for kind in kinds])

    add(KeyError, ValueError, TypeError, OSError)
    ROWS_SET_ASIDE.labels("job").inc()
    for _ in range(3):
        await seen.watch.look()
    assert seen.channel.told == [("new-errors", "", False), ("set-aside", "", False)]
    errors, rows = (each.symptom.detail for each in seen.channel.notices)
    assert errors == "KeyError in bot.jobs; ValueError in bot.jobs; TypeError in bot.jobs; 1 more"
    assert rows.startswith("1 rows, 0 events")
    add(RuntimeError)
    await seen.watch.look()
    assert len(seen.channel.told) == 2
    await clock.advance(TELL_EVERY.total_seconds())
    await seen.watch.look()
    assert seen.channel.notices[2].symptom.detail == "RuntimeError in bot.jobs"


def record(catalog: ProviderCatalog, *failures: PaintFailed | None, now: float = 0.0) -> None:
    for failure in failures:
        catalog.entries[0].breaker.record(failure, now)


@asynccontextmanager
async def catalog_of(folder: Path, sandbox: Sandbox) -> AsyncGenerator[ProviderCatalog]:
    async with world(folder, sandbox, providers=[sandbox_provider(sandbox, "chat")]) as easel:
        yield catalog(easel)


def catalog(easel: MemoryWorld) -> ProviderCatalog:
    return easel.app.reconfiguration.provider.catalog


Found = Callable[[ProviderCatalog], Sequence[tuple[str, str]]]


async def test_what_circuits_say_of_providers(tmp_path: Path, sandbox: Sandbox) -> None:
    async with catalog_of(tmp_path, sandbox) as catalog:

        def found() -> list[tuple[str, str]]:
            return [(each.name.value, each.subject) for each in provider_findings(catalog).symptoms]

        assert found() == []
        assert (ConditionName.PROVIDER_FUNDS, "chat") in provider_findings(catalog).unknown
        record(catalog, UpstreamDown())
        assert found() == []  # one happens to every upstream
        record(catalog, None, BadCredentials())
        assert found() == [("provider-refuses", "chat")]
        [symptom] = provider_findings(catalog).symptoms
        assert symptom.detail.startswith("BadCredentials: it does not accept the key")
        record(catalog, OutOfFunds(), now=FIRST_PAUSE_S)
        assert found() == [("provider-funds", "chat")]
        record(catalog, None, now=1000.0)
        assert found() == []
        assert (ConditionName.PROVIDER_FUNDS, "chat") not in provider_findings(catalog).unknown
        record(catalog, *[UpstreamDown()] * 3)
        assert found() == [("provider-down", "chat")]
