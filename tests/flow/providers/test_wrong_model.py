"""A model that the upstream does not have concerns nobody but those who choose it; waits for a turn end in words."""

import asyncio
import base64
from pathlib import Path

from bot.errors import NoTurn, WrongModel
from bot.sandbox import Sandbox
from bot.texts import translate_error
from tests.flow.scenes import books
from tests.flow.world import world
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.support.images import png

PICTURE = base64.b64encode(png()).decode()


async def knows_one_model(call: Call) -> None:
    if call.json()["model"] == "fine":
        await call.respond_json({"created": 1, "data": [{"b64_json": PICTURE}]})
    else:
        error = {"message": "The model `gone` does not exist.", "code": "model_not_found", "param": None}
        await call.respond_json({"error": error}, status="404 Not Found")


async def test_the_next_model_paints_where_none_is_chosen_and_a_choice_of_the_wrong_one_ends_in_words(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    async with scripted_upstream(knows_one_model) as upstream:
        models = [{"name": "gone", "price": 4}, {"name": "fine", "price": 2}]
        up = {"dialect": "images", "base_url": upstream.url, "api_key": "k", "models": models, "stream": False}
        async with world(tmp_path, sandbox, providers=[up]) as easel:
            for text in ("a cat", "a dog", "a fox --model fine", "an owl --model gone", "a hen --model fine"):
                await easel.say(text)
                await easel.wait_until_settled()
            posts = easel.platform.posts
            assert [len(each.images) for each in posts] == [1, 1, 1, 0, 1]
            assert posts[3].text == translate_error("en", WrongModel())
            assert await books(easel) == (50 - 4 * 2, 0)
        assert [each.json()["model"] for each in upstream.calls] == ["gone", "fine", "fine", "fine", "gone", "fine"]


async def test_who_waits_too_long_for_a_turn_is_told_so_and_pays_nothing(tmp_path: Path, sandbox: Sandbox) -> None:
    is_first_over = asyncio.Event()

    async def paints_once(call: Call) -> None:
        await is_first_over.wait()
        await knows_one_model(call)

    async with scripted_upstream(paints_once) as upstream:
        up = {"dialect": "images", "base_url": upstream.url, "model": "fine", "stream": False, "max_concurrency": 1}
        async with world(tmp_path, sandbox, providers=[up], jobs={"wait_s": 5}) as easel:
            await easel.say("a cat")
            await easel.say("a dog")
            told = translate_error("en", NoTurn(minutes=1))
            await easel.platform.until(lambda: [each.text for each in easel.platform.posts[1:]] == [told])
            is_first_over.set()
            await easel.wait_until_settled()
            assert len(easel.platform.posts[0].images) == 1
            assert await books(easel) == (49, 0)
        assert len(upstream.calls) == 1
