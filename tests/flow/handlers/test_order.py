"""Messages of one user are handled in order, of different ones side by side; none is lost to a machine without room."""

import asyncio
import errno
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.chat import Message
from bot.errors import MachineFailed
from bot.handlers import machine_retry
from bot.handlers.admission import Admission
from bot.sandbox import Sandbox
from bot.texts import translate_error
from tests.flow.scenes import LONG, books
from tests.flow.world import world
from tests.support.databases import clear_disk, fill_disk
from tests.support.platform import AMBER, JADE
from tests.support.statements import watch_statements
from tests.support.waiting import wait_until

WAITS_LOGGED, NONE_WAITS_LOGGED = "messages wait for the machine", "no message waits for the machine any more"
WAITS = translate_error("en", MachineFailed())


@pytest.fixture
async def sandbox() -> AsyncGenerator[Sandbox]:
    async with Sandbox(pace=0) as made:
        yield made


class SlowReload:
    """The first message of all waits while the operator's file is read; later ones find it read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(Admission, "reload_if_changed", self._reload)

    async def _reload(self, *_: object) -> None:
        if not self.begun.is_set():
            self.begun.set()
            await self.go.wait()


async def test_messages_of_one_user_are_taken_in_order_and_nobody_else_waits_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox) as easel:
        slow = SlowReload(monkeypatch)
        prompts = ["one", "two", "three", "four"]
        mine = [asyncio.create_task(easel.say(each)) for each in prompts]
        await slow.begun.wait()
        await easel.say("another", sender=JADE)
        assert [job.prompt for job in await easel.app.store.unfinished_jobs()] == ["another"]
        slow.go.set()
        await asyncio.gather(*mine)
        assert [job.prompt for job in await easel.app.store.unfinished_jobs()] == ["another", *prompts]
        for sender in (JADE, None):
            await easel.say("/cancel", **({"sender": sender} if sender else {}))


async def test_whoever_has_as_many_jobs_as_they_may_is_refused_without_the_database(tmp_path: Path) -> None:
    executed: list[str] = []
    with watch_statements(lambda sql, _: executed.append(sql)):
        async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox) as easel:
            asked = [easel.platform.message("a cat") for _ in range(7)]
            for each in asked:
                await easel.app.events.receive_message(each)
            assert await books(easel) == (43, 7)
            await easel.platform.until(lambda: len(easel.platform.posts) == 7)
            before = len([sql for sql in executed if "INSERT INTO job " in sql])
            await easel.say("one too many")
            assert len([sql for sql in executed if "INSERT INTO job " in sql]) == before == 7
            posts = len(easel.platform.posts)
            await easel.app.events.receive_message(asked[3])  # delivered again: it was accepted before
            assert len(easel.platform.posts) == posts
            await easel.say("/cancel")


# ---------------------------------------------------------------- the machine has no room


async def test_requests_that_the_machine_has_no_room_for_wait_and_say_so_once(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_retry, "MACHINE_RETRY_S", 0.1)
    executed: list[str] = []
    with watch_statements(lambda sql, _: executed.append(sql)), capture_logs() as logged:
        async with world(tmp_path, sandbox) as easel:
            await asyncio.to_thread(fill_disk, easel.database_url, "INSERT")
            asking = [
                asyncio.create_task(easel.say("a cat", sender=each)) for each in (AMBER, replace(JADE, locale="en"))
            ]
            await easel.platform.until(lambda: [post.text for post in easel.platform.posts].count(WAITS) == 2)
            await wait_until(lambda: sum("INSERT INTO job " in sql for sql in executed) > 6)
            await asyncio.to_thread(clear_disk, easel.database_url)
            await asyncio.gather(*asking)
            await easel.settled(4)
            assert sorted((len(post.images), post.text == WAITS) for post in easel.platform.posts) == [
                (0, True), (0, True), (1, False), (1, False)
            ]  # fmt: skip
            assert await books(easel) == (49, 0)
    outage = [each for each in logged if each["event"] in (WAITS_LOGGED, NONE_WAITS_LOGGED)]
    assert [each["log_level"] for each in outage] == ["error", "info"]
    assert (outage[1]["waited"], outage[1]["left_to_next_start"]) == (2, 0)


async def test_a_request_that_waits_for_the_machine_at_a_stop_is_not_taken(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox) as easel:
        await asyncio.to_thread(fill_disk, easel.database_url, "INSERT")
        asking = asyncio.create_task(easel.app.events.receive_message(easel.platform.message("a cat")))
        await easel.platform.until(lambda: bool(easel.platform.posts))
    assert await asking is False


async def test_descriptors_that_are_used_up_are_no_fault_of_the_request(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_retry, "MACHINE_RETRY_S", 0.1)
    failures = [OSError(errno.EMFILE, "Too many open files"), MemoryError()]
    async with world(tmp_path, sandbox) as easel:
        original = Admission.reload_if_changed

        async def fail_first(self: Admission) -> None:
            if failures:
                raise failures.pop(0)
            await original(self)

        monkeypatch.setattr(Admission, "reload_if_changed", fail_first)
        request: Message = easel.platform.message("a cat")
        assert await easel.app.events.receive_message(request)
        await easel.settled(1)
        assert failures == []
        assert await books(easel) == (49, 0)
