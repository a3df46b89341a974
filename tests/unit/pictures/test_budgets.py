"""Images made to cost: what would take too much is refused before it is decoded, and nobody waits for the rest."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from PIL import Image as Pillow
from PIL import ImageChops

from bot.errors import BadResult, PictureTooComplex, PictureTooManyPixels
from bot.painting import Capabilities, Image
from bot.pictures import decoding, work
from bot.pictures.headers import PictureHeader
from bot.pictures.inspection import inspect_image
from bot.pictures.price import MAX_VERIFIED_FRAMES, Lane, Limits, Price, Task
from bot.pictures.processing import ImageProcessor
from bot.pictures.work import Call, Source
from bot.pictures.worker_pool import RemoteCall, WorkerPool
from tests.support.hostile_images import (
    black_png,
    claiming_webp,
    frames_apng,
    frames_gif,
    png_chunk,
    resized_avif,
    resized_heic,
    scanned_jpeg,
)
from tests.support.images import encode_image, png
from tests.support.patience import PICTURE_DEADLINE_S
from tests.unit.pictures import odd_work
from tests.unit.pictures.images import CAPABILITIES, NAME, noise

MB = 1_000_000
MASKS = Capabilities(supports_masks=True)


class HeldPool(WorkerPool):
    """Gives no worker until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Semaphore(0)
        self.opened = threading.Event()

    def take(self):  # type: ignore[no-untyped-def]
        self.asked.release()
        assert self.opened.wait(60)
        return super().take()


@pytest.fixture
def pool() -> HeldPool:
    return HeldPool()


@pytest.fixture
def processor(pool: HeldPool) -> Iterator[ImageProcessor]:
    """With a cap of one megapixel, so that bombs are small."""
    processor = ImageProcessor(Limits(max_megapixels=1), pool=pool)
    yield processor
    pool.opened.set()
    processor.close()


HUGE = {
    "webp": partial(claiming_webp, b"VP8 ", 10_000, 10_000),
    "canvas": partial(claiming_webp, b"VP8X", 10_000, 10_000),
    "png": partial(black_png, 1001, 1000),
    "gif": lambda: frames_gif(1)[:6] + b"\xff\xff\xff\xff" + frames_gif(1)[10:],
    "jpeg": lambda: encode_image(Pillow.new("L", (1001, 1000)), "JPEG"),
    "avif": partial(resized_avif, (1100, 1000), (10, 10)),
    "avif box": partial(resized_avif, (64, 64), (10_000, 10_000)),
    "heic": partial(resized_heic, (1100, 1000), (10, 10)),
}
"""What makes each file; the last takes a second, which is not to be spent where tests are only collected."""


@pytest.mark.parametrize("make", HUGE.values(), ids=HUGE)
async def test_too_many_pixels_are_refused_by_the_header(
    make: Callable[[], bytes], processor: ImageProcessor, pool: HeldPool
) -> None:
    data = make()
    with pytest.raises(PictureTooManyPixels) as refusal:
        await processor.prepare_reference(data, name=NAME, capabilities=CAPABILITIES, owner="amber")
    assert refusal.value.facts == {"name": NAME, "megapixels": 1}
    with pytest.raises(BadResult, match="PictureTooManyPixels"):
        await processor.validate_result(data, owner="amber")
    with pytest.raises(BadResult, match="PictureTooManyPixels"):
        await processor.prepare_preview(data, owner="amber")
    assert not pool.asked.acquire(blocking=False)


@pytest.mark.parametrize("data", [scanned_jpeg((64, 64), 201), scanned_jpeg((8, 8), 3000)])
async def test_too_many_scans_are_refused_by_the_header(data: bytes, processor: ImageProcessor) -> None:
    with pytest.raises(PictureTooComplex) as refusal:
        await processor.prepare_reference(data, name=NAME, capabilities=CAPABILITIES, owner="amber")
    assert refusal.value.facts == {"name": NAME}
    with pytest.raises(BadResult, match="PictureTooComplex"):
        await processor.validate_result(data, owner="amber")


async def test_a_photo_does_not_wait_for_the_heavy_pictures_of_another(pool: HeldPool) -> None:
    processor = ImageProcessor(pool=pool)
    album = scanned_jpeg((2000, 1500), 198)
    assert inspect_image(album, "", Task(edge=4096, encodes=("image/jpeg",)), Limits()).price.lane is Lane.PROCESS

    def prepare(data: bytes, owner: str) -> asyncio.Task[Image]:
        return asyncio.create_task(processor.prepare_reference(data, name=NAME, capabilities=CAPABILITIES, owner=owner))

    heavy = [prepare(album, "amber") for _ in range(10)]
    await asyncio.to_thread(pool.asked.acquire)
    photo = await prepare(encode_image(noise(800, 600), "JPEG"), "birch")
    assert photo.media_type == "image/jpeg"
    assert not pool.asked.acquire(blocking=False)  # of ten pictures of one user, one runs
    other = prepare(resized_avif((64, 64), (64, 64)), "cedar")
    await asyncio.to_thread(pool.asked.acquire)  # another's heavy picture has a process of its own
    assert not any(task.done() for task in [*heavy, other])
    for task in heavy:
        task.cancel()
    pool.opened.set()
    assert (await other).width == 64
    await asyncio.gather(*heavy, return_exceptions=True)
    await asyncio.to_thread(processor.close)


