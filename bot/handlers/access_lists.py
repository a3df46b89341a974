"""Who may ask, and with which words: the operator's lists against a member, a chat and a prompt. Pure.

Lists come from the settings and from the operator's file, which `bot.handlers.admission` reads.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.chat import Chat, User
from bot.errors import Banned, ChatBanned, Closed, ForbiddenWord, Refusal

_MARKS = frozenset(map(chr, (*range(0x300, 0x370), *range(0x20D0, 0x2100))))  # combining diacritics; not of scripts


@dataclass(frozen=True, kw_only=True)
class AccessLists:
    """Users and chats as `platform:id`, words in any case. Where anything is allowed by name, all else is closed:
    somebody is let in by their own name or by that of the chat. A chat's name holds for all that lies within it."""

    allowed_users: frozenset[str] = frozenset()
    allowed_chats: frozenset[str] = frozenset()
    blocked_users: frozenset[str] = frozenset()
    blocked_chats: frozenset[str] = frozenset()
    blocked_words: frozenset[str] = frozenset()

    def merge(self, other: "AccessLists") -> "AccessLists":
        return AccessLists(
            allowed_users=self.allowed_users | other.allowed_users,
            allowed_chats=self.allowed_chats | other.allowed_chats,
            blocked_users=self.blocked_users | other.blocked_users,
            blocked_chats=self.blocked_chats | other.blocked_chats,
            blocked_words=self.blocked_words | other.blocked_words,
        )

    def access_refusal(self, user: User, chat: Chat) -> Refusal | None:
        """Why somebody may not ask there; None: they may."""
        if user.key in self.blocked_users:
            return Banned()
        if not self.blocked_chats.isdisjoint(chat.scope_keys):
            return ChatBanned()
        closed = bool(self.allowed_users or self.allowed_chats)
        if closed and user.key not in self.allowed_users and self.allowed_chats.isdisjoint(chat.scope_keys):
            return Closed()
        return None

    def word_refusal(self, text: str) -> Refusal | None:
        """Whether a prompt holds a blocked word. The word is not said back: it would stand in the chat."""
        pattern = self._pattern
        return ForbiddenWord() if pattern is not None and pattern.search(_folded(text)) else None

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        """Whole words; those of scripts without blanks anywhere."""
        words = sorted(folded for word in self.blocked_words if (folded := _folded(word)))
        return re.compile("|".join(_whole(word) for word in words)) if words else None


def _whole(word: str) -> str:
    start = r"(?<!\w)" if _spaced(word[0]) else ""
    end = r"(?!\w)" if _spaced(word[-1]) else ""
    return start + r"\s+".join(re.escape(part) for part in word.split()) + end


def _spaced(character: str) -> bool:
    """Whether words of that script are parted by blanks: letters without case are those of the others."""
    return character.isalnum() and unicodedata.category(character) != "Lo"


def _folded(text: str) -> str:
    """Case and width set aside; characters without width, and marks put on letters that have none, taken out."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in folded if not (unicodedata.category(each) == "Cf" or each in _MARKS)).strip()


def make_access_lists(
    *,
    allowed_users: Sequence[str] = (),
    allowed_chats: Sequence[str] = (),
    blocked_users: Sequence[str] = (),
    blocked_chats: Sequence[str] = (),
    blocked_words: Sequence[str] = (),
) -> AccessLists:
    return AccessLists(
        allowed_users=frozenset(allowed_users),
        allowed_chats=frozenset(allowed_chats),
        blocked_users=frozenset(blocked_users),
        blocked_chats=frozenset(blocked_chats),
        blocked_words=frozenset(blocked_words),
    )
