"""Unfinished requests of every user and chat, by the messages of the bot that an answer may reply to.

Stored in the database, so that they outlive a restart in between, and another process finds them that handles the chat
next; what they mean is `bot.handlers.unfinished`'s.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from bot.chat import Chat, Message, User
from bot.errors import StoreFailed
from bot.handlers.unfinished import PendingRequest, is_answer, message_order
from bot.intake.parser import take_apart
from bot.runtime.clock import Clock
from bot.store.stored_values import StoredReader

log = structlog.get_logger()

_REQUESTS = StoredReader[tuple[PendingRequest, ...]](tuple[PendingRequest, ...])

TTL = timedelta(minutes=10)  # after which words are about something else, and pictures are dropped
QUESTION_TTL = timedelta(days=1)  # during which a reply to a question is known to be an answer
MAX_REQUESTS = 10  # of one user in one chat; the oldest are dropped
SWEEP_EVERY = timedelta(minutes=1)
KEY_PREFIX = "pending-requests:"  # of the keys in the database; `Deletions.erase_user` deletes by it


class PendingRequestStorage(Protocol):
    """Storage of pending requests. Every method raises StoreFailed."""

    async def set_value(self, key: str, value: str) -> None:
        """Keeps a small text under a key, for good."""
        ...

    async def delete_key(self, key: str) -> None: ...

    async def values_with_prefix(self, prefix: str) -> dict[str, str]:
        """Keys that begin with `prefix`, with their values."""
        ...

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        """Takes a row out that cannot be read, and keeps it for the operator."""
        ...


class PendingRequests:
    """The requests of each user in each chat. Memory is authoritative; the database holds a copy for restarts."""

    def __init__(self, storage: PendingRequestStorage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._requests: dict[str, tuple[PendingRequest, ...]] = {}  # oldest first
        self._unsaved: set[str] = set()  # keys of requests of which the database does not know the latest
        self._stale: set[str] = set()  # keys of requests that another process may have changed
        self._swept_at = datetime.min.replace(tzinfo=UTC)

    async def load(self) -> None:
        """Loads those of an earlier process. Without the database they are lost; others go on without them."""
        try:
            values = await self._storage.values_with_prefix(KEY_PREFIX)
        except StoreFailed as failed:
            log.warning("pending requests not loaded", detail=failed.detail)
            return
        await self._add_stored(values)
        await self._drop_expired()

    def forget_saved(self) -> None:
        """Other processes may change from now on what is in the database: nothing of it is written again before it was
        read, unless whoever works on it just now changes it."""
        self._stale = self._requests.keys() - self._unsaved

    async def reload(self, chat: Chat) -> None:
        """Reads those of a chat. Raises StoreFailed."""
        prefix = f"{KEY_PREFIX}{chat.key}:"
        values = await self._storage.values_with_prefix(prefix)
        for key in [key for key in self._stale if key.startswith(prefix)]:
            self._stale.discard(key)
            self._requests.pop(key, None)
        await self._add_stored({key: text for key, text in values.items() if key not in self._unsaved})

    async def delete_expired(self) -> None:
        """Deletes stored ones past QUESTION_TTL, of whatever process: nobody may have come back to their chats. Raises
        StoreFailed."""
        now = self._clock.now()
        for key, text in (await self._storage.values_with_prefix(KEY_PREFIX)).items():
            try:
                is_old = all(abs(now - each.asked_at) >= QUESTION_TTL for each in decode_requests(text))
            except (ValueError, TypeError, RecursionError) as unreadable:
                await self._set_aside(key, f"value: {unreadable}")
                continue
            if is_old:
                await self._delete(key)

    async def _add_stored(self, values: Mapping[str, str]) -> None:
        for key, text in values.items():
            try:
                self._requests[key] = decode_requests(text)
            except (ValueError, TypeError, RecursionError) as unreadable:
                await self._set_aside(key, f"value: {unreadable}")

    # ------------------------------------------------------------ looking up

    def find_answered(self, message: Message) -> PendingRequest | None:
        """The request that a message answers. None: it is a request of its own, or none."""
        reply, mine = message.reply_to, self._known(_key(message.chat, message.sender))
        if isinstance(reply, Message) and reply.from_me and not reply.attachments:
            asked = next((each for each in mine if reply.id in each.questions), None)
            return asked or self._find_others(message.chat, reply.id) or self._find_unasked(mine)
        if not mine or (reply is not None and (not isinstance(reply, Message) or reply.attachments)):
            return None
        parts, latest = take_apart(message), self._newest_open(mine)
        if parts is None or latest is None:
            return None
        return latest if is_answer(latest, parts, message, self._clock.now()) else None

    def is_question(self, chat: Chat, message_id: str) -> bool:
        """Whether a message is the bot's question to anybody in a chat."""
        return self._find_others(chat, message_id) is not None

    def get(self, chat: Chat, user: User, request_id: str) -> PendingRequest | None:
        """A request by its id."""
        return next((each for each in self._known(_key(chat, user)) if each.id == request_id), None)

    def find_kept(self, message: Message) -> PendingRequest | None:
        """The request with the pictures of a message."""
        known = self._known(_key(message.chat, message.sender))
        return next((each for each in known if any(one.message == message.id for one in each.pictures)), None)

    # ------------------------------------------------------------ changes

    async def put(self, chat: Chat, user: User, request: PendingRequest, *, is_saved: bool = True) -> None:
        """Adds a request, or replaces the one with its id; it is the newest then. `is_saved`: also in the database."""
        await self._drop_expired()
        key = _key(chat, user)
        others = [each for each in self._known(key) if each.id != request.id]
        self._requests[key] = (*others, request)[-MAX_REQUESTS:]
        self._unsaved.add(key)
        self._stale.discard(key)
        if is_saved:
            await self._save(key)

    async def add_question(self, chat: Chat, user: User, request_id: str, question: str, *, is_editable: bool) -> None:
        """Notes the id of a message of the bot that asks about a request. `is_editable`: whether it can be edited."""
        if (request := self.get(chat, user, request_id)) is not None:
            asked = replace(request, questions=(*request.questions, question), is_editable=is_editable)
            key = _key(chat, user)
            self._requests[key] = tuple(asked if each.id == request_id else each for each in self._known(key))
            await self._save(key)

    async def mark_answered(self, message: Message) -> None:
        """The message was painted: what its sender was asked about before is answered by replies only."""
        key, order = _key(message.chat, message.sender), message_order(message.id)
        known = self._known(key)
        changed = tuple(
            replace(each, is_answered=True) if message_order(each.latest) <= order else each for each in known
        )
        if changed != known:
            self._requests[key] = changed
            await self._save(key)

    async def move_chat(self, old: Chat, new: Chat) -> None:
        """Gives a chat another identity: what is pending there goes along."""
        before = f"{KEY_PREFIX}{old.key}:"
        for key in [key for key in self._requests if key.startswith(before)]:
            moved = f"{KEY_PREFIX}{new.key}:{key.removeprefix(before)}"
            self._requests[moved] = self._requests.pop(key)
            await self._save(moved)
            await self._delete(key)

    def drop_user(self, user: str) -> None:
        """Drops a user's requests from memory; `user`: their key. `Deletions.erase_user` has deleted them from the
        database."""
        for key in [key for key in self._requests if key.endswith(f":{user}")]:
            del self._requests[key]
            self._unsaved.discard(key)
            self._stale.discard(key)

    # ------------------------------------------------------------ within

    def _known(self, key: str) -> tuple[PendingRequest, ...]:
        """The requests under a key that are not forgotten yet; those past their time without their pictures."""
        now = self._clock.now()
        known = (each for each in self._requests.get(key, ()) if timedelta() <= now - each.asked_at < QUESTION_TTL)
        return tuple(each if now - each.asked_at < TTL else _without_contents(each) for each in known)

    def _newest_open(self, requests: Iterable[PendingRequest]) -> PendingRequest | None:
        now = self._clock.now()
        found = [each for each in requests if not each.is_answered and now - each.asked_at < TTL]
        return found[-1] if found else None

    def _find_unasked(self, mine: Sequence[PendingRequest]) -> PendingRequest | None:
        """The newest request whose question is not known by its id, as the process ended before it knew."""
        newest = self._newest_open(mine)
        return newest if newest is not None and not newest.questions else None

    def _find_others(self, chat: Chat, question: str) -> PendingRequest | None:
        """A request that somebody else in the chat was asked about, with the pictures that everybody there can see."""
        prefix = f"{KEY_PREFIX}{chat.key}:"
        for key in self._requests:
            if key.startswith(prefix):
                for each in self._known(key):
                    if question in each.questions:
                        return _without_contents(each) if each.is_private else each
        return None

    async def _drop_expired(self) -> None:
        now = self._clock.now()
        if abs(now - self._swept_at) < SWEEP_EVERY:
            return
        self._swept_at = now
        for key in list(self._requests):
            known = self._known(key)
            if known and key in self._stale:
                continue
            if known and known != self._requests[key]:
                self._requests[key] = known
                await self._save(key)
            elif not known:
                del self._requests[key]
                self._unsaved.discard(key)
                if key in self._stale:
                    self._stale.discard(key)
                else:
                    await self._delete(key)

    async def _set_aside(self, key: str, reason: str) -> None:
        try:
            await self._storage.set_aside("key_value", (key,), reason)
        except StoreFailed as failed:
            log.warning("pending request not set aside", key=key, detail=failed.detail)

    async def _save(self, key: str) -> None:
        try:
            self._unsaved.add(key)
            self._stale.discard(key)
            known = self._known(key)
            await self._storage.set_value(key, encode_requests(known))
            if self._known(key) == known:
                self._unsaved.discard(key)
        except StoreFailed as failed:
            log.warning("pending request not saved", detail=failed.detail)

    async def _delete(self, key: str) -> None:
        try:
            await self._storage.delete_key(key)
        except StoreFailed as failed:
            log.warning("pending request not deleted", detail=failed.detail)


def _key(chat: Chat, user: User) -> str:
    """Of a user in a chat, and there in a topic: what is said in another one is about something else."""
    topic = f"topic {chat.thread_id}:" if chat.is_topic and chat.thread_id is not None else ""
    return f"{KEY_PREFIX}{chat.key}:{topic}{user.key}"


def _without_contents(request: PendingRequest) -> PendingRequest:
    return replace(request, words="", edits=False, pictures=(), mask=None, options={})


def encode_requests(requests: Sequence[PendingRequest]) -> str:
    """Requests as JSON; moments in ISO 8601."""
    return json.dumps([asdict(each) for each in requests], default=datetime.isoformat)


def decode_requests(text: str) -> tuple[PendingRequest, ...]:
    """The inverse of `encode_requests`. Raises ValueError or TypeError for any other text."""
    requests = _REQUESTS.read(json.loads(text))
    if any(each.asked_at.tzinfo is None for each in requests):
        raise ValueError("a moment without a time zone")
    return requests
