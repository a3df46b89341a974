"""Edits with a mask as they are delivered: the original is back outside it, or the message says why it is not."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw

from bot.errors import TooLarge
from bot.job import Job, State
from bot.painting import Blob, Capabilities, FinishedImage, Options
from bot.pictures.alignment import Placement
from bot.pictures.masks import encode_mask
from bot.providers.marks import MARKS_WORDS
from bot.texts import translate
from tests.flow.jobs.runner_bench import RunnerBench
from tests.unit.pictures.scenery import keep_around, repainted, scene

ORIGINAL = scene()
KEEP = keep_around(ORIGINAL.size)


def encoded(image: Pillow.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def finished(image: Pillow.Image) -> FinishedImage:
    return FinishedImage(Blob(data=encoded(image)))


async def accept(bench: RunnerBench, options: Options | None = None) -> Job:
    """A job with a photo and a mask."""
    bench.upstream.capabilities = Capabilities(supports_masks=True)
    mask = encode_mask(KEEP, KEEP.size)
    photo, drawn = bench.platform.upload(encoded(ORIGINAL)), bench.platform.upload(mask.data)
    return await bench.accept(2, references=(photo,), mask=drawn, options=options or Options())


async def end(bench: RunnerBench, job: Job) -> tuple[Job, str, list[Pillow.Image]]:
    """Runs it to its end: the job, what its message says, and its images."""
    await bench.jobs.run(job.id, lambda: None)
    found = await bench.store.get_job(job.id)
    assert found is not None
    [post] = bench.platform.posts
    return found, post.text, [Pillow.open(io.BytesIO(each.data)) for each in post.images]


def is_original_outside(image: Pillow.Image) -> bool:
    kept = np.asarray(KEEP) == 255
    return image.size == ORIGINAL.size and bool((np.asarray(image)[kept] == np.asarray(ORIGINAL)[kept]).all())


def said(count: int) -> str:
    return translate("en", "done-moved", count=count)


async def test_what_the_upstream_has_moved_and_tinted_is_delivered_within_the_original(bench: RunnerBench) -> None:
    edit = repainted(ORIGINAL, Placement(shift_x=0.02), tint=(1.05, 1.0, 0.95))
    bench.upstream.script = [finished(edit)]
    job, text, [image] = await end(bench, await accept(bench))
    assert (job.state, job.charged) == (State.DONE, 1)
    assert is_original_outside(image)
    assert said(1) not in text


@pytest.mark.thorough
async def test_what_shows_something_else_is_delivered_as_painted_and_that_is_said(bench: RunnerBench) -> None:
    bench.upstream.script = [finished(repainted(ORIGINAL)), finished(scene(seed=2))]
    job, text, [within, other] = await end(bench, await accept(bench, Options(n=2)))
    assert (job.state, job.charged) == (State.DONE, 2)
    assert is_original_outside(within)
    assert other.tobytes() == scene(seed=2).tobytes()
    assert said(1) in text


async def test_an_answer_of_another_shape_is_delivered_as_painted_and_that_is_said(bench: RunnerBench) -> None:
    edit = repainted(ORIGINAL).resize((360, 240))  # 4:3 was asked for
    bench.upstream.script = [finished(edit)]
    job, text, [image] = await end(bench, await accept(bench))
    assert (job.state, job.charged) == (State.DONE, 1)
    assert image.tobytes() == edit.tobytes()
    assert said(1) in text


async def test_a_user_who_wants_it_loose_gets_it_as_painted(bench: RunnerBench) -> None:
    edit = repainted(ORIGINAL)
    bench.upstream.script = [finished(edit)]
    _, text, [image] = await end(bench, await accept(bench, Options(loose=True)))
    assert image.tobytes() == edit.tobytes()
    assert said(1) not in text


async def test_an_original_that_is_gone_by_then_leaves_the_edit_as_painted(bench: RunnerBench) -> None:
    async def gone() -> None:
        bench.platform.files.clear()

    edit = repainted(ORIGINAL)
    bench.upstream.script = [gone, finished(edit)]
    job, text, [image] = await end(bench, await accept(bench))
    assert (job.state, job.charged) == (State.DONE, 1)
    assert image.tobytes() == edit.tobytes()
    assert said(1) in text


async def test_an_original_that_is_another_file_by_then_loses_nothing(bench: RunnerBench) -> None:
    """Such as a PNG whose transparent part was the mask, at an address that shows another picture now."""
    hole = ORIGINAL.convert("RGBA")
    hole.putalpha(KEEP)
    bench.upstream.capabilities = Capabilities(supports_masks=True)
    photo = bench.platform.upload(encoded(hole))
    accepted = await bench.accept(1, references=(photo,))

    async def replace_it() -> None:
        bench.platform.files[photo.ref] = encoded(scene(seed=5))

    edit = repainted(ORIGINAL)
    bench.upstream.script = [replace_it, finished(edit)]
    job, text, [image] = await end(bench, accepted)
    assert (job.state, job.charged) == (State.DONE, 1)
    assert image.tobytes() == edit.tobytes()
    assert said(1) in text


# ---------------------------------------------------------------- marks that were drawn by hand


def marked(pen: str = "circle") -> Pillow.Image:
    """The original with marks in red, as a messenger passes it on."""
    drawn = ORIGINAL.copy()
    draw = ImageDraw.Draw(drawn)
    if pen == "circle":
        draw.ellipse((90, 78, 204, 174), outline="red", width=5)
    elif pen == "arrow":
        draw.line((60, 60, 200, 150), fill="red", width=5)
    file = io.BytesIO()
    drawn.save(file, "JPEG", quality=85)
    return Pillow.open(io.BytesIO(file.getvalue())).convert("RGB")


async def accept_pair(bench: RunnerBench, first: Pillow.Image, second: Pillow.Image, **given: Any) -> Job:
    """A job with two pictures."""
    photos = bench.platform.upload(encoded(first)), bench.platform.upload(encoded(second))
    return await bench.accept(1, references=photos, **given)


@pytest.mark.parametrize("is_reversed", [False, True])
async def test_what_is_encircled_by_hand_changes_and_all_around_it_is_put_back(
    bench: RunnerBench, is_reversed: bool
) -> None:
    pair = (marked(), ORIGINAL) if is_reversed else (ORIGINAL, marked())
    bench.upstream.script = [finished(repainted(ORIGINAL, tint=(1.05, 1.0, 0.95)))]
    job, text, [image] = await end(bench, await accept_pair(bench, *pair))
    assert (job.state, job.charged) == (State.DONE, 1)
    [request] = bench.upstream.requests
    assert request.prompt == "a cat" + MARKS_WORDS
    shown = [Pillow.open(io.BytesIO(each.data)) for each in request.references]
    assert np.abs(np.asarray(shown[0]).astype(int) - np.asarray(ORIGINAL)).mean() < 1
    assert shown[1].getpixel((147, 78)) != shown[0].getpixel((147, 78))
    before, after = np.asarray(ORIGINAL), np.asarray(image)
    assert (before[:50] == after[:50]).all()
    assert (before[:, 240:] == after[:, 240:]).all()
    red, green, _ = after[126, 147]
    assert int(red) - int(green) > 80  # the edit
    assert said(1) not in text


@pytest.mark.thorough
async def test_a_provider_that_takes_marks_as_a_layer_gets_them_in_the_originals_size_also_when_that_is_shrunk(
    bench: RunnerBench,
) -> None:
    bench.upstream.capabilities = Capabilities(supports_markup=True)

    async def refuse_once() -> None:
        if len(bench.upstream.requests) == 1:
            raise TooLarge

    bench.upstream.script = [refuse_once, finished(repainted(ORIGINAL, tint=(1.05, 1.0, 0.95)))]
    large = ORIGINAL.resize((1600, 1200))
    copy = large.copy()
    ImageDraw.Draw(copy).ellipse((450, 390, 1020, 870), outline="red", width=25)
    job, _, [image] = await end(bench, await accept_pair(bench, large, copy))
    assert (job.state, job.charged, image.size) == (State.DONE, 1, large.size)
    for request in bench.upstream.requests:
        assert (request.prompt, request.marks, len(request.references)) == ("a cat", None, 1)
        assert request.markup is not None
        layer = Pillow.open(io.BytesIO(request.markup.data))
        assert (layer.size, layer.mode) == ((request.references[0].width, request.references[0].height), "RGBA")
        assert layer.getchannel("A").getextrema() == (0, 255)
    first, smaller = (each.references[0].width for each in bench.upstream.requests)
    assert (first, smaller) == (1600, 1536)


async def test_an_arrow_says_where_and_puts_nothing_back(bench: RunnerBench) -> None:
    edit = repainted(ORIGINAL)
    bench.upstream.script = [finished(edit)]
    job, text, [image] = await end(bench, await accept_pair(bench, ORIGINAL, marked("arrow")))
    assert bench.upstream.requests[0].prompt == "a cat" + MARKS_WORDS
    assert (job.state, image.tobytes(), said(1) in text) == (State.DONE, edit.tobytes(), False)


async def test_the_same_picture_twice_is_refused_before_anything_is_spent(bench: RunnerBench) -> None:
    job = await accept_pair(bench, ORIGINAL, marked("nothing"))
    await bench.jobs.run(job.id, lambda: None)
    found = await bench.store.get_job(job.id)
    assert found is not None
    assert (found.state, found.charged, bench.upstream.requests) == (State.FAILED, 0, [])
    assert bench.platform.posts[0].text == translate("en", "refusal-nothing-drawn")


async def test_a_copy_that_was_sent_back_and_changed_by_no_pen_is_a_second_picture_and_that_is_said(
    bench: RunnerBench,
) -> None:
    bench.upstream.script = [finished(ORIGINAL), finished(ORIGINAL)]
    colors = np.array(ORIGINAL)
    noise = np.random.default_rng(1).normal(scale=40, size=(96, 114, 3))
    colors[78:174, 90:204] = np.clip(colors[78:174, 90:204] + noise, 0, 255).astype(np.uint8)
    noisy = Pillow.fromarray(colors)
    job, text, _ = await end(bench, await accept_pair(bench, ORIGINAL, noisy, parent="before"))
    assert (job.state, bench.upstream.requests[0].prompt) == (State.DONE, "a cat")
    assert translate("en", "done-unread") in text


async def test_a_picture_and_its_thumbnail_are_two_references(bench: RunnerBench) -> None:
    bench.upstream.script = [finished(repainted(ORIGINAL))]
    small = ORIGINAL.resize((ORIGINAL.width // 2, ORIGINAL.height // 2))
    job, _, _ = await end(bench, await accept_pair(bench, ORIGINAL, small))
    assert (job.state, bench.upstream.requests[0].prompt) == (State.DONE, "a cat")


async def test_another_picture_is_a_reference_as_ever(bench: RunnerBench) -> None:
    bench.upstream.script = [finished(repainted(ORIGINAL))]
    await end(bench, await accept_pair(bench, ORIGINAL, scene(seed=3)))
    assert bench.upstream.requests[0].prompt == "a cat"
    assert len(bench.upstream.requests[0].references) == 2


@pytest.mark.thorough
async def test_of_several_pictures_the_marked_one_goes_with_its_original_and_equal_ones_are_no_mistake(
    bench: RunnerBench,
) -> None:
    bench.upstream.script = [finished(repainted(ORIGINAL))]
    given = (scene(seed=3), ORIGINAL, ORIGINAL, marked())
    photos = tuple(bench.platform.upload(encoded(each)) for each in given)
    job, _, [image] = await end(bench, await bench.accept(1, references=photos))
    assert job.state is State.DONE
    [request] = bench.upstream.requests
    shown = [np.asarray(Pillow.open(io.BytesIO(each.data))).astype(int) for each in request.references]
    expected = (ORIGINAL, marked(), scene(seed=3), ORIGINAL)
    assert [np.abs(one - np.asarray(other)).mean() < 1 for one, other in zip(shown, expected, strict=True)] == [
        True
    ] * 4
    assert (np.asarray(image)[:50] == np.asarray(ORIGINAL)[:50]).all()
