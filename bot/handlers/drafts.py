"""Requests that may still grow or change: the messages that each was read from, and what has come of it so far.

Kept in memory for a while; of a text that its client has cut a note is stored, so that its rest is known after a
restart. What belongs together is decided in `bot.intake.parts`, what a request means in `bot.handlers.messages`.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from cachetools import LRUCache, TTLCache

from bot.chat import Attachment, Chat, DeletedMessage, Message, User
from bot.errors import StoreFailed
from bot.intake.parts import continues_text, goes_on, join, position
from bot.painting import Options
from bot.runtime.clock import Clock, wait_for_event
from bot.store.stored_values import StoredReader

log = structlog.get_logger()

# That words wait for what they are the comment on. Clients send both in one go, mostly 0.1 s apart; bots that wait for
# 80 ms miss some (openclaw/openclaw#97960: "more than 80ms apart"; #6263: "<1s apart"), others wait for 0.2 to 2 s.
FORWARD_HOLD_S = 0.8
CUT_HOLD_S = 1.0  # that a text which was cut waits for its rest, as long as an album waits for a further part
COLLECTED_HOLD_S = (
    7.0  # that words wait for an album that is coming in; at most 5 s after its first part it is complete
)
OPEN_S = 30.0  # that a request is looked at for what goes on with it; its messages' own dates are closer together
READ_S = 600.0  # that messages are remembered, so that their edits are known for what they are
MAX_READ = 5_000  # messages remembered; the oldest are dropped first
EDIT_SPAN = timedelta(minutes=5)  # after it was written, in which an edit turns a message into a request
CUT_PREFIX = "cut-text:"  # of the keys of notes in the database; `Deletions.erase_user` deletes by it
CUT_TTL = timedelta(days=1)  # of a note: so long a platform keeps what it could not deliver


class NoteStorage(Protocol):
    """Storage of notes."""

    async def set_value(self, key: str, value: str) -> None:
        """Keeps a small text under a key, for good. Raises StoreFailed."""
        ...

    async def values_with_prefix(self, prefix: str) -> dict[str, str]:
        """Keys that begin with `prefix`, with their values. Raises StoreFailed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CutNote:
    """What is needed to recognise the rest of a text that its client has cut. No words of it."""

    event: str
    """`Message.event_key` of its first part."""
    id: str
    """Message id of the part that was noted last."""
    room: int
    """As `Message.room`."""
    sent_at: str
    """When that part was written; ISO 8601 with a zone."""
    forwarded: bool
    """As of `Message`."""
    replies_to: str | None
    """Id of the message that it replies to."""

    def stub(self, chat: Chat, sender: User) -> Message:
        """The noted part, without its words."""
        return Message(
            id=self.id,
            chat=chat,
            sender=sender,
            text="",
            room=self.room,
            sent_at=datetime.fromisoformat(self.sent_at),
            forwarded=self.forwarded,
            reply_to=None if self.replies_to is None else DeletedMessage(id=self.replies_to),
        )


_NOTE = StoredReader[CutNote](CutNote)


