"""E: databases with a long past. Easel beside an Easel whose database is as good as empty."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.runtime.clock import SystemClock
from bot.store.store import Store
from tests.bench import platforms, subjects
from tests.bench.figures import Figure, median, relative_limit
from tests.bench.jobs import JobRegistry, now, wait_for_pictures
from tests.bench.platforms import TelegramBench
from tests.bench.scenarios.one_by_one import PACE, SPANS, durations, in_turn
from tests.bench.upstream import serve_upstream
from tests.servers.telegram import User

STARTS = 5  # of which the median counts
EMPTY = 100  # jobs in the database that the others are compared with
USERS = 2000  # who asked for the jobs of the past
NEAR, SLACK = 1.1, 0.001  # times as long, or seconds longer
COMMANDS = ("/quota", "/history")
LATEST = 20.0  # seconds until an answer counts as lost

# The latest of the past are of one member, as many in every database, so that all give the same answers. They
# came one a minute up to now, as a day of use leaves them, and are made of the one job that is there.
JOBS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count),
  past(i, whose) AS (
    SELECT i, 'telegram:' || CASE WHEN i > :count - :latest THEN :bo ELSE 900000 + i % :users END FROM n
  )
INSERT INTO job (id, event, user_key, sender, chat_key, chat, request_id, locale, prompt, options, reference_images,
  mask, state, attempt, cost, charged, status_id, created, started, finished, provider, model, price, upstream_id,
  usage, trace, delivered, delivered_id, notification_pending)
SELECT printf('past%08d', i), 'past:' || i, whose, sender, whose, chat, i, locale, prompt, options, reference_images,
  mask, state, attempt, cost, charged, 's' || i,
  datetime(:now, printf('-%d seconds', (:count - i) * 60)) || '.000000',
  datetime(:now, printf('-%d seconds', (:count - i) * 60)) || '.100000',
  datetime(:now, printf('-%d seconds', (:count - i) * 60)) || '.500000',
  provider, model, price, upstream_id, usage, trace, delivered, 'd' || i, 0
FROM job, past WHERE id = (SELECT id FROM job LIMIT 1)
"""
LEDGER = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count),
  past(i, whose) AS (
    SELECT i, 'telegram:' || CASE WHEN i > :count - :latest THEN :bo ELSE 900000 + i % :users END FROM n
  ),
  kinds(kind) AS (VALUES ('reserve'), ('settle'))
INSERT INTO ledger (job, kind, account, day, credits, from_granted, chat_from_granted, at)
SELECT printf('past%08d', i), kind, whose, date(:now), 1, 0, 0, :now || '.000000'
FROM past, kinds
"""
CHECKPOINTS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO checkpoint (job, name, value, at)
SELECT printf('past%08d', i), checkpoint.name, checkpoint.value, checkpoint.at
FROM n, checkpoint WHERE checkpoint.job = (SELECT id FROM job ORDER BY created DESC, id LIMIT 1)
"""


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for count in (10_000, 100_000) if quick else (10_000, 1_000_000):
        figures += await compare(folder / str(count), count, jobs=8 if quick else 30)
    return figures


async def compare(folder: Path, count: int, *, jobs: int) -> list[Figure]:
    registry = JobRegistry()
    names = {"bare": EMPTY, "easel": count}
    starts: dict[str, list[float]] = {name: [] for name in names}
    members: dict[str, User] = {}
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(registry, PACE))
        there: dict[str, TelegramBench] = {}
        values: dict[str, dict[str, Any]] = {}
        for name, past in names.items():
            platform = there[name] = await opened.enter_async_context(platforms.telegram())
            values[name] = subjects.easel_settings(up, folder / name, platform.easel_settings)
            async with subjects.run_easel(folder / name, values[name]):  # makes the tables, and one job to multiply
                job = registry.add(f"seed{past}")
                platform.send_prompt(platform.open_chat("Ada"), job)
                await wait_for_pictures([job], seconds=LATEST)
                await asyncio.sleep(0.3)
            members[name] = platform.server.add_user("Bo")
            await asyncio.to_thread(fill, folder / name / "easel.db", past, members[name].id)
            await _settle(folder / name / "easel.db")
        for _ in range(STARTS):  # in turn: what the disk still does for the long past meets both
            for name in names:
                starts[name].append(await _start(folder / name, values[name]))
        for name in names:
            await opened.enter_async_context(subjects.run_easel(folder / name, values[name]))
        done = await in_turn(registry, there, jobs)
        answers = {name: await _answers(platform, members[name], jobs) for name, platform in there.items()}
    figures: list[Figure] = []

    def add(what: str, unit: str, ours: float, theirs: float, times: float) -> None:
        limit = relative_limit(theirs / times, NEAR, SLACK) * times
        figures.append(
            Figure(
                scenario="E", case=f"{count:,} jobs", quantity=what, unit=unit, easel=ours, baseline=theirs, limit=limit
            )
        )

    for what, span in SPANS.items():
        ours, theirs = (median(durations(done[name], span)) * 1000 for name in ("easel", "bare"))
        add(f"{what}, p50", "ms", ours, theirs, 1000)
    for command in COMMANDS:
        ours, theirs = (median(answers[name][command]) * 1000 for name in ("easel", "bare"))
        add(command, "ms", ours, theirs, 1000)
    add("start", "s", median(starts["easel"]), median(starts["bare"]), 1)
    return figures


def fill(path: Path, count: int, bo: int) -> None:
    """Multiplies the one job that is there; the latest are of the member `bo`."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA synchronous = OFF")
        for statement in (JOBS, LEDGER, CHECKPOINTS):
            database.execute(statement, {"count": count, "users": USERS, "now": when, "bo": bo, "latest": EMPTY})
            database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("rb+") as file:  # a gigabyte that still has to reach the disk is not a past
        os.fsync(file.fileno())


async def _start(folder: Path, values: Mapping[str, Any]) -> float:
    """Seconds from the start until it is ready."""
    begun = now()
    async with subjects.run_easel(folder, values):
        return now() - begun


async def _settle(path: Path) -> None:
    """Opens and closes it once, so that what a long write left behind is not measured as a start."""
    store = await Store.open(f"sqlite:///{path}", clock=SystemClock(), migrate=False)
    await store.close()


async def _answers(platform: TelegramBench, user: User, rounds: int) -> dict[str, list[float]]:
    """Seconds from a command to its answer, asked by a member with a past."""
    chat = platform.server.private(user, opened=True)
    found: dict[str, list[float]] = {command: [] for command in COMMANDS}
    for _ in range(rounds):
        for command, times in found.items():
            before = len(chat.messages)
            begun = now()
            platform.server.say(user, chat, command)
            await platform.server.until(lambda before=before: len(chat.messages) >= before + 2, seconds=LATEST)
            times.append(now() - begun)
            await asyncio.sleep(0.05)
    return found
