"""The examples of the pages for those who add an adapter or a provider paint, as they stand there."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from bot.providers.presets import upstreams
from bot.sandbox import Sandbox
from bot.settings import Settings, load
from tests.examples.line_chat import LineChat
from tests.examples.preset import MILL
from tests.flow.world import MemoryWorld, world
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.support.clocks import FastClock
from tests.support.images import png
from tests.support.platform import Platform
from tests.support.world import World, open_store, reference_sizes

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "bot/providers/README.md").read_text()
FOX = png("orange", (30, 20))


# ---------------------------------------------------------------- adapters/README.md


async def test_the_smallest_adapter_paints_and_edits(tmp_path: Path, sandbox: Sandbox) -> None:
    place = World(folder=tmp_path, sandbox=sandbox, clock=FastClock(10.0))
    settings = Settings(**place.values())
    chat = LineChat(tmp_path)
    async with (
        open_store(settings.database_url, place.clock) as store,
        place.start_app(settings, store, chat),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", chat.port)

        async def ask(line: str, until: str) -> str:
            """The first line that holds `until` after that one."""
            writer.write(f"{line}\n".encode())
            async with asyncio.timeout(30):
                while until not in (shown := (await reader.readline()).decode()):
                    assert shown, "the connection was closed"
            return shown

        writer.write(b"amber\n")
        painted = await ask("a fox in the snow", "m1-1.png")
        assert "a fox in the snow" in painted
        assert "[vary]" in painted
        with await asyncio.to_thread(Image.open, tmp_path / "m1-1.png") as picture:
            size = picture.size
        await ask(">m1 make it night", "m2-1.png")
        assert reference_sizes(sandbox) == [size]
        await ask("!m1 retry", "m3-1.png")
        assert "--nonsense" in await ask("a fox --nonsense 3", "m4 ")
        assert (await place.balance("lines:amber")).available == 47
        writer.close()


# ---------------------------------------------------------------- bot/providers/README.md


class Mill:
    """The upstream of the page: a job runs for one poll, then it is ready."""

    def __init__(self) -> None:
        self.jobs: list[Mapping[str, object]] = []
        self.polls = 0
        self.url = ""

    async def serve(self, call: Call) -> None:
        if call.method == "POST":
            assert call.target == "/v2/jobs"
            self.jobs.append(call.json())
            await call.respond_json({"job": "j1"})
        elif call.target == "/fox.png":
            await call.respond(FOX, "Content-Type: image/png")
        else:
            assert call.target == "/v2/jobs/j1"
            self.polls += 1
            is_ready = self.polls > 1
            ready = {"job": "j1", "phase": "ready", "files": [{"href": f"{self.url}/fox.png"}]}
            await call.respond_json(ready if is_ready else {"job": "j1", "phase": "running", "percent": 40})


async def paint_at_the_mill(tmp_path: Path, sandbox: Sandbox, provider: Mapping[str, object]) -> Mill:
    """Easel with that provider, at an upstream that does what the page says, paints one picture in 3:2."""
    mill = Mill()
    async with scripted_upstream(mill.serve) as server:
        mill.url = server.url
        at_server = {**provider, "base_url": server.url}
        fetch = {"allow_hosts": [server.host]}
        async with world(tmp_path, sandbox, Platform(), providers=[at_server], fetch=fetch) as easel:
            await assert_painted(easel)
    assert mill.jobs == [{"engine": "mill-3", "input": {"text": "a fox", "shape": "3:2"}}]
    return mill


async def assert_painted(easel: MemoryWorld) -> None:
    await easel.say("a fox --size 3:2")
    [post] = await easel.settled()
    assert [image.data for image in post.images] == [FOX], post.text


async def test_a_provider_by_settings_alone(tmp_path: Path, sandbox: Sandbox) -> None:
    [documented] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "easel.toml"
    file.write_text(documented)
    [provider] = (await asyncio.to_thread(load, file)).providers
    mill = await paint_at_the_mill(tmp_path, sandbox, provider.model_dump(exclude_unset=True))
    assert mill.polls == 2


async def test_a_provider_by_preset(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    [documented] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert (ROOT / "tests/examples/preset.py").read_text().endswith(documented)
    # under a name that the settings know: theirs are read when they are imported
    monkeypatch.setattr(upstreams, "PRESETS", {**upstreams.PRESETS, "toapis": MILL})
    await paint_at_the_mill(tmp_path, sandbox, {"name": "mill", "preset": "toapis", "api_key": "your-key"})
