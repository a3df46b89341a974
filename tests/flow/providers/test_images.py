"""A painting by the Images API from the message to the picture: previews on the way, exact sizes, edits, words."""

from pathlib import Path

import pytest

from bot.sandbox import Sandbox
from tests.flow.world import world
from tests.support.images import png
from tests.support.platform import Platform

EDGE = 96  # pixels that the sandbox really paints


def speaking_images(sandbox: Sandbox, **more: object) -> list[dict[str, object]]:
    return [{"preset": "sandbox", "dialect": "images", "base_url": sandbox.address, "api_key": "sandbox", **more}]


async def test_unfinished_pictures_are_seen_in_the_status_message_before_it_becomes_the_picture(tmp_path: Path) -> None:
    platform = Platform()

    async def sleep(_: float) -> None:
        """The upstream goes on once its first unfinished picture was seen."""
        steps.append(0)
        if len(steps) > 1:
            await platform.until(lambda: any(card.preview for post in platform.posts for card in post.cards))

    steps: list[int] = []
    async with (
        Sandbox(pace=1, edge=EDGE, sleep=sleep) as sandbox,
        world(tmp_path, sandbox, platform, providers=speaking_images(sandbox)) as easel,
    ):
        await easel.say("a lighthouse at dusk")
        [post] = await easel.settled()
        assert len(steps) == 3
        assert post.cards[-1].preview is None
        assert [(each.width, each.height) for each in post.images] == [(1024, 1024)]
        assert easel.sandbox.painted == 1


async def test_every_option_reaches_the_upstream_and_the_picture(tmp_path: Path) -> None:
    async with (
        Sandbox(pace=0, edge=EDGE) as sandbox,
        world(tmp_path, sandbox, providers=speaking_images(sandbox)) as easel,
    ):
        await easel.say("a fox --size 16:9@2k --quality low --format webp --compression 60 --n 2")
        [post] = await easel.settled()
    assert [(each.media_type, each.width, each.height) for each in post.images] == [("image/webp", 2048, 1152)] * 2
    [received] = sandbox.requests
    assert received.body == {
        "model": "gpt-image-2", "prompt": "a fox", "n": 2, "size": "2048x1152", "quality": "low",
        "output_format": "webp", "output_compression": 60,
    }  # fmt: skip


@pytest.mark.thorough
async def test_a_reply_to_a_result_is_an_edit_of_it(tmp_path: Path) -> None:
    async with (
        Sandbox(pace=0, edge=EDGE) as sandbox,
        world(tmp_path, sandbox, providers=speaking_images(sandbox)) as easel,
    ):
        await easel.say("a lighthouse")
        [first] = await easel.settled()
        await easel.say("now at night", easel.platform.upload(png(size=(20, 20))), reply_to=first)
        await easel.settled(2)
    edit = sandbox.requests[1]
    assert edit.path.endswith("/images/edits")
    assert [(each.width, each.height) for each in edit.references] == [(1024, 1024), (20, 20)]


async def test_links_of_openai_hk_are_fetched_at_once(tmp_path: Path) -> None:
    async with Sandbox(pace=0, edge=EDGE) as sandbox:
        given = [{"preset": "openai-hk", "base_url": f"{sandbox.address}/hk", "api_key": "sandbox"}]
        async with world(tmp_path, sandbox, providers=given) as easel:
            await easel.say("a fox --size 3:2")
            [post] = await easel.settled()
    assert [(each.width, each.height) for each in post.images] == [(1008, 672)]


async def test_a_refusal_of_the_content_rules_is_said_and_nobody_else_is_asked(tmp_path: Path) -> None:
    async with Sandbox(pace=0, edge=EDGE) as sandbox:
        two = [*speaking_images(sandbox, name="one"), *speaking_images(sandbox, name="two")]
        async with world(tmp_path, sandbox, providers=two) as easel:
            await easel.say("a fox [[moderation]]")
            [post] = await easel.settled()
            assert post.images == []
            assert "moderation_blocked" not in post.text
            assert len(sandbox.requests) == 1


async def test_sizes_and_formats_that_cannot_be_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    async with (
        Sandbox(pace=0, edge=EDGE) as sandbox,
        world(tmp_path, sandbox, providers=speaking_images(sandbox)) as easel,
    ):
        await easel.say("a fox --size 1000x1000")
        await easel.say("a fox --background transparent --format jpeg")
        size, form = await easel.settled(2)
    assert "1008x1008" in size.text
    assert "png, webp" in form.text
    assert sandbox.requests == []
