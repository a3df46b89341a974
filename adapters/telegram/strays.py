"""Finds messages whose post was accepted but whose id was lost: by a kill, or with a connection that broke.

Telegram takes no idempotency key and lists no messages, but message ids rise: the highest known one is noted before a
post, and afterwards an edit is tried on those that follow. A message of anybody else refuses it, and stays unchanged.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import structlog
import telegram
from cachetools import LRUCache
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from adapters.telegram.api import call_api
from adapters.telegram.encode import WORD_JOINER
from adapters.telegram.errors import NOT_MODIFIED, CallRejected, GroupMigrated, OutcomeUnknown
from adapters.telegram.ids import PLATFORM
from adapters.telegram.message_ids import MAX_SEQUENCES, MessageIds, sequence_key
from bot.errors import ChatUnreachable, MessageGone, StillSearching, StoreFailed
from bot.ports import AdapterStorage, PostIntents
from bot.store.stored_values import StoredReader

log = structlog.get_logger()

# Ids that are tried for one post, each by one call of the chat's budget: an earlier process's, and one of this process,
# which knows the ids of that moment well.
MAX_PROBES, MAX_OWN_PROBES = 20, 5
MAX_PREPARED = 100  # posts whose intents the core has saved; of one that is forgotten the intent is saved once more
MARK = InlineKeyboardMarkup([[InlineKeyboardButton("…", callback_data="easel:stray")]])  # where a post had no buttons


@dataclass(frozen=True, slots=True, kw_only=True)
class PostIntent:
    """What is known of a post before it is made."""

    chat: int
    """`chat_id`."""
    after: int
    """The highest message id known before; its own is above."""
    reply_to: int | None
    """Id of the message that it replies to."""
    keyboard: dict[str, Any] | None = None
    """Its buttons, which name the job; JSON of an InlineKeyboardMarkup."""
    album: int = 0
    """Number of images that it has below another message, without text and buttons; 0: it is no album."""


_POST_INTENT = StoredReader[PostIntent](PostIntent)


@dataclass(slots=True, kw_only=True)
class _Search:
    intent: PostIntent
    restarted: bool
    """The post is an earlier process's."""
    precedes_ours: bool = True
    """Whatever this process posts comes after it."""
    candidates: deque[int] | None = None
    """Ids still to be tried, rising; None before the first look."""
    found: int | None = None
    """Id of the message."""
    album: list[telegram.Message] = field(default_factory=list[telegram.Message])
    """The found images of an album."""


class PostStorage(AdapterStorage, PostIntents, Protocol):
    """The parts of the database that this search uses."""


