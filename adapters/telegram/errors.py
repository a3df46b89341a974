"""What Telegram answers instead of yes, as our failures: the one translator of the library's errors.

The words are those of Telegram's own server; the library passes them on and knows no codes.
"""

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.errors import ChatBusy, ChatFailed, ChatGone, ChatUnreachable, MessageGone

# parts of "Bad Request: …", in lower case
NOT_MODIFIED = "message is not modified"
NO_TEXT = "there is no text in the message to edit"
NO_CAPTION = "there is no caption in the message to edit"
QUERY_OLD = "query is too old"
NO_PHOTO = (
    "photo_invalid_dimensions",
    "image_process_failed",
    "photo_ext_invalid",
    "photo_save_file_invalid",
    "too large",
)
_MESSAGE_GONE = ("message to edit not found", "message_id_invalid", "message can't be edited", "message not found")
_CHAT_GONE = (
    "chat not found",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "topic_closed",
    "topic_deleted",
    "thread not found",
    "peer_id_invalid",
    "user_is_blocked",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_send_",
    "query is too old",
    "query id is invalid",
    "group chat was deactivated",
)
# What the library meets in a body it does not know: other types, dates beyond the calendar, nesting without an end
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Moved(Exception):
    """The group has become a supergroup with another id. Never leaves the adapter."""

    def __init__(self, chat: int) -> None:
        super().__init__(str(chat))
        self.chat = chat


class Unclear(Exception):
    """No answer: the call may have been carried out. Never leaves the adapter."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Refused(Exception):
    """A "Bad Request" about what was asked. `words` in lower case. Never leaves the adapter."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def translated(error: TelegramError) -> ChatFailed | Moved | Unclear | Refused:
    """What an error means."""
    words = describe(error).lower()
    match error:
        case RetryAfter():
            return ChatBusy(retry_after=seconds(error), detail=words)
        case ChatMigrated():
            return Moved(error.new_chat_id)
        case Forbidden():
            return ChatGone(detail=words)
        case InvalidToken():
            return ChatUnreachable(detail="the token is not accepted")
        case BadRequest():  # a child of NetworkError in the library
            return _refused(words)
        case NetworkError():
            return _unanswered(error, words)
        case _:  # a body that is no JSON, with any status, or JSON about something else
            return Unclear(words) if isinstance(error.__cause__, UNREADABLE) else ChatFailed(detail=words)


def _refused(words: str) -> ChatFailed | Refused:
    """What was wrong with a call that Telegram understood."""
    if any(part in words for part in _MESSAGE_GONE):
        return MessageGone(detail=words)
    if any(part in words for part in _CHAT_GONE):
        return ChatGone(detail=words)
    return Refused(words)


def _unanswered(error: NetworkError, words: str) -> ChatFailed | Unclear | Refused:
    """Whether a call that brought no result may have been carried out."""
    if "too large" in words:  # 413, which the library has no class for
        return Refused(words)
    if isinstance(error.__cause__, httpx.HTTPError) and not isinstance(error.__cause__, _NEVER_SENT):
        return Unclear(words)
    return ChatUnreachable(detail=words)


def seconds(error: RetryAfter) -> float:
    """How long Telegram wants to be left alone."""
    after = error.retry_after
    return float(after if isinstance(after, int) else after.total_seconds())


def describe(error: TelegramError) -> str:
    """For the log: Telegram's own words; of an error that may quote the token, or an address with it, only what it
    is."""
    cause = error.__cause__
    if isinstance(error, InvalidToken) or not (cause is None or isinstance(cause, TelegramError)):
        return type(error).__name__ if cause is None else f"{type(error).__name__} ({type(cause).__name__})"
    return error.message.partition(". Parsing the server response")[0]  # a gateway's page may hold the address
