"""The pictures of a job: the members' on their way to the upstream, the upstream's on their way to the chat.

Bytes come from the adapter or through the guarded download, and are looked at in `bot.pictures` alone.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import structlog

from bot.chat import Attachment
from bot.errors import BadResult, EaselError, FetchFailed, Unfetched
from bot.fetch import Fetcher
from bot.job import Job
from bot.painting import Blob, Capabilities, Image, Link
from bot.pictures import processing
from bot.ports import ChatPort

log = structlog.get_logger()

RESULT_MAX_BYTES = 64_000_000  # bytes of one result; a 3840 × 2160 PNG at its worst is below 34 MB
PREVIEW_MAX_BYTES = 8_000_000  # bytes
RESULT_TIMEOUT_S = 60.0  # to download one result
MAX_PARALLEL_FETCHES = 2  # originals of one job on their way; as many pictures are looked at at once in all
REFERENCE_MAX_BYTES = 32_000_000  # bytes a member's picture may have before it is scaled down


class JobImages:
    """Fetches and checks pictures; holds none but those asked for."""

    def __init__(self, fetcher: Fetcher, ports: Mapping[str, ChatPort]) -> None:
        self._fetcher = fetcher
        self._ports = ports
        self._previews: dict[str, asyncio.Task[None]] = {}

    async def load_references(self, job: Job, capabilities: Capabilities) -> tuple[tuple[Image, ...], Image | None]:
        """The members' pictures, in order, made fit for `capabilities`, and the mask of the first: the one sent along,
        else the transparent part of a PNG that is alone. AT_A_TIME at once, to hold few originals.

        Raises Refusal for what is no picture that can be read, and for a mask that cannot be one.
        """
        port, turns = self._ports[job.chat.platform], asyncio.Semaphore(MAX_PARALLEL_FETCHES)

        async def made_fit(position: int, each: Attachment) -> tuple[Image, Image | None]:
            async with turns:
                mask = job.mask if position == 0 else None
                drawn = None if mask is None else await port.fetch(mask, limit=REFERENCE_MAX_BYTES)
                data, name = await port.fetch(each, limit=REFERENCE_MAX_BYTES), each.filename or ""
                if mask is not None and drawn is not None:
                    mask_name = mask.filename or ""
                    return await processing.prepare_masked_reference(
                        data, drawn, name=name, mask_name=mask_name, capabilities=capabilities
                    )
                alone = len(job.references) == 1 and capabilities.supports_masks
                cut = await processing.prepare_transparent_reference(data, name, capabilities) if alone else None
                return cut or (await processing.prepare_reference(data, name=name, capabilities=capabilities), None)

        tasks = [asyncio.create_task(made_fit(*each)) for each in enumerate(job.references)]
        try:
            ready = [await task for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return tuple(image for image, _ in ready), next((mask for _, mask in ready if mask is not None), None)

    async def fetch_results(self, sources: Sequence[Link | Blob]) -> list[Image]:
        """The finished pictures that can be had.

        Raises BadResult or Unfetched when there is none.
        """
        failure: EaselError | None = None
        images: list[Image] = []
        for source in sources:
            try:
                images.append(await processing.validate_result(await self._bytes(source, RESULT_MAX_BYTES)))
            except (FetchFailed, BadResult) as failed:
                where = urlsplit(source.url).netloc if isinstance(source, Link) else "inline"
                log.warning("result dropped", failure=type(failed).__name__, detail=failed.detail, host=where)
                failure = failed
        if isinstance(failure, FetchFailed) and not images:
            raise Unfetched(detail=f"{type(failure).__name__}: {failure.detail}") from failure
        if not images:
            raise BadResult(detail=failure.detail if failure else None) from failure
        return images

    def start_preview(self, job_id: str, source: Link | Blob, show: Callable[[Image], None]) -> None:
        """Shows an unfinished picture once it is here. One that does not come is no loss; a newer one takes its
        place."""

        async def fetch() -> None:
            try:
                show(await processing.prepare_preview(await self._bytes(source, PREVIEW_MAX_BYTES)))
            except EaselError as failed:
                log.debug("no preview", job=job_id, detail=failed.detail)

        self.cancel_preview(job_id)
        task = self._previews[job_id] = asyncio.create_task(fetch(), name=f"preview {job_id}")

        def done(ended: asyncio.Task[None]) -> None:
            if self._previews.get(job_id) is ended:
                del self._previews[job_id]

        task.add_done_callback(done)

    def cancel_preview(self, job_id: str) -> None:
        """A preview that is still on its way would come too late."""
        if (task := self._previews.get(job_id)) is not None:
            task.cancel()

    async def close(self) -> None:
        """Ends all downloads of previews."""
        left = list(self._previews.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _bytes(self, source: Link | Blob, limit: int) -> bytes:
        if isinstance(source, Blob):
            return source.data
        return await self._fetcher.download(source.url, max_bytes=limit, timeout_s=RESULT_TIMEOUT_S)
