"""What Discord answers instead of yes, as our failures: the one translator of its errors. Decides nothing else.

Codes from Discord's table "Opcodes and Status Codes".
"""

from bot.errors import ChatBusy, ChatFailed, ChatGone, ChatUnreachable, MessageGone

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION = 10003, 10008, 10015, 10062
TOO_LARGE = 40005
NO_ACCESS, NO_PERMISSION, NO_DIRECT_MESSAGES = 50001, 50013, 50007
TOKEN_DEAD = 50027
ARCHIVED = 50083
TOO_MANY_FOLLOWUPS = 40094
ACKNOWLEDGED = 40060

NO_WAY = frozenset({UNKNOWN_CHANNEL, 50008, NO_ACCESS, NO_PERMISSION, NO_DIRECT_MESSAGES, ARCHIVED, 160002})
DEAD_TOKEN = frozenset({TOKEN_DEAD, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION})


class Refused(Exception):
    """An answer of 4xx. `code`: Discord's own number, 0 without one. Never leaves the adapter."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}/{code} {message}")
        self.status = status
        self.code = code


def translated(refused: Refused) -> ChatFailed:
    """What a refusal means to the core."""
    if refused.code == UNKNOWN_MESSAGE:
        return MessageGone(detail=str(refused))
    if refused.code in NO_WAY or refused.code in DEAD_TOKEN or refused.status == 403:
        return ChatGone(detail=str(refused))
    return ChatFailed(detail=str(refused))


def busy(retry_after: object, code: object) -> ChatBusy:
    """A 429, also one for an old message that was edited too often (30046)."""
    seconds = float(retry_after) if isinstance(retry_after, int | float) else 5.0
    return ChatBusy(retry_after=max(0.05, seconds), detail=f"429/{code}")


def unreachable(why: object) -> ChatUnreachable:
    return ChatUnreachable(detail=str(why) or type(why).__name__)
