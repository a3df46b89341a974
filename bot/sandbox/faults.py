"""Faults on request: one table from a name to how the response deviates from the normal one. Data, no behaviour.

Ask for one in the prompt, `[[429]]` or `[[429:3]]`, or for several where they make sense together
(`[[torn]] [[forms:4]]`), or through `Sandbox(faults=…)`. A name that is not in the table is ordinary text.
The number is optional. A dialect before the name, as in `[[images/500]]`, spares the others: a failover can be seen.

    [[400]] [[401]] [[402]] [[403]] [[404]]    refused with that status and the relay's error body
    [[429:S]] [[500]]                          likewise; S: Retry-After in seconds
    [[api_not_implemented]] [[moderation]]     400 of the relay; 400 moderation_blocked in OpenAI's shape
    [[policy]] [[content-filter]]              400 content_policy_violation; the same as Azure says it
    [[billing]] [[unverified]]                 400 billing_hard_limit_reached; 403 for an unverified organisation
    [[no-funds]]                               429 insufficient_quota in OpenAI's shape: waiting does not help
    [[html502]]                                502 with a gateway's HTML page
    [[reset]]                                  the connection is reset before any answer
    [[no-answer:S]]                            not one byte for S seconds (60), then closed
    [[error-in-stream:P]] [[cut:P]]            after P percent (40): an error event; the connection ends
    [[quiet:S]]                                after 40 %: S seconds (120) of silence, then cut
    [[slow:X]]                                 X times (5) the pace
    [[torn]]                                   text and bytes cut anywhere, also inside a character
    [[failed:N]] [[refuse]]                    status 200, and prose instead of a picture; N as in forms
    [[forms:N]]                                the N-th progress format, 1 to 26, see chat/progress_formats.py
    [[no-picture]]                             everything went well, but no picture is named
    [[two]]                                    two pictures
    [[images-field]] [[inline-data]]           the picture beside the text: message.images, multi_mod_content
    [[data-url]] [[bare]] [[download-only]]    the picture as a data URL, a naked address, a download link
    [[titled]]                                 a picture with its address as title, and a download link
    [[svg]] [[html]] [[broken]] [[gone]]       the link serves an SVG, a page, half a PNG, a 404

Of the task dialects alone; there [[reset]] and [[no-answer:S]] lose the answer to a task that was begun,
[[cut]] loses the answer to one question about it, and [[quiet]] leaves it at 40 % for ever:

    [[task-content_policy_violation]] [[task-invalid_parameters]] [[task-image_processing_error]]
    [[task-image_dimension_mismatch]] [[task-request_cancelled]] [[task-generation_failed_no_content]]
    [[task-service_error]] [[task-generation_timeout]] [[task-resource_exhausted]] [[task-quota_exceeded]]
    [[task-service_unavailable]] [[task-unknown_error]] [[task-resource_not_found]] [[task-generation_failed]]
                                               the task fails with that code
    [[numbered]]                               it fails with a number for a code, and its reason in fail_reason
    [[cancelled]] [[mystery]]                  the task is cancelled; ends in a status that no page names
    [[partial:N]]                              N (1) pictures, however many were asked for
    [[single]]                                 the result as one `url` instead of a list
    [[apitype]]                                400 "invalid apitype: -1"
    [[polls-fail:N]]                           the first N (2) questions about the task are answered with a 503
    [[callback-early]] [[callback-twice]] [[callback-never]]   before the submit is answered; two times; not at all
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Literal

Dialect = Literal["chat", "tasks", "images"]
FAULT_TAG = re.compile(r"\[\[(?:(chat|tasks|images)/)?([A-Za-z0-9_-]+)(?::(\d+(?:\.\d+)?))?\]\]", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultEffect:
    """How a response deviates from the normal one. The defaults: no deviation."""

    status: int | None = None
    """HTTP status that refuses the request at once."""
    body_format: Literal["relay", "openai", "azure", "html"] = "relay"
    """Envelope of the error body."""
    code: str = ""
    """Error code in the body."""
    message: str = ""
    """Error message in the body."""
    retry_after_s: float | None = None
    """Retry-After header, seconds."""
    ending: Literal["reset", "no-answer", "error", "cut", "quiet"] | None = None
    """How the response ends early, see the module's table."""
    ending_percent: float = 40.0
    """Progress at which the ending comes."""
    silence_s: float = 120.0
    """Length of a silence, seconds."""
    slowdown: float = 1.0
    """Factor of the pace."""
    fragmented: bool = False
    """Whether text and bytes are cut anywhere."""
    progress_format: float | None = None
    """Number of a progress format, 1 to 26; None: by the prompt's language."""
    result_format: str | None = None
    """A key of RESULT_FORMATS in chat/progress_formats.py; None: the progress format's own."""
    picture_count: float | None = None
    """Pictures painted; None: as requested."""
    served_file: Literal["png", "svg", "html", "broken", "gone"] = "png"
    """What the picture's link serves."""
    task_error: str | None = None
    """Error code of a failed task, one of TASK_CODES."""
    task_outcome: Literal["cancelled", "mystery"] | None = None
    """State in which a task ends instead of completing."""
    numeric_error_code: bool = False
    """Whether a task fails with a number for a code and its reason in `fail_reason`."""
    single_result: bool = False
    """Whether a task's result is one `url` instead of a list."""
    failing_polls: float = 0
    """Status queries that are answered with a 503 before the first good one."""
    callback_mode: Literal["once", "early", "twice", "never"] = "once"
    """When and how often a task's callback is called."""


