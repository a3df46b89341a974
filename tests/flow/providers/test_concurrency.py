"""A crowd at an upstream that takes few requests at once: all are painted, and the limit is learned and shown."""

import asyncio
import base64
from pathlib import Path

from prometheus_client import REGISTRY

from bot.chat import User
from bot.sandbox import Sandbox
from tests.flow.world import world
from tests.servers.upstream.scripted import JSON, Call, message, scripted_upstream
from tests.support.images import png

PICTURE = f"![a cat](data:image/png;base64,{base64.b64encode(png()).decode()})"
TAKEN = 3  # requests that the upstream takes at once
CROWD = 12


class Few:
    """Paints nothing until it has refused somebody, then at once."""

    def __init__(self) -> None:
        self.painting = self.peak = self.refused = 0
        self.has_refused = asyncio.Event()

    async def __call__(self, call: Call) -> None:
        if self.painting >= TAKEN:
            self.refused += 1
            self.has_refused.set()
            await call.respond_json({"error": {"message": "slow down"}}, "Retry-After: 1", status="429 Slow down")
            return
        self.painting += 1
        self.peak = max(self.peak, self.painting)
        await call.head(JSON)
        await self.has_refused.wait()
        self.painting -= 1
        await call.send(message(PICTURE))


async def test_what_an_upstream_refuses_is_sent_later_and_fewer_are_sent_at_once(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    few = Few()
    async with scripted_upstream(few) as upstream:
        providers = [{"name": "few", "preset": "relay", "base_url": upstream.url, "api_key": "x"}]
        async with world(tmp_path, sandbox, providers=providers) as easel:
            members = [User(platform="memory", id=f"m{number}", name="M", locale="en") for number in range(CROWD)]
            await asyncio.gather(*(easel.say("a cat", sender=each) for each in members))
            posts = await easel.settled(CROWD)
            assert [len(post.images) for post in posts] == [1] * CROWD
    assert few.refused > 0
    assert few.peak == TAKEN
    shown = REGISTRY.get_sample_value("easel_provider_concurrency", {"provider": "few"})
    assert shown is not None
    assert shown < CROWD  # as many as waited for it, without any refusal
