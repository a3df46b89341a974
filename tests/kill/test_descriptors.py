"""The soak of few descriptors: a process that has hardly any paints all the same, whoever holds connections open."""

import asyncio
import resource
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.kill.kill_points import PLATFORMS
from tests.kill.world import KillWorld, PrivateUser, kill_world
from tests.support.easel_process import run_easel
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.soak,
    pytest.mark.usefixtures("preloaded_texts"),
    pytest.mark.filterwarnings("ignore:unread_data"),  # of aiohttp's own reader of forms, in the platforms' servers
    pytest.mark.timeout(600),  # seconds; a minute on an idle machine
]

JOBS = 40
HALF_OPEN = 1100
MAX_LOG_BYTES = 200_000


def run_with_64(config: Path) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    run_easel(config)


def run_with_1024(config: Path) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    run_easel(config)


async def all_painted(world: KillWorld, users: list[PrivateUser]) -> None:
    """Everybody wishes for a picture; returns once all have theirs, paid once."""
    for user in users:
        user.say(f"a cat for {user.key}")

    async def painted() -> bool:
        return all(sum(each.pictures for each in user.messages()) == 1 for user in users)

    await wait_until(painted)
    await world.wait_until_settled()
    for user in users:
        balance = await world.balance(user.key)
        assert (balance.available, balance.reserved, world.request_count(f"a cat for {user.key}")) == (49, 0, 1)


@asynccontextmanager
async def half_open(address: str, count: int) -> AsyncGenerator[None]:
    """Connections that begin a request and never end it, each opened again when it is closed."""
    host, _, port = address.removeprefix("http://").rpartition(":")

    async def hold() -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(OSError), socket.socket() as connection:
                connection.setblocking(False)
                await loop.sock_connect(connection, (host, int(port)))
                await loop.sock_sendall(connection, b"GET / HTTP/1.1\r\nX: ")
                await loop.sock_recv(connection, 1)
            await asyncio.sleep(0.5)

    holding = [asyncio.create_task(hold()) for _ in range(count)]
    try:
        yield
    finally:
        for each in holding:
            each.cancel()
        await asyncio.gather(*holding, return_exceptions=True)


@pytest.mark.parametrize("dialect", ["chat", "tasks", "images"])
@pytest.mark.parametrize(
    "platforms", [("telegram",), ("discord message",), PLATFORMS], ids=["telegram", "discord", "all"]
)
async def test_many_jobs_of_a_process_with_64_descriptors(
    tmp_path: Path, platforms: tuple[str, ...], dialect: str
) -> None:
    async with kill_world(tmp_path, dialect) as world, world.process(run_with_64) as running:
        await all_painted(world, [world.add_user(platforms[number % len(platforms)]) for number in range(JOBS)])
        assert not running.logged("Too many open files")
        assert running.log.stat().st_size < MAX_LOG_BYTES
        assert await running.stop() == 0


async def test_half_open_connections_beyond_all_descriptors(tmp_path: Path) -> None:
    async with (
        kill_world(tmp_path, "chat") as world,
        world.process(run_with_1024) as running,
        AsyncExitStack() as opened,
    ):
        await opened.enter_async_context(half_open(running.address, HALF_OPEN))
        for _ in range(3):
            await all_painted(world, [world.add_user("telegram") for _ in range(JOBS // 2)])
        assert not running.logged("Too many open files")
        assert running.log.stat().st_size < MAX_LOG_BYTES
        await opened.aclose()
        assert await running.stop() == 0
