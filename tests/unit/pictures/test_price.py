"""The price of image work: what is refused before decoding, what runs in a thread, what in a process of its own."""

import pytest

from bot.errors import PictureTooComplex, PictureTooManyPixels
from bot.pictures.headers import PictureHeader
from bot.pictures.price import (
    DEFAULT_LIMITS,
    MAX_VERIFIED_FRAMES,
    Lane,
    Limits,
    Price,
    Task,
    check_price,
    draft_scale,
    drawing_price,
    price_of,
    shrink_task,
    verified_frames,
    verifies_by_checksum,
)

ANY = ("image/png", "image/jpeg", "image/webp")
REFERENCE, RESULT, PREVIEW = Task(edge=4096, encodes=ANY), Task(), Task(edge=512, encodes=("image/jpeg",))
MB = 1_000_000


def header(kind: str, megapixels: float, **claims: object) -> PictureHeader:
    width = round((megapixels * MB * 4 / 3) ** 0.5)
    return PictureHeader(media_type=f"image/{kind}", width=width, height=width * 3 // 4, **claims)  # type: ignore[arg-type]  # as named


def price(made: PictureHeader, task: Task = REFERENCE, file_bytes: int = 1_000_000) -> Price:
    return price_of(made, file_bytes, task, DEFAULT_LIMITS)


def refused(made: PictureHeader, task: Task = REFERENCE, limits: Limits = DEFAULT_LIMITS) -> dict[str, object] | None:
    """The facts of PictureTooManyPixels; None where the image is accepted."""
    try:
        check_price(made, price_of(made, 1000, task, limits), limits, "a.png")
    except PictureTooManyPixels as refusal:
        return dict(refusal.facts)
    return None


@pytest.mark.parametrize(
    ("kind", "task", "largest"),
    [
        *[(kind, task, 50) for kind in ("png", "jpeg", "gif") for task in (REFERENCE, RESULT)],
        *[("webp", REFERENCE, 12), ("webp", RESULT, 17), ("avif", REFERENCE, 18), ("avif", RESULT, 26)],
        *[("heic", REFERENCE, 28), ("heic", RESULT, 38)],
    ],
)
def test_the_largest_image_is_the_setting_or_what_its_decoder_can_do_in_memory(
    kind: str, task: Task, largest: int
) -> None:
    assert refused(header(kind, largest - 0.5), task) is None
    beyond = refused(header(kind, largest * 1.4), task)
    assert beyond is not None
    assert beyond["name"] == "a.png"
    assert largest <= int(str(beyond["megapixels"])) <= largest * 1.4


def test_more_memory_allows_larger_images_and_a_lower_cap_smaller_ones() -> None:
    webp = header("webp", 40)
    assert refused(webp, RESULT, Limits(memory_bytes=1000 * MB)) is None
    assert refused(header("jpeg", 9), RESULT, Limits(max_megapixels=8)) == {"name": "a.png", "megapixels": 8}
    assert refused(header("webp", 900), RESULT, Limits(max_megapixels=1000, memory_bytes=64 * MB))["megapixels"] == 3  # type: ignore[index]  # refused


def test_what_an_image_is_scaled_to_is_part_of_its_memory() -> None:
    plain, opaque = header("png", 48), header("png", 48, transparent=True)
    assert price(plain, PREVIEW).memory_bytes < price(plain).memory_bytes
    assert price(header("png", 12)).memory_bytes < price(header("png", 12, transparent=True)).memory_bytes
    assert price(opaque).memory_bytes <= DEFAULT_LIMITS.memory_bytes
    converted = price(header("png", 2, converted=True)).memory_bytes
    assert converted > price(header("png", 2)).memory_bytes


def test_a_jpeg_is_decoded_at_a_fraction_of_its_size() -> None:
    assert [draft_scale((8000, 6000), (edge, edge * 3 // 4)) for edge in (8000, 4001, 4000, 2000, 1000, 9)] == [
        *(1, 1, 2, 4, 8, 8)
    ]
    assert price(header("jpeg", 48), PREVIEW).memory_bytes < 5 * MB
    assert price(header("jpeg", 48), RESULT).memory_bytes < 5 * MB
    assert price(header("jpeg", 48, scans=10, coefficients=6.0), PREVIEW).memory_bytes > 280 * MB


@pytest.mark.parametrize(
    ("made", "task", "lane"),
    [
        (header("jpeg", 12), REFERENCE, Lane.THREAD),
        (header("jpeg", 24), REFERENCE, Lane.PROCESS),
        (header("jpeg", 50), RESULT, Lane.THREAD),
        (header("jpeg", 12, scans=198), RESULT, Lane.PROCESS),
        (header("png", 50), RESULT, Lane.THREAD),
        (header("png", 1.5), REFERENCE, Lane.THREAD),
        (header("png", 12), REFERENCE, Lane.PROCESS),
        (header("png", 1, frames=50), RESULT, Lane.PROCESS),
        (header("png", 0.1, parts=19_999), REFERENCE, Lane.THREAD),
        (header("webp", 1.5), RESULT, Lane.THREAD),
        (header("webp", 4.5), RESULT, Lane.PROCESS),
        (header("webp", 1.5, frames=50), RESULT, Lane.PROCESS),
        (header("png", 0.1, frames=2, parts=20_000), RESULT, Lane.PROCESS),
        (header("avif", 0.1), RESULT, Lane.PROCESS),
        (header("heic", 0.1, transparent=True), REFERENCE, Lane.PROCESS),
    ],
)
def test_heavy_work_and_decoders_that_cannot_be_trusted_get_a_process(
    made: PictureHeader, task: Task, lane: Lane
) -> None:
    assert price(made, task).lane is lane


@pytest.mark.parametrize(
    "made",
    [
        header("jpeg", 27, scans=198, coefficients=3.0),
        header("jpeg", 0.001, scans=201, coefficients=3.0),
        header("png", 60, interlaced=True),
    ],
)
def test_an_image_that_takes_too_long_is_refused_as_that(made: PictureHeader) -> None:
    task = RESULT if made.media_type == "image/jpeg" else Task(edge=100_000, encodes=ANY)
    limits = Limits(max_megapixels=1000, memory_bytes=10_000 * MB)
    with pytest.raises(PictureTooComplex) as refusal:
        check_price(made, price_of(made, 10 * MB, task, limits), limits, "a.jpg")
    assert refusal.value.facts == {"name": "a.jpg"}


def test_a_task_that_may_shrink_comes_out_as_large_as_memory_allows() -> None:
    opaque, clear = header("png", 48), header("png", 48, transparent=True)
    task, limits = Task(edge=16_383, encodes=("image/jpeg", "image/webp"), shrinks=True), DEFAULT_LIMITS
    assert shrink_task(opaque, task, limits) == task
    shrunk = shrink_task(clear, task, limits)
    assert shrunk.edge is not None
    assert 3000 < shrunk.edge < 8000
    assert price_of(clear, 0, shrunk, limits).memory_bytes <= limits.memory_bytes
    assert shrink_task(clear, RESULT, limits) == RESULT
    assert shrink_task(clear, REFERENCE, Limits(memory_bytes=1)) == REFERENCE
    assert shrink_task(clear, task, Limits(memory_bytes=1)).edge == 60


def test_of_an_animation_few_frames_and_few_pixels_are_verified() -> None:
    assert verified_frames(header("gif", 0.01, frames=1000), DEFAULT_LIMITS) == MAX_VERIFIED_FRAMES
    assert verified_frames(header("gif", 10, frames=1000), DEFAULT_LIMITS) == 5
    assert verified_frames(header("gif", 45, frames=3), DEFAULT_LIMITS) == 1
    assert verified_frames(header("gif", 1), DEFAULT_LIMITS) == 1


def test_only_a_still_png_without_exif_is_verified_by_its_checksums() -> None:
    assert verifies_by_checksum(header("png", 1))
    for other in (header("png", 1, frames=2), header("png", 1, oriented=True), header("jpeg", 1)):
        assert not verifies_by_checksum(other)
    assert price(header("png", 40), RESULT).memory_bytes == 0


def test_the_price_of_two_pieces_of_work() -> None:
    small, large = price(header("png", 1)), price(header("png", 12))
    both = small.beside(large)
    assert (both.memory_bytes, both.lane) == (large.memory_bytes, Lane.PROCESS)
    assert both.seconds == pytest.approx(small.seconds + large.seconds)  # type: ignore[reportUnknownMemberType]  # untyped
    assert small.beside(small).lane is Lane.THREAD


def test_a_mask_of_many_pixels_or_many_strokes_is_drawn_in_a_process() -> None:
    assert drawing_price(3840 * 2160, 20e6).lane is Lane.THREAD
    assert drawing_price(3840 * 2160, 2e9).lane is Lane.PROCESS
    assert drawing_price(50_000_000, 0).lane is Lane.PROCESS
