"""One chat response from the first line to the last: the timeline of timeline.py, sent at the renderer's pace.

Knows no routes.
"""

import random
import uuid
from collections.abc import Mapping

from bot.sandbox.chat.progress_formats import RESULT_FORMATS, FinishedPicture, queue_line
from bot.sandbox.chat.request import ChatRequest
from bot.sandbox.chat.response import ResponseWriter
from bot.sandbox.chat.timeline import (
    EmitResult,
    EmitText,
    EndReply,
    RenderPictures,
    ResourceUrls,
    Step,
    Wait,
    build_timeline,
)
from bot.sandbox.faults import FaultEffect
from bot.sandbox.http_errors import error_body
from bot.sandbox.painting.picture_spec import PictureSpec, split_quality
from bot.sandbox.renderer import Renderer
from bot.sandbox.served_files import apply_file_fault

TOKENS_PER_PICTURE = 1056  # OpenAI's count for a square picture of medium quality


class ChatPlayback:
    """One request, from acceptance to the last byte of its response."""

    def __init__(
        self,
        renderer: Renderer,
        response: ResponseWriter,
        request: ChatRequest,
        effect: FaultEffect,
        *,
        origin: str,
        rng: random.Random,
    ) -> None:
        """`origin`: what links begin with: the address the client used, such as `http://127.0.0.1:8080`."""
        self._renderer = renderer
        self._response = response
        self._request = request
        self._effect = effect
        self._origin = origin
        self._rng = rng
        self._duration_s = renderer.pace * effect.slowdown * rng.uniform(0.85, 1.15)
        count = int(effect.picture_count or request.picture_count)
        self._file_names = [f"{uuid.uuid4().hex}.png" for _ in range(count)]
        self._pictures: list[bytes] = []
        self._sent_characters = 0

    async def send_response(self) -> None:
        """Raises CancelledError or ConnectionError when the client disconnects."""
        await self._response.start()
        urls = self._publish_references()
        async with self._renderer.acquire_slot(on_full=self._send_queue_line):
            for step in build_timeline(self._request, self._effect, urls, self._rng):
                await self._run_step(step, urls)

    def _publish_references(self) -> ResourceUrls:
        """Re-hosts the references, as the relay does, and fixes the addresses of what is painted later."""
        references: list[str] = []
        for reference in self._request.references:
            name = f"{uuid.uuid4().hex}.{reference.kind.lower()}"
            self._renderer.files.add_file(name, reference.data, reference.media_type)
            references.append(f"{self._origin}/references/{name}")
        task_id = f"task_{uuid.uuid4().hex}"
        return ResourceUrls(
            references=(*references, *self._request.linked_urls),
            preview=f"{self._origin}/previews/{self._file_names[0]}" if self._renderer.previews else None,
            picture=f"{self._origin}/pictures/{self._file_names[0]}",
            task_id=task_id,
            task_page=f"{self._origin}/web/{task_id}",
            task_data=f"{self._origin}/source/{task_id}",
        )

    async def _send_queue_line(self) -> None:
        await self._response.send_delta({"content": queue_line(self._request.is_chinese)})

    async def _run_step(self, step: Step, urls: ResourceUrls) -> None:
        match step:
            case EmitText(text, channel, index):
                self._sent_characters += len(text)
                await self._response.send_delta({channel: text}, index)
            case Wait(share):
                await self._renderer.sleep(self._duration_s * share)
            case RenderPictures():
                await self._render_pictures(urls)
            case EmitResult(result_format, indexed):
                for k, (name, data) in enumerate(zip(self._file_names, self._pictures, strict=True)):
                    fields = await self._result_fields(result_format, name, data)
                    await self._response.send_delta(fields, k if indexed else 0)
            case _:
                await self._send_ending(step)

    async def _render_pictures(self, urls: ResourceUrls) -> None:
        """Paints and publishes the pictures, unless they are there already."""
        if self._pictures:
            return
        width, height = self._request.size
        prompt, quality = split_quality(self._request.prompt)
        references = self._request.references
        spec = PictureSpec(prompt=prompt, references=references, width=width, height=height, quality=quality)
        self._pictures = [await self._renderer.render(spec) for _ in self._file_names]
        for name, data in zip(self._file_names, self._pictures, strict=True):
            if (file := apply_file_fault(self._effect, data)) is not None:
                self._renderer.files.add_file(name, *file)
        if urls.preview:
            preview = await self._renderer.render_preview(self._pictures[0])
            self._renderer.files.add_file(f"preview-{self._file_names[0]}", preview)

    async def _result_fields(self, result_format: str, name: str, data: bytes) -> Mapping[str, object]:
        finished = FinishedPicture(
            link=f"{self._origin}/pictures/{name}",
            download_link=f"{self._origin}/pictures/download/{name}",
            data=data,
            is_chinese=self._request.is_chinese,
        )
        return await self._renderer.run_in_thread(RESULT_FORMATS[result_format], finished)

    async def _send_ending(self, end: EndReply) -> None:
        match end.ending:
            case "error":
                code, message = self._effect.code or "api_error", self._effect.message or "fetch failed"
                await self._response.send_error(error_body(FaultEffect(code=code, message=message)))
            case "cut":
                await self._response.truncate()
            case "quiet":
                await self._renderer.sleep(self._effect.silence_s)
                await self._response.truncate()
            case _:
                await self._response.finish(end.finish_reason, self._token_usage())

    def _token_usage(self) -> dict[str, object]:
        prompt = len(self._request.prompt) // 3 + 1 + 765 * len(self._request.references)
        completion = self._sent_characters // 4 + TOKENS_PER_PICTURE * len(self._pictures)
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
