"""Larger frames: what is new is painted, and every pixel of the picture stays."""

import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from bot.sandbox import Sandbox
from tests.flow.scenes import books
from tests.flow.world import MemoryWorld, world
from tests.support.platform import Post
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
