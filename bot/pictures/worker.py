"""The worker process: it decodes images for Easel, which nothing forces to end once they have begun but its own death.

Work comes in over standard input, images or a failure go out over standard output. Memory and processor time of each
call are limited, the process yields to Easel's own, and it ends with it. asyncio is not imported: it starts in less
than a tenth of a second.
"""

import ctypes
import json
import os
import pickle
import resource
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pillow_heif
from PIL import AvifImagePlugin

from bot.errors import EaselError
from bot.pictures.work import Call

LENGTH = struct.Struct("<Q")  # bytes of the JSON that follows: of a call, the lengths of its parts
NICENESS = 10  # beside Easel's own loop it gets a tenth of a processor
SLACK_FACTOR = 1.25  # of the memory that a call is priced at
SLACK_BYTES = 48_000_000  # besides: the encoder's output, twice, and what fragments
PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Serves until standard input ends."""
    _set_up()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (message := _read_parts(source)) is not None:
        answer = _answer(*message)
        del message
        for part in answer:
            sink.write(part)
        sink.flush()
        del answer


def _set_up() -> None:
    """One thread for each decoder, whose stacks and buffers would count as its memory; signals are the parent's."""
    with suppress(OSError):
        os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us in its order
    if sys.platform == "linux":  # elsewhere the end of standard input tells, after the call under way
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    pillow_heif.options.DECODE_THREADS = 1
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as numpy starts


def _read_parts(source: BinaryIO) -> tuple[bytes, list[bytes]] | None:
    """A pickled call and the files that it is about; None at the end of the stream."""
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    call, *files = (source.read(length) for length in json.loads(source.read(LENGTH.unpack(head)[0])))
    return call, files


def _answer(message: bytes, files: list[bytes]) -> list[bytes]:
    """The answer: the length of its head, its head as JSON, and the bytes of the images. No pickle: the parent need not
    trust a process that has read hostile bytes."""
    bodies: list[bytes] = []
    try:
        call: Call = pickle.loads(message, buffers=files)  # noqa: S301 - Easel's own process wrote it
        _limit(call)
        images = call.run()
        bodies = [image.data for image in images]
        head: object = [[len(image.data), image.media_type, image.width, image.height] for image in images]
    except EaselError as failed:
        head = {"failure": type(failed).__name__, "facts": failed.facts, "detail": failed.detail}
    except Exception as exc:  # a bug; logged where its result is awaited
        head = {"failure": "", "facts": {}, "detail": f"{type(exc).__name__}: {exc}"[:500]}
    encoded = json.dumps(head).encode()
    return [LENGTH.pack(len(encoded)), encoded, *bodies]


def _limit(call: Call) -> None:
    """Limits what the process may take for the call, beside what it has, the file included. SIGXCPU ends it when its
    processor time is up."""
    if call.memory_bytes and sys.platform == "linux":  # elsewhere RLIMIT_DATA means less than all private memory
        most = _data_bytes() + int(call.memory_bytes * SLACK_FACTOR) + SLACK_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.RLIM_INFINITY))
    if call.cpu_s:
        used = resource.getrusage(resource.RUSAGE_SELF)
        most_s = int(used.ru_utime + used.ru_stime + call.cpu_s) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most_s, resource.RLIM_INFINITY))


def _data_bytes() -> int:
    """Private memory that the process has now, bytes, as RLIMIT_DATA counts it; 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    return 0


if __name__ == "__main__":
    main()
