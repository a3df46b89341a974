"""Worker processes: reused, limited, killed at the deadline or on demand, and gone with Easel."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.errors import BrokenPicture, PictureTooComplex, PictureTooManyPixels
from bot.painting import Image
from bot.pictures import worker_pool
from bot.pictures.headers import PictureHeader
from bot.pictures.work import Call, Source
from bot.pictures.worker_pool import RemoteCall, WorkerFailed, WorkerPool
from tests.support import PROJECT
from tests.unit.pictures import odd_work

SOURCE = Source(
    data=b"data", header=PictureHeader(media_type="image/png", width=1, height=1), name="a.png", megapixels=7
)


def call(function: str, *arguments: object, memory_bytes: int = 0, cpu_s: float = 0.0) -> Call:
    return Call(
        function=getattr(odd_work, function),
        source=SOURCE,
        arguments=arguments,
        memory_bytes=memory_bytes,
        cpu_s=cpu_s,
    )


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPool]:
    pool = WorkerPool()
    yield pool
    pool.close()


def worker_pid(pool: WorkerPool) -> int:
    (image,) = RemoteCall(pool, call("pid")).run()
    return int(image.data)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_starts_with_the_first_call_and_serves_the_next(pool: WorkerPool) -> None:
    first = worker_pid(pool)
    assert first != os.getpid()
    assert worker_pid(pool) == first
    pool.end_idle()
    assert not runs(first)
    assert worker_pid(pool) != first


def test_images_come_back_as_they_were_made(pool: WorkerPool) -> None:
    images = RemoteCall(pool, call("echo", b"x" * 3_000_000, b"")).run()
    assert [image.data for image in images] == [b"data", b"x" * 3_000_000, b""]
    assert images[0] == Image(data=b"data", media_type="image/png", width=1, height=2)
    assert RemoteCall(pool, call("echo")).run()[1:] == ()


def test_a_worker_gets_no_settings_and_yields_to_others(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_TELEGRAM__TOKEN", "secret")
    (image,) = RemoteCall(pool, call("environment")).run()
    assert b"EASEL" not in image.data
    assert b"secret" not in image.data
    (image,) = RemoteCall(pool, call("niceness")).run()
    assert int(image.data) > os.nice(0)


def test_failures_come_back_and_the_worker_stays(pool: WorkerPool) -> None:
    pid = worker_pid(pool)
    with pytest.raises(BrokenPicture) as refusal:
        RemoteCall(pool, call("refuse")).run()
    assert (refusal.value.facts, refusal.value.detail) == ({"name": "a.png"}, "torn")
    assert worker_pid(pool) == pid
    with pytest.raises(WorkerFailed, match="ZeroDivisionError"):
        RemoteCall(pool, call("divide")).run()


@pytest.mark.thorough
def test_memory_beyond_the_price_is_too_many_pixels(pool: WorkerPool) -> None:
    for _ in range(2):
        with pytest.raises(PictureTooManyPixels) as refusal:
            RemoteCall(pool, call("allocate", 400_000_000, memory_bytes=100_000_000)).run()
        assert refusal.value.facts == {"name": "a.png", "megapixels": 7}
    assert RemoteCall(pool, call("allocate", 400_000_000, memory_bytes=400_000_000)).run() == ()


@pytest.mark.thorough
def test_processor_time_beyond_the_limit_ends_the_worker(pool: WorkerPool) -> None:
    with pytest.raises(PictureTooComplex):
        RemoteCall(pool, call("spin", cpu_s=0.1)).run()
    assert worker_pid(pool)


def test_the_deadline_ends_the_worker() -> None:
    pool = WorkerPool(deadline_s=0.2)
    remote = RemoteCall(pool, call("hang"))
    with pytest.raises(PictureTooComplex) as refusal:
        remote.run()
    assert refusal.value.facts == {"name": "a.png"}
    pool.close()


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("number", "failure"),
    [(signal.SIGSEGV, BrokenPicture), (signal.SIGABRT, PictureTooComplex), (signal.SIGKILL, PictureTooComplex)],
)
def test_a_decoder_that_takes_its_process_down_refuses_the_picture(
    pool: WorkerPool, number: signal.Signals, failure: type[Exception]
) -> None:
    with pytest.raises(failure):
        RemoteCall(pool, call("die", int(number))).run()
    assert worker_pid(pool)


async def test_a_call_is_killed_while_it_runs_and_before_it_begins(pool: WorkerPool) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    remote = RemoteCall(pool, call("hang"))
    running = asyncio.create_task(asyncio.to_thread(remote.run))
    while remote._worker is None:  # pyright: ignore[reportPrivateUsage] # noqa: ASYNC110 - until a process has it
        await asyncio.sleep(0.001)
    remote.kill()
    with pytest.raises(WorkerFailed):
        await running
    remote.kill()
    late = RemoteCall(pool, call("hang"))
    late.kill()
    with pytest.raises(WorkerFailed):
        await asyncio.to_thread(late.run)
    os.close(reader)
    os.close(writer)


def test_a_worker_that_somebody_ended_is_replaced(pool: WorkerPool) -> None:
    pid = worker_pid(pool)
    (worker,) = pool._idle  # pyright: ignore[reportPrivateUsage]
    worker.kill()
    worker._process.wait()  # pyright: ignore[reportPrivateUsage]
    assert worker_pid(pool) != pid


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM, errno.EAGAIN])
def test_a_worker_that_the_machine_has_no_room_for_is_started_later(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    start: Callable[..., subprocess.Popen[Any]] = subprocess.Popen
    failures = [OSError(number, os.strerror(number))] * 2

    def start_when_there_is_room(*args: Any, **kwargs: Any) -> subprocess.Popen[Any]:
        if failures:
            raise failures.pop()
        return start(*args, **kwargs)

    monkeypatch.setattr(worker_pool, "START_RETRY_S", 0.0)
    monkeypatch.setattr(subprocess, "Popen", start_when_there_is_room)
    assert runs(worker_pid(pool))
    assert not failures


def test_a_killed_call_does_not_wait_for_room(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*args: Any, **kwargs: Any) -> subprocess.Popen[Any]:
        remote.kill()
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(subprocess, "Popen", start)
    remote = RemoteCall(pool, call("pid"))
    with pytest.raises(OSError, match="too many open files"):
        remote.run()


def test_a_worker_ends_after_so_many_calls(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "MAX_CALLS", 2)
    assert worker_pid(pool) == (second := worker_pid(pool))
    assert not runs(second)


def test_idle_workers_end_by_themselves() -> None:
    pool = WorkerPool(idle_s=0.01)
    pid = worker_pid(pool)
    timer = pool._timer  # pyright: ignore[reportPrivateUsage]
    assert timer is not None
    timer.join()
    assert not runs(pid)


def test_closing_ends_what_runs(pool: WorkerPool) -> None:
    failures: list[BaseException] = []
    remote = RemoteCall(pool, call("hang"))

    def run() -> None:
        try:
            remote.run()
        except BaseException as failed:
            failures.append(failed)

    thread = threading.Thread(target=run)
    thread.start()
    while not pool._busy:  # pyright: ignore[reportPrivateUsage]
        pass
    pool.close()
    thread.join()
    assert [type(failed) for failed in failures] in ([PictureTooComplex], [WorkerFailed])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker ends after its call")
@pytest.mark.parametrize("busy", [False, True])
def test_no_worker_outlives_an_easel_that_was_killed(busy: bool) -> None:
    script = f"from tests.unit.pictures.odd_work import orphan; orphan({busy})"
    with subprocess.Popen([sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        watched = os.pidfd_open(pid)
        assert runs(pid)
        parent.kill()
    import select

    assert select.select([watched], [], [], 60)[0]
    os.close(watched)