async def test_cancelling_ends_a_process_at_work() -> None:
    pool = WorkerPool()
    processor = ImageProcessor(pool=pool)
    price = Price(memory_bytes=0, seconds=1.0, lane=Lane.PROCESS)
    inspected = inspect_image(png(), NAME, Task(), Limits())
    task = asyncio.create_task(processor._run("amber", price, odd_work.hang, inspected))  # pyright: ignore[reportPrivateUsage]
    while not pool._busy:  # pyright: ignore[reportPrivateUsage]  # noqa: ASYNC110 - until a process has it
        await asyncio.sleep(0.001)
    (worker,) = pool._busy  # pyright: ignore[reportPrivateUsage]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(worker._process.wait)  # pyright: ignore[reportPrivateUsage]
    await asyncio.to_thread(processor.close)
    assert not pool._busy  # pyright: ignore[reportPrivateUsage]


def test_a_file_whose_header_lies_does_not_get_more_memory_than_it_claimed() -> None:
    pool = WorkerPool()
    claimed = PictureHeader(media_type="image/png", width=64, height=64)
    source = Source(data=black_png(6000, 5000), header=claimed, name=NAME, megapixels=50)
    call = Call(function=work.make_preview, source=source, arguments=(64,), memory_bytes=16_384)
    with pytest.raises(PictureTooManyPixels) as refusal:
        RemoteCall(pool, call).run()
    assert refusal.value.facts == {"name": NAME, "megapixels": 50}
    pool.close()


# ---------------------------------------------------------------- large images in little memory

SMALL = Limits(memory_bytes=80 * MB)  # for 8 megapixels of 4 bytes: one copy, a strip, and what comes out


@pytest.mark.thorough
async def test_a_large_png_is_fitted_and_masked_within_memory() -> None:
    processor = ImageProcessor(SMALL, pool=WorkerPool(deadline_s=PICTURE_DEADLINE_S))
    opaque, clear = black_png(3300, 2500), black_png(3300, 2500, colour=6)
    image = Image(data=opaque + bytes(400_000), media_type="image/png", width=3300, height=2500)
    fitted, changed = await processor.fit_to_limit(image, max_bytes=400_000, owner="amber")
    assert (changed, fitted.media_type, fitted.width) == (True, "image/jpeg", 3300)
    small = Capabilities(supports_masks=True, max_reference_edge=1500)
    ready, mask = await processor.prepare_masked_reference(
        opaque, clear, name=NAME, mask_name="m.png", capabilities=small, owner="amber"
    )
    assert (ready.width, ready.height) == (mask.width, mask.height) == (1500, 1136)
    image = Image(data=clear + bytes(400_000), media_type="image/png", width=3300, height=2500)
    fitted, _ = await processor.fit_to_limit(image, max_bytes=400_000, owner="amber")
    assert fitted.media_type == "image/webp"
    assert fitted.width < 3300  # an encoder of transparent WebP takes 35 bytes a pixel
    await asyncio.to_thread(processor.close)


@pytest.mark.parametrize("data", [frames_apng(3000), frames_gif(3000)], ids=["apng", "gif"])
async def test_of_a_result_with_endless_frames_few_are_decoded(data: bytes, processor: ImageProcessor) -> None:
    assert (await processor.validate_result(data, owner="amber")).data == data
    # what is broken beyond the frames that are decoded is not noticed, since nobody looks
    late = data[: len(data) // 2] + b"rubbish"
    assert (await processor.validate_result(late, owner="amber")).data == late
    early = data[: len(data) * MAX_VERIFIED_FRAMES // 6000] + b"rubbish"
    with pytest.raises(BadResult):
        await processor.validate_result(early, owner="amber")


async def test_a_result_whose_frames_never_come_is_left_at_the_frames_that_it_has(processor: ImageProcessor) -> None:
    announced = frames_apng(2).replace(frames_apng(2)[33:53], png_chunk(b"acTL", b"\0\7\0\0" + bytes(4)))
    with pytest.raises(BadResult):
        await processor.validate_result(announced, owner="amber")


@pytest.mark.forms(5)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "I;16"])
@pytest.mark.parametrize("edge", [120, 250, 640])
def test_strips_give_the_same_picture(mode: str, edge: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image = noise(640, 480, "RGBA" if mode == "RGBA" else "RGB")
    if mode == "I;16":  # each level twice, as its low and its high byte
        levels = image.convert("L").tobytes()
        image = Pillow.frombytes(mode, image.size, bytes(byte for level in levels for byte in (level, level)))
    data = encode_image(image.convert(mode), "PNG")

    def decoded() -> Pillow.Image:
        with decoding.open_image(data, "image/png", NAME) as picture:
            return decoding.decode_upright(picture, edge)

    whole = decoded()
    monkeypatch.setattr(decoding, "STRIP_PIXELS", 20_000)
    strips = decoded()
    assert (strips.mode, strips.size) == (whole.mode, whole.size)
    furthest = max(high for _, high in _extrema(ImageChops.difference(strips, whole)))
    assert furthest <= 3  # rounding, where a strip begins between two rows


def _extrema(image: Pillow.Image) -> list[tuple[int, int]]:
    return [each.getextrema() for each in image.split()]  # type: ignore[misc]  # of eight bits each
