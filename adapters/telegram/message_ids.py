"""The message ids that are known of each chat: they rise, so that a new message stands above all known ones.

Supergroups and channels number their messages by themselves; private chats and basic groups share one sequence of the
bot's. Pure; asks Telegram nothing.
"""

from cachetools import LRUCache

MAX_SEQUENCES = 20_000  # whose highest id is known; without it a search begins at the request
MAX_FOREIGN = 2_000  # messages of others that no search needs to look at
_SUPERGROUPS = -1_000_000_000_000  # ids of supergroups and channels are below


class MessageIds:
    """Ids that this process has seen."""

    def __init__(self) -> None:
        self._highest: LRUCache[str, int] = LRUCache(MAX_SEQUENCES)
        self._foreign: LRUCache[tuple[str, int], None] = LRUCache(MAX_FOREIGN)

    def record_own(self, chat: int, message: int) -> None:
        """A message of the bot, or the id of one that is known from before."""
        key = sequence_key(chat)
        self._highest[key] = max(message, self._highest.get(key, 0))

    def record_foreign(self, chat: int, message: int) -> None:
        """A message of somebody else."""
        self.record_own(chat, message)
        self._foreign[sequence_key(chat), message] = None

    def highest(self, chat: int) -> int:
        """The highest id known in the chat's sequence; 0 when none is."""
        return self._highest.get(sequence_key(chat), 0)

    def is_foreign(self, chat: int, message: int) -> bool:
        """Whether the id is known to be that of somebody else's message, in any chat of the sequence."""
        return (sequence_key(chat), message) in self._foreign


def sequence_key(chat: int) -> str:
    """Names the sequence that a chat takes its message ids from."""
    return str(chat) if chat < _SUPERGROUPS else "shared"
