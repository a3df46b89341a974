"""Allowlists and blocklists of the operator, matched against a user, a chat and a prompt. Pure.

The lists come from the settings and from the operator's file, which `bot.handlers.admission` loads.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.chat import Chat, User
from bot.errors import Banned, ChatBanned, Closed, ForbiddenWord, Refusal

_COMBINING_MARKS = frozenset(
    map(chr, (*range(0x300, 0x370), *range(0x20D0, 0x2100)))
)  # combining diacritics; not of scripts


@dataclass(frozen=True, kw_only=True)
class AccessLists:
    """The lists of one source. Once anything is on an allowlist, all else is closed: a request passes by its user or by
    its chat. A chat's key stands for everything within it: a server for its channels, a group for its topics."""

    allowed_users: frozenset[str] = frozenset()
    """Keys of users (`platform:id`) that may send requests in any chat."""
    allowed_chats: frozenset[str] = frozenset()
    """Keys of chats (`platform:id`) in which anybody may."""
    blocked_users: frozenset[str] = frozenset()
    """Keys of users (`platform:id`) that may not, wherever; outweighs the allowlists."""
    blocked_chats: frozenset[str] = frozenset()
    """Keys of chats (`platform:id`) in which nobody may; outweighs the allowlists."""
    blocked_words: frozenset[str] = frozenset()
    """Words that no prompt may contain, in any case and width."""

    def merge(self, other: "AccessLists") -> "AccessLists":
        """The unions of each list with the other's."""
        return AccessLists(
            allowed_users=self.allowed_users | other.allowed_users,
            allowed_chats=self.allowed_chats | other.allowed_chats,
            blocked_users=self.blocked_users | other.blocked_users,
            blocked_chats=self.blocked_chats | other.blocked_chats,
            blocked_words=self.blocked_words | other.blocked_words,
        )

    def access_refusal(self, user: User, chat: Chat) -> Refusal | None:
        """Why the user may send no requests in the chat; None: they may."""
        if user.key in self.blocked_users:
            return Banned()
        if not self.blocked_chats.isdisjoint(chat.scope_keys):
            return ChatBanned()
        closed = bool(self.allowed_users or self.allowed_chats)
        if closed and user.key not in self.allowed_users and self.allowed_chats.isdisjoint(chat.scope_keys):
            return Closed()
        return None

    def word_refusal(self, text: str) -> Refusal | None:
        """The refusal of a prompt with a blocked word, else None. The word is not named: it would stand in the chat."""
        pattern = self._pattern
        return ForbiddenWord() if pattern is not None and pattern.search(_fold(text)) else None

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        """Matches whole words; anywhere in the text those of scripts without spaces between words. None: no words."""
        words = sorted(folded for word in self.blocked_words if (folded := _fold(word)))
        return re.compile("|".join(_word_pattern(word) for word in words)) if words else None


def _word_pattern(word: str) -> str:
    start = r"(?<!\w)" if _is_spaced_script(word[0]) else ""
    end = r"(?!\w)" if _is_spaced_script(word[-1]) else ""
    return start + r"\s+".join(re.escape(part) for part in word.split()) + end


def _is_spaced_script(character: str) -> bool:
    """Whether the character's script puts spaces between words: letters without case (Lo) are of those that do not."""
    return character.isalnum() and unicodedata.category(character) != "Lo"


def _fold(text: str) -> str:
    """The text without differences of case and width, without zero-width characters, and without combining marks on
    letters that have no composed form."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(
        char for char in folded if not (unicodedata.category(char) == "Cf" or char in _COMBINING_MARKS)
    ).strip()


def make_access_lists(
    *,
    allowed_users: Sequence[str] = (),
    allowed_chats: Sequence[str] = (),
    blocked_users: Sequence[str] = (),
    blocked_chats: Sequence[str] = (),
    blocked_words: Sequence[str] = (),
) -> AccessLists:
    """Access lists of any sequences of keys and words."""
    return AccessLists(
        allowed_users=frozenset(allowed_users),
        allowed_chats=frozenset(allowed_chats),
        blocked_users=frozenset(blocked_users),
        blocked_chats=frozenset(blocked_chats),
        blocked_words=frozenset(blocked_words),
    )
