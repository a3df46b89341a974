"""A client of the task dialects: submits, polls, uploads."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bot.sandbox import Sandbox
from tests.support.images import plain_image

DAY = 86400
EVOLINK, TOAPIS = "/evolink/v1/images/generations", "/toapis/v1/images/generations"
QUERY_PATHS = {EVOLINK: "/evolink/v1/tasks/{}", TOAPIS: "/toapis/v1/images/generations/{}"}
REFERENCE_FIELDS = {EVOLINK: "image_urls", TOAPIS: "reference_images"}
both = pytest.mark.parametrize("at", [EVOLINK, TOAPIS], ids=["evolink", "toapis"])


def make_image(colour: str | tuple[int, ...] = "red", kind: str = "PNG", size: tuple[int, int] = (64, 64)) -> bytes:
    return plain_image(colour, kind, size)


class TaskClient:
    """A client of one sandbox."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.http = client

    async def submit(self, at: str, prompt: object = "a fox", **more: object) -> httpx.Response:
        body = {"model": "gpt-4o-image", "prompt": prompt, **more}
        return await self.http.post(self.sandbox.address + at, json=body)

    async def poll(self, at: str, task: str) -> dict[str, Any]:
        response = await self.http.get(self.sandbox.address + QUERY_PATHS[at].format(task))
        assert response.status_code == 200, response.text
        return response.json()

    async def run_task(self, at: str, prompt: object = "a fox", **more: object) -> dict[str, Any]:
        """Submits and polls until the task has ended; its last status."""
        response = await self.submit(at, prompt, **more)
        assert response.status_code == 200, response.text
        return await self.poll_until_ended(at, response.json()["id"])

    async def poll_until_ended(self, at: str, task: str) -> dict[str, Any]:
        async with asyncio.timeout(45):
            while (document := await self.poll(at, task))["status"] in {
                "pending",
                "processing",
                "queued",
                "in_progress",
            }:
                pass
        return document

    async def upload(self, data: bytes, kind: str = "image/png", name: str = "a.png", *, to: str = TOAPIS) -> str:
        if to == TOAPIS:
            files = {"file": (name, data, kind)}
            response = await self.http.post(f"{self.sandbox.address}/toapis/v1/uploads/images", files=files)
            return response.json()["data"]["url"]
        encoded = f"data:{kind};base64,{base64.b64encode(data).decode()}"
        response = await self.http.post(
            f"{self.sandbox.address}/evolink/api/v1/files/upload/base64", json={"base64_data": encoded}
        )
        return response.json()["data"]["file_url"]


@asynccontextmanager
async def open_client(**settings: Any) -> AsyncGenerator[TaskClient]:
    headers = {"Authorization": "Bearer sandbox"}
    async with (
        Sandbox(pace=0, edge=96, **settings) as sandbox,
        httpx.AsyncClient(headers=headers, timeout=30) as client,
    ):
        yield TaskClient(sandbox, client)
