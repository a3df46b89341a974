"""Acceptances a second of one process and of three on one PostgreSQL; run as a module, it is one of these processes.

Each member asks once, as in a crowd of strangers: what a job takes from the first row to its entry in the queue.
"""

import asyncio
import json
import os
import sys
import time

import psutil

from bot.chat import Chat, User
from bot.cluster.opening import open_cluster
from bot.job import NewJob, new_id
from bot.jobs.shared_dispatch import TOPIC
from bot.observability.logs import configure_logging
from bot.ports import EVENTS, PAINTING
from bot.quota import QuotaRules
from bot.runtime.clock import SystemClock
from bot.settings import Settings
from bot.store.maintenance import upgrade
from bot.store.store import Store
from tests.bench.figures import Figure, median
from tests.support.postgres import Cluster

CALLERS = 50  # at once in each process
PROCESSES = 3
ROUNDS = 3
TIMES = 2.0  # as many acceptances three processes are to make as one, where the cores allow
USER_CONCURRENT = 2
RULES = QuotaRules(user_daily=1_000_000, chat_daily=None, user_concurrent=2, user_waiting=1000, roles={})


def new_job() -> NewJob:
    job = new_id()
    user = User(platform="telegram", id=job, name="Ada", locale="en")
    chat = Chat(platform="telegram", id=job, kind="direct")
    return NewJob(
        id=job, event=f"e{job}", user=user, chat=chat, request_id="1", locale="en", prompt="a red fox", cost=1
    )


async def accept(url: str, seconds: float) -> dict[str, float]:
    """Accepts jobs from a line on stdin on: how many, in how long, and in how much processor time."""
    clock = SystemClock()
    store = await Store.open(url, clock=clock)
    async with open_cluster(Settings(database_url=url), clock, roles=(EVENTS, PAINTING)) as cluster:
        holders = store.job_holders(
            user_concurrent=USER_CONCURRENT, notify=lambda conn: cluster.bus.notify(conn, TOPIC)
        )
        process = cluster.membership.id

        async def one() -> None:
            await store.accept_job(
                new_job(), RULES, begun=True, holder=process, shown_by=process,
                enqueue=lambda conn, job: holders.enqueue(conn, job, 0.0)[0],
            )  # fmt: skip

        await asyncio.gather(*(one() for _ in range(CALLERS)))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        begun, cpu, count = time.perf_counter(), time.process_time(), 0

        async def caller() -> None:
            nonlocal count
            while time.perf_counter() - begun < seconds:
                await one()
                count += 1

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        took = time.perf_counter() - begun
        cpu = time.process_time() - cpu
    await store.close()
    return {"count": count, "seconds": took, "cpu_s": cpu}


async def make_database(server: Cluster) -> str:
    """The address of a new database, with all tables."""
    url = server.url(server.create())
    await upgrade(url)
    return url


async def measure(server: Cluster, processes: int, seconds: float) -> dict[str, float]:
    """Acceptances a second of so many processes together; processor time of each, theirs and PostgreSQL's, seconds."""
    url = await make_database(server)
    command = [sys.executable, "-m", __name__, url, str(seconds)]
    pipe = asyncio.subprocess.PIPE
    children = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(processes)]
    for each in children:
        assert each.stdout is not None
        await each.stdout.readline()
    spent = postgres_cpu_s(server)
    for each in children:
        assert each.stdin is not None
        each.stdin.write(b"go\n")
        await each.stdin.drain()
    found: list[dict[str, float]] = []
    for each in children:
        assert each.stdout is not None
        found.append(json.loads(await each.stdout.readline()))
    spent = postgres_cpu_s(server) - spent
    for each in children:
        await each.wait()
    count = sum(each["count"] for each in found)
    return {
        "rate": sum(each["count"] / each["seconds"] for each in found),
        "easel_s": sum(each["cpu_s"] for each in found) / count,
        "postgres_s": spent / count,
    }


def postgres_cpu_s(server: Cluster) -> float:
    """Processor time of the server so far, seconds: of its processes, and of those that have ended."""
    main = psutil.Process(server.pid)
    living = sum(sum(each.cpu_times()[:2]) for each in [main, *main.children(recursive=True)])
    return living + main.cpu_times().children_user + main.cpu_times().children_system


async def compare(server: Cluster, *, seconds: float) -> list[Figure]:
    """`seconds`: of each measurement."""
    found: dict[int, list[dict[str, float]]] = {1: [], PROCESSES: []}
    for _ in range(ROUNDS):
        for processes, rounds in found.items():
            rounds.append(await measure(server, processes, seconds))
    one, three = ({name: median([each[name] for each in rounds]) for name in rounds[0]} for rounds in found.values())
    cores = len(os.sched_getaffinity(0))
    allowed = cores / (one["easel_s"] + one["postgres_s"])

    def figure(case: str, quantity: str, unit: str, easel: float, **given: float | bool) -> Figure:
        return Figure(scenario="J", case=case, quantity=quantity, unit=unit, easel=easel, **given)  # type: ignore[reportArgumentType]  # numbers

    return [
        figure("one process", "acceptances", "/s", one["rate"]),
        figure(
            f"{PROCESSES} processes", "acceptances", "/s", three["rate"], baseline=one["rate"],
            limit=TIMES * one["rate"], at_least=True,
        ),
        figure("one process", "processor time an acceptance, Easel", "ms", one["easel_s"] * 1000),
        figure("one process", "processor time an acceptance, PostgreSQL", "ms", one["postgres_s"] * 1000),
        figure(f"{cores} cores, nothing else", "acceptances", "/s", allowed),
    ]  # fmt: skip


if __name__ == "__main__":
    configure_logging("json", "warning")  # to stderr: stdout belongs to the figures
    print(json.dumps(asyncio.run(accept(sys.argv[1], float(sys.argv[2])))))
