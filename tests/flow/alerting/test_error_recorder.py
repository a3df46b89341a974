"""An exception that nobody expected ends in its group, with the job that met it, whatever the disk does."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog

from adapters.cli import main
from bot.alerting.error_recorder import RETRY_S, WRITE_EVERY_S, ErrorRecorder
from bot.errors import StoreFailed
from bot.jobs.delivery import Delivery
from bot.observability.error_groups import ErrorGroup
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from tests.flow.world import MemoryWorld, world
from tests.support.clocks import FakeClock
from tests.support.platform import AMBER, Platform

log = structlog.get_logger()


class Shelf:
    """A storage that fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.written: list[tuple[str, int]] = []

    async def add_errors(self, groups: Sequence[ErrorGroup]) -> list[ErrorGroup]:
        if self.failures:
            self.failures -= 1
            raise StoreFailed(detail="database or disk is full")
        self.written += [(each.event, each.count) for each in groups]
        return [each for each in groups if each.event == "new"]


async def test_a_crowd_is_one_write_and_new_groups_are_told() -> None:
    clock, shelf, new = FakeClock(), Shelf(), list[ErrorGroup]()
    async with ErrorRecorder(shelf, clock, on_new=new.extend):
        for _ in range(1000):
            log.error("again", exc_info=ValueError())
        log.error("new", exc_info=ValueError())
        await clock.asleep()
        assert shelf.written == []
        await clock.advance(WRITE_EVERY_S)
        assert shelf.written == [("again", 1000), ("new", 1)]
        assert [each.event for each in new] == ["new"]
        assert clock.sleeping == 0  # nothing to do costs nothing
        log.error("at the end", exc_info=ValueError())
    assert shelf.written[2:] == [("at the end", 1)]


async def test_what_cannot_be_written_is_written_later() -> None:
    clock, shelf = FakeClock(), Shelf(failures=1)
    async with ErrorRecorder(shelf, clock):
        log.error("again", exc_info=ValueError())
        await clock.asleep()
        await clock.advance(WRITE_EVERY_S)
        log.error("again", exc_info=ValueError())
        await clock.advance(RETRY_S)
        await clock.advance(WRITE_EVERY_S)
        assert shelf.written == [("again", 2)]
        shelf.failures = 1
        log.error("lost with a disk that stays full", exc_info=ValueError())


async def broken(*_: object, **__: object) -> None:
    raise KeyError("a fox that nobody may read")


async def test_a_job_that_breaks_is_found_by_its_id(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Delivery, "save_images", broken)
    async with world(tmp_path, sandbox) as easel:
        async with ErrorRecorder(easel.app.store.error_groups, SystemClock()):
            await easel.say("/imagine a fox")
            await easel.settled()
        [group] = await easel.app.store.error_groups.list_groups()
        [job] = await easel.app.store.history(AMBER.key)
    assert group.jobs == (job.id,)
    assert group.event == "job workflow failed"
    assert group.place == "bot.jobs.runner:JobRunner._generate"
    assert "fox" not in group.sample


@pytest.mark.usefixtures("kept_logging")
def test_the_command_line_lists_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = MemoryWorld(folder=tmp_path, sandbox=Sandbox(), platform=Platform())

    async def record() -> None:
        async with made.store() as store, ErrorRecorder(store.error_groups, SystemClock()):
            with structlog.contextvars.bound_contextvars(job="abc"):
                log.error("job workflow failed", exc_info=ValueError("a secret"))

    def printed(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["easel", "errors", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return capsys.readouterr().out

    monkeypatch.setenv("EASEL_DATABASE_URL", made.database_url)
    assert printed() == "No unexpected errors are recorded.\n"
    asyncio.run(record())
    line, times = printed().splitlines()
    assert line == "1 × builtins.ValueError in tests.flow.alerting.test_error_recorder: job workflow failed"
    assert times.endswith("UTC; jobs abc")
    [group] = json.loads(printed("--json"))
    assert (group["count"], group["jobs"], group["sample"]) == (1, ["abc"], "builtins.ValueError")
