"""N: the admin page at the server, with a hundred thousand jobs in the database: every page, and a list as a file."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from bot.runtime.clock import SystemClock
from bot.settings import Settings
from tests.bench.figures import Figure, median, percentile
from tests.flow.admin.site import BOSS, Browser, admin_site
from tests.support.databases import migrated_database
from tests.support.filled_database import fill_jobs
from tests.support.platform import Platform
from tests.support.world import open_app

JOBS = 100_000
ROUNDS, QUICK_ROUNDS = 20, 5
LIMIT_MS = 200.0
PAGES = {
    "now": "now",
    "statistics, 30 days": "statistics?days=30",
    "statistics, a year": "statistics?days=365",
    "jobs": "jobs",
    "jobs, by duration": "jobs?sort=seconds",
    "jobs, failed": "jobs?state=failed",
    "jobs of a member": "jobs?user=telegram:7",
    "jobs, part of an id": "jobs?id=0099999",
    "a job": "job?id=j00000050000",
    "members, 30 days": "members?days=30",
    "members, a year": "members?days=365",
    "a member": "member?key=telegram:7",
    "chats, a year": "chats?days=365",
    "set aside": "set-aside",
    "errors": "errors",
    "audit log": "audit",
}


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    clock = SystemClock()
    url = migrated_database(folder)
    fill_jobs(url, JOBS, datetime.now(UTC))
    provider = {"preset": "sandbox", "base_url": "http://127.0.0.1:9", "api_key": "sandbox"}
    settings = Settings.model_validate({"database_url": url, "admins": [BOSS], "providers": [provider], "drain_s": 0})
    async with open_app(settings, {"memory": Platform()}, clock) as app:
        await app.start()
        async with admin_site(app.store, clock, app.administration) as site:
            browser = await site.signed_in()
            figures: list[Figure] = []
            for case, path in PAGES.items():
                figures += await _measure(browser, case, path, QUICK_ROUNDS if quick else ROUNDS)
            begun = time.perf_counter()
            file = await (await browser.get("jobs.csv")).read()
            took = time.perf_counter() - begun
            assert file.count(b"\n") == JOBS + 1
            return [*figures, Figure(scenario="N", case="jobs.csv", quantity="whole file", unit="s", easel=took)]


async def _measure(browser: Browser, case: str, path: str, rounds: int) -> list[Figure]:
    """Milliseconds from a request to the end of its answer, on this machine."""
    times: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = await browser.get(path)
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status == 200, case
    slow = percentile(times, 0.95)
    return [
        Figure(scenario="N", case=case, quantity="answered, p50", unit="ms", easel=median(times)),
        Figure(scenario="N", case=case, quantity="answered, p95", unit="ms", easel=slow, limit=LIMIT_MS),
    ]
