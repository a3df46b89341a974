"""Worker processes as the threads of Easel see them: started when first needed, reused, killed when a call must end.

Blocking, but for `RemoteCall.kill`. Only `bot.pictures.worker` runs in them; they get no environment and no secrets.
"""

import json
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from tenacity import (
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_fixed,
)

import bot
import bot.errors
from bot.errors import BrokenPicture, EaselError, PictureTooComplex
from bot.painting import Image
from bot.pictures.work import Call

DEADLINE_S = 20.0  # wall-clock seconds of one call, from its start
IDLE_S = 30.0  # seconds after which a worker without work is ended: each keeps 30 MB
START_RETRY_S = 1.0  # before a process is started again that the machine had no room for
START_WAIT_S = 60.0  # that a call waits for such room: what it works on may be a picture that is paid for
MAX_CALLS = 200  # of one worker, against what fragments and leaks
_LENGTH_BYTES = 8
_ENVIRONMENT = ("LD_LIBRARY_PATH", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "TMPDIR")

_MALLOC = {  # of glibc: memory of images goes back to the system at once, instead of lying about in pieces
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "1000000",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
}


class WorkerFailed(Exception):
    """A worker was killed on demand, or met a bug."""


class _WorkerEnded(Exception):
    """The process ended before it answered."""


class _Worker:
    """One worker process."""

    def __init__(self) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment |= _MALLOC | {"PYTHONPATH": str(Path(bot.__file__).parents[1])}
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-m", "bot.pictures.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._source, self._sink = cast(IO[bytes], self._process.stdout), cast(IO[bytes], self._process.stdin)
        self.calls = 0

    def run(self, call: Call, deadline_s: float) -> tuple[Image, ...]:
        """Raises what the call raises, TimeoutError after `deadline_s`, _WorkerEnded; WorkerFailed for a bug."""
        self.calls += 1
        try:
            self._send(call)
        except OSError as exc:
            raise _WorkerEnded from exc
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        if not poll.poll(deadline_s * 1000):
            raise TimeoutError
        head = json.loads(self._read(int.from_bytes(self._read(_LENGTH_BYTES), "little")))
        if isinstance(head, dict):
            raise _failure(cast(dict[str, Any], head))
        return self._images(cast(list[Any], head))

    def _send(self, call: Call) -> None:
        files: list[pickle.PickleBuffer] = []
        message = pickle.dumps(call, protocol=5, buffer_callback=files.append)
        parts = [memoryview(message), *(each.raw() for each in files)]
        lengths = json.dumps([len(part) for part in parts]).encode()
        for part in (len(lengths).to_bytes(_LENGTH_BYTES, "little"), lengths, *parts):
            self._sink.write(part)
        self._sink.flush()

    def kill(self) -> None:
        """Ends the process, whatever it does; whoever waits for it gets _WorkerEnded."""
        self._process.kill()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def close(self) -> int:
        """Ends the process and waits for its end. Returns its exit code, the negative number of a signal."""
        self._source.close()
        self._process.kill()
        code = self._process.wait()
        self._source.close()
        with suppress(OSError):  # what it has not read
            self._sink.close()
        return code

    def _images(self, described: list[Any]) -> tuple[Image, ...]:
        return tuple(
            Image(data=self._read(int(size)), media_type=str(media_type), width=int(width), height=int(height))
            for size, media_type, width, height in described
        )

    def _read(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) < size:
            raise _WorkerEnded
        return data


def _failure(head: dict[str, Any]) -> Exception:
    """The failure that a worker reported."""
    kind = getattr(bot.errors, head["failure"], None) if head["failure"] else None
    if isinstance(kind, type) and issubclass(kind, EaselError):
        return kind(detail=head["detail"], **head["facts"])
    return WorkerFailed(str(head["detail"]))


class WorkerPool:
    """Idle workers, the one used last at the end."""

    def __init__(self, *, deadline_s: float = DEADLINE_S, idle_s: float = IDLE_S) -> None:
        self.deadline_s = deadline_s
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._timer: threading.Timer | None = None
        self._closed = False

    def take(self) -> _Worker:
        """An idle worker, or a new one."""
        with self._lock:
            self._stop_timer()
            worker = self._idle.pop() if self._idle else None
        if worker is not None and not worker.alive:  # somebody else ended it
            worker.close()
            worker = None
        worker = worker or _Worker()
        with self._lock:
            self._busy.add(worker)
        return worker

    def give_back(self, worker: _Worker, *, healthy: bool) -> None:
        """Keeps a healthy worker for the next call, or ends it when it has had its time."""
        with self._lock:
            self._busy.discard(worker)
            keep = healthy and not self._closed and worker.calls < MAX_CALLS
            if keep:
                self._idle.append(worker)
                self._stop_timer()
                self._timer = threading.Timer(self._idle_s, self.end_idle)
                self._timer.daemon = True
                self._timer.start()
        if not keep:
            worker.close()

    def end_idle(self) -> None:
        """Ends all workers that have no work now."""
        with self._lock:
            self._stop_timer()
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    def close(self) -> None:
        """Ends all workers, whatever they do."""
        with self._lock:
            self._closed = True
            for worker in self._busy:
                worker.kill()
        self.end_idle()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class RemoteCall:
    """A call that runs in a worker process."""

    def __init__(self, pool: WorkerPool, call: Call) -> None:
        self._pool = pool
        self._call = call
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._killed = threading.Event()

    def run(self) -> tuple[Image, ...]:
        """The result. Raises what the function raises; PictureTooComplex when time is up, BrokenPicture when the
        decoder takes its process down; WorkerFailed after `kill` and for a bug; OSError when the machine has no room
        for a process in START_WAIT_S."""
        worker = self._take_worker()
        with self._lock:
            self._worker = worker
        healthy = False
        try:
            if self._killed.is_set():
                raise WorkerFailed("killed")
            result = worker.run(self._call, self._pool.deadline_s)
            healthy = True
        except EaselError:
            healthy = True
            raise
        except TimeoutError as exc:
            raise PictureTooComplex(name=self._call.source.name, detail="deadline") from exc
        except _WorkerEnded as exc:
            raise self._failure(worker.close()) from exc
        finally:
            with self._lock:
                self._worker = None
            self._pool.give_back(worker, healthy=healthy)
        return result

    def kill(self) -> None:
        """Ends the call now, waiting or running. May be called from any thread, also when it is over."""
        with self._lock:
            self._killed.set()
            if self._worker is not None:
                self._worker.kill()

    def _take_worker(self) -> _Worker:
        """A worker, once the machine has descriptors, memory and processes left for it. Raises OSError."""
        retrying = Retrying(
            retry=retry_if_exception_type(OSError),
            wait=wait_fixed(START_RETRY_S),
            stop=stop_after_delay(START_WAIT_S) | stop_when_event_set(self._killed),
            sleep=sleep_using_event(self._killed),
            reraise=True,
        )
        return retrying(self._pool.take)

    def _failure(self, code: int) -> Exception:
        """What a worker that ended with that exit code failed of."""
        name, detail = self._call.source.name, f"decoder ended with {code}"
        if self._killed.is_set():
            return WorkerFailed("killed")
        if -code in (signal.SIGXCPU, signal.SIGABRT, signal.SIGKILL):  # time, memory of C++, memory of the machine
            return PictureTooComplex(name=name, detail=detail)
        return BrokenPicture(name=name, detail=detail)
