"""One reply of the chat dialect from the first line to the last: the script, played at the studio's pace."""

import random
import uuid
from collections.abc import Mapping

from bot.sandbox.chat import Ask
from bot.sandbox.faults import Twist
from bot.sandbox.forms import RESULTS, Finished, queue_line
from bot.sandbox.painter import Order, quality_of
from bot.sandbox.reply import Reply, error_body
from bot.sandbox.script import Addresses, End, Paint, Result, Say, Step, Wait, script
from bot.sandbox.studio import Studio

TOKENS_A_PICTURE = 1056  # what OpenAI counts for a square picture of medium quality
PAGE = b"<!doctype html><title>Sorry</title><h1>This link needs a login</h1>"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


class Performance:
    """`origin`: how the client addresses us, such as `http://127.0.0.1:8080`; the links begin with it."""

    def __init__(
        self, studio: Studio, reply: Reply, ask: Ask, twist: Twist, *, origin: str, dice: random.Random
    ) -> None:
        self._studio = studio
        self._reply = reply
        self._ask = ask
        self._twist = twist
        self._origin = origin
        self._dice = dice
        self._pace = studio.pace * twist.slower * dice.uniform(0.85, 1.15)
        self._names = [f"{uuid.uuid4().hex}.png" for _ in range(int(twist.pictures or ask.pictures))]
        self._pictures: list[bytes] = []
        self._said = 0

    async def play(self) -> None:
        """Raises CancelledError or ConnectionError when the client has gone."""
        await self._reply.open()
        where = self._addresses()
        async with self._studio.place(full=self._queue):
            for step in script(self._ask, self._twist, where, self._dice):
                await self._step(step, where)

    def _addresses(self) -> Addresses:
        """Re-hosts the references, as the relay does, and names what will be there later."""
        rehosted: list[str] = []
        for reference in self._ask.references:
            name = f"{uuid.uuid4().hex}.{reference.kind.lower()}"
            self._studio.shelf.put(name, reference.data, reference.media_type)
            rehosted.append(f"{self._origin}/references/{name}")
        task = f"task_{uuid.uuid4().hex}"
        return Addresses(
            references=(*rehosted, *self._ask.linked),
            preview=f"{self._origin}/previews/{self._names[0]}" if self._studio.previews else None,
            last=f"{self._origin}/pictures/{self._names[0]}",
            task=task,
            web=f"{self._origin}/web/{task}",
            source=f"{self._origin}/source/{task}",
        )

    async def _queue(self) -> None:
        await self._reply.say({"content": queue_line(self._ask.chinese)})

    async def _step(self, step: Step, where: Addresses) -> None:
        match step:
            case Say(text, channel, index):
                self._said += len(text)
                await self._reply.say({channel: text}, index)
            case Wait(share):
                await self._studio.sleep(self._pace * share)
            case Paint():
                await self._paint(where)
            case Result(name, indexed):
                for k, (picture, data) in enumerate(zip(self._names, self._pictures, strict=True)):
                    await self._reply.say(await self._handed(name, picture, data), k if indexed else 0)
            case _:
                await self._end(step)

    async def _paint(self, where: Addresses) -> None:
        if self._pictures:
            return
        width, height = self._ask.size
        prompt, quality = quality_of(self._ask.prompt)
        references = self._ask.references
        order = Order(prompt=prompt, references=references, width=width, height=height, quality=quality)
        self._pictures = [await self._studio.paint(order) for _ in self._names]
        for name, data in zip(self._names, self._pictures, strict=True):
            if (file := served(self._twist, data)) is not None:
                self._studio.shelf.put(name, *file)
        if where.preview:
            preview = await self._studio.preview(self._pictures[0])
            self._studio.shelf.put(f"preview-{self._names[0]}", preview)

    async def _handed(self, result: str, name: str, data: bytes) -> Mapping[str, object]:
        finished = Finished(
            link=f"{self._origin}/pictures/{name}",
            download=f"{self._origin}/pictures/download/{name}",
            data=data,
            chinese=self._ask.chinese,
        )
        return await self._studio.in_thread(RESULTS[result], finished)

    async def _end(self, end: End) -> None:
        match end.how:
            case "error":
                code, message = self._twist.code or "api_error", self._twist.message or "fetch failed"
                await self._reply.error(error_body(Twist(code=code, message=message)))
            case "cut":
                await self._reply.cut()
            case "quiet":
                await self._studio.sleep(self._twist.seconds)
                await self._reply.cut()
            case _:
                await self._reply.done(end.finish, self._usage())

    def _usage(self) -> dict[str, object]:
        asked = len(self._ask.prompt) // 3 + 1 + 765 * len(self._ask.references)
        answered = self._said // 4 + TOKENS_A_PICTURE * len(self._pictures)
        return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def served(twist: Twist, data: bytes) -> tuple[bytes, str] | None:
    """What stands behind the picture's link; None: nothing."""
    table = {
        "png": (data, "image/png"),
        "broken": (data[: len(data) // 2], "image/png"),
        "svg": (DRAWING, "image/svg+xml"),
        "html": (PAGE, "text/html"),
        "gone": None,
    }
    return table[twist.served]
