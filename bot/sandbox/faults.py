"""Faults on request: one table from a name to how the answer departs from the honest one. Data, no behaviour.

Ask for one in the prompt, `[[429]]` or `[[429:3]]`, or for several where they make sense together
(`[[torn]] [[forms:4]]`), or through `Sandbox(faults=…)`. A name that is not in the table is ordinary text.
The number is optional.

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
    [[forms:N]]                                the N-th form of progress text, 1 to 26, see forms.py
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

FAULT_TAG = re.compile(r"\[\[([A-Za-z0-9_-]+)(?::(\d+(?:\.\d+)?))?\]\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultEffect:
    """How an answer departs from the honest one. The defaults are the honest answer."""

    status: int | None = None  # refused at once, over HTTP
    body_format: Literal["relay", "openai", "azure", "html"] = "relay"
    code: str = ""
    message: str = ""
    retry_after_s: float | None = None  # seconds
    ending: Literal["reset", "no-answer", "error", "cut", "quiet"] | None = None
    ending_percent: float = 40.0  # percent of progress at which the ending comes
    silence_s: float = 120.0  # of silence
    slowdown: float = 1.0
    fragmented: bool = False
    progress_format: float | None = None
    result_format: str | None = None  # a name in bot.sandbox.chat.progress_formats.RESULTS
    picture_count: float | None = None
    served_file: Literal["png", "svg", "html", "broken", "gone"] = "png"
    task_error: str | None = None
    task_outcome: Literal["cancelled", "mystery"] | None = None
    numeric_error_code: bool = False
    single_result: bool = False
    failing_polls: float = 0
    callback_mode: Literal["once", "early", "twice", "never"] = "once"


@dataclass(frozen=True, slots=True)
class _FaultDefinition:
    """`takes`: the field of Twist that the number fills."""

    effect: FaultEffect
    number_field: str | None = None


def _http_error(status: int, code: str, message: str, shape: Literal["relay", "openai", "azure"] = "relay") -> _FaultDefinition:
    return _FaultDefinition(FaultEffect(status=status, code=code, message=message, body_format=shape), "retry_after")


# What a failed task may name as its reason: EvoLink's table, and the one code of ToAPIs. Each has its fault.
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
    "html502": _FaultDefinition(FaultEffect(status=502, body_format="html")),
    "reset": _FaultDefinition(FaultEffect(ending="reset")),
    "no-answer": _FaultDefinition(FaultEffect(ending="no-answer", silence_s=60.0), "seconds"),
    "error-in-stream": _FaultDefinition(FaultEffect(ending="error", code="api_error", message="fetch failed"), "at"),
    "cut": _FaultDefinition(FaultEffect(ending="cut"), "at"),
    "quiet": _FaultDefinition(FaultEffect(ending="quiet"), "seconds"),
    "slow": _FaultDefinition(FaultEffect(slowdown=5.0), "slower"),
    "torn": _FaultDefinition(FaultEffect(fragmented=True)),
    "failed": _FaultDefinition(FaultEffect(progress_format=19), "form"),
    "refuse": _FaultDefinition(FaultEffect(progress_format=23)),
    "forms": _FaultDefinition(FaultEffect(progress_format=1), "form"),
    "no-picture": _FaultDefinition(FaultEffect(result_format="none")),
    "two": _FaultDefinition(FaultEffect(picture_count=2)),
    "images-field": _FaultDefinition(FaultEffect(result_format="images-field")),
    "inline-data": _FaultDefinition(FaultEffect(result_format="inline-data")),
    "data-url": _FaultDefinition(FaultEffect(result_format="data-url")),
    "bare": _FaultDefinition(FaultEffect(result_format="bare")),
    "download-only": _FaultDefinition(FaultEffect(result_format="download-only")),
    "titled": _FaultDefinition(FaultEffect(result_format="titled")),
    "svg": _FaultDefinition(FaultEffect(served_file="svg")),
    "html": _FaultDefinition(FaultEffect(served_file="html")),
    "broken": _FaultDefinition(FaultEffect(served_file="broken")),
    "gone": _FaultDefinition(FaultEffect(served_file="gone")),
    **{f"task-{code}": _FaultDefinition(FaultEffect(task_error=code)) for code in TASK_CODES},
    "numbered": _FaultDefinition(FaultEffect(numeric_error_code=True)),
    "cancelled": _FaultDefinition(FaultEffect(task_outcome="cancelled")),
    "mystery": _FaultDefinition(FaultEffect(task_outcome="mystery")),
    "partial": _FaultDefinition(FaultEffect(picture_count=1), "pictures"),
    "single": _FaultDefinition(FaultEffect(single_result=True)),
    "apitype": _http_error(400, "invalid_request_error", "invalid apitype: -1", "openai"),
    "polls-fail": _FaultDefinition(FaultEffect(failing_polls=2), "polls_failing"),
    "callback-early": _FaultDefinition(FaultEffect(callback_mode="early")),
    "callback-twice": _FaultDefinition(FaultEffect(callback_mode="twice")),
    "callback-never": _FaultDefinition(FaultEffect(callback_mode="never")),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault by its name in FAULTS, with the number that may follow. Raises KeyError for another name."""

    name: str
    number: float | None = None

    def __post_init__(self) -> None:
        FAULTS[self.name]

    @property
    def effect(self) -> FaultEffect:
        entry = FAULTS[self.name]
        if self.number is None or entry.number_field is None:
            return entry.effect
        return replace(entry.effect, **{entry.number_field: self.number})


def parse_faults(prompt: str) -> list[Fault]:
    """The faults that a prompt asks for, in order."""
    found = ((name.lower(), number) for name, number in FAULT_TAG.findall(prompt))
    return [Fault(name, float(number) if number else None) for name, number in found if name in FAULTS]


def combine_effects(faults: Iterable[Fault]) -> FaultEffect:
    """Several faults as one; where two set the same thing, the later one holds."""
    honest = merged = FaultEffect()
    for fault in faults:
        twist = fault.effect
        names = [field.name for field in fields(FaultEffect)]
        merged = replace(merged, **{n: getattr(twist, n) for n in names if getattr(twist, n) != getattr(honest, n)})
    return merged
