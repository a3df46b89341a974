"""What a message would cost, said before it is sent: nothing of it is counted, reserved or painted."""

from pathlib import Path
from typing import Any

from bot.chat import User
from bot.intake.choices import RequestEstimate
from bot.prices import PriceRange
from bot.sandbox import Sandbox
from tests.flow.scenes import BOSS, books
from tests.flow.world import MemoryWorld, world
from tests.support.images import png
from tests.support.platform import AMBER, DIRECT, GROUP, JADE

DEAR = {"price": 3, "models": [{"name": "fast"}, {"name": "fine", "price": {"low": 2, "high": 9}}]}


async def estimate(easel: MemoryWorld, text: str, **given: object) -> RequestEstimate:
    return await easel.app.events.estimate(easel.platform.message(text, **given))  # type: ignore[arg-type]  # as given


def provider(sandbox: Sandbox) -> dict[str, Any]:
    return {"preset": "sandbox", "dialect": "images", "base_url": sandbox.address, "api_key": "sandbox"} | DEAR


async def test_the_price_is_the_one_that_is_reserved(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, providers=[provider(sandbox)]) as easel:
        told = await estimate(easel, "a fox --model fine --quality high --n 2", chat=DIRECT)
        assert (told.paints, told.price) == (True, PriceRange(least=18, most=18))
        chosen = {each.name: each.chosen for each in told.options}
        assert (chosen["model"], chosen["quality"], chosen["n"]) == ("fine", "high", "2")
        assert sandbox.requests == []
        assert await books(easel) == (50, 0)
        await easel.say("a fox --model fine --quality high --n 2", chat=DIRECT)
        await easel.settled()
        assert await books(easel) == (32, 0)


async def test_the_kept_model_counts_where_none_is_named(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, providers=[provider(sandbox)]) as easel:
        assert (await estimate(easel, "a fox", chat=DIRECT)).price == PriceRange(least=3, most=3)
        await easel.say("/model fine", chat=DIRECT)
        await easel.settled()
        told = await estimate(easel, "a fox", chat=DIRECT)
        assert told.price == PriceRange(least=2, most=9)
        models = next(each for each in told.options if each.name == "model")
        assert (models.chosen, models.choices[0].typed) == ("fine", "--model auto")


async def test_only_requests_have_a_price_be_they_incomplete(easel: MemoryWorld) -> None:
    for text, chat, to_me, paints in [
        ("--n 2", DIRECT, True, True),
        ("a fox --size enormous", DIRECT, True, True),
        ("/quota", DIRECT, True, False),
        ("a fox", GROUP, True, True),
        ("a fox", GROUP, False, False),
    ]:
        told = await estimate(easel, text, chat=chat, to_me=to_me)
        assert (told.paints, told.price is not None) == (paints, paints)
    pictures = [easel.platform.upload(png()) for _ in range(9)]
    too_many = easel.platform.message("all of them", *pictures, chat=DIRECT)
    assert (await easel.app.events.estimate(too_many)).price is None


async def test_the_commands_are_those_that_a_member_may_give(tmp_path: Path, sandbox: Sandbox) -> None:
    async def commands(easel: MemoryWorld, who: User) -> tuple[str, ...]:
        return (await estimate(easel, "/", sender=who, chat=DIRECT)).commands

    lists = {"blocked_users": [JADE.key]}
    async with world(tmp_path, sandbox, admins=[BOSS.key], access=lists) as easel:
        everybody = await commands(easel, AMBER)
        assert "imagine" in everybody
        assert not {"admin", "model", "buy"} & set(everybody)
        assert await commands(easel, BOSS) == (*everybody, "admin")
        assert await commands(easel, JADE) == ("privacy", "forget")
        assert "start" not in (await estimate(easel, "/", chat=GROUP)).commands
        await easel.say(f"/admin ban {AMBER.key}", sender=BOSS, chat=DIRECT)
        await easel.settled()
        assert await commands(easel, AMBER) == ("privacy", "forget")
