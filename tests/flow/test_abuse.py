"""Too much, too fast, too many: what it costs is the sender's, and the others notice nothing."""

import asyncio
from pathlib import Path

from bot.chat import Action
from bot.errors import Banned, Closed, ForbiddenWord
from bot.sandbox import Sandbox
from bot.texts import explain
from tests.flow.platform import AMBER, GROUP, JADE
from tests.flow.scenes import LONG, ask, books, click, until
from tests.flow.world import world


async def test_a_flood_of_ten_thousand_commands_costs_its_sender_alone(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, limits={"user_per_minute": 20}) as easel:
        flood = [asyncio.ensure_future(easel.say("/quota")) for _ in range(10_000)]
        await easel.say("a cat", sender=JADE)  # in the middle of it
        await until(lambda: any(post.images for post in easel.platform.posts))
        await asyncio.gather(*flood)
        await easel.settled()
        answers = [post.text for post in easel.platform.posts if not post.images]
        assert len(answers) == 21
        assert sum(text.startswith("That was a lot at once.") for text in answers) == 1
        assert await books(easel, JADE) == (49, 0)
        assert await books(easel) == (50, 0)


async def test_clicks_count_as_well(tmp_path: Path) -> None:
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, limits={"user_per_minute": 2}) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        await click(easel, post, Action.RETRY)
        await easel.settled(2)
        assert (await click(easel, post, Action.RETRY)).text.startswith("That was a lot at once.")
        assert (await click(easel, post, Action.RETRY)).text == ""
        assert len(sandbox.requests) == 2


async def test_cancelling_is_always_heard(tmp_path: Path) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox, limits={"user_per_minute": 1}) as easel:
        await easel.say("a cat")
        await until(lambda: sandbox.running == 1 and bool(easel.platform.posts))
        await click(easel, easel.platform.posts[0], Action.CANCEL)
        await easel.settled()
        assert await books(easel) == (50, 0)


async def test_a_closed_bot_says_so_to_strangers_and_is_silent_where_it_is_not_meant(tmp_path: Path) -> None:
    closed = {"allowed_users": [AMBER.key]}
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, access=closed) as easel:
        await easel.say("a cat")
        await easel.settled()
        assert (await ask(easel, "a cat", sender=JADE)).text == explain("zh", Closed())
        await easel.say("a cat", sender=JADE)  # said once
        await easel.say("good morning", sender=JADE, chat=GROUP, to_me=False)
        assert len(easel.platform.posts) == 2
        assert len(sandbox.requests) == 1


async def test_blocked_users_and_words_cost_nothing(tmp_path: Path) -> None:
    lists = {"blocked_users": [JADE.key], "blocked_words": ["cat"]}
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, access=lists) as easel:
        assert (await ask(easel, "a dog", sender=JADE)).text == explain("zh", Banned())
        assert (await ask(easel, "a black CAT")).text == explain("en", ForbiddenWord())
        assert (await ask(easel, "/quota")).text.startswith("50 credits left today.")
        assert sandbox.requests == []
        assert await books(easel) == (50, 0)


async def test_a_newcomer_gets_less_on_the_first_day(tmp_path: Path) -> None:
    limits = {"user_daily": 50, "new_user_daily": 2}
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, limits=limits) as easel:
        assert (await ask(easel, "/quota")).text.startswith("2 credits left today.")
        await easel.say("a cat --n 2")
        await easel.settled(2)
        refused = (await ask(easel, "a cat")).text
        assert refused.startswith("This costs 1 credit, and you have 0 left.")
        assert await books(easel) == (0, 0)
