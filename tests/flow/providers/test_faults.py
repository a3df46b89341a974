"""Upstreams in trouble, as a table: every dialect, every step of a painting, every way in which it can go wrong.

For each row: what the member sees, what is charged, what the operator reads, and whether another upstream was asked,
which is allowed only where nothing can have been paid.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from structlog.testing import capture_logs

from bot.downloads import fetcher
from bot.errors import (
    BadCredentials,
    BadResult,
    Busy,
    CutShort,
    EaselError,
    Lost,
    NoAnswer,
    OutOfFunds,
    Rejected,
    Unfetched,
    UpstreamDown,
    WentQuiet,
    WrongEndpoint,
)
from bot.job import Job
from bot.jobs import results
from bot.providers.fallback import BACKOFF_S
from bot.providers.tasks import api
from bot.providers.tasks.provider import MAX_REFUSED_POLLS
from bot.sandbox import Sandbox
from bot.texts import translate
from tests.flow.scenes import books
from tests.flow.world import MemoryWorld, world
from tests.servers.upstream.scripted import JSON, SSE, Call, Script, delta, scripted_upstream
from tests.support.clocks import FastClock
from tests.support.images import png
from tests.support.platform import AMBER, Post

Dialect = Literal["chat", "images", "tasks"]
Step = Literal["ask", "poll", "file"]
Log = list[MutableMapping[str, Any]]

PRESETS: dict[Dialect, str] = {"chat": "relay", "images": "openai", "tasks": "evolink"}
SPEED = 50.0  # times as fast as the machine's: waits between questions, and before the next try
SHORT = 0.3  # real seconds for what never comes
AGES = 5000.0  # seconds of the fast clock that no test lasts
PICTURE = png("blue")
INSIDE = "internal words of the upstream"


# ---------------------------------------------------------------- an upstream that paints, but for one step


@dataclass(slots=True)
class Upstream:
    """One upstream whose `step` goes as `trouble` says for the first `times`, and then well. `trouble` None: slowly."""

    dialect: Dialect
    step: Step
    trouble: Script | None
    times: float
    url: str = ""
    met: dict[Step, int] = field(default_factory=lambda: {"ask": 0, "poll": 0, "file": 0})

    async def serve(self, call: Call) -> None:
        method, path = call.method, call.target
        step: Step = "ask" if method == "POST" else "file" if path.endswith(".png") else "poll"
        self.met[step] += 1
        troubled = step == self.step and self.met[step] <= self.times
        if troubled and self.trouble is not None:
            await self.trouble(call)
            return
        head, body = self._well(step)
        piece = 7 if troubled else len(body)  # slow: in pieces that end anywhere, each by itself
        await call.head(head, f"Content-Length: {len(body)}")
        for start in range(0, len(body), piece):
            await call.send(body[start : start + piece])
            await asyncio.sleep(0.001)

    def _well(self, step: Step) -> tuple[str, bytes]:
        link = f"{self.url}/picture.png"
        if step == "file":
            return "Content-Type: image/png", PICTURE
        if step == "poll":
            done = {"id": "task-1", "status": "completed", "progress": 100, "results": [link]}
            return JSON, json.dumps(done).encode()
        if self.dialect == "chat":
            return SSE, (delta(f"> 进度：60%\n![picture]({link})\n") + "data: [DONE]\n\n").encode()
        if self.dialect == "images":
            return JSON, json.dumps({"created": 1776220106, "data": [{"url": link}]}).encode()
        return JSON, json.dumps({"id": "task-1", "status": "pending", "progress": 0}).encode()


# ---------------------------------------------------------------- ways to go wrong


def says(body: str | bytes, *head: str, status: str = "200 OK") -> Script:
    async def script(call: Call) -> None:
        await call.head(*(head or (JSON,)), status=status)
        await call.send(body)

    return script


def error(status: str, code: str, *head: str) -> Script:
    return says(json.dumps({"error": {"code": code, "message": INSIDE}}), JSON, *head, status=status)


async def reset(call: Call) -> None:
    call.reset()


async def hang(call: Call) -> None:
    await call.hangup()


async def half(call: Call) -> None:
    """The beginning of an answer that announced more."""
    await call.head(JSON, "Content-Length: 5000")
    await call.send('{"id": "tas')


async def quiet(call: Call) -> None:
    """The beginning of an answer, and then silence."""
    await call.head(JSON, "Content-Length: 5000")
    await call.send('{"id"')
    await call.hangup()


PAGE = says(f"<html><body>{INSIDE}</body></html>", "Content-Type: text/html")
GARBAGE = says(b"\x00\xff\xfe\x80 \x1b[31m" + INSIDE.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A trouble at a step. `ends`: the failure that the member is told of, where it is the same in every dialect, or
    by dialect; None: the picture comes. `elsewhere`: another upstream may be asked. `tries`: how often the step is
    met when it never gets better. `times`: how often the trouble is there."""

    name: str
    step: Step = "ask"
    trouble: Script | None
    ends: type[EaselError] | dict[Dialect, type[EaselError]] | None
    elsewhere: bool = False
    tries: int = 1
    times: float = float("inf")
    settings: dict[str, Any] = field(default_factory=dict[str, Any])

    def __str__(self) -> str:
        return f"{self.step} {self.name}"


