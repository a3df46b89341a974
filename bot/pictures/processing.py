"""Makes users' images ready for upstreams, and checks upstreams' images: untrusted bytes in, checked images out.

Nothing here downloads, sends or stores an image. An image is priced by its header before anything is decoded; cheap
work runs in threads, heavy work in processes, both in an order that is fair between the owners of the images.
"""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from bot.errors import BadResult, MaskNotTransparent, NothingToExtend, Refusal
from bot.observability import tracing
from bot.painting import Capabilities, DrawnMarks, Image
from bot.pictures import work
from bot.pictures.contact_sheet import CELL_PX, COLUMNS, GAP_PX
from bot.pictures.encoding import MAX_EDGE_PX
from bot.pictures.frames import CANVAS_EDGE_PX, Frame, Shapes, enlarge
from bot.pictures.headers import SNIFF_BYTES, sniff_media_type
from bot.pictures.inspection import Inspected, inspect_image
from bot.pictures.likeness import Likeness
from bot.pictures.price import (
    BYTE_S,
    DEFAULT_LIMITS,
    Lane,
    Limits,
    Price,
    Task,
    drawing_price,
    verified_frames,
    verifies_by_checksum,
)
from bot.pictures.strokes import Drawing
from bot.pictures.work import Call
from bot.pictures.work_lane import WorkLane
from bot.pictures.work_queue import FairWorkQueue
from bot.pictures.worker_pool import DEADLINE_S, RemoteCall, WorkerPool

THREADS = 2  # pieces of cheap work at once; an owner may have both: each is short
THREADS_BYTES = 72_000_000  # bytes that they take together: a photo of 12 megapixels and a small one
PROCESSES = 2  # pieces of heavy work at once; an owner has one, so that the next one's need not wait for it
FITTING = Task(edge=MAX_EDGE_PX, encodes=("image/jpeg", "image/webp"), shrinks=True)  # above a chat's limit of bytes
UPRIGHT = Capabilities(  # an image as it is, but for its metadata: what becomes of it is decided by its size
    reference_types=("image/png",), max_reference_bytes=1 << 30, max_reference_edge=CANVAS_EDGE_PX
)
PREVIEW_EDGE_PX = 512  # pixels, longest side


