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
from tests.support.world import DAILY_CREDITS

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


async def test_a_job_without_a_slot_is_painted_by_the_next_provider_and_charged_its_price(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    full, paints = asyncio.Event(), asyncio.Event()

    async def slow(call: Call) -> None:
        full.set()
        await paints.wait()
        await call.respond(message(PICTURE), JSON)

    async def idle(call: Call) -> None:
        await call.respond(message(PICTURE), JSON)

    async with scripted_upstream(slow) as first, scripted_upstream(idle) as second:
        same = {"preset": "relay", "api_key": "x", "max_concurrency": 1}
        providers = [
            {"name": "first", "base_url": first.url, "price": 2, **same},
            {"name": "second", "base_url": second.url, "price": 3, **same},
        ]
        async with world(tmp_path, sandbox, providers=providers) as easel:
            early, late = (User(platform="memory", id=name, name="M", locale="en") for name in ("early", "late"))
            await easel.say("a cat", sender=early)
            await full.wait()
            await easel.say("a cat", sender=late)
            await easel.platform.until(lambda: any(post.images for post in easel.platform.posts))
            paints.set()
            posts = await easel.settled(2)
            assert [len(post.images) for post in posts] == [1, 1]
            balances = [await easel.balance(f"memory:{each.id}") for each in (early, late)]
            assert [DAILY_CREDITS - each.available for each in balances] == [2, 3]
