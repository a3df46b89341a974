"""A response's deadline holds whatever comes, also where something always has come already."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest

from bot.errors import EaselError, NoAnswer, TookTooLong
from bot.providers.http import client
from bot.providers.http.client import HttpResponse


@pytest.mark.parametrize(("repeatable", "failure"), [(False, TookTooLong), (True, NoAnswer)])
async def test_a_stream_that_never_pauses_ends_with_the_deadline(
    monkeypatch: pytest.MonkeyPatch, repeatable: bool, failure: type[EaselError]
) -> None:
    monkeypatch.setattr(client, "RESUME_GRACE_S", 0.0)

    async def body() -> AsyncGenerator[bytes]:
        for _ in range(1000):
            yield b"x"

    long_ago = asyncio.get_running_loop().time() - 60
    response = HttpResponse(
        httpx.Response(200, content=body()),
        deadline=long_ago,
        timeout_s=60,
        idle_timeout_s=60,
        repeatable=repeatable,
    )
    with pytest.raises(failure):
        await response.read_body()


async def test_what_has_come_by_a_deadline_that_passed_unseen_is_still_read() -> None:
    async def body() -> AsyncGenerator[bytes]:
        for _ in range(1000):
            yield b"x"

    long_ago = asyncio.get_running_loop().time() - 60
    response = HttpResponse(httpx.Response(200, content=body()), deadline=long_ago, timeout_s=60, idle_timeout_s=60)
    assert await response.read_body() == b"x" * 1000
