"""A machine without descriptors is no failure of the upstream: requests and downloads wait until there are some."""

import asyncio
import resource
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from bot.downloads.fetcher import MACHINE_RETRY_S, Fetcher
from bot.providers.http import client
from bot.providers.http.client import UpstreamClient, exchange
from tests.servers.upstream.scripted import scripted_upstream
from tests.support.waiting import wait_until
from tests.wire.downloads.serving import PICTURE, get, picture, targets, url_of


@contextmanager
def no_descriptors() -> Generator[None]:
    """The process keeps what it has open, and opens nothing more: standard input, output and error use up the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("repeatable", [False, True])
async def test_a_request_waits_for_a_descriptor(monkeypatch: pytest.MonkeyPatch, repeatable: bool) -> None:
    monkeypatch.setattr(client, "MACHINE_RETRY_S", 0.01)

    async def ask(upstream: UpstreamClient, url: str) -> bytes:
        async with exchange(
            upstream, url, None, {}, method="GET", repeatable=repeatable, timeout_s=60.0, idle_timeout_s=60.0
        ) as response:
            return await response.read_body()

    async with scripted_upstream(picture) as server, UpstreamClient() as upstream:
        with capture_logs() as logged, no_descriptors():
            asking = asyncio.create_task(ask(upstream, url_of(server)))
            await wait_until(lambda: len(logged) >= 2)
        assert {each["event"] for each in logged} == {"request waits for the machine"}
        assert await asking == PICTURE
        assert len(targets(server)) == 1


async def test_a_download_waits_for_a_descriptor_beyond_its_retries() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0.001)

    async with scripted_upstream(picture) as server, Fetcher([server.host], sleep=sleep) as fetcher:
        with no_descriptors():
            getting = asyncio.create_task(get(fetcher, url_of(server)))
            await wait_until(lambda: pauses.count(MACHINE_RETRY_S) >= 3)
        assert await getting == PICTURE
