"""A chat over lines of TCP, the smallest adapter that paints: the example of adapters/README.md.

The first line of a connection is a name, every other one a prompt; `>m7 TEXT` replies to message m7, `!m7 vary` presses
a button. What the bot says comes as lines, too, and its pictures lie in a folder.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

from aiohttp import web

from bot.chat import Action, Attachment, Budget, Card, Chat, ChatFeatures, Delivered, Lane, Message, User
from bot.chat import MessageRef as Ref
from bot.errors import ChatUnreachable, MessageGone, PictureGone, PictureTooLarge
from bot.painting import Image
from bot.ports import ButtonPress, EventSink

BOT = User(platform="lines", id="bot", name="Easel")
BUTTON = re.compile(rf"!(m\d+) ({'|'.join(Action)})")
REPLY = re.compile(r">(m\d+) (.*)")


class LineChat:
    """A private chat with everybody who connects. What was said is kept in memory, so that a restart forgets it."""

    platform = "lines"
    keeps_requests = False

    def __init__(self, folder: Path) -> None:
        """`folder`: for the pictures; exists."""
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._members: dict[str, asyncio.StreamWriter] = {}  # by name, while they are connected
        self._said: dict[str, Message] = {}  # the bot's messages, by id
        self._ids: dict[str, str] = {}  # of the bot's messages, by the keys of their posts
        self._numbers = count(1)

    # ------------------------------------------------------------ its life

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return ()  # nobody calls on Easel's HTTP server

    async def start(self, events: EventSink) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            name = (await reader.readline()).decode().strip()
            self._members[name] = writer
            while line := (await reader.readline()).decode():
                await self._receive(name, line.strip(), events)
            writer.close()

        self._server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def start_sending(self, events: EventSink) -> None:
        """No-op: nobody but the process that a member is connected to can write to them."""

    async def stop_receiving(self) -> None:
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        for writer in self._members.values():
            writer.close()

    async def problem(self) -> str | None:
        return None if self._server is not None and self._server.is_serving() else "closed"

    # ------------------------------------------------------------ inbound: lines become values of the core

    async def _receive(self, name: str, line: str, events: EventSink) -> None:
        sender, chat = User(platform="lines", id=name, name=name), Chat(platform="lines", id=name, kind="direct")
        event_id, pressed, reply = f"u{next(self._numbers)}", BUTTON.fullmatch(line), REPLY.fullmatch(line)
        if pressed and (shown := self._said.get(pressed[1])):
            ref, action, job = Ref(chat=chat, message_id=shown.id), Action(pressed[2]), shown.job_id or ""
            answer = await events.press_button(
                ButtonPress(id=event_id, message=ref, sender=sender, action=action, job_id=job)
            )
            self._write(chat, answer.text)
        else:
            text, replied = (reply[2], self._said.get(reply[1])) if reply else (line, None)
            await events.receive_message(
                Message(id=event_id, chat=chat, sender=sender, text=text, reply_to=replied, to_me=True)
            )

    # ------------------------------------------------------------ outbound: the ChatPort

    def features(self, chat: Chat) -> ChatFeatures:
        return ChatFeatures()

    def lane(self, chat: Chat, ref: Ref | None, *, image_count: int = 0) -> Lane:
        return Lane(budgets=(Budget(key=chat.key, slots=10, period_s=1.0),), edit_gap_s=0.5)

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> Ref:
        ref = Ref(chat=chat, message_id=self._ids.setdefault(key, f"m{len(self._ids) + 1}"))
        return self._show(ref, card, ())

    async def edit(self, ref: Ref, card: Card) -> None:
        if ref.message_id not in self._said:
            raise MessageGone(detail=f"no message {ref.message_id}")
        self._show(ref, card, self._said[ref.message_id].attachments)

    async def deliver(
        self, chat: Chat, ref: Ref | None, card: Card, images: Sequence[Image], *, reply_to: str | None, key: str
    ) -> Delivered:
        ref = ref or await self.post(chat, card, reply_to=reply_to, key=key)
        files: list[Attachment] = []
        for number, image in enumerate(images, start=1):
            name = f"{ref.message_id}-{number}.{image.media_type.removeprefix('image/')}"
            await asyncio.to_thread((self._folder / name).write_bytes, image.data)
            files.append(Attachment(ref=name, media_type=image.media_type, size=len(image.data)))
        self._show(ref, card, tuple(files))
        return Delivered(ref=ref, attachments=tuple(files))

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        if (attachment.size or 0) > limit:
            raise PictureTooLarge(name=attachment.ref, limit=f"{limit // 1_000_000} MB")
        try:
            return await asyncio.to_thread((self._folder / attachment.ref).read_bytes)
        except OSError as gone:
            raise PictureGone(name=attachment.ref) from gone

    def _show(self, ref: Ref, card: Card, files: tuple[Attachment, ...]) -> Ref:
        job = card.buttons[0].job_id if card.buttons else None
        self._said[ref.message_id] = Message(
            id=ref.message_id, chat=ref.chat, sender=BOT, text=card.text, attachments=files, from_me=True, job_id=job
        )
        rest = [each.ref for each in files] + [f"[{button.action}]" for button in card.buttons]
        self._write(ref.chat, " ".join([ref.message_id, *card.text.split(), *rest]))
        return ref

    def _write(self, chat: Chat, line: str) -> None:
        writer = self._members.get(chat.id)
        if writer is None or writer.is_closing():
            raise ChatUnreachable(detail=f"{chat.id} is not connected")
        writer.write(f"{line}\n".encode())
