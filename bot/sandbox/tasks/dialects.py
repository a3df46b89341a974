"""The two task dialects as data: paths, limits, error codes, and how a task is shown. Pure: no sockets, no clock.

The shapes follow EvoLink's and ToAPIs' pages on GPT-4o Image.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.sandbox.http_errors import Object
from bot.sandbox.tasks.task import State, Task

RESULT_LIFETIME_S = 24 * 3600  # of a result's link, as ToAPIs' page says


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDialect:
    """One of the two dialects."""

    name: str
    prefix: str
    """Path before every other path of the dialect."""
    submit_path: str
    query_path: str
    """Contains `{id}`."""
    task_id_format: str
    """Format string of `created` (Unix time, seconds) and `token` (32 hex digits)."""
    allowed_counts: tuple[int, ...]
    """Values of `n`."""
    max_prompt_characters: int | None
    """None: unlimited."""
    reference_fields: tuple[str, ...]
    """Field of the reference images, and its aliases; only one of them may be sent."""
    supports_callbacks: bool
    moderation_status: int | None
    """HTTP status that refuses a moderated prompt at once; None: the task is accepted and fails."""
    error_codes: Mapping[int, tuple[str | int, str]]
    """Code and type in the error body by HTTP status."""
    encode_created: Callable[[Task], Object]
    """The response to a submit."""
    encode_status: Callable[[Task], Object]
    """The response to a query, and the body of a callback."""

    def error_body(self, status: int, message: str) -> Object:
        """The body of an HTTP error."""
        code, type_ = self.error_codes.get(status, ("unknown_error", "api_error"))
        return {"error": {"code": code, "message": message, "type": type_}}


# ---------------------------------------------------------------- tasks as JSON

_EVOLINK_STATES: Mapping[State, str] = {"queued": "pending", "painting": "processing", "mystery": "archived"}
_TOAPIS_STATES: Mapping[State, str] = {"painting": "in_progress", "mystery": "archived"}


def _encode_evolink(task: Task) -> Object:
    document: Object = {
        "created": task.created_at,
        "id": task.id,
        "model": task.request.model,
        "object": "image.generation.task",
        "progress": task.progress,
        "status": _EVOLINK_STATES.get(task.state, task.state),
        "task_info": {"can_cancel": task.state == "queued", "estimated_time": 45},
        "type": "image",
        "usage": {
            "billing_rule": "per_call",
            "credits_reserved": 1.5 * task.request.picture_count,
            "user_group": "default",
        },
    }
    if task.state == "completed":
        document["results"] = list(task.result_urls)
    if task.error is not None:
        document["error"] = task.error
    return document


def _encode_toapis_created(task: Task) -> Object:
    return {
        "id": task.id,
        "object": "generation.task",
        "model": task.request.model,
        "status": _TOAPIS_STATES.get(task.state, task.state),
        "progress": task.progress,
        "created_at": task.created_at,
        "metadata": Object(),
    }


def _encode_toapis(task: Task) -> Object:
    document = _encode_toapis_created(task) | {
        "id": f"img_{task.id.removeprefix('task_img_')}"
    }  # ToAPIs' own samples differ so
    if task.state == "completed":
        url = task.result_urls[0] if task.result_urls else None
        document |= {"completed_at": task.ended_at, "expires_at": task.ended_at + RESULT_LIFETIME_S}
        result: Object = {"type": "image", "data": [{"url": link} for link in task.result_urls]}
        document["result"] = {"type": "image", "url": url} if task.single_result else result
    if task.error is not None:
        document["error"] = task.error
    if task.fail_reason:
        document["fail_reason"] = task.fail_reason
    return document


EVOLINK = TaskDialect(
    name="evolink",
    prefix="/evolink",
    submit_path="/v1/images/generations",
    query_path="/v1/tasks/{id}",
    task_id_format="task-unified-{created}-{token:.8}",
    allowed_counts=(1, 2, 4),
    max_prompt_characters=2000,
    reference_fields=("image_urls",),
    supports_callbacks=True,
    moderation_status=None,
    error_codes={
        400: ("invalid_request", "invalid_request_error"),
        401: ("unauthorized", "authentication_error"),
        402: ("insufficient_quota", "insufficient_quota_error"),
        403: ("model_access_denied", "permission_error"),
        404: ("resource_not_found", "not_found_error"),
        429: ("rate_limit_exceeded", "rate_limit_error"),
        500: ("internal_error", "api_error"),
        503: ("service_unavailable", "api_error"),
    },
    encode_created=_encode_evolink,
    encode_status=_encode_evolink,
)
TOAPIS = TaskDialect(
    name="toapis",
    prefix="/toapis",
    submit_path="/v1/images/generations",
    query_path="/v1/images/generations/{id}",
    task_id_format="task_img_{token:.24}",
    allowed_counts=(1, 2, 3, 4),
    max_prompt_characters=None,
    reference_fields=("reference_images", "image_urls"),  # the second is an alias of the first
    supports_callbacks=False,
    moderation_status=422,
    error_codes={
        400: ("invalid_request_error", "invalid_request_error"),
        401: (401, "authentication_error"),
        402: ("insufficient_quota", "insufficient_quota"),
        403: (403, "permission_error"),
        404: (404, "invalid_request_error"),
        422: ("content_policy_violation", "content_policy_violation"),
        429: ("rate_limit_exceeded", "rate_limit_exceeded"),
        500: ("internal_error", "api_error"),
        503: ("service_unavailable", "api_error"),
    },
    encode_created=_encode_toapis_created,
    encode_status=_encode_toapis,
)
