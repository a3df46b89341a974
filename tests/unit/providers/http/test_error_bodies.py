"""What upstreams say when they fail, and which failure of ours it becomes."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from bot.errors import (
    BadCredentials,
    Busy,
    CutShort,
    Firewalled,
    Lost,
    Moderated,
    NoAnswer,
    OutOfFunds,
    PaintFailed,
    Rejected,
    Retry,
    TooLarge,
    Unreachable,
    UpstreamDown,
    WrongEndpoint,
    WrongModel,
)
from bot.providers.http.client import failure_before_response
from bot.providers.http.error_bodies import MAX_MESSAGE_CHARS, find_error, read_error
from bot.providers.http.failures import failure_of_response
from bot.providers.http.quoting import Redactions
from bot.providers.http.waits import wait_from_headers
from bot.providers.parallel import failure_to_report


def ace(code: str, message: str = "words") -> dict[str, object]:
    return {"success": False, "error": {"code": code, "message": message}, "trace_id": "2cf86e86"}


def openai(code: str | int | None, message: str = "words", kind: str = "x") -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "document", "failure"),
    [
        # Ace Data's page
        (400, ace("token_mismatched"), BadCredentials),
        (400, ace("api_not_implemented"), WrongEndpoint),
        (401, ace("invalid_token"), BadCredentials),
        (403, ace("used_up"), OutOfFunds),
        (429, ace("too_many_requests"), Busy),
        (500, ace("api_error", "fetch failed"), UpstreamDown),
        # ToAPIs' page
        (400, openai("bad_request_body", "invalid apitype: -1"), WrongEndpoint),
        (400, openai(None, kind="invalid_request_error"), Rejected),
        (401, openai(401, kind="authentication_error"), BadCredentials),
        (404, openai(404), WrongEndpoint),
        (402, openai("insufficient_quota"), OutOfFunds),
        (422, openai("content_policy_violation"), Moderated),
        # EvoLink's docs
        (400, openai("invalid_request"), Rejected),
        (403, openai("model_access_denied"), WrongModel),
        (500, openai("internal_error"), UpstreamDown),
        # OpenAI
        (400, openai("moderation_blocked", kind="image_generation_user_error"), Moderated),
        (400, openai(None, "Your request was rejected: safety_violations=[sexual]"), Moderated),
        (400, openai("billing_hard_limit_reached"), OutOfFunds),
        (400, openai("invalid_image_file"), Rejected),
        (401, openai("invalid_api_key"), BadCredentials),
        (429, openai("insufficient_quota"), OutOfFunds),
        (429, openai("rate_limit_exceeded"), Busy),
        # others
        (
            400,
            {"error": {"code": "BadRequest", "innererror": {"code": "ResponsibleAIPolicyViolation"}}},
            Moderated,
        ),
        (
            403,
            {"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"]}}},
            Moderated,
        ),
        (400, {"error": {"code": 401, "message": "who?"}}, BadCredentials),
        (403, {"error": "用户额度不足"}, OutOfFunds),
        (422, {"detail": [{"loc": ["body"], "msg": "missing"}]}, Rejected),
        (400, {"code": "invalid_api_key", "message": "no"}, BadCredentials),
        (418, {"msg": "teapot"}, Rejected),
        (400, [], Rejected),
    ],
)
def test_each_known_error_becomes_its_failure(status: int, document: object, failure: type[PaintFailed]) -> None:
    assert type(failure_of_response(status, {}, json.dumps(document).encode())) is failure


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "model_not_found", "The model `gpt-image-9` does not exist or you do not have access to it."),
        (404, None, "The model 'gpt-image-1.5-2025-12-16' does not exist."),
        (403, "model_not_found", "Project `proj_a` does not have access to model `gpt-image-2`"),
        (403, None, "Your organization must be verified to use the model `gpt-image-2`. Please go to: https://x.y"),
        (400, None, "google/gemini-9 is not a valid model ID"),
        (404, None, "No endpoints found matching your data policy."),
        (404, "DeploymentNotFound", "The API deployment for this resource does not exist."),
        (404, "NOT_FOUND", "models/gemini-9 is not found for API version v1main, or is not supported for predict."),
        (400, "InvalidParameter", "Model not exist."),
        (404, "ModelNotOpen", "Your account has not activated the model doubao-seedream-5."),
        (503, "model_not_found", "No available channel for model gpt-image-9 under group default"),
        (400, None, "Unknown model: flux-9"),
        (400, None, "Invalid model name passed in model=gpt-image-9"),
        (400, None, "The model `dall-e-2` has been deprecated, learn more here"),
        (400, None, "模型 gpt-image-9 不存在"),
        (404, None, 'model "flux" not found, try pulling it first'),
    ],
)
def test_what_concerns_the_model_alone_is_told_from_what_concerns_the_provider(
    status: int, code: str | None, message: str
) -> None:
    assert type(failure_of_response(status, {}, json.dumps(openai(code, message)).encode())) is WrongModel


@pytest.mark.parametrize(
    ("status", "message", "failure"),
    [
        (400, "This model does not support the size 1008x672.", Rejected),
        (400, "The model gpt-image-2 does not support input_fidelity.", Rejected),
        (400, "该模型不支持此尺寸", Rejected),
        (503, "The model is overloaded. Please try again later.", Busy),
        (400, "invalid model output format", Rejected),
        (404, "Not Found", WrongEndpoint),
        (401, "Incorrect API key provided for model access", BadCredentials),
    ],
)
def test_what_only_mentions_a_model_does_not_concern_it(status: int, message: str, failure: type[PaintFailed]) -> None:
    assert type(failure_of_response(status, {}, json.dumps(openai(None, message)).encode())) is failure


def test_a_refused_value_of_the_field_model_concerns_the_model_also_where_another_wraps_it() -> None:
    refused = {"message": "Invalid value: 'x'.", "type": "invalid_request_error", "param": "model", "code": None}
    for document in ({"error": refused}, {"error": {"message": json.dumps({"error": refused}), "code": 400}}):
        assert type(failure_of_response(400, {}, json.dumps(document).encode())) is WrongModel
    size = {"error": {**refused, "param": "size"}}
    assert type(failure_of_response(400, {}, json.dumps(size).encode())) is Rejected


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (302, WrongEndpoint), (400, UpstreamDown), (401, BadCredentials), (402, OutOfFunds),
        (403, Firewalled), (404, WrongEndpoint), (405, WrongEndpoint), (408, NoAnswer),
        (413, TooLarge), (429, Busy), (451, Firewalled), (500, UpstreamDown),
        (502, UpstreamDown), (503, UpstreamDown), (504, NoAnswer), (524, NoAnswer), (529, Busy),
    ],
)  # fmt: skip
def test_a_web_page_instead_of_an_answer_goes_by_its_status(status: int, failure: type[PaintFailed]) -> None:
    made = failure_of_response(status, {}, b"\n<html><h1>Bad Gateway</h1></html>")
    assert type(made) is failure
    assert "html" in (made.detail or "").lower()
    assert "h1" not in (made.detail or "")


def test_the_trace_id_is_kept_for_the_log() -> None:
    assert failure_of_response(500, {}, json.dumps(ace("api_error")).encode()).trace == "2cf86e86"
    assert failure_of_response(500, {"x-request-id": "req_1"}, b"oops").trace == "req_1"
    assert failure_of_response(500, {}, b"oops").trace is None


def test_the_upstreams_words_are_quoted_short_on_one_line_without_the_key() -> None:
    made = failure_of_response(
        400,
        {},
        json.dumps(openai("invalid_value", "Bad\nsize sk-123\x07 " + "x" * 500)).encode(),
        redact=Redactions(secrets=("sk-123",)),
    )
    assert isinstance(made, Rejected)
    words = str(made.facts["quote"])
    assert words.startswith("Bad size … x")
    assert len(words) == 200
    assert "sk-123" not in f"{made.detail} {made}"


def test_a_refusal_without_words_quotes_its_code() -> None:
    made = failure_of_response(400, {}, json.dumps({"error": {"code": "invalid_size"}}).encode())
    assert made.facts == {"quote": "HTTP 400 invalid_size"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_from_headers(headers) == seconds
    made = failure_of_response(429, headers, b"{}")
    assert isinstance(made, Busy)
    assert made.retry_after == seconds


def test_a_date_in_an_answer_without_one_is_compared_with_ours() -> None:
    now = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
    headers = {"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}
    assert wait_from_headers(headers, now) == 30
    assert wait_from_headers({"retry-after": "Wed, 21 Oct 2026 07:28:30 -0000"}, now) == 30
    made = failure_of_response(503, headers, b"", now=now)
    assert isinstance(made, Busy)
    assert made.retry_after == 30


@pytest.mark.parametrize(
    "document",
    [
        {"choices": []},
        {"code": 0, "data": {}},
        {"error": None},
        {"code": 401, "choices": []},
        {"errors": [], "success": True},
        {"errors": [{"code": "", "message": ""}]},
        {"code": 10_001, "msg": "done", "data": [{"url": "https://x.example/1.png"}]},
        {"status": "failed"},
        [],
        "text",
        7,
    ],
)
def test_an_answer_without_an_error_is_none(document: object) -> None:
    assert find_error(document) is None


@pytest.mark.parametrize(
    "document",
    [
        ace("x"),
        openai("x"),
        {"error": "x"},
        {"error": True},
        {"success": False},
        {"code": 401, "msg": "x"},
        {"code": -1, "msg": "x", "data": [None]},
        {"errors": [{"message": "x"}]},
        [{"error": "x"}],
    ],
)
def test_an_error_is_found_in_every_envelope(document: object) -> None:
    assert find_error(document) is not None


@pytest.mark.parametrize(
    ("exc", "handed_over", "failure"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), False, Unreachable),
        (httpx.ConnectError("[Errno -2] Name or service not known"), False, Unreachable),
        (httpx.ConnectTimeout(""), False, Unreachable),
        (httpx.ReadError(""), False, Unreachable),
        (httpx.ReadError(""), True, CutShort),
        (httpx.RemoteProtocolError("Server disconnected"), True, CutShort),
        (httpx.UnsupportedProtocol("no scheme"), False, WrongEndpoint),
        (httpx.InvalidURL("bad"), False, WrongEndpoint),
    ],
)
def test_money_law_of_lost_connections(exc: Exception, handed_over: bool, failure: type[PaintFailed]) -> None:
    made = failure_before_response(exc, handed_over=handed_over)
    assert type(made) is failure
    assert (made.retry is Retry.NEVER) == isinstance(made, Lost)


def test_a_header_that_cannot_be_sent_is_not_quoted() -> None:
    made = failure_before_response(httpx.LocalProtocolError("Illegal header value b'Bearer sk-123'"), handed_over=False)
    assert "sk-123" not in str(made)


def test_of_several_failures_one_that_forbids_another_try_is_told() -> None:
    assert isinstance(failure_to_report([Unreachable(), Busy(), CutShort(), UpstreamDown()]), CutShort)
    assert isinstance(failure_to_report([CutShort(), Moderated(), Busy()]), Moderated)
    assert isinstance(failure_to_report([NoAnswer(), Busy()]), Busy)
    assert isinstance(failure_to_report([Unreachable()]), Unreachable)


# ---------------------------------------------------------------- errors inside errors


def nest(error: object, times: int) -> object:
    for _ in range(times):
        error = {"error": {"message": json.dumps(error)}}
    return error


def test_what_is_no_error_says_nothing() -> None:
    assert read_error([7, None]).messages == ()


def test_an_error_is_found_as_deep_as_relays_nest_it_and_no_deeper() -> None:
    size = {"error": {"code": "invalid_size", "message": "Bad size."}}
    assert read_error(nest(size, 5)).message == "Bad size."
    for _ in range(50):
        size = {"error": size}
    assert "invalid_size" not in read_error(size).codes


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(json.dumps({"error": {"message": "Bad size."}})),
        "upstream said: " + json.dumps({"error": {"message": "Bad size."}}) + " (request id: 7)",
        "Error code: 400 - {'error': {'message': 'Bad size.', 'param': None}}",
        '{"error": {"message": "Bad size.", "param": "si',
        'data: {"error": {"message": "Bad size."}}',
    ],
)
def test_an_error_inside_a_text_is_read(text: str) -> None:
    assert read_error(text).message == "Bad size."


@pytest.mark.parametrize(
    "text", ['"half', "{'a': (" + "(" * 80, "{'a': " + "1" * 20_000 + "}", "{ no json }", "[sexual]"]
)
def test_a_text_that_only_looks_like_data_is_a_text(text: str) -> None:
    assert read_error(text).message[: MAX_MESSAGE_CHARS // 2] == text[: MAX_MESSAGE_CHARS // 2]


@pytest.mark.parametrize("filler", ["a ", "{", "[![", "12 "])
def test_of_words_without_end_the_beginning_and_the_end_are_compared(filler: str) -> None:
    error = read_error(f"You exceeded your current quota. {filler * 100_000} Please retry in 20s.")
    assert sum(map(len, error.messages)) <= MAX_MESSAGE_CHARS + 3
    assert error.message.startswith("You exceeded your current quota.")
    assert error.message.endswith("Please retry in 20s.")


def test_messages_without_end_are_read_to_a_limit() -> None:
    errors = [{"message": f"{number} " + "no " * 1000} for number in range(16)]
    assert sum(map(len, read_error({"errors": errors}).messages)) <= MAX_MESSAGE_CHARS + 3
