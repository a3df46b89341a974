"""Admission control before the message handler: who may send requests, and how often. A rejected one costs no I/O.

Keeps the requests of the last minute in memory; the same refusal is sent once a minute, then suppressed.
"""

import asyncio
import tomllib
from collections import deque
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import NoReturn

import structlog
from cachetools import LRUCache, TTLCache

from bot.chat import Chat, User
from bot.errors import Banned, Refusal, SettingsWrong, TooFast
from bot.handlers.access_lists import AccessLists, make_access_lists
from bot.runtime.clock import Clock

log = structlog.get_logger()

WINDOW_S = 60.0  # length of the rate limits' sliding window, and how long a repeated refusal is suppressed
MAX_TRACKED = 50_000  # users and chats, and refusals, kept in memory; the least recently active are evicted first
REPLIES_PER_WINDOW = 10  # to one user of a group: half of what Telegram lets a bot write there in WINDOW_S
RELOAD_INTERVAL_S = 5.0  # shortest time between two checks of the operator's file for changes
LIST_KEYS = ("allowed_users", "allowed_chats", "blocked_users", "blocked_chats", "blocked_words")


class SuppressReply(Exception):
    """The request is refused, and the same refusal was sent within the last WINDOW_S: send nothing."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal
        """The refusal that is not sent again."""


class RateLimiter:
    """Sliding-window rate limits over WINDOW_S, by any key."""

    def __init__(self) -> None:
        self._times: LRUCache[str, deque[float]] = LRUCache(MAX_TRACKED)

    def acquire(self, key: str, limit: int, now: float) -> int | None:
        """Counts an event, at most `limit` in any WINDOW_S: None. Above the limit nothing is counted: returns the time
        until the next may come, whole seconds, ≥ 1."""
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        if len(times) >= limit:
            return max(1, round(times[0] + WINDOW_S - now))
        times.append(now)
        return None

    def add(self, key: str, count: int, limit: int, now: float) -> None:
        """Counts events that happened elsewhere, up to the limit."""
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        times.extend([now] * min(count, limit - len(times)))

    def is_full(self, key: str, limit: int, now: float) -> bool:
        """Whether `acquire` would refuse."""
        times = self._times.get(key)
        return times is not None and len(times) >= limit and times[0] > now - WINDOW_S


class Admission:
    """Checks requests and replies against the access lists and the rate limits."""

    def __init__(
        self,
        configured: AccessLists,
        *,
        clock: Clock,
        admins: Container[str] = (),
        user_per_minute: int | None = None,
        chat_per_minute: int | None = None,
        file: Path | None = None,
    ) -> None:
        """`configured`: lists of the settings; those of the operator's `file` (TOML) add to them. `admins`: user keys
        (`platform:id`) that pass the lists, not the rate limits. `user_per_minute`, `chat_per_minute`: requests in any
        WINDOW_S, commands and clicks included; None: no limit."""
        self._configured = configured
        self._lists = configured
        self._clock = clock
        self._admins = admins
        self._user_per_minute = user_per_minute
        self._chat_per_minute = chat_per_minute
        self._file = file
        self._loaded_mtime: float | None = None
        self._checked_at = -RELOAD_INTERVAL_S
        self._rate_limiter = RateLimiter()
        self._sent_refusals: TTLCache[str, None] = TTLCache(MAX_TRACKED, WINDOW_S, timer=clock.monotonic)
        self.on_counted: Callable[[str], None] = lambda _: None
        """Called with the key of a user for each of their requests that counts against `user_per_minute`."""

    async def reconfigure(
        self, configured: AccessLists, *, user_per_minute: int | None, chat_per_minute: int | None, file: Path | None
    ) -> None:
        """Other lists and limits from now on, as of `__init__`; what was counted stays counted.

        Raises SettingsWrong when the file cannot be loaded; then nothing has changed.
        """
        mtime, lists = None, None
        if file is not None:
            mtime, lists = await asyncio.to_thread(_load_if_changed, file, None)
        self._configured, self._file, self._loaded_mtime = configured, file, mtime
        self._lists = configured if lists is None else configured.merge(lists)
        self._user_per_minute, self._chat_per_minute = user_per_minute, chat_per_minute

    async def reload_if_changed(self) -> None:
        """Loads the operator's file when it has changed. A file that cannot be loaded leaves the lists as they are.

        Raises SettingsWrong when that happens at the first load.
        """
        if self._file is None or self._clock.monotonic() - self._checked_at < RELOAD_INTERVAL_S:
            return
        is_first, self._checked_at = self._loaded_mtime is None, self._clock.monotonic()
        try:
            mtime, lists = await asyncio.to_thread(_load_if_changed, self._file, self._loaded_mtime)
        except SettingsWrong as wrong:
            if is_first:
                raise
            log.error("access file not read, lists unchanged", detail=wrong.detail)
            return
        if lists is not None:
            self._lists = self._configured.merge(lists)
            self._loaded_mtime = mtime
            log.info("access file read", file=str(self._file))

    def check_request(self, user: User, chat: Chat, text: str = "", *, anybody: bool = False) -> None:
        """Admits a request; with `anybody` also that of a blocked or unlisted user.

        Raises the Refusal to send, SuppressReply when it was sent within the last WINDOW_S.
        """
        now = self._clock.monotonic()
        listed = None if anybody or user.key in self._admins else self._lists.access_refusal(user, chat)
        refusal = listed or self._rate_refusal(user, chat, now)
        if refusal is not None:
            self._refuse(refusal, user, chat)
        self.check_words(text)

    def check_words(self, text: str) -> None:
        """Raises the Refusal of a text with a word that is not allowed."""
        if (refusal := self._lists.word_refusal(text)) is not None:
            raise refusal

    def ignores(self, user: User, chat: Chat) -> bool:
        """Whether any request of the user in the chat would raise SuppressReply: they are over a rate limit, and were
        told so."""
        if _refusal_key(TooFast, user, chat) not in self._sent_refusals:
            return False
        now = self._clock.monotonic()
        return any(self._rate_limiter.is_full(key, limit, now) for key, limit in self._rate_limits(user, chat))

    def check_adapter_command(self, user: User, chat: Chat, *, banned: bool) -> None:
        """Admits a request that an adapter answers by itself: of anybody but the blocked and the `banned`, within the
        rate limits.

        Raises as `check_request`.
        """
        refusal = Banned() if banned or self.blocks(user) else self._rate_refusal(user, chat, self._clock.monotonic())
        if refusal is not None:
            self._refuse(refusal, user, chat)

    def lets_in(self, user: User, chat: Chat) -> bool:
        """Whether the access lists admit requests of the user in the chat."""
        return user.key in self._admins or self._lists.access_refusal(user, chat) is None

    def blocks(self, user: User) -> bool:
        """Whether the user is on a blocklist and no admin."""
        return user.key in self._lists.blocked_users and user.key not in self._admins

    def check_reply(self, user: User, chat: Chat) -> None:
        """Admits a reply to a user: at most REPLIES_PER_WINDOW in a group, so that nobody floods it with them.

        Raises as `check_request`.
        """
        if chat.kind == "group":
            now = self._clock.monotonic()
            wait_s = self._rate_limiter.acquire(f"answer {user.key} {chat.key}", REPLIES_PER_WINDOW, now)
            if wait_s is not None:
                self._refuse(TooFast(seconds=wait_s), user, chat)

    def refuse_once(self, refusal: Refusal, user: User, chat: Chat) -> NoReturn:
        """Raises `refusal`, or SuppressReply when one of its type was sent to the user in the chat within the last
        WINDOW_S."""
        self._refuse(refusal, user, chat)

    def _rate_refusal(self, user: User, chat: Chat, now: float) -> Refusal | None:
        for key, limit in self._rate_limits(user, chat):
            if (wait_s := self._rate_limiter.acquire(key, limit, now)) is not None:
                return TooFast(seconds=wait_s)
            if key == _user_limit(user.key):
                self.on_counted(user.key)
        return None

    def count_elsewhere(self, user_key: str, count: int) -> None:
        """Requests of a user were counted by other processes."""
        if self._user_per_minute is not None:
            self._rate_limiter.add(_user_limit(user_key), count, self._user_per_minute, self._clock.monotonic())

    def _rate_limits(self, user: User, chat: Chat) -> list[tuple[str, int]]:
        """Keys and limits that a request of the user in the chat counts against."""
        limits = [(_user_limit(user.key), self._user_per_minute)]
        if chat.kind == "group":
            limits.append((f"chat {chat.key}", self._chat_per_minute))
        return [(key, limit) for key, limit in limits if limit is not None]

    def _refuse(self, refusal: Refusal, user: User, chat: Chat) -> NoReturn:
        """Raises `refusal`, or SuppressReply when one of its type was sent to the user in the chat a moment ago."""
        key = _refusal_key(type(refusal), user, chat)
        if key in self._sent_refusals:
            raise SuppressReply(refusal)
        self._sent_refusals[key] = None
        log.info("request refused", failure=type(refusal).__name__, user=user.key, chat=chat.key)
        raise refusal


def _user_limit(user_key: str) -> str:
    return f"user {user_key}"


def _refusal_key(kind: type[Refusal], user: User, chat: Chat) -> str:
    return f"{kind.__name__} {user.key} {chat.key}"


def _load_if_changed(file: Path, loaded_mtime: float | None) -> tuple[float, AccessLists | None]:
    """The file's modification time and its lists; None for the lists when the file is the one already loaded.

    Raises SettingsWrong.
    """
    try:
        mtime = file.stat().st_mtime
        if mtime == loaded_mtime:
            return mtime, None
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsWrong([f"access.file: {file}: no such file"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsWrong([f"access.file: {file}: {type(error).__name__}: {error}"]) from None
    problems = [f"access.file: {file}: unknown key {name}" for name in document if name not in LIST_KEYS]
    problems += [
        f"access.file: {file}: {name} must be a list of texts"
        for name, value in document.items()
        if not _is_list_of_texts(value)
    ]
    if problems:
        raise SettingsWrong(problems)
    return mtime, make_access_lists(**document)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(each, str) for each in value)  # pyright: ignore[reportUnknownVariableType] - TOML
