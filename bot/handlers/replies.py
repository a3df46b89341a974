"""Replies to messages: sent once each, and no more of them than a user and a chat may get.

Knows no requests; the words of a reply are its caller's.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog

from bot.chat import Card, MessageRef
from bot.errors import EaselError, Refusal, TooFast
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.unfinished import PendingRequest
from bot.jobs.service import Requester
from bot.observability.metrics import REFUSALS
from bot.painting import Image
from bot.status.message import FinalState
from bot.status.messages import StatusMessages
from bot.texts import translate_error

log = structlog.get_logger()

MAX_CAPTION_CHARS = 900  # of the words with an image, within any platform's caption; the rest follows
MAX_PENDING_REPLIES = 3  # replies to one user waiting to be sent in one chat; requests beyond get none


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a message is answered with."""

    card: Card
    image: Image | None = None
    """What is shown with the words, where the chat takes images."""
    request: PendingRequest | None = None
    """What was kept of the message, for an answer to this reply."""
    waits: bool = False
    """Whether it is held back until nothing more comes for a moment."""
    edits: MessageRef | None = None
    """The earlier reply that it takes the place of; None: it is a new message."""
    on_posted: Callable[[MessageRef], Awaitable[None]] | None = None
    """Called with the address of a new message."""


class Replies:
    """Sends replies, within limits for each user and chat."""

    def __init__(self, status_messages: StatusMessages, admission: Admission) -> None:
        self._status_messages = status_messages
        self._admission = admission
        self._pending: Counter[tuple[str, str]] = Counter()

    async def send(self, key: str, requester: Requester, reply: Reply, *, part: str = "answer") -> bool:
        """Sends a reply, once for each `part` of the answer to what `key` names. True unless Easel stopped before.
        Replies are limited, unless the platform shows a pending reply, which silence would leave standing."""
        place = (requester.user.key, requester.chat.key)
        if not self._status_messages.shows_pending_reply(requester.chat):
            try:
                self._admission.check_reply(requester.user, requester.chat)
            except TooFast as refusal:
                reply = error_reply(requester, refusal)
            except SuppressReply:
                return True
            if self._pending[place] >= MAX_PENDING_REPLIES:
                log.debug("too many pending replies", user=requester.user.key, chat=requester.chat.key)
                return True
        with self._count(place):
            card = reply.card
            if reply.image is not None:
                shown = await self._post_image(f"{part}:{key}", requester, card, reply.image)
                if shown is None or not shown.text:
                    return shown is not None
                part, card = part if shown is card else f"{part}:rest", shown
            return await self._status_messages.send_reply(
                f"{part}:{key}",
                requester.chat,
                card,
                reply_to=requester.request_id,
                ref=reply.edits,
                on_posted=reply.on_posted,
                private_to=requester.user,
            )

    async def _post_image(self, key: str, requester: Requester, card: Card, image: Image) -> Card | None:
        """Posts an image with as many lines of the card as a caption holds. Returns what is left to say: all of it
        where the chat does not take the image; None: Easel stopped before."""
        caption, rest = split_caption(card.text)

        async def load() -> Sequence[Image]:
            return (image,)

        final = FinalState(card=replace(card, text=caption), load_images=load, image_count=1)
        try:
            posted = await self._status_messages.post_images(key, requester.chat, final, reply_to=requester.request_id)
        except EaselError as failed:
            log.info("answered without its image", chat=requester.chat.key, failure=type(failed).__name__)
            return card
        return None if posted is None else replace(card, text=rest)

    @contextmanager
    def _count(self, key: tuple[str, str]) -> Generator[None]:
        self._pending[key] += 1
        try:
            yield
        finally:
            self._pending[key] -= 1
            if not self._pending[key]:
                del self._pending[key]


def split_caption(text: str) -> tuple[str, str]:
    """The lines of a text that a caption holds, and those that follow."""
    if len(text) <= MAX_CAPTION_CHARS:
        return text, ""
    end = text.rfind("\n", 0, MAX_CAPTION_CHARS)
    return (text[:end], text[end + 1 :]) if end > 0 else ("", text)


def error_reply(requester: Requester, failed: EaselError) -> Reply:
    """The reply that says what failed."""
    return Reply(card=Card(text=translate_error(requester.locale, failed), locale=requester.locale))


def count_failure(failed: EaselError) -> None:
    """Counts a refusal, logs a failure."""
    if isinstance(failed, Refusal):
        REFUSALS.labels(type(failed).__name__).inc()
    else:
        log.error("message failed", failure=type(failed).__name__, detail=failed.detail)
