"""Larger frames: what is new is painted, and every pixel of the picture stays."""

import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageFilter

from bot.chat import Action
from bot.errors import NothingToEdit, NothingToExtend
from bot.pictures import frames
from bot.pictures.borders import extend_edges
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import ask, books, click
from tests.flow.world import MemoryWorld, world
from tests.servers.upstream.picture_host import picture_host
from tests.support.platform import Platform, Post
from tests.unit.pictures.scenery import scene


def images_dialect(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    return {"preset": "sandbox", "dialect": "images", "base_url": sandbox.address, "api_key": "sandbox", **more}


@pytest.fixture
async def easel(tmp_path: Path, sandbox: Sandbox) -> AsyncGenerator[MemoryWorld]:
    """With a provider that takes masks."""
    async with world(tmp_path, sandbox, providers=[images_dialect(sandbox)]) as made:
        yield made


def photo(size: tuple[int, int]) -> Pillow.Image:
    return scene(seed=3).resize(size)


def encoded(image: Pillow.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


async def reframe(easel: MemoryWorld, image: Pillow.Image, words: str) -> Post:
    await easel.say(words, easel.platform.upload(encoded(image)))
    await easel.settled(len(easel.platform.posts))
    return easel.platform.posts[-1]


def shown(post: Post) -> Pillow.Image:
    [image] = post.images
    return Pillow.open(io.BytesIO(image.data))


def stands_in(picture: Pillow.Image, canvas: Pillow.Image, left: int, top: int) -> bool:
    """Whether every pixel of the picture stands there."""
    part = canvas.crop((left, top, left + picture.width, top + picture.height))
    return bool((np.asarray(part.convert("RGB")) == np.asarray(picture)).all())


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("words", "size", "left", "top"),
    [
        ("--zoom 1.5", (576, 384), 96, 64),
        ("/edit more of the hills --zoom 2", (768, 512), 192, 128),
        ("--pan left", (576, 256), 192, 0),
        ("--pan down", (384, 384), 0, 0),
        ("--shape 1:1", (384, 384), 0, 64),
    ],
)
async def test_what_is_new_is_painted_and_the_picture_stays(
    easel: MemoryWorld, words: str, size: tuple[int, int], left: int, top: int
) -> None:
    picture = photo((384, 256))
    post = await reframe(easel, picture, words)
    canvas = shown(post)
    assert canvas.size == size
    assert stands_in(picture, canvas, left, top)
    assert await books(easel) == (49, 0)


async def test_a_shape_that_the_picture_has_already_is_refused_and_costs_nothing(easel: MemoryWorld) -> None:
    post = await reframe(easel, photo((320, 320)), "--shape 1:1")
    assert post.text == translate_error("en", NothingToExtend())
    assert (await books(easel), easel.sandbox.requests) == ((50, 0), [])


async def test_words_without_a_picture_are_refused(easel: MemoryWorld) -> None:
    assert (await ask(easel, "a fox --zoom 2")).text == translate_error("en", NothingToEdit())


# ---------------------------------------------------------------- behind More…


async def test_the_menu_shows_what_each_costs_and_paints_it(tmp_path: Path, sandbox: Sandbox) -> None:
    provider = images_dialect(sandbox, price=3)
    async with world(tmp_path, sandbox, providers=[provider], limits={"user_daily": 50}) as easel:
        await easel.say("a lighthouse --size 3:2")
        [post] = await easel.settled(1)
        more = (await click(easel, post, Action.MORE)).card
        assert more is not None
        assert Action.REFRAME in [each.action for each in more.buttons]
        menu = (await click(easel, post, Action.REFRAME)).card
        assert menu is not None
        labels = {each.action: each.label for each in menu.buttons}
        assert labels[Action.ZOOM_15] == "Zoom out ×1.5 (3 credits)"
        assert Action.SHAPE_3_2 not in labels  # it has that shape
        assert await books(easel) == (47, 0)
        painted = shown(post)
        assert not (await click(easel, post, Action.PAN_RIGHT)).text
        posts = await easel.settled(2)
        canvas = shown(posts[-1])
        assert canvas.width > painted.width
        assert stands_in(painted, canvas, 0, (canvas.height - painted.height) // 2)
        assert await books(easel) == (44, 0)


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [(Action.CUTOUT, "background", "transparent"), (Action.UPSCALE_2K, "size", "2048x2048")],
)
async def test_a_picture_is_painted_again_as_it_is(easel: MemoryWorld, action: Action, field: str, value: str) -> None:
    await easel.say("a lighthouse")
    [post] = await easel.settled(1)
    await click(easel, post, action)
    await easel.settled(2)
    [_, again] = easel.sandbox.requests
    assert again.body[field] == value
    assert "mask" not in again.body
    assert str(again.body["prompt"]).startswith(translate("en", f"prompt-{action.value.partition('-')[0]}"))
    assert await books(easel) == (48, 0)


@pytest.mark.thorough
async def test_a_variation_of_a_larger_frame_does_not_grow_again(easel: MemoryWorld) -> None:
    post = await reframe(easel, photo((384, 256)), "--zoom 2")
    await click(easel, post, Action.VARY)
    await easel.settled(2)
    assert "mask" not in easel.sandbox.requests[-1].body


async def test_what_no_provider_can_do_is_not_offered(tmp_path: Path, sandbox: Sandbox) -> None:
    provider = images_dialect(sandbox, model="gpt-image-2", backgrounds=[], sizes=["1024x1024"], max_references=0)
    async with world(tmp_path, sandbox, providers=[provider]) as easel:
        await easel.say("a lighthouse")
        [post] = await easel.settled(1)
        more = (await click(easel, post, Action.MORE)).card
        assert more is not None
        assert Action.REFRAME not in [each.action for each in more.buttons]


@pytest.mark.thorough
async def test_a_picture_that_is_too_large_for_its_frame_is_scaled_down_and_that_is_said(
    easel: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "CANVAS_EDGE_PX", 384)
    picture = photo((384, 256))
    post = await reframe(easel, picture, "--zoom 2")
    assert shown(post).size == (384, 256)
    assert translate("en", "done-scaled") in post.text
    assert await books(easel) == (49, 0)


@pytest.mark.thorough
async def test_where_no_size_can_be_asked_for_the_canvas_is_as_it_comes(tmp_path: Path, sandbox: Sandbox) -> None:
    provider = images_dialect(sandbox, sizes=[])
    async with world(tmp_path, sandbox, providers=[provider]) as easel:
        picture = photo((256, 256))
        canvas = shown(await reframe(easel, picture, "--zoom 2"))
        assert canvas.size == (512, 512)
        assert stands_in(picture, canvas, 128, 128)
        assert "size" not in sandbox.requests[0].body


@pytest.mark.thorough
async def test_a_larger_frame_is_put_together_after_a_restart(tmp_path: Path, sandbox: Sandbox) -> None:
    platform, picture = Platform(), photo((384, 256))
    frame = frames.enlarge(picture.size, "zoom 1.5", frames.Shapes())
    painted = extend_edges(picture, frame).filter(ImageFilter.GaussianBlur(1))
    async with picture_host(encoded(painted)) as upstream:
        async with world(tmp_path, sandbox, platform, **upstream.settings) as easel:
            await easel.say("--zoom 1.5", platform.upload(encoded(picture)))
            await upstream.fetched.wait()
        upstream.open.set()
        async with world(tmp_path, sandbox, platform, **upstream.settings) as easel:
            [post] = await easel.settled()
            assert stands_in(picture, shown(post), 96, 64)
            assert await books(easel) == (49, 0)
        assert upstream.asked == 1