SHORT_LIVED = {"timeout_s": SHORT}
IMPATIENT = {"idle_timeout_s": SHORT}

ASKED = [
    Row(name="slow", trouble=None, ends=None),
    Row(name="500", trouble=error("500 Oops", "api_error"), ends=UpstreamDown, elsewhere=True),
    Row(
        name="502 page",
        trouble=says(f"<html>{INSIDE}", "Content-Type: text/html", status="502 Bad Gateway"),
        ends=UpstreamDown,
        elsewhere=True,
    ),
    Row(name="401", trouble=error("401 No", "invalid_token"), ends=BadCredentials, elsewhere=True),
    Row(name="402", trouble=error("402 Pay", "insufficient_quota"), ends=OutOfFunds, elsewhere=True),
    Row(name="404", trouble=says("", status="404 Gone"), ends=WrongEndpoint, elsewhere=True),
    Row(name="400", trouble=error("400 Bad", "odd"), ends=Rejected),
    Row(
        name="429",
        trouble=error("429 Slow", "too_many_requests"),
        ends=Busy,
        elsewhere=True,
        tries=1 + len(BACKOFF_S),
    ),
    Row(
        name="429 for an hour",
        trouble=error("429 Slow", "too_many_requests", "Retry-After: 36000"),
        ends=Busy,
        elsewhere=True,
    ),
    Row(name="429 once", trouble=error("429 Slow", "too_many_requests", "Retry-After: 2"), ends=None, times=1),
    Row(name="garbage", trouble=GARBAGE, ends={"chat": CutShort, "images": CutShort, "tasks": Lost}),
    Row(name="page as a success", trouble=PAGE, ends=UpstreamDown, elsewhere=True),
    Row(name="half an answer", trouble=half, ends=CutShort),
    Row(name="reset", trouble=reset, ends=CutShort),
    Row(name="hang", trouble=hang, ends=NoAnswer, elsewhere=True, settings=SHORT_LIVED),
    Row(name="quiet", trouble=quiet, ends=WentQuiet, settings=IMPATIENT),
]