@dataclass(frozen=True, slots=True)
class _Definition:
    """One row of the table."""

    effect: FaultEffect
    number_field: str | None = None
    """Field of `effect` that the number after the name fills; None: the number is ignored."""


def _http_error(
    status: int, code: str, message: str, body_format: Literal["relay", "openai", "azure"] = "relay"
) -> _Definition:
    effect = FaultEffect(status=status, code=code, message=message, body_format=body_format)
    return _Definition(effect, "retry_after_s")


# Error codes of failed tasks: EvoLink's table, and the one code of ToAPIs. Each has its fault.
TASK_CODES = (
    "content_policy_violation",
    "invalid_parameters",
    "image_processing_error",
    "image_dimension_mismatch",
    "request_cancelled",
    "generation_failed_no_content",
    "service_error",
    "generation_timeout",
    "resource_exhausted",
    "quota_exceeded",
    "service_unavailable",
    "unknown_error",
    "resource_not_found",
    "generation_failed",
)

FAULTS = {
    "400": _http_error(400, "token_mismatched", "the request is not understood"),
    "401": _http_error(401, "invalid_token", "the token is invalid"),
    "402": _http_error(402, "insufficient_quota", "the balance is used up"),
    "403": _http_error(403, "model_access_denied", "the token may not use this model"),
    "404": _http_error(404, "not_found", "no such endpoint"),
    "429": _http_error(429, "too_many_requests", "the rate limit is exceeded"),
    "500": _http_error(500, "api_error", "fetch failed"),
    "api_not_implemented": _http_error(400, "api_not_implemented", "the model is not implemented"),
    "moderation": _http_error(400, "moderation_blocked", "rejected by the safety system", "openai"),
    "policy": _http_error(400, "content_policy_violation", "rejected by the safety system", "openai"),
    "content-filter": _http_error(400, "contentFilter", "Your task failed as a result of our safety system.", "azure"),
    "billing": _http_error(400, "billing_hard_limit_reached", "Billing hard limit has been reached", "openai"),
    "unverified": _http_error(403, "", "Your organization must be verified to use this model.", "openai"),
    "no-funds": _http_error(429, "insufficient_quota", "you exceeded your current quota", "openai"),
    "html502": _Definition(FaultEffect(status=502, body_format="html")),
    "reset": _Definition(FaultEffect(ending="reset")),
    "no-answer": _Definition(FaultEffect(ending="no-answer", silence_s=60.0), "silence_s"),
    "error-in-stream": _Definition(
        FaultEffect(ending="error", code="api_error", message="fetch failed"), "ending_percent"
    ),
    "cut": _Definition(FaultEffect(ending="cut"), "ending_percent"),
    "quiet": _Definition(FaultEffect(ending="quiet"), "silence_s"),
    "slow": _Definition(FaultEffect(slowdown=5.0), "slowdown"),
    "torn": _Definition(FaultEffect(fragmented=True)),
    "failed": _Definition(FaultEffect(progress_format=19), "progress_format"),
    "refuse": _Definition(FaultEffect(progress_format=23)),
    "forms": _Definition(FaultEffect(progress_format=1), "progress_format"),
    "no-picture": _Definition(FaultEffect(result_format="none")),
    "two": _Definition(FaultEffect(picture_count=2)),
    "images-field": _Definition(FaultEffect(result_format="images-field")),
    "inline-data": _Definition(FaultEffect(result_format="inline-data")),
    "data-url": _Definition(FaultEffect(result_format="data-url")),
    "bare": _Definition(FaultEffect(result_format="bare")),
    "download-only": _Definition(FaultEffect(result_format="download-only")),
    "titled": _Definition(FaultEffect(result_format="titled")),
    "svg": _Definition(FaultEffect(served_file="svg")),
    "html": _Definition(FaultEffect(served_file="html")),
    "broken": _Definition(FaultEffect(served_file="broken")),
    "gone": _Definition(FaultEffect(served_file="gone")),
    **{f"task-{code}": _Definition(FaultEffect(task_error=code)) for code in TASK_CODES},
    "numbered": _Definition(FaultEffect(numeric_error_code=True)),
    "cancelled": _Definition(FaultEffect(task_outcome="cancelled")),
    "mystery": _Definition(FaultEffect(task_outcome="mystery")),
    "partial": _Definition(FaultEffect(picture_count=1), "picture_count"),
    "single": _Definition(FaultEffect(single_result=True)),
    "apitype": _http_error(400, "invalid_request_error", "invalid apitype: -1", "openai"),
    "polls-fail": _Definition(FaultEffect(failing_polls=2), "failing_polls"),
    "callback-early": _Definition(FaultEffect(callback_mode="early")),
    "callback-twice": _Definition(FaultEffect(callback_mode="twice")),
    "callback-never": _Definition(FaultEffect(callback_mode="never")),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One requested fault. Raises KeyError for a name that is not in FAULTS."""

    name: str
    number: float | None = None
    """The number after the name; None: the table's default."""

    def __post_init__(self) -> None:
        FAULTS[self.name]

    @property
    def effect(self) -> FaultEffect:
        """The table's effect with the number filled in."""
        definition = FAULTS[self.name]
        if self.number is None or definition.number_field is None:
            return definition.effect
        return replace(definition.effect, **{definition.number_field: self.number})


def parse_faults(prompt: str, dialect: Dialect) -> list[Fault]:
    """The faults that a prompt asks for in one dialect, in order."""
    found = (
        (name.lower(), number) for only, name, number in FAULT_TAG.findall(prompt) if only.lower() in ("", dialect)
    )
    return [Fault(name, float(number) if number else None) for name, number in found if name in FAULTS]


def combine_effects(faults: Iterable[Fault]) -> FaultEffect:
    """The effects of several faults as one; where two set the same field, the later one wins."""
    default = combined = FaultEffect()
    for fault in faults:
        effect = fault.effect
        changed = {
            each.name: value
            for each in fields(FaultEffect)
            if (value := getattr(effect, each.name)) != getattr(default, each.name)
        }
        combined = replace(combined, **changed)
    return combined
