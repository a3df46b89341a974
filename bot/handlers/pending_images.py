"""Images sent without a prompt, or chosen by Edit: they stay pending for a while for their user's next message.

Stored in the database, so that they outlive a restart in between; fetches no bytes.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from bot.chat import Attachment, Chat, Message, User
from bot.clock import Clock
from bot.errors import StoreFailed
from bot.intake.commands import PAINT_COMMANDS
from bot.stored_values import StoredReader

log = structlog.get_logger()

_HANDLES = StoredReader[tuple[Attachment, ...]](tuple[Attachment, ...])

TTL = timedelta(minutes=10)  # after which a prompt is about something else
KEY_PREFIX = "pending-images:"  # of the keys in the database; `Store.erase_user` deletes by it


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSet:
    """The pending images of one user in one chat."""

    images: tuple[Attachment, ...]
    """Handles of the images, in order."""
    expires_at: datetime
    """When they stop being pending; aware, UTC."""


EMPTY = PendingSet(images=(), expires_at=datetime.min.replace(tzinfo=UTC))


class PendingImageStorage(Protocol):
    """Storage of pending images."""

    async def set_value(self, key: str, value: str) -> None:
        """Keeps a small text under a key, for good. Raises StoreFailed."""
        ...

    async def values_with_prefix(self, prefix: str) -> dict[str, str]:
        """Keys that begin with `prefix`, with their values. Raises StoreFailed."""
        ...

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        """Takes a row out that cannot be read, and keeps it for the operator. Raises StoreFailed."""
        ...


class PendingImages:
    """One set of images for each user of each chat. Memory is authoritative; the database holds a copy for restarts."""

    def __init__(self, storage: PendingImageStorage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._pending: dict[str, PendingSet] = {}

    async def load(self) -> None:
        """Loads the sets of an earlier process. Without the database they are lost; requests go on without them."""
        try:
            values = await self._storage.values_with_prefix(KEY_PREFIX)
        except StoreFailed as failed:
            log.warning("pending images not loaded", detail=failed.detail)
            return
        for key, text in values.items():
            try:
                self._pending[key] = decode_pending(text)
            except (ValueError, TypeError, RecursionError) as unreadable:
                await self._set_aside(key, f"value: {unreadable}")
        self._drop_expired()

    async def set_pending(self, chat: Chat, user: User, images: tuple[Attachment, ...]) -> None:
        """Makes images pending for the user's next message in the chat, in place of any earlier ones."""
        self._drop_expired()
        key = _key(chat, user)
        self._pending[key] = PendingSet(images=images, expires_at=self._clock.now() + TTL)
        await self._save(key, self._pending[key])

    async def clear(self, message: Message) -> None:
        """Deletes the pending images of the message's sender in its chat."""
        key = _key(message.chat, message.sender)
        if self._pending.pop(key, None) is not None:
            await self._save(key, EMPTY)

    def drop_user(self, user: str) -> None:
        """Drops a user's sets from memory; `user`: their key. `Store.erase_user` has deleted them from the database."""
        for key in [key for key in self._pending if key.endswith(f":{user}")]:
            del self._pending[key]

    def attach_to(self, message: Message) -> Message:
        """The message with the images that are pending for it; unchanged where there are none, or it has its own."""
        if not _is_prompt_alone(message):
            return message
        pending = self._pending.get(_key(message.chat, message.sender), EMPTY)
        if not self._is_current(pending):
            return message
        return replace(message, attachments=pending.images, reply_to=None)

    async def _set_aside(self, key: str, reason: str) -> None:
        try:
            await self._storage.set_aside("key_value", (key,), reason)
        except StoreFailed as failed:
            log.warning("waiting pictures not set aside", key=key, detail=failed.detail)

    def _drop_expired(self) -> None:
        self._pending = {key: pending for key, pending in self._pending.items() if self._is_current(pending)}

    def _is_current(self, pending: PendingSet) -> bool:
        """Whether a set has not expired; one that lasts longer than TTL was set by a clock that was ahead."""
        return timedelta() < pending.expires_at - self._clock.now() <= TTL

    async def _save(self, key: str, pending: PendingSet) -> None:
        try:
            await self._storage.set_value(key, encode_pending(pending))
        except StoreFailed as failed:
            log.warning("pending images not saved", detail=failed.detail)


def _key(chat: Chat, user: User) -> str:
    return f"{KEY_PREFIX}{chat.key}:{user.key}"


def _is_prompt_alone(message: Message) -> bool:
    """Whether the message is a prompt for the bot, without images of its own and without a reply to some."""
    first_word = message.text.split(maxsplit=1)[:1]
    replies_to_images = isinstance(message.reply_to, Message) and bool(message.reply_to.attachments)
    if (
        message.attachments
        or replies_to_images
        or not first_word
        or not (message.to_me or message.chat.kind == "direct")
    ):
        return False
    return not first_word[0].startswith("/") or first_word[0][1:].partition("@")[0].lower() in PAINT_COMMANDS


def encode_pending(pending: PendingSet) -> str:
    """A set as JSON: the expiry in ISO 8601, and the handles."""
    return json.dumps([pending.expires_at.isoformat(), [asdict(each) for each in pending.images]])


def decode_pending(text: str) -> PendingSet:
    """The inverse of `encode_pending`. Raises ValueError or TypeError for any other text."""
    expires_at, handles = json.loads(text)
    images = _HANDLES.read(handles)
    return PendingSet(images=images, expires_at=datetime.fromisoformat(expires_at).astimezone(UTC))
