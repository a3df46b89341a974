"""Error responses: status, description, parameters. The descriptions are Telegram's own. Decides nothing."""

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An error response. `description`: with its prefix ("Bad Request: …"); `parameters`: of the body."""

    def __init__(self, status: int, description: str, *, parameters: Json | None = None) -> None:
        super().__init__(f"{status} {description}")
        self.status = status
        self.description = description
        self.parameters = parameters

    @property
    def body(self) -> Json:
        body: Json = {"ok": False, "error_code": self.status, "description": self.description}
        return body if self.parameters is None else {**body, "parameters": self.parameters}


def bad(words: str) -> ApiError:
    return ApiError(400, f"Bad Request: {words}")


def forbidden(words: str) -> ApiError:
    return ApiError(403, f"Forbidden: {words}")


def conflict(words: str) -> ApiError:
    return ApiError(409, f"Conflict: {words}")


def unparsed(words: str) -> ApiError:
    return bad(f"can't parse entities: {words}")


def too_many(retry_after: int) -> ApiError:
    words = f"Too Many Requests: retry after {retry_after}"
    return ApiError(429, words, parameters={"retry_after": retry_after})


def too_large() -> ApiError:
    return ApiError(413, "Request Entity Too Large")


def migrated(new_id: int) -> ApiError:
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    return ApiError(400, words, parameters={"migrate_to_chat_id": new_id})


UNAUTHORIZED = (401, "Unauthorized")
NOT_FOUND = (404, "Not Found")
NO_METHOD = (404, "Not Found: method not found")
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