POLLED = [
    Row(name="slow", step="poll", trouble=None, ends=None, times=3),
    Row(name="503", step="poll", trouble=error("503 Later", "service_unavailable"), ends=None, times=3),
    Row(name="429", step="poll", trouble=error("429 Slow", "busy", "Retry-After: 5"), ends=None, times=2),
    Row(name="garbage", step="poll", trouble=GARBAGE, ends=None, times=2),
    Row(name="page", step="poll", trouble=PAGE, ends=None, times=3),
    Row(name="half an answer", step="poll", trouble=half, ends=None, times=3),
    Row(name="reset", step="poll", trouble=reset, ends=None, times=3),
    Row(name="hang", step="poll", trouble=hang, ends=None, times=1),
    Row(
        name="404 for ever",
        step="poll",
        trouble=error("404 No", "not_found"),
        ends=Lost,
        tries=MAX_REFUSED_POLLS * (1 + len(BACKOFF_S)),
    ),
    Row(
        name="garbage for ever", step="poll", trouble=GARBAGE, ends=Lost, tries=MAX_REFUSED_POLLS * (1 + len(BACKOFF_S))
    ),
]

# The fetcher tries three times; aiohttp asks a second time by itself where a connection is reset before any answer.
FILED = [
    Row(name="slow", step="file", trouble=None, ends=None),
    Row(name="503 twice", step="file", trouble=says("", status="503 Later"), ends=None, times=2),
    Row(name="reset twice", step="file", trouble=reset, ends=None, times=2),
    Row(name="half once", step="file", trouble=half, ends=None, times=1),
    Row(name="503", step="file", trouble=says("", status="503 Later"), ends=Unfetched, tries=3),
    Row(name="404", step="file", trouble=says("", status="404 Gone"), ends=Unfetched),
    Row(name="reset", step="file", trouble=reset, ends=Unfetched, tries=2 * 3),
    Row(name="half a picture", step="file", trouble=half, ends=Unfetched, tries=1 + 3),
    Row(name="garbage", step="file", trouble=GARBAGE, ends=BadResult),
    Row(name="page", step="file", trouble=PAGE, ends=BadResult),
    Row(name="hang", step="file", trouble=hang, ends=Unfetched),
]

TABLE: list[tuple[Dialect, Row]] = [
    *((dialect, row) for row in [*ASKED, *FILED] for dialect in PRESETS),
    *(("tasks", row) for row in POLLED),
]
every_row = pytest.mark.parametrize(("dialect", "row"), TABLE, ids=str)
every_failure = pytest.mark.parametrize(("dialect", "row"), [each for each in TABLE if each[1].ends], ids=str)


# ---------------------------------------------------------------- what comes of it


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what the core waits in real seconds, on sockets."""
    monkeypatch.setattr(api, "POLL_TIMEOUT_S", SHORT)
    monkeypatch.setattr(results, "RESULT_TIMEOUT_S", 2.0)
    monkeypatch.setattr(results, "UNAVAILABLE_S", 0.0)
    monkeypatch.setattr(fetcher, "RETRY_PAUSES_S", (0.01, 0.01))


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What there is to see at the end."""

    post: Post
    job: Job
    met: dict[Step, int]
    books: tuple[int, int]
    log: Log
    spare: int

    @property
    def operator(self) -> set[tuple[str, str]]:
        """Warnings and errors: what happened, and of which class it was."""
        loud = [line for line in self.log if line["log_level"] in ("warning", "error")]
        return {(line["event"], str(line.get("failure"))) for line in loud}


@asynccontextmanager
async def opened(folder: Path, sandbox: Sandbox, providers: list[dict[str, Any]]) -> AsyncGenerator[MemoryWorld]:
    hosts = [each["base_url"].removeprefix("http://") for each in providers]
    changes: dict[str, Any] = {"providers": providers, "fetch": {"allow_hosts": hosts}, "jobs": {"time_s": AGES}}
    async with world(folder, sandbox, clock=FastClock(SPEED), **changes) as easel:
        yield easel


