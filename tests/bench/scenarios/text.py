"""G: replies cut by character and by token through the progress reader, in a process that does nothing else."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from bot.providers.chat.progress import ReplyParser
from bot.providers.chat.provider import apply_sse_event
from bot.providers.chat.response import ChatResponse
from bot.sandbox.chat.progress_formats import CHINESE, ENGLISH
from tests.bench.baselines.painting import PERCENT
from tests.bench.figures import Figure, median
from tests.bench.upstream import event

TOKEN = 4  # characters
SIZES = (100_000, 1_000_000, 4_000_000)  # characters of a reply
ROUNDS = 3


def reply_of(size: int) -> str:
    """Progress lines of both languages and prose, over and over."""
    form = "".join(ENGLISH.opening) + "".join(ENGLISH.step.format(percent=p / 2) for p in range(200))
    form += "".join(CHINESE.step.format(percent=p / 2) for p in range(200))
    form += "A fox, at last. It is red, mostly.\n" * 40
    form = form.replace("{refs}", "").replace("{prompt}", "a red fox")
    return (form * (size // len(form) + 1))[:size]


def _read(text: str, step: int) -> None:
    reader = ReplyParser("a red fox in the snow")
    for at in range(0, len(text), step):
        reader.feed(text[at : at + step])
    reader.end_reply()


def _search(text: str, step: int) -> None:
    """The baseline: one expression on each piece, all kept to look for the picture in."""
    said: list[str] = []
    for at in range(0, len(text), step):
        piece = text[at : at + step]
        said.append(piece)
        PERCENT.search(piece)
    "".join(said)


def _events(count: int) -> float:
    """Microseconds an event takes from its JSON to what it tells."""
    data = [event(ENGLISH.step.format(percent=n % 100))[6:].decode().strip() for n in range(count)]
    reply = ChatResponse("a red fox in the snow")
    begun = perf_counter()
    for each in data:
        apply_sse_event(reply, "message", each)
    return (perf_counter() - begun) / count * 1e6


def _bare_events(count: int) -> float:
    data = [event(ENGLISH.step.format(percent=n % 100))[6:].decode().strip() for n in range(count)]
    begun = perf_counter()
    for each in data:
        PERCENT.search(json.loads(each)["choices"][0]["delta"].get("content", ""))
    return (perf_counter() - begun) / count * 1e6


def _seconds(work: Callable[[str, int], None], text: str, step: int) -> float:
    found: list[float] = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        work(text, step)
        found.append(perf_counter() - begun)
    return median(found)


def measure(quick: bool) -> dict[str, float]:
    """Everything, by name."""
    found: dict[str, float] = {"event": _events(20_000), "bare event": _bare_events(20_000)}
    for size in SIZES[:2] if quick else SIZES:
        text = reply_of(size)
        for name, step in (("character", 1), ("token", TOKEN)):
            found[f"{name} {size}"] = _seconds(_read, text, step)
            found[f"bare {name} {size}"] = _seconds(_search, text, step)
    return found


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    _ = folder
    command = [sys.executable, "-m", __name__, *(["--quick"] if quick else [])]
    started = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await started.communicate()
    found: dict[str, float] = json.loads(out)
    ours, theirs = found["event"], found["bare event"]
    figures = [Figure(scenario="G", case="event", quantity="JSON → told", unit="µs", easel=ours, baseline=theirs)]
    for name in ("character", "token"):
        sizes = [int(each.split()[1]) for each in found if each.startswith(f"{name} ")]
        for size in sizes:
            ours, theirs = found[f"{name} {size}"], found[f"bare {name} {size}"]
            figures.append(
                Figure(
                    scenario="G", case=f"by {name}", quantity=f"{size // 1000} kB", unit="MB/s",
                    easel=size / ours / 1e6, baseline=size / theirs / 1e6,
                )
            )  # fmt: skip
        small, large = sizes[0], sizes[-1]
        growth = (found[f"{name} {large}"] / large) / (found[f"{name} {small}"] / small)
        what = "time a character, long to short"
        figures.append(Figure(scenario="G", case=f"by {name}", quantity=what, unit="×", easel=growth, limit=1.3))
    megabyte = found["character 1000000"]
    figures.append(Figure(scenario="G", case="by character", quantity="1 MB", unit="s", easel=megabyte, limit=1.0))
    return figures


if __name__ == "__main__":
    print(json.dumps(measure("--quick" in sys.argv)))
