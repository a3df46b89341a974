"""One open page: what each of its frames causes, and what it is sent.

A frame that is not understood or cannot be taken gets an `error` and changes nothing.
"""

import asyncio
import json
from typing import Protocol

import structlog

from adapters.playground import people
from adapters.playground.decode import decode_press
from adapters.playground.encode import encode_hello, well_formed
from adapters.playground.house import House
from adapters.playground.offload import off_loop
from adapters.playground.pages import Outbox
from adapters.playground.protocol import (
    FILES,
    AskQuota,
    Click,
    Delete,
    ErrorFrame,
    HistoryFrame,
    PageFrame,
    Relocate,
    Send,
    ServerFrame,
    Start,
    parse,
)
from bot.errors import ChatUnreachable, EaselError, MessageGone, PromptEmpty, TooManyPictures
from bot.texts import choose, explain, say

log = structlog.get_logger()


class Socket(Protocol):
    async def send_str(self, data: str, /) -> None: ...


class Visit:
    def __init__(self, house: House, outbox: Outbox) -> None:
        self._house = house
        self._outbox = outbox
        self._locale: str | None = None
        self._errors = 0

    async def take(self, raw: str) -> None:
        """One frame from the page. Never raises: what goes wrong is said to the page."""
        nonce: str | None = None
        try:
            frame = await off_loop(len(raw), parse, raw)
            nonce = frame.nonce if isinstance(frame, Send | Click) else None
            await self._act(frame)
        except ValueError:
            self.puzzled()
        except EaselError as error:
            if isinstance(error, ChatUnreachable):
                log.exception("playground room failed", detail=error.detail)
            self._refuse(explain(choose(self._locale), error), nonce)
        except Exception:
            log.exception("playground frame failed")
            self._refuse(say(choose(self._locale), EaselError.key), nonce)

    def puzzled(self, nonce: str | None = None) -> None:
        """Something came that is no frame of the protocol."""
        self._refuse(say(choose(self._locale), "page-error-frame"), nonce)

    async def deliver(self, socket: Socket) -> None:
        """Sends what waits, for ever. Ends when the socket does, with its ConnectionError."""
        while True:
            for frame in await self._outbox.take():
                large = frame["type"] == "history"
                await socket.send_str(await asyncio.to_thread(json.dumps, frame) if large else json.dumps(frame))

    # ------------------------------------------------------------ frames

    async def _act(self, frame: PageFrame) -> None:
        if isinstance(frame, Start):
            await self._start(frame)
            return
        if self._locale is None:
            self.puzzled(frame.nonce if isinstance(frame, Send | Click) else None)
            return
        match frame:
            case Relocate():
                self._greet(frame.locale)
            case Send():
                await self._send(frame, self._locale)
            case Click():
                await self._press(frame, self._locale)
            case Delete():
                await self._delete(frame)
            case AskQuota():
                self._house.balances.touch([frame.sender], show=True)

    async def _start(self, frame: Start) -> None:
        self._greet(frame.locale)
        self._house.pages.join(self._outbox)  # before reading: what changes meanwhile is sent twice, not never
        chats = await self._house.room.history()
        for chat, entries in chats.items():  # no await in here: nothing older may overtake what is live
            history: HistoryFrame = {
                "type": "history",
                "chat": chat,
                "messages": [self._house.wire(entry) for entry in entries],
            }
            self._put("history", chat, frame=history)
        self._house.balances.touch((member.id for member in people.MEMBERS), show=True)

    def _greet(self, wish: str) -> None:
        self._locale = choose(wish)
        hello = encode_hello(self._locale, self._house.commands[self._locale], self._house.texts[self._locale])
        self._put("hello", frame=hello)

    async def _send(self, frame: Send, locale: str) -> None:
        if not people.may_write(frame.sender, frame.chat):
            self.puzzled(frame.nonce)
            return
        text = await off_loop(len(frame.text), well_formed, frame.text)
        if not frame.files and not text.strip():
            raise PromptEmpty
        if len(frame.files) > FILES:
            raise TooManyPictures(count=len(frame.files), limit=FILES)
        entry, new = await self._house.room.send(
            sender=frame.sender,
            locale=locale,
            chat=frame.chat,
            text=text,
            files=frame.files,
            reply_to=None if frame.reply_to is None else int(frame.reply_to),
            nonce=frame.nonce,
        )
        self._put("sent", frame.nonce, frame={"type": "sent", "nonce": frame.nonce, "id": str(entry.id)})
        if new:
            self._house.show(entry)
            await self._house.hear(entry.id, frame.sender)

    async def _press(self, frame: Click, locale: str) -> None:
        if not people.may_write(frame.sender, frame.chat):
            self.puzzled(frame.nonce)
            return
        try:
            entry = await self._house.room.entry(int(frame.message))
        except MessageGone:
            await self._house.erase(frame.chat, int(frame.message))
            return
        if entry.chat != frame.chat or entry.sender != people.EASEL:
            self.puzzled(frame.nonce)
            return
        await self._house.inbox.put(frame.sender, lambda: self._click(frame, locale))

    async def _click(self, frame: Click, locale: str) -> None:
        answer = await self._house.reception.press_button(decode_press(frame, locale))
        text = "" if answer.open_reply else well_formed(answer.text)  # the open composer says it already
        self._put("notice", frame.nonce, frame={"type": "notice", "member": frame.sender, "text": text})
        if answer.open_reply:
            self._put(
                "compose",
                frame={
                    "type": "compose",
                    "member": frame.sender,
                    "chat": frame.chat,
                    "reply_to": frame.message,
                },
            )
        self._house.touch(frame.chat)

    async def _delete(self, frame: Delete) -> None:
        if people.place(frame.chat) is None:
            self.puzzled()
            return
        await self._house.erase(frame.chat, int(frame.message))

    # ------------------------------------------------------------ towards the page

    def _put(self, *key: str, frame: ServerFrame) -> None:
        self._outbox.put(key, frame)

    def _refuse(self, text: str, nonce: str | None) -> None:
        self._errors += 1
        frame: ErrorFrame = {"type": "error", "text": text}
        if nonce is not None:
            frame["nonce"] = nonce
        self._put("error", str(self._errors), frame=frame)
