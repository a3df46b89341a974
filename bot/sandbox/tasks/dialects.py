"""The two task dialects as their pages describe them: what a submit may ask, and what is told of a task. Pure.

The shapes follow EvoLink's and ToAPIs' pages on GPT-4o Image. No sockets, no clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.sandbox.tasks.task import Object, State, Task

DAY = 24 * 3600  # seconds that a result's link lives


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One of the two dialects. `submit` and `query` are paths behind `prefix`. `errors`: the code and the type
    of an HTTP error by its status. `moderated`: the status that refuses a prompt at once, None where only the
    task fails."""

    name: str
    prefix: str
    submit: str
    query: str
    task_id: str
    counts: tuple[int, ...]
    max_prompt: int | None
    references: tuple[str, ...]
    callbacks: bool
    moderated: int | None
    errors: Mapping[int, tuple[str | int, str]]
    opened: Callable[[Task], Object]
    told: Callable[[Task], Object]

    def error(self, status: int, message: str) -> Object:
        """The body of an HTTP error."""
        code, kind = self.errors.get(status, ("unknown_error", "api_error"))
        return {"error": {"code": code, "message": message, "type": kind}}


# ---------------------------------------------------------------- what is told of a task

_EVOLINK_STATES: Mapping[State, str] = {"queued": "pending", "painting": "processing", "mystery": "archived"}
_TOAPIS_STATES: Mapping[State, str] = {"painting": "in_progress", "mystery": "archived"}


def _evolink(task: Task) -> Object:
    told: Object = {
        "created": task.created,
        "id": task.id,
        "model": task.errand.model,
        "object": "image.generation.task",
        "progress": task.progress,
        "status": _EVOLINK_STATES.get(task.state, task.state),
        "task_info": {"can_cancel": task.state == "queued", "estimated_time": 45},
        "type": "image",
        "usage": {"billing_rule": "per_call", "credits_reserved": 1.5 * task.errand.pictures, "user_group": "default"},
    }
    if task.state == "completed":
        told["results"] = list(task.links)
    if task.error is not None:
        told["error"] = task.error
    return told


def _toapis_opened(task: Task) -> Object:
    return {
        "id": task.id,
        "object": "generation.task",
        "model": task.errand.model,
        "status": _TOAPIS_STATES.get(task.state, task.state),
        "progress": task.progress,
        "created_at": task.created,
        "metadata": Object(),
    }


def _toapis(task: Task) -> Object:
    told = _toapis_opened(task) | {"id": f"img_{task.id.removeprefix('task_img_')}"}  # as its own samples differ
    if task.state == "completed":
        url = task.links[0] if task.links else None
        told |= {"completed_at": task.ended, "expires_at": task.ended + DAY}
        whole: Object = {"type": "image", "data": [{"url": link} for link in task.links]}
        told["result"] = {"type": "image", "url": url} if task.single else whole
    if task.error is not None:
        told["error"] = task.error
    if task.reason:
        told["fail_reason"] = task.reason
    return told


EVOLINK = Family(
    name="evolink",
    prefix="/evolink",
    submit="/v1/images/generations",
    query="/v1/tasks/{id}",
    task_id="task-unified-{created}-{token:.8}",
    counts=(1, 2, 4),
    max_prompt=2000,
    references=("image_urls",),
    callbacks=True,
    moderated=None,
    errors={
        400: ("invalid_request", "invalid_request_error"),
        401: ("unauthorized", "authentication_error"),
        402: ("insufficient_quota", "insufficient_quota_error"),
        403: ("model_access_denied", "permission_error"),
        404: ("resource_not_found", "not_found_error"),
        429: ("rate_limit_exceeded", "rate_limit_error"),
        500: ("internal_error", "api_error"),
        503: ("service_unavailable", "api_error"),
    },
    opened=_evolink,
    told=_evolink,
)
TOAPIS = Family(
    name="toapis",
    prefix="/toapis",
    submit="/v1/images/generations",
    query="/v1/images/generations/{id}",
    task_id="task_img_{token:.24}",
    counts=(1, 2, 3, 4),
    max_prompt=None,
    references=("reference_images", "image_urls"),  # the second is an alias of the first
    callbacks=False,
    moderated=422,
    errors={
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
    opened=_toapis_opened,
    told=_toapis,
)
