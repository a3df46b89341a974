"""The door before the desk: who is let in, and how often. What is turned away costs nothing but a look at it.

Keeps in memory who came within the last minute; a refusal of the door is said once a minute, then there is silence.
"""

import asyncio
import tomllib
from collections import OrderedDict, deque
from collections.abc import Sequence
from pathlib import Path

import structlog

from bot.chat import Chat, User
from bot.clock import Clock
from bot.errors import Banned, Refusal, SettingsWrong, TooFast
from bot.handlers.access_lists import AccessLists, make_access_lists

log = structlog.get_logger()

WINDOW_S = 60.0  # seconds; the span of the rates, and of the silence after a refusal
MAX_TRACKED = 50_000  # members and chats that are remembered; the longest silent are forgotten first
REPLIES_PER_WINDOW = 10  # in any 60 s to one member of a group: half of what Telegram lets anybody write there
RELOAD_INTERVAL_S = 5.0  # seconds between two looks at the operator's file
LIST_KEYS = ("allowed_users", "allowed_chats", "blocked_users", "blocked_chats", "blocked_words")


class SuppressReply(Exception):
    """Turned away, and told so within the last minute: nothing need be said. `refusal`: what would be."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class RateLimiter:
    """Who came how often within the last minute, by any key."""

    def __init__(self) -> None:
        self._came: OrderedDict[str, deque[float]] = OrderedDict()

    def acquire(self, key: str, limit: int, now: float) -> int | None:
        """None: counted as one of at most `limit` in any 60 s. Else nothing is counted: whole seconds to wait."""
        came = self._came.setdefault(key, deque())
        self._came.move_to_end(key)
        while came and came[0] <= now - WINDOW_S:
            came.popleft()
        if len(came) >= limit:
            return max(1, round(came[0] + WINDOW_S - now))
        came.append(now)
        while len(self._came) > MAX_TRACKED:
            self._came.popitem(last=False)
        return None


class Admission:
    """`user_per_minute` and `chat_per_minute`: requests in any 60 s, commands and clicks included; None: no limit.
    `admins` (`platform:id`) are let in whatever the lists say."""

    def __init__(
        self,
        configured: AccessLists,
        *,
        clock: Clock,
        admins: Sequence[str] = (),
        user_per_minute: int | None = None,
        chat_per_minute: int | None = None,
        file: Path | None = None,
    ) -> None:
        self._given = configured
        self._lists = configured
        self._clock = clock
        self._admins = frozenset(admins)
        self._user_per_minute = user_per_minute
        self._chat_per_minute = chat_per_minute
        self._file = file
        self._stamp: float | None = None
        self._looked = -RELOAD_INTERVAL_S
        self._paces = RateLimiter()
        self._told: OrderedDict[str, float] = OrderedDict()

    async def reload_if_changed(self) -> None:
        """Reads the operator's file where it has changed. One that cannot be read leaves the lists as they are.

        Raises SettingsWrong at the first look, when there is nothing to leave.
        """
        if self._file is None or self._clock.monotonic() - self._looked < RELOAD_INTERVAL_S:
            return
        first, self._looked = self._stamp is None, self._clock.monotonic()
        try:
            stamp, told = await asyncio.to_thread(_read, self._file, self._stamp)
        except SettingsWrong as wrong:
            if first:
                raise
            log.error("access file not read, the lists stay as they were", detail=wrong.detail)
            return
        if told is not None:
            self._lists = self._given.merge(told)
            self._stamp = stamp
            log.info("access file read", file=str(self._file))

    def check_request(self, user: User, chat: Chat, text: str = "", *, anybody: bool = False) -> None:
        """Lets a request in; with `anybody` also one of somebody on a list.

        Raises the Refusal that is to be said, Silence where one was said just now.
        """
        now = self._clock.monotonic()
        listed = None if anybody or user.key in self._admins else self._lists.access_refusal(user, chat)
        refusal = listed or self._too_fast(user, chat, now)
        if refusal is not None:
            self._turn_away(refusal, user, chat, now)
        if (refusal := self._lists.word_refusal(text)) is not None:
            raise refusal

    def check_adapter_command(self, user: User, chat: Chat, *, banned: bool) -> None:
        """Lets in whom an adapter answers by itself: anybody but the blocked and the `banned`, at their pace.

        Raises as `admit`.
        """
        refusal = Banned() if banned or self.blocks(user) else self._too_fast(user, chat, self._clock.monotonic())
        if refusal is not None:
            self._turn_away(refusal, user, chat, self._clock.monotonic())

    def blocks(self, user: User) -> bool:
        return user.key in self._lists.blocked_users and user.key not in self._admins

    def check_reply(self, user: User, chat: Chat) -> None:
        """Lets an answer out: nobody fills a group with answers to themselves.

        Raises as `admit`.
        """
        if chat.kind == "group":
            now = self._clock.monotonic()
            if (wait := self._paces.acquire(f"answer {user.key} {chat.key}", REPLIES_PER_WINDOW, now)) is not None:
                self._turn_away(TooFast(seconds=wait), user, chat, now)

    def _too_fast(self, user: User, chat: Chat, now: float) -> Refusal | None:
        limits = [(f"user {user.key}", self._user_per_minute)]
        if chat.kind == "group":
            limits.append((f"chat {chat.key}", self._chat_per_minute))
        for key, limit in limits:
            if limit is not None and (wait := self._paces.acquire(key, limit, now)) is not None:
                return TooFast(seconds=wait)
        return None

    def _turn_away(self, refusal: Refusal, user: User, chat: Chat, now: float) -> None:
        key = f"{type(refusal).__name__} {user.key} {chat.key}"
        told = self._told.get(key)
        if told is not None and now - told < WINDOW_S:
            raise SuppressReply(refusal)
        self._told[key] = now
        self._told.move_to_end(key)
        while len(self._told) > MAX_TRACKED:
            self._told.popitem(last=False)
        log.info("turned away", failure=type(refusal).__name__, user=user.key, chat=chat.key)
        raise refusal


def _read(file: Path, stamp: float | None) -> tuple[float, AccessLists | None]:
    """The file's lists, None when it is the one that was read before. Raises SettingsWrong."""
    try:
        changed = file.stat().st_mtime
        if changed == stamp:
            return changed, None
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsWrong([f"access.file: {file}: no such file"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsWrong([f"access.file: {file}: {type(error).__name__}: {error}"]) from None
    problems = [f"access.file: {file}: unknown key {name}" for name in told if name not in LIST_KEYS]
    problems += [
        f"access.file: {file}: {name} must be a list of texts" for name, each in told.items() if not _texts(each)
    ]
    if problems:
        raise SettingsWrong(problems)
    return changed, make_access_lists(**told)


def _texts(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(each, str) for each in value)  # pyright: ignore[reportUnknownVariableType] - TOML
