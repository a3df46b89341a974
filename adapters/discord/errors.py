"""Discord's error responses as our failures: the one translator of its errors. Decides nothing else.

Codes from Discord's table "Opcodes and Status Codes".
"""

from adapters.discord.call_gate import RateLimit
from bot.errors import ChatBusy, ChatFailed, ChatGone, ChatUnreachable, MessageGone

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION = 10003, 10008, 10015, 10062
REQUEST_TOO_LARGE = 40005
ALREADY_ACKNOWLEDGED = 40060
TOO_MANY_FOLLOWUPS = 40094
MISSING_ACCESS, CANNOT_MESSAGE_USER, NOT_A_TEXT_CHANNEL, MISSING_PERMISSIONS = 50001, 50007, 50008, 50013
INVALID_WEBHOOK_TOKEN = 50027
THREAD_ARCHIVED = 50083
CANNOT_REPLY_WITHOUT_HISTORY = 160002
THREAD_LOCKED = 160005
AUTOMOD_CODES = frozenset({200000, 200001})  # a rule of the guild about words: of the message, of its title
UNKNOWN_GUILD, NO_MUTUAL_GUILDS = 10004, 50278

CHAT_GONE_CODES = frozenset(
    {
        UNKNOWN_CHANNEL,
        NOT_A_TEXT_CHANNEL,
        MISSING_ACCESS,
        MISSING_PERMISSIONS,
        CANNOT_MESSAGE_USER,
        THREAD_ARCHIVED,
        CANNOT_REPLY_WITHOUT_HISTORY,
        THREAD_LOCKED,
        UNKNOWN_GUILD,
        NO_MUTUAL_GUILDS,
    }
)
DEAD_TOKEN_CODES = frozenset({INVALID_WEBHOOK_TOKEN, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION})


class CallRejected(Exception):
    """A response with a 4xx status other than 429. Never leaves the adapter."""

    status: int
    """HTTP status, 400 to 499."""
    code: int
    """Discord's own error code; 0 where the body has none."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}/{code} {message}")
        self.status = status
        self.code = code


def translate_rejection(rejection: CallRejected) -> ChatFailed:
    """The failure that a rejected call stands for."""
    if rejection.status == 401 and rejection.code not in DEAD_TOKEN_CODES:  # the operator mends that, or Discord does
        return chat_unreachable(rejection)
    if rejection.code == UNKNOWN_MESSAGE:
        return MessageGone(detail=str(rejection))
    if rejection.code in CHAT_GONE_CODES or rejection.code in DEAD_TOKEN_CODES or rejection.status == 403:
        return ChatGone(detail=str(rejection))
    return ChatFailed(detail=str(rejection))


def chat_busy(limit: RateLimit, code: object) -> ChatBusy:
    """The failure for a 429, also for an old message that was edited too often (code 30046)."""
    return ChatBusy(
        retry_after=limit.retry_after_s, everywhere=limit.everywhere, detail=f"429/{code} of {limit.scope.value}"
    )


def chat_unreachable(reason: object) -> ChatUnreachable:
    """The failure for a call without a usable answer."""
    return ChatUnreachable(detail=str(reason) or type(reason).__name__)
