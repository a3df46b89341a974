"""The two task dialects as their pages describe them: what a submit may ask, and what is told of a task. Pure.

The shapes follow EvoLink's and ToAPIs' pages on GPT-4o Image. No sockets, no clock.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from bot.sandbox.chat import BadRequestError
from bot.sandbox.painter import size_of
from bot.sandbox.references import Reference

SIZES = ("1:1", "2:3", "3:2", "1024x1024", "1024x1536", "1536x1024")
MAX_REFERENCES = 5
MAX_MASK = 4_000_000  # bytes
DAY = 24 * 3600  # seconds that a result's link lives

Object = dict[str, object]
State = Literal["queued", "painting", "completed", "failed", "cancelled", "mystery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A submit that was understood. `size`: width and height in pixels. `body`: as received."""

    model: str
    prompt: str
    references: tuple[Reference, ...]
    mask: Reference | None
    pictures: int
    size: tuple[int, int]
    callback: str | None
    body: Mapping[str, object]


@dataclass(slots=True, kw_only=True)
class Task:
    """One task as it stands. `created`, `ended`: seconds of the Unix clock. `polls`: how often it was asked about.
    `calls`: the HTTP statuses that its callbacks were answered with, 0 where nobody answered."""

    id: str
    errand: Errand
    created: int
    state: State = "queued"
    progress: int = 0
    links: tuple[str, ...] = ()
    error: Object | None = None
    reason: str = ""
    single: bool = False
    ended: int = 0
    polls: int = 0
    calls: list[int] = field(default_factory=list[int])

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {"completed", "failed", "cancelled"}


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


# ---------------------------------------------------------------- what a submit asks


def decode(family: Family, raw: bytes, uploaded: Callable[[str], Reference | None]) -> Errand:
    """Reads a submit. `uploaded`: the picture behind an address of our own upload service, None for others.

    Raises BadRequestError.
    """
    try:
        document: object = json.loads(raw)
    except ValueError as exc:
        raise BadRequestError("the body is not JSON") from exc
    if not isinstance(document, dict):
        raise BadRequestError("the body is not an object")
    body = cast("Object", document)
    model, prompt = _text(body, "model"), _text(body, "prompt")
    if family.max_prompt is not None and len(prompt) > family.max_prompt:
        raise BadRequestError(f"prompt is longer than {family.max_prompt}")
    count, size = body.get("n", 1), body.get("size", "1:1")
    if isinstance(count, bool) or count not in family.counts:
        raise BadRequestError(f"n is one of {', '.join(map(str, family.counts))}")
    if size not in SIZES:
        raise BadRequestError(f"size is one of {', '.join(SIZES)}")
    references = _references(family, body, uploaded)
    return Errand(
        model=model,
        prompt=prompt,
        references=references,
        mask=_mask(body, references, uploaded),
        pictures=cast("int", count),
        size=size_of(prompt, cast("str", size)),
        callback=_callback(family, body),
        body=body,
    )


def _text(body: Object, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequestError(f"{name} is missing")
    return value


def _references(family: Family, body: Object, uploaded: Callable[[str], Reference | None]) -> tuple[Reference, ...]:
    given = [name for name in family.references if name in body]
    if len(given) > 1:
        raise BadRequestError(f"{given[0]} and {given[1]} are the same; send one of them")
    if not given:
        return ()
    urls = body[given[0]]
    if not isinstance(urls, list) or len(cast("list[object]", urls)) > MAX_REFERENCES:
        raise BadRequestError(f"{given[0]} is a list of up to {MAX_REFERENCES} addresses")
    return tuple(_opened(given[0], url, uploaded) for url in cast("list[object]", urls))


def _opened(name: str, url: object, uploaded: Callable[[str], Reference | None]) -> Reference:
    if isinstance(url, dict):
        url = cast("Object", url).get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise BadRequestError(f"{name} holds something that is no address; base64 is not taken here")
    if (found := uploaded(url)) is None:
        raise BadRequestError(f"{name}: an address that nobody uploaded here, and nothing else is fetched")
    return found


def _mask(
    body: Object, references: tuple[Reference, ...], uploaded: Callable[[str], Reference | None]
) -> Reference | None:
    if "mask_url" not in body:
        return None
    if len(references) != 1:
        raise BadRequestError("mask_url goes with exactly one reference image")
    mask, picture = _opened("mask_url", body["mask_url"], uploaded), references[0]
    if {mask.kind, picture.kind} != {"PNG"}:
        raise BadRequestError("mask and reference image must be PNG")
    if (mask.width, mask.height) != (picture.width, picture.height):
        raise BadRequestError("mask and reference image must have the same dimensions")
    if mask.length > MAX_MASK:
        raise BadRequestError("the mask is larger than 4 MB")
    return mask


def _callback(family: Family, body: Object) -> str | None:
    url = body.get("callback_url")
    if url is None or not family.callbacks:
        return None
    if not isinstance(url, str) or not url.startswith("https://") or len(url) > 2048:
        raise BadRequestError("callback_url is an HTTPS address of up to 2048 characters")
    return url