async def painted(folder: Path, dialect: Dialect, row: Row, *, spare: bool) -> Outcome:
    """One job at an upstream in trouble, alone or with another one behind it."""
    upstream = Upstream(dialect, row.step, row.trouble, row.times)
    patience = {"timeout_s": AGES, "idle_timeout_s": AGES, **row.settings}
    async with scripted_upstream(upstream.serve) as raw, Sandbox(pace=0, edge=64) as sandbox:
        upstream.url = raw.url
        first = {"name": "first", "preset": PRESETS[dialect], "base_url": raw.url, "stream": dialect != "tasks"}
        second = {"name": "spare", "preset": "sandbox", "base_url": sandbox.address, "api_key": "sandbox"}
        providers = [first | patience, *([second] if spare else [])]
        with capture_logs() as log:
            async with opened(folder, sandbox, providers) as easel:
                await easel.say("a red fox")
                [post] = await easel.settled()
                [job] = await easel.app.store.history(AMBER.key)
                return Outcome(
                    post=post,
                    job=job,
                    met=upstream.met,
                    books=await books(easel),
                    log=list(log),
                    spare=len(sandbox.requests),
                )


def kind_of(row: Row, dialect: Dialect) -> type[EaselError] | None:
    return row.ends[dialect] if isinstance(row.ends, dict) else row.ends


def is_told(outcome: Outcome, kind: type[EaselError]) -> None:
    """The member is told what happened, in our words; the operator reads the same; nothing is charged."""
    assert outcome.job.failure is not None
    assert outcome.job.failure.key == kind.key
    assert outcome.post.text == translate("en", kind.key, **outcome.job.failure.facts)
    assert "Nothing was charged" in outcome.post.text
    assert (INSIDE in outcome.post.text) == (kind is Rejected)  # quoted where it says what to change
    assert outcome.post.actions == ["retry"]
    assert outcome.books == (50, 0)
    assert ("job failed", kind.__name__) in outcome.operator


def is_painted(outcome: Outcome) -> None:
    assert len(outcome.post.images) == 1
    assert outcome.post.actions == ["retry", "vary", "edit", "more"]
    assert outcome.books == (49, 0)
    assert outcome.job.charged == 1


@pytest.mark.forms(16)
@every_row
async def test_alone(tmp_path: Path, dialect: Dialect, row: Row) -> None:
    outcome = await painted(tmp_path, dialect, row, spare=False)
    kind = kind_of(row, dialect)
    if kind is None:
        is_painted(outcome)
        assert outcome.met["ask"] == (1 if row.step != "ask" or row.trouble is None else 1 + row.times)
        return
    is_told(outcome, kind)
    assert outcome.met[row.step] == row.tries
    if row.step != "ask":
        assert outcome.met["ask"] == 1
    heard = {event for event, _ in outcome.operator}
    assert ("result dropped" if row.step == "file" else "upstream failed") in heard


@pytest.mark.forms(9)
@every_failure
async def test_with_another_one_behind(tmp_path: Path, dialect: Dialect, row: Row) -> None:
    """Another upstream paints where nothing can have been paid; elsewhere it is not even asked."""
    outcome = await painted(tmp_path, dialect, row, spare=True)
    kind = kind_of(row, dialect)
    assert kind is not None
    if row.elsewhere:
        is_painted(outcome)
        assert (outcome.spare, outcome.job.provider) == (1, "spare")
    else:
        is_told(outcome, kind)
        assert (outcome.spare, outcome.job.provider) == (0, "first")
    if row.step == "ask":
        assert ("upstream failed", kind.__name__) in outcome.operator


@pytest.mark.forms(1)
@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden"])
@pytest.mark.parametrize("dialect", ["chat", "tasks"])
async def test_a_file_that_comes_late_is_delivered_and_painted_once(
    tmp_path: Path, dialect: Dialect, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "UNAVAILABLE_S", 60.0)
    row = Row(name="late", step="file", trouble=says("", status=status), ends=None, times=3)
    outcome = await painted(tmp_path, dialect, row, spare=True)
    is_painted(outcome)
    assert outcome.met["ask"] == 1
    assert outcome.met["file"] == 4
    assert outcome.spare == 0
