"""Edits with a mask as they are delivered: the original is back outside it, or the message says why it is not."""

import io

import numpy as np
from PIL import Image as Pillow

from bot.job import Job, State
from bot.painting import Blob, Capabilities, FinishedImage, Options
from bot.pictures.alignment import Placement
from bot.pictures.masks import encode_mask
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


async def test_what_shows_something_else_is_delivered_as_painted_and_that_is_said(bench: RunnerBench) -> None:
    bench.upstream.script = [finished(repainted(ORIGINAL)), finished(scene(seed=2))]
    job, text, [within, other] = await end(bench, await accept(bench, Options(n=2)))
    assert (job.state, job.charged) == (State.DONE, 2)
    assert is_original_outside(within)
    assert other.tobytes() == scene(seed=2).tobytes()
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
