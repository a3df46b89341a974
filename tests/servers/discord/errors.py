"""Error responses: HTTP status, JSON code, message. Codes as in Discord's table
"Opcodes and Status Codes"; nothing here decides anything."""

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A refusal. `errors`: the tree of field errors of 50035; `extra`: further members of the body."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Json | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.extra = extra or {}

    @property
    def body(self) -> Json:
        body: Json = {"message": self.message, "code": self.code, **self.extra}
        return body if self.errors is None else {**body, "errors": self.errors}


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def unknown(what: str) -> ApiError:
    codes = {
        "Channel": 10003,
        "Guild": 10004,
        "Member": 10007,
        "Message": 10008,
        "User": 10013,
        "Webhook": 10015,
        "Interaction": 10062,
    }
    return ApiError(404, codes[what], f"Unknown {what}")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def thread_archived() -> ApiError:
    return ApiError(400, 50083, "Thread is archived")


def too_large() -> ApiError:
    return ApiError(413, 40005, "Request entity too large")


def invalid_form(path: str, code: str, message: str) -> ApiError:
    """50035 with one error at `path` (dots between the keys)."""
    tree: Json = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(path.split(".")):
        tree = {key: tree}
    return ApiError(400, 50035, "Invalid Form Body", errors=tree)
