"""The images of a running job: references on their way to the upstream, previews on their way to the chat.

Bytes come from the adapter or through the guarded download, and are decoded in `bot.pictures` alone.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from bot.chat import Attachment
from bot.downloads.fetcher import Fetcher
from bot.errors import EaselError, Refusal
from bot.job import Job
from bot.jobs.file_memory import MAX_FILES, FileMemory
from bot.jobs.linked_images import LinkedImages, is_linked
from bot.observability import tracing
from bot.painting import Blob, Capabilities, Image, Link, PaintRequest
from bot.pictures.contact_sheet import CELL_PX
from bot.pictures.frames import Frame, Shapes
from bot.pictures.processing import ImageProcessor
from bot.ports import ChatPort
from bot.runtime.background import BackgroundTasks
from bot.texts import shorten

log = structlog.get_logger()

PREVIEW_MAX_BYTES = 8_000_000  # bytes
PREVIEW_TIMEOUT_S = 60.0  # to download one preview
ORIGINALS_BYTES = 64_000_000  # bytes of original references in memory at once, of all users
REQUEST_BYTES = 200_000_000  # bytes of converted references that wait at upstreams, of all users; jobs beyond wait
USER_ORIGINALS = 2  # of them, files of one user; a mask counts with its image
REFERENCE_MAX_BYTES = 32_000_000  # bytes of one reference before it is scaled down
SHRUNK_BYTES = 600_000  # bytes of all references, where a request was too large; in base64 below nginx's default, 1 MB
SHRUNK_MIN_BYTES = 30_000  # bytes of one of them; with less nothing can be seen
SHRUNK_EDGE_PX = 1536  # pixels, longest side; what most models look at
AS_SHOWN = Capabilities(max_reference_bytes=1 << 30, reference_types=("image/jpeg", "image/png"))  # of a chat
NAME_CHARS = 60  # characters of a file's name in a sentence about it


class JobImages:
    """Fetches and checks the images of jobs; keeps none."""

    def __init__(
        self,
        fetcher: Fetcher,
        ports: Mapping[str, ChatPort],
        processor: ImageProcessor,
        linked_images: LinkedImages,
    ) -> None:
        self._fetcher = fetcher
        self._linked_images = linked_images
        self._processor = processor
        self._ports = ports
        self._originals = FileMemory(ORIGINALS_BYTES, owner_files=USER_ORIGINALS)
        self._requests = FileMemory(REQUEST_BYTES, owner_files=MAX_FILES)
        self._background = BackgroundTasks()
        self._previews: dict[str, asyncio.Task[None]] = {}  # the latest of each job

    @asynccontextmanager
    async def reserve_memory(self, job: Job, capabilities: Capabilities) -> AsyncGenerator[None]:
        """Waits until there is room for the job's references, converted for `capabilities`, and keeps it until the
        block ends: hundreds of jobs may run at once, and each holds its references until its upstream has painted."""
        files = [*job.references, *([job.mask, job.references[0]] if job.mask else [])]  # it may be shown a marked copy
        if not files:
            yield
            return
        most = max(capabilities.max_reference_bytes, capabilities.max_mask_bytes)
        async with self._requests.reserve(job.user.key, sum(min(_most_bytes(each), most) for each in files)):
            yield

    async def load_references(self, job: Job, capabilities: Capabilities) -> tuple[tuple[Image, ...], Image | None]:
        """The job's references, in order, converted for `capabilities`, and the mask of the first: the one sent along,
        else the transparent part of a PNG that is the only reference. Few originals are in memory at once.

        Raises Refusal for a file that is no readable image, and for a mask that does not fit.
        """
        platform, owner = job.chat.platform, job.user.key

        async def load_reference(position: int, reference: Attachment) -> tuple[Image, Image | None]:
            mask = job.mask if position == 0 else None
            async with self._originals.reserve(owner, _most_bytes(reference) + (_most_bytes(mask) if mask else 0)):
                mask_data = None if mask is None else await self._fetch(mask, platform)
                data, name = await self._fetch(reference, platform), _display_name(reference)
                if mask is not None and mask_data is not None:
                    return await self._processor.prepare_masked_reference(
                        data,
                        mask_data,
                        name=name,
                        mask_name=_display_name(mask),
                        capabilities=capabilities,
                        owner=owner,
                    )
                if len(job.references) == 1 and capabilities.supports_masks:
                    return await self._processor.prepare_lone_reference(
                        data, name=name, capabilities=capabilities, owner=owner
                    )
                prepared = await self._processor.prepare_reference(
                    data, name=name, capabilities=capabilities, owner=owner
                )
                return prepared, None

        tasks = [asyncio.create_task(load_reference(*pair)) for pair in enumerate(job.references)]
        try:
            loaded = [await task for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return tuple(image for image, _ in loaded), next((mask for _, mask in loaded if mask is not None), None)

    @asynccontextmanager
    async def read_original(self, reference: Attachment, platform: str, owner: str) -> AsyncGenerator[bytes]:
        """A reference as it was sent, which is in memory until the block ends. `platform`: whose handle it is; `owner`:
        key of the user on whose account it is.

        Raises PictureGone, PictureTooLarge, ChatFailed, StoreFailed.
        """
        async with self._originals.reserve(owner, _most_bytes(reference)):
            yield await self._fetch(reference, platform)

    async def load_shown(self, picture: Attachment, platform: str, owner: str, *, is_result: bool) -> Image:
        """A picture of before, to be shown once more: a result byte for byte, a member's own without its metadata.

        Raises PictureGone, PictureTooLarge, ChatFailed, StoreFailed, BadResult, Refusal.
        """
        async with self.read_original(picture, platform, owner) as data:
            if is_result:
                return await self._processor.validate_result(data, owner=owner)
            name = picture.filename or ""
            return await self._processor.prepare_reference(data, name=name, capabilities=AS_SHOWN, owner=owner)

    async def make_contact_sheet(self, pictures: Sequence[Image | None], owner: str) -> Image:
        """Pictures in one, small and numbered from 1; None: it is not there any more. Raises BadResult."""
        thumbnails = [
            None if each is None else await self._processor.prepare_preview(each.data, edge=CELL_PX, owner=owner)
            for each in pictures
        ]
        return await self._processor.make_contact_sheet(thumbnails, owner=owner)

    async def keep_mask(self, mask: Image, *, owner: str, event: str) -> Attachment:
        """As `LinkedImages.keep`."""
        return await self._linked_images.keep(mask, owner=owner, event=event, name="region.png")

    async def load_enlarged(
        self, job: Job, shapes: Shapes, capabilities: Capabilities
    ) -> tuple[tuple[Image, ...], Image, Frame]:
        """The job's references, the first one on a canvas that has grown to one of the shapes; the mask of what is new
        there; and its geometry. Raises as `load_references` does; NothingToExtend."""
        first, *others = job.references
        owner, way = job.user.key, job.options.reframe or ""
        async with self._originals.reserve(owner, _most_bytes(first)):
            data = await self._fetch(first, job.chat.platform)
            canvas, mask, frame = await self._processor.enlarge_canvas(
                data, way, shapes, name=_display_name(first), capabilities=capabilities, owner=owner
            )
        loaded, _ = await self.load_references(replace(job, references=tuple(others), mask=None), capabilities)
        return (canvas, *loaded), mask, frame

    async def put_original_back(self, job: Job, painted: Image, original: Image, mask: Image) -> Image | None:
        """As `ImageProcessor.put_original_back`, on the account of the job's user."""
        return await self._processor.put_original_back(painted, original, mask, owner=job.user.key)

    @property
    def processor(self) -> ImageProcessor:
        """What decodes them."""
        return self._processor

    async def mark_copy(self, request: PaintRequest, capabilities: Capabilities, *, owner: str) -> Image:
        """The first reference of a request with its mask drawn on it. Raises PictureTooLarge."""
        assert request.mask is not None, "checked"
        original = request.references[0]
        return await self._processor.mark_copy(original, request.mask, capabilities=capabilities, owner=owner)

    async def shrink_request(self, request: PaintRequest, *, owner: str) -> PaintRequest | None:
        """The request with smaller references; None: it has none, or they cannot be made smaller.

        Together they have at most SHRUNK_BYTES, and at most half of what they had.
        """
        if not request.references:
            return None
        budget = min(SHRUNK_BYTES, sum(len(each.data) for each in request.references) // 2)
        count = len(request.references) + (request.mask is not None)  # a marked copy, or the mask
        limits = Capabilities(
            max_reference_bytes=max(budget // count, SHRUNK_MIN_BYTES),
            max_reference_edge=min(SHRUNK_EDGE_PX, max(max(each.width, each.height) for each in request.references)),
        )
        try:
            if request.mask is not None:
                image, mask = await self._processor.prepare_masked_reference(
                    request.references[0].data,
                    request.mask.data,
                    name="",
                    mask_name="",
                    capabilities=limits,
                    owner=owner,
                )
                rest = request.references[1:]
            else:
                image, mask, rest = None, None, request.references
            shrunk = [
                await self._processor.prepare_reference(each.data, name="", capabilities=limits, owner=owner)
                for each in rest
            ]
        except Refusal as refusal:
            log.info("pictures cannot be made smaller", detail=type(refusal).__name__)
            return None
        references, marks = (*([image] if image else []), *shrunk), request.marks
        if sum(len(each.data) for each in references) >= sum(len(each.data) for each in request.references):
            return None
        if marks is not None:
            size = references[0].width, references[0].height
            marks = replace(marks, overlay=await self._processor.resize_overlay(marks.overlay, size, owner=owner))
        return replace(request, references=references, mask=mask, marks=marks)

    def start_preview(self, job: Job, source: Link | Blob, show: Callable[[Image], None]) -> None:
        """Fetches an unfinished image in the background and passes it to `show`. A newer preview of the job cancels
        it; a failure is only logged."""

        async def fetch() -> None:
            try:
                data = await load_source(self._fetcher, source, PREVIEW_MAX_BYTES, PREVIEW_TIMEOUT_S)
                show(await self._processor.prepare_preview(data, owner=job.user.key))
            except EaselError as failed:
                log.debug("preview not rendered", job=job.id, detail=failed.detail)

        self.cancel_preview(job.id)
        task = self._previews[job.id] = self._background.spawn(fetch(), f"preview {job.id}")

        def forget(done: asyncio.Task[None]) -> None:
            if self._previews.get(job.id) is done:
                del self._previews[job.id]

        task.add_done_callback(forget)

    def cancel_preview(self, job_id: str) -> None:
        """Cancels the job's preview that is still being fetched: it would come too late."""
        if (task := self._previews.get(job_id)) is not None:
            task.cancel()

    async def close(self) -> None:
        """Cancels all downloads of previews and waits for their ends."""
        await self._background.cancel()

    async def _fetch(self, reference: Attachment, platform: str) -> bytes:
        if is_linked(reference):
            return await self._linked_images.load(reference, limit=REFERENCE_MAX_BYTES)
        with tracing.span("reference", platform=platform):
            return await self._ports[platform].fetch(reference, limit=REFERENCE_MAX_BYTES)


async def load_source(fetcher: Fetcher, source: Link | Blob, limit: int, timeout_s: float) -> bytes:
    """The bytes of an upstream's image. Raises as `Fetcher.download` does."""
    if isinstance(source, Blob):
        return source.data
    return await fetcher.download(source.url, max_bytes=limit, timeout_s=timeout_s)


def _most_bytes(attachment: Attachment) -> int:
    """How many bytes it has, or has at most where the platform does not say."""
    return REFERENCE_MAX_BYTES if attachment.size is None else min(attachment.size, REFERENCE_MAX_BYTES)


def _display_name(attachment: Attachment) -> str:
    return shorten(attachment.filename or "", NAME_CHARS)