@dataclass(slots=True, eq=False, kw_only=True)
class Draft:
    """A request, and the messages of one sender that it is read from."""

    event: str
    """Idempotency key of its acceptance."""
    parts: dict[str, Message]
    """By message id; in the order in which they came."""
    job_id: str | None = None
    """The job that it became; None: none yet, or it was refused."""
    earlier_parts: tuple[str, ...] = ()
    """Ids of messages that an earlier process has read for the job."""
    references: tuple[Attachment, ...] = ()
    """References of the job, for a corrected text that brings none itself."""
    mask: Attachment | None = None
    """Mask of the job."""
    options: Options | None = None
    """Options of a job that an earlier process accepted, whose text is known without them."""
    is_late: bool = False
    """Whether it is the rest of a text that was painted without it."""
    is_rest: bool = False
    """Whether it is the rest of a text whose beginning is not there."""
    answered: bool = False
    """Whether it was a command, and is answered for good."""
    replied: bool = False
    """Whether a reply to it was sent: a refusal, or a question."""
    newest_id: str = ""
    """Id of the message that joined or changed last."""
    revision: int = 0
    """Grows with each message that joins or changes it."""
    is_admitted: bool = False
    """Whether it counts as a request already."""
    hold_until: float = 0.0
    """When its refusal may be sent; the clock's monotonic seconds."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when `revision` or `hold_until` has changed."""
    handled: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Result of `EventSink.receive_message` for its messages."""

    @property
    def ordered(self) -> Sequence[Message]:
        """Its messages as they were written."""
        return sorted(self.parts.values(), key=position)

    @property
    def message(self) -> Message:
        """What they say together; with the references of the job, where they bring none themselves."""
        joined = join(self.ordered)
        replied = joined.reply_to
        if not self.references or joined.attachments or (isinstance(replied, Message) and replied.attachments):
            return joined
        return replace(joined, attachments=self.references, mask=self.mask, reply_to=None)

    @property
    def reply_key(self) -> str:
        """Idempotency key of the reply to what they say now."""
        edited_at = self.message.edited_at
        edit = "" if edited_at is None else f":{edited_at.timestamp():.0f}"
        return f"{self.event}{edit}" + (f"+{len(self.parts)}" if len(self.parts) > 1 else "")

    @property
    def is_new_request(self) -> bool:
        """Whether it is to be admitted: what joins or corrects an admitted one is no further request."""
        return not self.is_admitted or (self.newest.edited_at is not None and self.job_id is None)

    @property
    def newest(self) -> Message:
        """The message that joined or changed last."""
        return self.parts[self.newest_id]

    @property
    def further_ids(self) -> tuple[str, ...]:
        """Ids of its messages beside the one that gave it its key."""
        own = (self.event, self.event.rpartition(":")[0])  # a corrected one has the moment of the edit behind it
        return tuple(each.id for each in self.parts.values() if each.event_key not in own)

    def put(self, message: Message) -> None:
        """Adds a message, or puts it in the place of what it was before."""
        self.parts[message.id] = message
        self.newest_id = message.id
        self.revision += 1
        self.replied = False
        if self.handled.done():
            self.handled = asyncio.get_running_loop().create_future()
        self.moved.set()

    def has_news(self, message: Message) -> bool:
        """Whether a message says something that this does not know yet."""
        known = self.parts.get(message.id)
        if known is None:
            return True
        if message.edited_at is None or (known.edited_at is not None and message.edited_at < known.edited_at):
            return False
        if (message.text, message.to_me) != (known.text, known.to_me):
            return True
        return message.edited_at != known.edited_at and _refs(message) != _refs(known)

    def finish(self, *, handled: bool) -> None:
        """Its messages were handled, or not."""
        if not self.handled.done():
            self.handled.set_result(handled)


def _refs(message: Message) -> list[str]:
    return [each.ref for each in message.attachments]


class Drafts:
    """The latest request of each user in each place, and the messages of late."""

    def __init__(self, storage: NoteStorage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._latest: TTLCache[tuple[str, ...], Draft] = TTLCache(MAX_READ, OPEN_S, timer=clock.monotonic)
        self._read: TTLCache[tuple[str, str], Draft] = TTLCache(MAX_READ, READ_S, timer=clock.monotonic)
        self._cut: LRUCache[str, CutNote] = LRUCache(MAX_READ)
        self._albums_due: TTLCache[tuple[str, ...], float] = TTLCache(MAX_READ, COLLECTED_HOLD_S, timer=clock.monotonic)

    async def load(self) -> None:
        """Loads the notes of an earlier process. Without the database they are lost; requests go on without them."""
        try:
            notes = await self._storage.values_with_prefix(CUT_PREFIX)
        except StoreFailed as failed:
            log.warning("notes of cut texts not loaded", detail=failed.detail)
            return
        self._add_stored(notes)

    def forget_saved(self) -> None:
        """Drops the notes, which are stored, and the drafts that nobody works on now: what they have become is stored,
        and other processes may change it."""
        self._cut.clear()
        for kept in (self._latest, self._read):
            for key in [key for key, draft in kept.items() if draft.handled.done()]:
                del kept[key]  # type: ignore[reportArgumentType]  # each key is of its own cache

    async def reload(self, chat: Chat) -> None:
        """Reads the notes of a chat. Raises StoreFailed."""
        self._add_stored(await self._storage.values_with_prefix(f"{CUT_PREFIX}{chat.key}:"))

    def _add_stored(self, notes: Mapping[str, str]) -> None:
        oldest = self._clock.now() - CUT_TTL
        for key, text in notes.items():
            try:
                note = decode_note(text)
            except (ValueError, TypeError, RecursionError):
                log.warning("note of a cut text not read", key=key)
                continue
            if datetime.fromisoformat(note.sent_at) > oldest:
                self._cut[key] = note

    def find(self, message: Message) -> Draft | None:
        """The draft that has the message, as it is or as it was, or else goes on with it."""
        known = self._read.get((message.chat.key, message.id))
        if known is not None or message.edited_at is not None:
            return known
        latest = self.latest(message.chat, message.sender)
        return latest if latest is not None and goes_on(latest.ordered, message) else None

    def latest(self, chat: Chat, user: User) -> Draft | None:
        """The user's latest draft in a place."""
        return self._latest.get(_place(chat, user))

    def open(self, message: Message, event: str | None = None) -> Draft:
        """A new draft, which begins with a message."""
        draft = Draft(event=event or message.event_key, parts={})
        return self.put(draft, message)

    def put(self, draft: Draft, message: Message) -> Draft:
        """A message joins a draft, or changes in it."""
        draft.put(message)
        if message.attachments:
            self._albums_due.pop(_place(message.chat, message.sender), None)
        self._latest[_place(message.chat, message.sender)] = draft
        self._read[(message.chat.key, message.id)] = draft
        return draft

    def remember(self, draft: Draft, message: Message) -> None:
        """Notes what a message of a draft says, although nothing comes of it."""
        draft.parts[message.id] = message
        self._read[(message.chat.key, message.id)] = draft

    def cut_before(self, message: Message) -> CutNote | None:
        """The note of a text whose rest the message is, also one of an earlier process."""
        note = self._cut.get(_note_key(message.chat, message.sender))
        if note is None or not continues_text(note.stub(message.chat, message.sender), message):
            return None
        return note

    async def note_cut(self, draft: Draft) -> None:
        """Stores that the text of a draft was cut, before anything comes of it."""
        last = draft.ordered[-1]
        if last.room is None or last.sent_at is None or not (draft.message.to_me or last.chat.kind == "direct"):
            return
        key = _note_key(last.chat, last.sender)
        self._cut[key] = CutNote(
            event=draft.event,
            id=last.id,
            room=last.room,
            sent_at=last.sent_at.isoformat(),
            forwarded=last.forwarded,
            replies_to=None if last.reply_to is None else last.reply_to.id,
        )
        try:
            await self._storage.set_value(key, encode_note(self._cut[key]))
        except StoreFailed as failed:
            log.warning("note of a cut text not stored", detail=failed.detail)

    def drop_user(self, user: str) -> None:
        """Drops a user's notes and messages; `user`: their key. `Deletions.erase_user` has deleted the stored ones."""
        for key in [key for key in self._cut if key.endswith(f":{user}")]:
            del self._cut[key]
        for kept in (self._latest, self._read):
            for key in [key for key, draft in kept.items() if draft.message.sender.key == user]:
                del kept[key]  # type: ignore[reportArgumentType]  # each key is of its own cache

    def hold(self, draft: Draft, hold_s: float) -> None:
        """The draft's refusal is not sent within `hold_s` seconds from now."""
        draft.hold_until = self._clock.monotonic() + hold_s
        draft.moved.set()

    def expect_album(self, chat: Chat, user: User) -> None:
        """Pictures of a user are coming in, which may belong to words of theirs that are handled just now."""
        self._albums_due[_place(chat, user)] = self._clock.monotonic() + COLLECTED_HOLD_S

    def album_wait_s(self, draft: Draft) -> float:
        """Seconds until no pictures are expected for a draft any more; 0: none are."""
        due = self._albums_due.get(_place(draft.newest.chat, draft.newest.sender), 0.0)
        return max(0.0, due - self._clock.monotonic())

    def is_held(self, draft: Draft) -> bool:
        """Whether the draft's refusal is still held."""
        return draft.hold_until > self._clock.monotonic()

    async def wait_out(self, draft: Draft, revision: int, closing: asyncio.Event) -> bool:
        """Waits until the draft is no longer held. Whether nothing has joined it meanwhile; False also when `closing`
        is set."""
        while draft.revision == revision and not closing.is_set():
            left = draft.hold_until - self._clock.monotonic()
            if left <= 0:
                return True
            draft.moved.clear()
            await wait_for_event(draft.moved, left, self._clock)
        return False

    def close(self) -> None:
        """Nobody waits for a draft any more."""
        for draft in {*self._latest.values(), *self._read.values()}:
            draft.finish(handled=False)
            draft.moved.set()


def _place(chat: Chat, user: User) -> tuple[str, ...]:
    return chat.key, chat.thread_id or "", user.key


def _note_key(chat: Chat, user: User) -> str:
    return f"{CUT_PREFIX}{chat.key}:{user.key}"


def encode_note(note: CutNote) -> str:
    """A note as JSON."""
    return json.dumps(asdict(note))


def decode_note(text: str) -> CutNote:
    """The inverse of `encode_note`. Raises ValueError for any other text."""
    note = _NOTE.read(json.loads(text))
    if datetime.fromisoformat(note.sent_at).tzinfo is None:
        raise ValueError("a date without a zone")
    return note
