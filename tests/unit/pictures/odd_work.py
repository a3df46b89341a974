"""Work for worker processes that misbehaves: functions as in `bot.pictures.work`, found there by their names."""

import os
import signal
import threading
import time

from bot.errors import BrokenPicture
from bot.painting import Image
from bot.pictures.headers import PictureHeader
from bot.pictures.work import Call, Source
from bot.pictures.worker_pool import RemoteCall, WorkerPool


def _told(text: str) -> tuple[Image, ...]:
    return (Image(data=text.encode(), media_type="image/png", width=1, height=1),)


def pid(source: Source) -> tuple[Image, ...]:
    return _told(str(os.getpid()))


def environment(source: Source) -> tuple[Image, ...]:
    return _told(repr(dict(os.environ)))


def niceness(source: Source) -> tuple[Image, ...]:
    return _told(str(os.nice(0)))


def echo(source: Source, *bodies: bytes) -> tuple[Image, ...]:
    return tuple(Image(data=each, media_type="image/png", width=1, height=2) for each in (source.data, *bodies))


def refuse(source: Source) -> tuple[Image, ...]:
    raise BrokenPicture(name=source.name, detail="torn")


def divide(source: Source) -> tuple[Image, ...]:
    raise ZeroDivisionError


def allocate(source: Source, size: int) -> tuple[Image, ...]:
    bytearray(size)
    return ()


def spin(source: Source) -> tuple[Image, ...]:
    while True:
        pass


def hang(source: Source) -> tuple[Image, ...]:
    time.sleep(600)
    return ()


def die(source: Source, number: int) -> tuple[Image, ...]:
    os.kill(os.getpid(), number)
    signal.pause()
    return ()


def orphan(busy: bool) -> None:
    """Starts a worker, prints its process id and waits to be killed, the worker at work or not."""
    pool = WorkerPool()
    source = Source(data=b"", header=PictureHeader(media_type="image/png", width=1, height=1), name="", megapixels=1)
    (told,) = RemoteCall(pool, Call(function=pid, source=source)).run()
    if busy:
        threading.Thread(target=RemoteCall(pool, Call(function=hang, source=source)).run).start()
        while not pool._busy:  # pyright: ignore[reportPrivateUsage] - until it has begun
            pass
    print(told.data.decode(), flush=True)  # noqa: T201 - the test reads it
    signal.pause()
