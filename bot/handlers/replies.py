"""Replies to messages: sent once each, and no more of them than a user and a chat may get.

Knows no requests; the words of a reply are its caller's.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from bot.chat import Card, MessageRef
from bot.errors import EaselError, Refusal, TooFast
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.unfinished import PendingRequest
from bot.jobs.service import Requester
from bot.observability.metrics import REFUSALS
from bot.status.messages import StatusMessages
from bot.texts import translate_error

log = structlog.get_logger()

MAX_PENDING_REPLIES = 3  # replies to one user waiting to be sent in one chat; requests beyond get none


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a message is answered with."""

    card: Card
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
            return await self._status_messages.send_reply(
                f"{part}:{key}",
                requester.chat,
                reply.card,
                reply_to=requester.request_id,
                ref=reply.edits,
                on_posted=reply.on_posted,
                private_to=requester.user,
            )

    @contextmanager
    def _count(self, key: tuple[str, str]) -> Generator[None]:
        self._pending[key] += 1
        try:
            yield
        finally:
            self._pending[key] -= 1
            if not self._pending[key]:
                del self._pending[key]


def error_reply(requester: Requester, failed: EaselError) -> Reply:
    """The reply that says what failed."""
    return Reply(card=Card(text=translate_error(requester.locale, failed), locale=requester.locale))


def count_failure(failed: EaselError) -> None:
    """Counts a refusal, logs a failure."""
    if isinstance(failed, Refusal):
        REFUSALS.labels(type(failed).__name__).inc()
    else:
        log.error("message failed", failure=type(failed).__name__, detail=failed.detail)