class StrayFinder:
    """Notes posts before they are made, and finds those whose id was lost. Every search makes one call at a time, and
    raises StillSearching after it, so that the core paces them."""

    def __init__(self, bot: telegram.Bot, storage: PostStorage, ids: MessageIds) -> None:
        self._bot = bot
        self._storage = storage
        self._ids = ids
        self._intents: dict[str, PostIntent] = {}  # of posts under way
        self._prepared: LRUCache[str, PostIntent] = LRUCache(MAX_PREPARED)
        self._searches: dict[str, _Search] = {}
        self._found: set[tuple[int, int]] = set()  # chats and ids
        # The first id that a post of this process got, by sequence.
        self._first_sent: LRUCache[str, int] = LRUCache(MAX_SEQUENCES)

    async def load(self, job_id: str | None = None) -> None:
        """Reads the posts that an earlier process was about to make, or for one job another process that has gone. A
        database that is away is logged."""
        try:
            intents = await self._storage.post_intents(PLATFORM)
        except StoreFailed as failed:
            log.warning("posts of before not read", detail=failed.detail)
            return
        for key, fields in intents.items():
            if job_id is not None and key.partition(":")[0] != job_id:
                continue
            try:
                intent = _POST_INTENT.read(fields)
            except (ValueError, TypeError):
                await self._set_aside(key)
                continue
            self._ids.record_own(intent.chat, intent.after)
            self._searches[key] = _Search(intent=intent, restarted=True, precedes_ours=job_id is None)

    async def _set_aside(self, key: str) -> None:
        try:
            await self._storage.set_aside("post_intent", (PLATFORM, key), "body: of no known shape")
        except StoreFailed as failed:
            log.warning("post of before not set aside", key=key, detail=failed.detail)

    # ------------------------------------------------------------ around a post

    async def note_post(
        self,
        key: str,
        chat: int,
        *,
        reply_to: str | None,
        keyboard: InlineKeyboardMarkup | None = None,
        album: int = 0,
    ) -> None:
        """Notes a post that is about to be made, unless that was prepared and no other message came meanwhile. A
        database that is away is logged: the post is made all the same."""
        intent = self._make_intent(chat, reply_to, keyboard, album)
        self._searches.pop(key, None)
        self._intents[key] = intent
        if self._prepared.pop(key, None) == intent:
            return
        try:
            await self._storage.save_post_intent(PLATFORM, key, asdict(intent))
        except StoreFailed as failed:
            log.warning("post not noted", key=key, detail=failed.detail)

    def prepare_post(
        self, key: str, chat: int, *, reply_to: str | None, keyboard: InlineKeyboardMarkup | None
    ) -> Mapping[str, Any]:
        """What `note_post` would save, which the caller saves instead."""
        intent = self._prepared[key] = self._make_intent(chat, reply_to, keyboard, 0)
        return asdict(intent)

    def _make_intent(
        self, chat: int, reply_to: str | None, keyboard: InlineKeyboardMarkup | None, album: int
    ) -> PostIntent:
        replied = int(reply_to) if reply_to is not None and reply_to.isdecimal() else None
        return PostIntent(
            chat=chat,
            after=max(self._ids.highest(chat), replied or 0),
            reply_to=replied,
            keyboard=None if keyboard is None else keyboard.to_dict(),
            album=album,
        )

    def note_sent(self, key: str, message: telegram.Message) -> None:
        """The post was made, and this is its message."""
        self._intents.pop(key, None)
        self.note_message(message)

    def note_message(self, message: telegram.Message) -> None:
        """A message of the bot's."""
        self._ids.record_own(message.chat.id, message.message_id)
        self._first_sent.setdefault(sequence_key(message.chat.id), message.message_id)

    def note_failed(self, key: str, failure: BaseException) -> None:
        """The post brought no message. Where it may have been made all the same, the next call looks for it."""
        intent = self._intents.pop(key, None)
        if intent is not None and isinstance(failure, OutcomeUnknown):
            self._searches[key] = _Search(intent=intent, restarted=False)

    # ------------------------------------------------------------ searches

    async def find_post(self, key: str, chat: int) -> int | None:
        """The id of the message that an earlier call has posted; None: there is none.

        Raises StillSearching, ChatFailed, and as `call_api`.
        """
        search = self._searches.get(key)
        if search is None or search.intent.album or search.found is not None:
            return None if search is None else search.found
        candidate = await self._next_candidate(key, search, chat)
        if candidate is None:
            return None
        await self._try_buttons(search, candidate)
        raise StillSearching(detail=f"{chat}/{candidate}")

    async def find_albums(self, prefix: str, chat: int) -> None:
        """Looks for the albums that an earlier call has posted, whose keys begin with `prefix`; `found_album` has them.

        Raises StillSearching, ChatFailed, and as `call_api`.
        """
        for key, search in list(self._searches.items()):
            if not (key.startswith(prefix) and search.intent.album) or len(search.album) == search.intent.album:
                continue
            candidate = await self._next_candidate(key, search, chat)
            if candidate is not None:
                await self._try_caption(search, candidate)
                raise StillSearching(detail=f"{chat}/{candidate}")

    def found_album(self, key: str) -> Sequence[telegram.Message]:
        """The messages of an album that was found, in order; none when it was not."""
        search = self._searches.get(key)
        return () if search is None or len(search.album) != search.intent.album else search.album

    async def _next_candidate(self, key: str, search: _Search, chat: int) -> int | None:
        """The next id to be tried. None: the search is over, and nothing was found."""
        if search.candidates is None:
            search.candidates = await self._candidates(search)
        is_bounded = search.restarted and search.precedes_ours
        end = self._first_sent.get(sequence_key(chat)) if is_bounded else None
        while search.intent.chat == chat and search.candidates:
            candidate = search.candidates[0]
            if end is not None and candidate >= end:
                break
            if (chat, candidate) not in self._found and not self._ids.is_foreign(chat, candidate):
                return candidate
            search.candidates.popleft()
        del self._searches[key]
        log.info("no message of before found", chat=chat, after=search.intent.after)
        return None

    async def _candidates(self, search: _Search) -> deque[int]:
        """The ids that the post may have got, without those of messages that jobs know in the same sequence."""
        intent, most = search.intent, MAX_PROBES if search.restarted else MAX_OWN_PROBES
        ids = range(intent.after + 1, intent.after + 1 + most + intent.album)
        try:
            known = await self._storage.job_messages(PLATFORM, [str(each) for each in ids])
        except StoreFailed as failed:
            raise ChatUnreachable(detail=f"messages of before not looked up: {failed.detail}") from failed
        sequence = sequence_key(intent.chat)
        taken = {message for chat, message in known if _chat_id(chat) and sequence_key(_chat_id(chat)) == sequence}
        return deque(each for each in ids if str(each) not in taken)

    async def _try_buttons(self, search: _Search, candidate: int) -> None:
        """Gives a message the buttons of the post: that which has them already is the one."""
        intent = search.intent
        keyboard = MARK if intent.keyboard is None else InlineKeyboardMarkup.de_json(dict(intent.keyboard), self._bot)
        try:
            edited = await self._edit(search, candidate, keyboard=keyboard)
        except CallRejected as rejected:
            if NOT_MODIFIED in rejected.description:
                self._set_found(search, candidate)
            return
        if edited is None:
            return
        if (owner := self._owner(search, edited)) is not None:
            self._set_found(owner, candidate)
            return
        log.info("another message of the bot", chat=intent.chat, message=candidate)
        try:  # an answer to a command, which has no buttons
            await self._edit(search, candidate, keyboard=None)
        except CallRejected as rejected:
            log.warning("buttons not removed", chat=intent.chat, detail=rejected.description)

    async def _try_caption(self, search: _Search, candidate: int) -> None:
        """Gives an image an invisible caption, since only then Telegram says what the message is."""
        try:
            edited = await self._edit(search, candidate, caption=WORD_JOINER)
        except CallRejected:
            return  # a text
        if edited is not None and _replied_id(edited) == search.intent.reply_to:
            self._set_found(search, candidate)
            search.album.append(edited)

    async def _edit(
        self,
        search: _Search,
        candidate: int,
        *,
        keyboard: InlineKeyboardMarkup | None = None,
        caption: str | None = None,
    ) -> telegram.Message | None:
        """None: there is no such message of the bot. Raises CallRejected, ChatFailed."""
        target: dict[str, Any] = {"chat_id": search.intent.chat, "message_id": candidate}
        try:
            edited = await call_api(
                lambda: (
                    self._bot.edit_message_reply_markup(reply_markup=keyboard, **target)
                    if caption is None
                    else self._bot.edit_message_caption(caption=caption, **target)
                )
            )
        except MessageGone:
            edited = None
        except OutcomeUnknown as unknown:
            raise ChatUnreachable(detail=unknown.detail) from unknown
        except GroupMigrated:
            edited = None  # what was posted before is left behind
        except CallRejected:
            self._pop(search, candidate)
            raise
        self._pop(search, candidate)
        return edited if isinstance(edited, telegram.Message) else None

    @staticmethod
    def _pop(search: _Search, candidate: int) -> None:
        if search.candidates and search.candidates[0] == candidate:
            search.candidates.popleft()

    def _owner(self, search: _Search, message: telegram.Message) -> _Search | None:
        """The search whose post replies to the same message. Of several any will do: each finds one of them."""
        replied = _replied_id(message)
        alike = [
            each
            for each in (search, *self._searches.values())
            if not each.intent.album and each.found is None and each.intent.chat == message.chat.id
        ]
        return next((each for each in alike if replied is not None and each.intent.reply_to == replied), None)

    def _set_found(self, search: _Search, candidate: int) -> None:
        log.info("message of before found", chat=search.intent.chat, message=candidate)
        search.found = candidate
        self._found.add((search.intent.chat, candidate))


def _replied_id(message: telegram.Message) -> int | None:
    return None if message.reply_to_message is None else message.reply_to_message.message_id


def _chat_id(chat_key: str) -> int:
    """Telegram's id in the key of a chat; 0 for a chat that the bot is no member of, which has no ids of ours."""
    chat = chat_key.partition(":")[2]
    return int(chat) if chat.removeprefix("-").isdecimal() else 0
