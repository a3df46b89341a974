"""What a file says of its origin is delivered byte for byte, however the upstream has sent it, and shown again so."""

import base64
from pathlib import Path

import pytest

from bot.chat import Action
from bot.sandbox import Sandbox
from tests.flow.scenes import click
from tests.flow.world import world
from tests.servers.upstream.images import document
from tests.servers.upstream.scripted import JSON, Call, message, scripted_upstream
from tests.support.images import png
from tests.support.provenance import jpeg_with_manifest, png_with_manifest

DIALECTS = {"chat": "relay", "tasks": "evolink", "images": "openai"}  # with a preset that speaks each


@pytest.mark.forms(1)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_provenance_data_stay_in_every_dialect(tmp_path: Path, sandbox: Sandbox, dialect: str) -> None:
    data = jpeg_with_manifest() if dialect == "images" else png_with_manifest()
    encoded = base64.b64encode(data).decode()

    async def answer(call: Call) -> None:
        own = f"http://{call.headers['host']}"
        if call.target.endswith("/a.png"):
            await call.respond(data, "Content-Type: image/png")
        elif call.method == "GET":
            done = {"id": "task-1", "status": "completed", "progress": 100, "results": [f"{own}/a.png"]}
            await call.respond_json(done)
        elif dialect == "tasks" and "upload" in call.target:
            await call.respond_json({"success": True, "code": 200, "data": {"file_url": f"{own}/b.png"}})
        elif dialect == "tasks":
            await call.respond_json({"id": "task-1", "status": "pending", "progress": 0})
        elif dialect == "images":
            await call.respond(document({"b64_json": encoded}), JSON)
        else:
            await call.respond(message(f"![picture](data:image/png;base64,{encoded})"), JSON)

    async with scripted_upstream(answer) as upstream:
        host = {"name": "up", "preset": DIALECTS[dialect], "base_url": upstream.url, "api_key": "sandbox"}
        fetch = {"allow_hosts": [upstream.host]}
        async with world(tmp_path, sandbox, providers=[host], fetch=fetch) as easel:
            await easel.say("a red fox")
            [post] = await easel.settled(1)
            assert [each.data for each in post.images] == [data]
            await easel.say("make it blue", easel.platform.upload(png()), reply_to=post)
            edit = (await easel.settled(2))[1]
            assert [each.data for each in edit.images] == [data]
            await click(easel, edit, Action.UNDO)
            assert [each.data for each in easel.platform.posts[2].images] == [data]
