"""One reply of the chat dialect from the first line to the last: the script, played at the studio's pace."""

import random
import uuid
from collections.abc import Mapping

from bot.sandbox.chat.progress_formats import RESULT_FORMATS, FinishedPicture, queue_line
from bot.sandbox.chat.request import ChatRequest
from bot.sandbox.chat.response import ResponseWriter
from bot.sandbox.chat.timeline import ResourceUrls, EndReply, RenderPictures, EmitResult, EmitText, Step, Wait, build_timeline
from bot.sandbox.faults import FaultEffect
from bot.sandbox.http_errors import error_body
from bot.sandbox.painting.painter import Order, quality_of
from bot.sandbox.renderer import Studio
from bot.sandbox.served_files import apply_file_fault

TOKENS_PER_PICTURE = 1056  # what OpenAI counts for a square picture of medium quality


class ChatPlayback:
    """`origin`: how the client addresses us, such as `http://127.0.0.1:8080`; the links begin with it."""

    def __init__(
        self, studio: Studio, reply: ResponseWriter, ask: ChatRequest, twist: FaultEffect, *, origin: str, rng: random.Random
    ) -> None:
        self._renderer = studio
        self._response = reply
        self._request = ask
        self._effect = twist
        self._origin = origin
        self._rng = rng
        self._duration_s = studio.pace * twist.slowdown * rng.uniform(0.85, 1.15)
        self._file_names = [f"{uuid.uuid4().hex}.png" for _ in range(int(twist.picture_count or ask.picture_count))]
        self._pictures: list[bytes] = []
        self._sent_characters = 0

    async def send_response(self) -> None:
        """Raises CancelledError or ConnectionError when the client has gone."""
        await self._response.start()
        where = self._publish_references()
        async with self._renderer.place(full=self._send_queue_line):
            for step in build_timeline(self._request, self._effect, where, self._rng):
                await self._run_step(step, where)

    def _publish_references(self) -> ResourceUrls:
        """Re-hosts the references, as the relay does, and names what will be there later."""
        rehosted: list[str] = []
        for reference in self._request.references:
            name = f"{uuid.uuid4().hex}.{reference.kind.lower()}"
            self._renderer.shelf.add_file(name, reference.data, reference.media_type)
            rehosted.append(f"{self._origin}/references/{name}")
        task = f"task_{uuid.uuid4().hex}"
        return ResourceUrls(
            references=(*rehosted, *self._request.linked_urls),
            preview=f"{self._origin}/previews/{self._file_names[0]}" if self._renderer.previews else None,
            picture=f"{self._origin}/pictures/{self._file_names[0]}",
            task_id=task,
            task_page=f"{self._origin}/web/{task}",
            task_data=f"{self._origin}/source/{task}",
        )

    async def _send_queue_line(self) -> None:
        await self._response.send_delta({"content": queue_line(self._request.is_chinese)})

    async def _run_step(self, step: Step, where: ResourceUrls) -> None:
        match step:
            case EmitText(text, channel, index):
                self._sent_characters += len(text)
                await self._response.send_delta({channel: text}, index)
            case Wait(share):
                await self._renderer.sleep(self._duration_s * share)
            case RenderPictures():
                await self._render_pictures(where)
            case EmitResult(name, indexed):
                for k, (picture, data) in enumerate(zip(self._file_names, self._pictures, strict=True)):
                    await self._response.send_delta(await self._result_fields(name, picture, data), k if indexed else 0)
            case _:
                await self._send_ending(step)

    async def _render_pictures(self, where: ResourceUrls) -> None:
        if self._pictures:
            return
        width, height = self._request.size
        prompt, quality = quality_of(self._request.prompt)
        references = self._request.references
        order = Order(prompt=prompt, references=references, width=width, height=height, quality=quality)
        self._pictures = [await self._renderer.paint(order) for _ in self._file_names]
        for name, data in zip(self._file_names, self._pictures, strict=True):
            if (file := apply_file_fault(self._effect, data)) is not None:
                self._renderer.shelf.add_file(name, *file)
        if where.preview:
            preview = await self._renderer.preview(self._pictures[0])
            self._renderer.shelf.add_file(f"preview-{self._file_names[0]}", preview)

    async def _result_fields(self, result: str, name: str, data: bytes) -> Mapping[str, object]:
        finished = FinishedPicture(
            link=f"{self._origin}/pictures/{name}",
            download_link=f"{self._origin}/pictures/download/{name}",
            data=data,
            is_chinese=self._request.is_chinese,
        )
        return await self._renderer.in_thread(RESULT_FORMATS[result], finished)

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
        asked = len(self._request.prompt) // 3 + 1 + 765 * len(self._request.references)
        answered = self._sent_characters // 4 + TOKENS_PER_PICTURE * len(self._pictures)
        return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
