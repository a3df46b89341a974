"""Bot API errors as our failures: the one translator of the library's exceptions. Decides nothing else.

The descriptions are those of Telegram's own server; the library passes them on and knows no codes.
"""

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.errors import ChatBusy, ChatFailed, ChatGone, ChatUnreachable, MessageGone, SendForbidden

# Parts of the description "Bad Request: …", in lower case.
NOT_MODIFIED = "message is not modified"
NO_TEXT = "there is no text in the message to edit"
NO_CAPTION = "there is no caption in the message to edit"
ONLY_BUTTONS = "inline keyboard expected"  # in a channel, where nobody replies
QUERY_TOO_OLD = "query is too old"
FILE_UNAVAILABLE = "file is temporarily unavailable"
PHOTO_REJECTED = (
    "photo_invalid_dimensions",
    "image_process_failed",
    "photo_ext_invalid",
    "photo_save_file_invalid",
    "too large",
)
_MESSAGE_GONE = (
    "message to edit not found",
    "message to delete not found",
    "message_id_invalid",
    "message can't be edited",
    "message not found",
)
TOPIC_CLOSED = "topic_closed"
_KIND_FORBIDDEN = ("not enough rights to send", "chat_send_")  # Telegram's words, and codes such as the one for photos
_CHAT_GONE = (
    "chat not found",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    TOPIC_CLOSED,
    "topic_deleted",
    "thread not found",
    "peer_id_invalid",
    "user_is_blocked",
    "chat_write_forbidden",
    "chat_restricted",
    "query is too old",
    "query id is invalid",
    "group chat was deactivated",
)
MAX_RETRY_AFTER_S = 3600.0  # what is beyond is asked again in an hour: a wrong value must not silence a chat for days
# Raised by the library on a body that it does not know: other types, dates beyond the calendar, endless nesting.
PARSE_ERRORS = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class GroupMigrated(Exception):
    """The group was migrated to a supergroup with another id (`migrate_to_chat_id`). Never leaves the adapter."""

    def __init__(self, new_chat_id: int) -> None:
        super().__init__(str(new_chat_id))
        self.new_chat_id = new_chat_id


class OutcomeUnknown(Exception):
    """No answer: the call may have been carried out. Never leaves the adapter."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class CallRejected(Exception):
    """A "Bad Request" about the call's own content. `description` in lower case. Never leaves the adapter."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


CALL_FAILURES = (ChatFailed, GroupMigrated, OutcomeUnknown, CallRejected)  # everything that `api.call_api` raises


def translate_error(error: TelegramError) -> ChatFailed | GroupMigrated | OutcomeUnknown | CallRejected:
    """The failure that an error of the library stands for."""
    description = describe_error(error).lower()
    if isinstance(error, Forbidden | BadRequest) and any(part in description for part in _KIND_FORBIDDEN):
        return SendForbidden(detail=description)
    match error:
        case RetryAfter():
            return ChatBusy(retry_after=retry_after_s(error), detail=description)
        case ChatMigrated():
            return GroupMigrated(error.new_chat_id)
        case Forbidden():
            return ChatGone(detail=description)
        case InvalidToken():
            return ChatUnreachable(detail="the token is not accepted")
        case BadRequest():  # a child of NetworkError in the library
            return _translate_bad_request(description)
        case NetworkError():
            return _translate_network_error(error, description)
        case _:  # a body that is no JSON, with any status, or JSON about something else
            unreadable = isinstance(error.__cause__, PARSE_ERRORS)
            return OutcomeUnknown(description) if unreadable else ChatFailed(detail=description)


def _translate_bad_request(description: str) -> ChatFailed | CallRejected:
    """By Telegram's description: the message is gone, the chat is gone, or the call itself is wrong."""
    if any(part in description for part in _MESSAGE_GONE):
        return MessageGone(detail=description)
    if any(part in description for part in _CHAT_GONE):
        return ChatGone(detail=description)
    return CallRejected(description)


def _translate_network_error(error: NetworkError, description: str) -> ChatFailed | OutcomeUnknown | CallRejected:
    """By whether a call that brought no result may have been carried out."""
    if "too large" in description:  # status 413, which the library has no class for
        return CallRejected(description)
    if isinstance(error.__cause__, httpx.HTTPError) and not isinstance(error.__cause__, _NEVER_SENT):
        return OutcomeUnknown(description)
    return ChatUnreachable(detail=description)


def retry_after_s(error: RetryAfter) -> float:
    """The time that Telegram wants to receive no call, seconds; 0 to MAX_RETRY_AFTER_S."""
    after = error.retry_after
    seconds = float(after if isinstance(after, int) else after.total_seconds())
    return min(max(0.0, seconds), MAX_RETRY_AFTER_S)


def describe_error(error: TelegramError) -> str:
    """An error for the log: Telegram's own description; only class names where the text may quote the token or a URL
    that holds it."""
    cause = error.__cause__
    if isinstance(error, InvalidToken) or not (cause is None or isinstance(cause, TelegramError)):
        return type(error).__name__ if cause is None else f"{type(error).__name__} ({type(cause).__name__})"
    return error.message.partition(". Parsing the server response")[0]  # a gateway's page may hold the URL
