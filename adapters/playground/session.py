"""One websocket session: what each frame of the page causes, and the frames sent to it.

A frame that is not understood or cannot be accepted is answered with `error` and changes nothing.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from adapters.playground import users
from adapters.playground.backend import Backend
from adapters.playground.connections import OutgoingQueue
from adapters.playground.decode import decode_draft, decode_press
from adapters.playground.encode import encode_card, encode_estimate, encode_hello, well_formed
from adapters.playground.offload import run_offloaded
from adapters.playground.protocol import (
    FILES,
    DeleteFrame,
    ErrorFrame,
    EstimateFrame,
    HistoryFrame,
    LocaleFrame,
    PageFrame,
    PressFrame,
    QuotaRequestFrame,
    SendFrame,
    ServerFrame,
    StartFrame,
    parse_frame,
)
from adapters.playground.records import StoredFile, StoredMessage
from bot.errors import ChatUnreachable, EaselError, MessageGone, PromptEmpty, TooManyPictures
from bot.ports import REGION_PATH
from bot.texts import negotiate_locale, translate, translate_error

log = structlog.get_logger()


class Socket(Protocol):
    """The sending half of aiohttp's websocket."""

    async def send_str(self, data: str, /) -> None: ...


class Session:
    """The session of one connected page."""

    def __init__(self, backend: Backend, outgoing: OutgoingQueue) -> None:
        self._backend = backend
        self._outgoing = outgoing
        self._locale: str | None = None
        self._errors = 0

    async def handle_frame(self, raw: str) -> None:
        """Handles one frame from the page. Never raises: a failure becomes an `error` frame."""
        nonce: str | None = None
        try:
            frame = await run_offloaded(len(raw), parse_frame, raw)
            nonce = frame.nonce if isinstance(frame, SendFrame | PressFrame) else None
            await self._dispatch(frame)
        except ValueError:
            self.reject_frame()
        except EaselError as error:
            if isinstance(error, ChatUnreachable):
                log.exception("playground database failed", detail=error.detail)
            self._send_error(translate_error(negotiate_locale(self._locale), error), nonce)
        except Exception:
            log.exception("playground frame failed")
            self._send_error(translate(negotiate_locale(self._locale), EaselError.key), nonce)

    def reject_frame(self, nonce: str | None = None) -> None:
        """Answers something that is no frame of the protocol, or is not allowed."""
        self._send_error(translate(negotiate_locale(self._locale), "page-error-frame"), nonce)

    async def send_frames(self, socket: Socket) -> None:
        """Sends waiting frames for ever. Raises the socket's ConnectionError when the page is gone."""
        while True:
            for frame in await self._outgoing.dequeue_frames():
                is_large = frame["type"] == "history"
                await socket.send_str(await asyncio.to_thread(json.dumps, frame) if is_large else json.dumps(frame))

    # ------------------------------------------------------------ frames

    async def _dispatch(self, frame: PageFrame) -> None:
        if isinstance(frame, StartFrame):
            await self._handle_start(frame)
            return
        if self._locale is None:
            self.reject_frame(frame.nonce if isinstance(frame, SendFrame | PressFrame) else None)
            return
        match frame:
            case LocaleFrame():
                self._send_hello(frame.locale)
            case SendFrame():
                await self._handle_send(frame, self._locale)
            case PressFrame():
                await self._handle_press(frame, self._locale)
            case EstimateFrame():
                await self._handle_estimate(frame, self._locale)
            case DeleteFrame():
                await self._handle_delete(frame)
            case QuotaRequestFrame():
                self._backend.balances.request_update([frame.sender], always_send=True)

    async def _handle_start(self, frame: StartFrame) -> None:
        self._send_hello(frame.locale)
        self._backend.connections.add_queue(
            self._outgoing
        )  # before reading: a change meanwhile is sent twice, not never
        chats = await self._backend.database.load_history()
        for chat, messages in chats.items():  # no await in here: history may not overtake live messages
            history: HistoryFrame = {
                "type": "history",
                "chat": chat,
                "messages": [self._backend.encode_message(stored) for stored in messages],
            }
            self._queue_frame("history", chat, frame=history)
        self._backend.balances.request_update((user.id for user in users.USERS), always_send=True)

    def _send_hello(self, requested: str) -> None:
        self._locale = negotiate_locale(requested)
        hello = encode_hello(
            self._locale,
            self._backend.commands[self._locale],
            self._backend.texts[self._locale],
            max_prompt_chars=self._backend.events.capabilities.max_prompt_chars,
            is_demo=self._backend.is_demo,
        )
        self._queue_frame("hello", frame=hello)

    async def _handle_send(self, frame: SendFrame, locale: str) -> None:
        if not users.may_write(frame.sender, frame.chat):
            self.reject_frame(frame.nonce)
            return
        text = await run_offloaded(len(frame.text), well_formed, frame.text)
        if not frame.files and not text.strip():
            raise PromptEmpty
        if len(frame.files) > FILES:
            raise TooManyPictures(count=len(frame.files), limit=FILES)
        stored, is_new = await self._backend.database.add_user_message(
            sender=frame.sender,
            locale=locale,
            chat=frame.chat,
            text=text,
            files=frame.files,
            reply_to=None if frame.reply_to is None else int(frame.reply_to),
            reply_file=frame.reply_file,
            nonce=frame.nonce,
        )
        self._queue_frame("sent", frame.nonce, frame={"type": "sent", "nonce": frame.nonce, "id": str(stored.id)})
        if is_new:
            self._backend.broadcast_message(stored)
            await self._backend.forward_to_core(stored.id, frame.sender)

    async def _handle_press(self, frame: PressFrame, locale: str) -> None:
        if not users.may_write(frame.sender, frame.chat):
            self.reject_frame(frame.nonce)
            return
        try:
            stored = await self._backend.database.get_message(int(frame.message))
        except MessageGone:
            await self._backend.delete_message(frame.chat, int(frame.message))
            return
        is_shown = frame.file is None or any(file.id == frame.file for file in stored.files)
        if stored.chat != frame.chat or stored.sender != users.BOT_ID or not is_shown:
            self.reject_frame(frame.nonce)
            return
        await self._backend.work_queues.add_work(frame.sender, lambda: self._press_button(frame, locale, stored.files))

    async def _press_button(self, frame: PressFrame, locale: str, files: Sequence[StoredFile]) -> None:
        reply = await self._backend.events.press_button(decode_press(frame, locale, files))
        # an open composer or page says it already
        text = "" if reply.open_reply or reply.page is not None else well_formed(reply.text)
        self._queue_frame("notice", frame.nonce, frame={"type": "notice", "user": frame.sender, "text": text})
        if reply.page is not None:
            url = f"{REGION_PATH}#{reply.page.token}"
            self._queue_frame("page", frame={"type": "page", "user": frame.sender, "url": url})
        if reply.comparison is not None:
            self._queue_frame(
                "compare",
                frame={
                    "type": "compare",
                    "user": frame.sender,
                    "chat": frame.chat,
                    "before": reply.comparison.before.ref,
                    "after": reply.comparison.after.ref,
                },
            )
        if reply.card is not None:
            self._queue_frame("card", frame.sender, frame=encode_card(reply.card, frame))
        if reply.open_reply:
            self._queue_frame(
                "compose",
                frame={
                    "type": "compose",
                    "user": frame.sender,
                    "chat": frame.chat,
                    "reply_to": frame.message,
                    "file": frame.file,
                },
            )
        self._backend.update_balances(frame.chat)

    async def _handle_estimate(self, frame: EstimateFrame, locale: str) -> None:
        if not users.may_write(frame.sender, frame.chat):
            self.reject_frame(frame.nonce)
            return
        replied: StoredMessage | None = None
        if frame.reply_to is not None:
            with suppress(MessageGone):
                replied = await self._backend.database.get_message(int(frame.reply_to))
        estimate = await self._backend.events.estimate(decode_draft(frame, replied, locale))
        self._queue_frame("estimate", frame=encode_estimate(frame, estimate, locale))

    async def _handle_delete(self, frame: DeleteFrame) -> None:
        if users.find_chat(frame.chat) is None:
            self.reject_frame()
            return
        await self._backend.delete_message(frame.chat, int(frame.message))

    # ------------------------------------------------------------ to the page

    def _queue_frame(self, *key: str, frame: ServerFrame) -> None:
        self._outgoing.enqueue_frame(key, frame)

    def _send_error(self, text: str, nonce: str | None) -> None:
        self._errors += 1
        frame: ErrorFrame = {"type": "error", "text": text}
        if nonce is not None:
            frame["nonce"] = nonce
        self._queue_frame("error", str(self._errors), frame=frame)