class ImageProcessor:
    """Decodes and encodes images for one Easel. Costs nothing until it is first used.

    `owner` is on whose account work is queued, such as the key of a user: who asks for much waits behind who asks for
    little.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, pool: WorkerPool | None = None) -> None:
        self._limits = limits
        self._pool = pool or WorkerPool()
        self._inspections = WorkLane[Inspected]("picture-headers", FairWorkQueue(slots=1, owner_slots=1), threads=1)
        threads = FairWorkQueue(slots=THREADS, owner_slots=THREADS, memory_bytes=THREADS_BYTES)
        processes = FairWorkQueue(slots=PROCESSES, owner_slots=1, memory_bytes=limits.memory_bytes)
        self._threads = WorkLane[tuple[Image, ...]]("pictures", threads, threads=THREADS)
        self._processes = WorkLane[tuple[Image, ...]]("heavy-pictures", processes, threads=PROCESSES)

    async def prepare_reference(self, data: bytes, *, name: str, capabilities: Capabilities, owner: str) -> Image:
        """A user's image made ready for an upstream: upright, sRGB, without metadata, within its limits.

        The pixels of a JPEG that needs no more than its metadata stripped stay unchanged. `name`: the file's name as
        the user knows it, for errors.

        Raises NotAPicture, BrokenPicture, AnimatedPicture, PictureTooManyPixels, PictureTooComplex, and PictureTooLarge
        when no encoding has at most `capabilities.max_reference_bytes`.
        """
        image, *_ = await self._prepare_reference(data, name, capabilities, owner, own_mask=False)
        return image

    async def prepare_lone_reference(
        self, data: bytes, *, name: str, capabilities: Capabilities, owner: str
    ) -> tuple[Image, Image | None]:
        """As `prepare_reference`; a PNG with a transparent part stays a PNG and has that part as its mask.

        Raises MaskTooLarge, too.
        """
        image, *masks = await self._prepare_reference(data, name, capabilities, owner, own_mask=True)
        return image, masks[0] if masks else None

    async def prepare_masked_reference(
        self, data: bytes, mask: bytes, *, name: str, mask_name: str, capabilities: Capabilities, owner: str
    ) -> tuple[Image, Image]:
        """A user's image as a PNG, made ready as by `prepare_reference`, and its mask: a PNG of the same size, alpha 0
        where the image is to change and 255 elsewhere.

        Raises as `prepare_reference` does; MaskNotTransparent, MaskOfOtherSize, MaskTooLarge.
        """
        if sniff_media_type(mask[:SNIFF_BYTES]) != "image/png":
            raise MaskNotTransparent(name=mask_name)
        task = Task(edge=_reference_edge(capabilities), encodes=("image/png",))
        inspected_mask = await self._inspect(owner, mask, mask_name, task)
        inspected = await self._inspect(owner, data, name, task)
        price = inspected.price.beside(inspected_mask.price)
        function = work.prepare_masked_reference
        image, ready_mask = await self._run(owner, price, function, inspected, inspected_mask.source, capabilities)
        return image, ready_mask

    async def draw_mask(self, data: bytes, drawing: Drawing, *, name: str, owner: str) -> Image:
        """What a user painted over an image as its mask: a PNG of the image's upright size, alpha 0 where it is to
        change and 255 elsewhere.

        Raises NotAPicture, BrokenPicture, PictureTooManyPixels, PictureTooComplex, RegionOfOtherPicture,
        NothingMarked, EverythingMarked.
        """
        inspected = await self._inspect(owner, data, name, Task())
        header = inspected.source.header
        scale = header.pixels / (drawing.width * drawing.height)
        price = drawing_price(header.pixels, drawing.painted_pixels * scale)
        (mask,) = await self._run(owner, price, work.draw_mask, inspected, drawing)
        return mask

    async def mark_copy(self, original: Image, mask: Image, *, capabilities: Capabilities, owner: str) -> Image:
        """A copy of a reference on which its mask is drawn, of the same shape, neither side above
        `work.MARKED_EDGE_PX` pixels. `original` and `mask`: as `prepare_masked_reference` returns them.

        Raises PictureTooLarge.
        """
        task = Task(edge=work.MARKED_EDGE_PX, encodes=capabilities.reference_types)
        inspected = await self._inspect(owner, original.data, "", task)
        drawn = await self._inspect(owner, mask.data, "", Task(edge=work.MARKED_EDGE_PX, encodes=("image/png",)))
        price = inspected.price.beside(drawn.price)
        (marked,) = await self._run(owner, price, work.mark_copy, inspected, drawn.source, capabilities)
        return marked

    async def enlarge_canvas(
        self, data: bytes, way: str, shapes: Shapes, *, name: str, capabilities: Capabilities, owner: str
    ) -> tuple[Image, Image, Frame]:
        """A larger canvas with a user's image in it, as a PNG made ready as by `prepare_masked_reference`; the mask of
        what is new; and their geometry. `way`: one of `frames.FRAMES`.

        Raises as `prepare_reference` does; NothingToExtend.
        """
        upright = await self.prepare_reference(data, name=name, capabilities=UPRIGHT, owner=owner)
        frame = enlarge((upright.width, upright.height), way, shapes)
        if not frame.is_larger:
            raise NothingToExtend
        inspected = await self._inspect(owner, upright.data, name, Task(edge=MAX_EDGE_PX, encodes=("image/png",)))
        price = inspected.price.composing(frame.width * frame.height)
        canvas, mask = await self._run(owner, price, work.enlarge_canvas, inspected, frame, capabilities)
        return canvas, mask, frame

    async def are_alike(self, one: Image, other: Image, *, owner: str) -> bool:
        """Whether two references could be one scene, from afar; both as `prepare_reference` returns them."""
        task = Task(edge=work.GLANCE_EDGE_PX, encodes=("image/png",))
        inspected = await self._inspect(owner, one.data, "", task)
        compared = await self._inspect(owner, other.data, "", task)
        price = inspected.price.beside(compared.price)
        return bool(await self._run(owner, price, work.compare_from_afar, inspected, compared.source))

    async def find_marks(self, original: Image, copy: Image, *, owner: str) -> DrawnMarks | Likeness:
        """What was drawn on a copy of a picture, both as `prepare_reference` returns them. OTHER: it is no copy, or
        there is no memory for both at once; CHANGED: it differs in something else.

        Raises NothingDrawn.
        """
        inspected = await self._inspect(owner, copy.data, "", Task(edge=MAX_EDGE_PX, encodes=("image/png",)))
        price = inspected.price.composing(original.width * original.height)
        if price.memory_bytes > self._limits.memory_bytes:
            return Likeness.OTHER
        found = await self._run(owner, price, work.find_marks, inspected, original)
        if not found or not found[0].data:
            return Likeness.CHANGED if found else Likeness.OTHER
        return DrawnMarks(overlay=found[0], keep=found[1] if len(found) > 1 else None)

    async def resize_overlay(self, overlay: Image, size: tuple[int, int], *, owner: str) -> Image:
        """What `find_marks` has found in another size, pixels, no larger than it was."""
        inspected = await self._inspect(owner, overlay.data, "", Task(edge=max(size), encodes=("image/png",)))
        (resized,) = await self._run(owner, inspected.price, work.resize_overlay, inspected, size)
        return resized

    async def validate_result(self, data: bytes, *, owner: str) -> Image:
        """An upstream's image, its bytes unchanged, after a check that it is complete.

        Of an animation the first frames are decoded (see `verified_frames`). Raises BadResult.
        """
        with _refusals_as_bad_result():
            inspected = await self._inspect(owner, data, "", Task())
            header = inspected.source.header
            frames, by_checksum = verified_frames(header, self._limits), verifies_by_checksum(header)
            (image,) = await self._run(owner, inspected.price, work.verify_result, inspected, frames, by_checksum)
        return Image(data=data, media_type=image.media_type, width=image.width, height=image.height)

    async def put_original_back(self, edit: Image, original: Image, mask: Image, *, owner: str) -> Image | None:
        """An upstream's edit with everything outside its mask as it was: a PNG of the original's size. `original` and
        `mask`: as `prepare_masked_reference` returns them. None: the edit shows another frame, or there is no memory
        for both at once.

        Raises BadResult.
        """
        edge = max(original.width, original.height)
        with _refusals_as_bad_result():
            inspected = await self._inspect(owner, edit.data, "", Task(edge=edge, encodes=("image/png",)))
            price = inspected.price.composing(original.width * original.height)
            if price.memory_bytes > self._limits.memory_bytes:
                return None
            composed = await self._run(owner, price, work.put_original_back, inspected, original, mask)
        return composed[0] if composed else None

    async def prepare_preview(self, data: bytes, *, edge: int = PREVIEW_EDGE_PX, owner: str) -> Image:
        """A small JPEG of an upstream's image on white, neither side above `edge` pixels. Raises BadResult."""
        with _refusals_as_bad_result():
            inspected = await self._inspect(owner, data, "", Task(edge=edge, encodes=("image/jpeg",)))
            (image,) = await self._run(owner, inspected.price, work.make_preview, inspected, edge)
        return image

    async def fit_to_limit(self, image: Image, *, max_bytes: int, owner: str) -> tuple[Image, bool]:
        """The image in at most `max_bytes` bytes, and whether it was changed.

        Unchanged where it fits; else as JPEG (WebP if it has transparency) of falling quality, then of falling size;
        of an animation the first frame. Raises BadResult when it cannot be decoded, or no size is small enough.
        """
        if len(image.data) <= max_bytes:
            return image, False
        with _refusals_as_bad_result():
            inspected = await self._inspect(owner, image.data, "", FITTING)
            edge = inspected.task.edge
            (fitted,) = await self._run(owner, inspected.price, work.fit_to_limit, inspected, edge, max_bytes)
        return fitted, True

    async def make_contact_sheet(self, thumbnails: Sequence[Image | None], *, owner: str) -> Image:
        """Previews (`prepare_preview`, at most `contact_sheet.CELL_PX` pixels) in one picture, numbered from 1; at
        least one of them is there. Raises BadResult."""
        with _refusals_as_bad_result():
            first = next(each for each in thumbnails if each is not None)
            inspected = await self._inspect(owner, first.data, "", Task(edge=CELL_PX, encodes=("image/jpeg",)))
            pixels = (CELL_PX + GAP_PX) ** 2 * (len(thumbnails) + COLUMNS)
            price = inspected.price.beside(drawing_price(pixels, pixels))
            (sheet,) = await self._run(owner, price, work.make_contact_sheet, inspected, tuple(thumbnails))
        return sheet

    def close(self) -> None:
        """Ends the worker processes, and what runs in them. Blocking, for moments."""
        self._pool.close()
        self._processes.close()
        self._threads.close()
        self._inspections.close()

    # ------------------------------------------------------------ within

    async def _prepare_reference(
        self, data: bytes, name: str, capabilities: Capabilities, owner: str, *, own_mask: bool
    ) -> tuple[Image, ...]:
        encodes = (*capabilities.reference_types, "image/png") if own_mask else capabilities.reference_types
        task = Task(edge=_reference_edge(capabilities), encodes=encodes)
        inspected = await self._inspect(owner, data, name, task)
        return await self._run(owner, inspected.price, work.prepare_reference, inspected, capabilities, own_mask)

    async def _inspect(self, owner: str, data: bytes, name: str, task: Task) -> Inspected:
        """Reads the header in a thread, which takes a millisecond, or a hundred for a hostile file of megabytes."""
        price = Price(memory_bytes=0, seconds=len(data) * BYTE_S, lane=Lane.THREAD)
        inspect = partial(inspect_image, data, name, task, self._limits)
        return await asyncio.wrap_future(self._inspections.submit(owner, price, inspect))

    async def _run(
        self,
        owner: str,
        price: Price,
        function: Callable[..., tuple[Image, ...]],
        inspected: Inspected,
        *arguments: Any,
    ) -> tuple[Image, ...]:
        """Runs image work where its price says. Cancelling ends it: at once where it waits or has its own process."""
        call = Call(
            function=function,
            source=inspected.source,
            arguments=arguments,
            memory_bytes=price.memory_bytes + price.untouched_bytes,
            cpu_s=DEADLINE_S,
        )
        with tracing.span("picture work", function=function.__name__, lane=price.lane.name.lower()):
            if price.lane is Lane.THREAD:
                return await asyncio.wrap_future(self._threads.submit(owner, price, call.run))
            remote = RemoteCall(self._pool, call)
            try:
                return await asyncio.wrap_future(self._processes.submit(owner, price, remote.run))
            except asyncio.CancelledError:
                remote.kill()
                raise


def _reference_edge(capabilities: Capabilities) -> int:
    return min(capabilities.max_reference_edge, MAX_EDGE_PX)


@contextmanager
def _refusals_as_bad_result() -> Generator[None]:
    """Raises a refusal as BadResult: what refuses a user's image is a failure of the upstream."""
    try:
        yield
    except Refusal as refusal:
        raise BadResult(detail=f"{type(refusal).__name__}: {refusal.detail}") from refusal
