"""How each failure of a submission, an upload or a task is classified."""

import pytest

from bot.errors import (
    BadCredentials,
    Busy,
    CalledOff,
    CutShort,
    FailedFree,
    Lost,
    Moderated,
    NoAnswer,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    Rejected,
    Retry,
    SaidFailed,
    Unreachable,
    UpstreamDown,
    WrongEndpoint,
    WrongModel,
)
from bot.painting import Accepted, FinishedImage, Link, PaintRequest, Stage, StageChanged
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream.paintings import fail, gather
from tests.servers.upstream.tasks import KEY, Json, Said, provider, task_upstream
from tests.support.clocks import InstantClock
from tests.wire.providers.tasks.samples import DONE, JPEG, OPENED, URL, failed

# ---------------------------------------------------------------- the submit

SUBMIT_ERRORS = {
    "evolink": [
        (400, "invalid_request", Rejected),
        (401, "unauthorized", BadCredentials),
        (402, "insufficient_quota", OutOfFunds),
        (403, "model_access_denied", WrongModel),
        (404, "resource_not_found", WrongEndpoint),
        (429, "rate_limit_exceeded", Busy),
        (500, "internal_error", UpstreamDown),
    ],
    "toapis": [
        (400, "invalid_request_error", Rejected),
        (401, "authentication_error", BadCredentials),
        (401, 401, BadCredentials),
        (402, "insufficient_quota", OutOfFunds),
        (404, 404, WrongEndpoint),
        (422, "content_policy_violation", Moderated),
        (429, "rate_limit_exceeded", Busy),
        (500, 500, UpstreamDown),
    ],
}


@pytest.mark.parametrize(
    ("preset", "status", "code", "kind"),
    [(preset, *row) for preset, rows in SUBMIT_ERRORS.items() for row in rows],
)
async def test_each_row_of_the_error_tables(
    client: UpstreamClient, clock: InstantClock, preset: str, status: int, code: object, kind: type[PaintFailed]
) -> None:
    error: Json = {"error": {"code": code, "message": f"words and {KEY}", "type": "invalid_request_error"}}
    async with task_upstream(clock, submits=[(status, error, {"x-request-id": "r-7"})]) as up:
        failure, events = await fail(provider(client, clock, up.url, preset))
        assert len(up.requests) == 1
    assert (type(failure), failure.trace) == (kind, "r-7")
    assert events == [StageChanged(Stage.SENDING)]
    assert KEY not in f"{failure.detail} {failure.facts}"


async def test_a_busy_upstream_says_for_how_long(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[(429, {}, {"Retry-After": "7"})]) as up:
        failure, _ = await fail(provider(client, clock, up.url))
    assert isinstance(failure, Busy)
    assert failure.retry_after == 7.0


NO_TASK: list[tuple[Said, type[PaintFailed]]] = [
    ({"error": {"code": "insufficient_quota", "message": "top up"}}, OutOfFunds),
    ({"code": 401, "message": "no"}, BadCredentials),
    ({"error": {"message": "odd"}}, SaidFailed),
    ({"fail_reason": "odd"}, SaidFailed),
    ({"success": False, "message": "insufficient balance"}, OutOfFunds),
    ({"status": "queued"}, Lost),
    ({}, Lost),
    ("<html>Sorry</html>", UpstreamDown),
    ("accepted", Lost),
    ("", Lost),
]


@pytest.mark.parametrize(("said", "kind"), NO_TASK)
async def test_a_success_that_opens_no_task(
    client: UpstreamClient, clock: InstantClock, said: Said, kind: type[PaintFailed]
) -> None:
    async with task_upstream(clock, submits=[said]) as up:
        failure, events = await fail(provider(client, clock, up.url))
        assert len(up.requests) == 1
    assert type(failure) is kind
    assert Accepted(None) not in events


async def test_an_id_that_quotes_the_key_is_not_kept(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[{"id": f"task-{KEY}", "status": "pending"}]) as up:
        failure, events = await fail(provider(client, clock, up.url))
        assert len(up.requests) == 1
    assert (type(failure), failure.retry) == (Lost, Retry.NEVER)
    assert KEY not in f"{events} {failure.detail} {failure.trace}"


@pytest.mark.parametrize("cut", [b"", b'{"id": "task-'])
async def test_a_submit_whose_answer_is_lost_is_not_repeated(
    client: UpstreamClient, clock: InstantClock, cut: bytes
) -> None:
    async with task_upstream(clock, submits=[cut]) as up:
        failure, _ = await fail(provider(client, clock, up.url))
        assert len(up.requests) == 1
    assert (type(failure), failure.retry) == (CutShort, Retry.NEVER)


async def test_an_address_where_nobody_listens(client: UpstreamClient, clock: InstantClock) -> None:
    failure, _ = await fail(provider(client, clock, "http://127.0.0.1:1"))
    assert (type(failure), failure.retry) == (Unreachable, Retry.ELSEWHERE)


# ---------------------------------------------------------------- uploads that come to nothing

LOST_UPLOADS: list[tuple[Said, type[PaintFailed]]] = [
    ((500, {"success": False, "message": "broken"}), UpstreamDown),
    ((401, {"success": False, "code": 401, "msg": "no"}), BadCredentials),
    ((404, {}), WrongEndpoint),
    ((429, {}), Busy),
    ((400, {"success": False, "message": "not a picture"}), Rejected),
    ({"success": False, "code": 402, "msg": "quota"}, OutOfFunds),
    ({"success": False, "message": "Upload failed"}, UpstreamDown),
    ({"success": True, "data": {"file_url": "javascript:alert(1)"}}, UpstreamDown),
    ("<html>Sorry</html>", UpstreamDown),
    (b'{"succ', Unreachable),
    (b"", Unreachable),
]


@pytest.mark.parametrize(("said", "kind"), LOST_UPLOADS)
async def test_an_upload_that_fails_submits_nothing(
    client: UpstreamClient, clock: InstantClock, said: Said, kind: type[PaintFailed]
) -> None:
    request = PaintRequest(prompt="a cat", references=(JPEG,))
    async with task_upstream(clock, uploads=[said], submits=[OPENED]) as up:
        failure, events = await fail(provider(client, clock, up.url), request)
        assert up.of("submit") == []
    assert type(failure) is kind
    assert events == [StageChanged(Stage.SENDING)]


# ---------------------------------------------------------------- tasks that fail

TASK_CODES: dict[object, type[PaintFailed]] = {
    "content_policy_violation": Moderated,
    "invalid_parameters": Rejected,
    "image_processing_error": Rejected,
    "image_dimension_mismatch": Rejected,
    "request_cancelled": CalledOff,
    "generation_failed_no_content": NoPicture,
    "service_error": UpstreamDown,
    "generation_timeout": NoAnswer,
    "resource_exhausted": Busy,
    "quota_exceeded": OutOfFunds,
    "service_unavailable": UpstreamDown,
    "unknown_error": UpstreamDown,
    "resource_not_found": FailedFree,
    "generation_failed": FailedFree,
    "something new": FailedFree,
    500: UpstreamDown,
    "": FailedFree,
}


@pytest.mark.parametrize("code", TASK_CODES, ids=str)
async def test_a_failed_task_of_evolink_is_free_so_others_may_be_asked(
    client: UpstreamClient, clock: InstantClock, code: object
) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[failed(code)]) as up:
        failure, events = await fail(provider(client, clock, up.url))
        assert len(up.of("poll")) == 1
    assert (type(failure), failure.trace) == (TASK_CODES[code], "task-1")
    assert events[:2] == [StageChanged(Stage.SENDING), Accepted("task-1")]


@pytest.mark.parametrize("code", TASK_CODES, ids=str)
async def test_a_failed_task_of_toapis_may_have_cost_money_so_nobody_is_asked(
    client: UpstreamClient, clock: InstantClock, code: object
) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[failed(code)]) as up:
        failure, _ = await fail(provider(client, clock, up.url, "toapis"))
    assert failure.retry is Retry.NEVER
    own = TASK_CODES[code]
    assert type(failure) is (own if own.retry is Retry.NEVER else SaidFailed)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"error": {"code": "generation_failed", "message": "no hands"}}, "no hands"),
        ({"error": {"code": "generation_failed"}, "fail_reason": "no hands"}, "no hands"),
        ({"fail_reason": "no hands"}, "no hands"),
        ({"error": "no hands"}, "no hands"),
        ({"data": {"fail_reason": "no hands"}}, "no hands"),
        ({}, "failed"),
    ],
)
async def test_the_reason_of_a_failure_is_quoted_wherever_it_stands(
    client: UpstreamClient, clock: InstantClock, told: Json, words: str
) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[{"status": "failed", **told}]) as up:
        failure, _ = await fail(provider(client, clock, up.url, "toapis"))
    assert (type(failure), failure.facts) == (SaidFailed, {"quote": words})


ENDED: list[tuple[Json, type[PaintFailed]]] = [
    ({"status": "FAILURE", "fail_reason": "no hands"}, SaidFailed),
    ({"status": "FAILURE"}, SaidFailed),
    ({"status": "fail", "failMsg": "no hands"}, SaidFailed),
    ({"code": "success", "message": "", "data": {"status": "FAILURE", "fail_reason": "提示词包含敏感词"}}, Moderated),
    ({"status": "TASK_STATUS_FAILED", "reason": "no hands"}, SaidFailed),
    ({"status": "generate_failed", "message": "no hands"}, SaidFailed),
    ({"status": "violation", "failure_reason": "output_moderation"}, Moderated),
    ({"status": "failed", "failure_reason": "input_moderation", "error": ""}, Moderated),
    ({"status": "odd", "error": "no hands"}, SaidFailed),
    ({"status": "UNKNOWN", "message": "task not found"}, SaidFailed),
    ({"status": "unknown", "msg": "任务执行失败"}, SaidFailed),
    ({"status": 7, "errorMessage": "Your request was rejected by the safety system."}, Moderated),
    ({"status": "FAILURE", "fail_reason": '{"error": {"code": "moderation_blocked", "message": "no"}}'}, Moderated),
    ({"status": "completed", "results": [], "error": {"code": "content_policy_violation"}}, Moderated),
    ({"status": "user_cancelled"}, CalledOff),
    ({"status": "cancelled", "message": "cancelled"}, CalledOff),
    ({"status": "cancelled", "error": {"code": "content_policy_violation"}}, Moderated),
    ({"status": "canceled", "fail_reason": "Your request was rejected by the safety system."}, Moderated),
    ({"status": "failed", "message": "insufficient balance"}, SaidFailed),
]


@pytest.mark.forms(4)
@pytest.mark.parametrize(("said", "kind"), ENDED)
async def test_a_task_that_says_by_any_word_that_it_failed_has_ended(
    client: UpstreamClient, clock: InstantClock, said: Json, kind: type[PaintFailed]
) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[{"id": "task-1", **said}]) as up:
        failure, _ = await fail(provider(client, clock, up.url, "toapis"))
        assert len(up.of("poll")) == 1
    assert type(failure) is kind
    assert not set(str(failure.facts.get("quote", ""))) & set('{}<>"')


WORKING: list[Json] = [
    {"status": "warming_up", "message": "almost there"},
    {"status": "odd", "message": "success", "error": None},
    {"status": "processing", "error": {"message": "the first worker failed, another goes on"}},
    {"status": "odd", "error": {"message": "", "code": None}},
]


@pytest.mark.parametrize("said", WORKING)
async def test_a_task_in_an_unknown_state_without_an_error_goes_on(
    client: UpstreamClient, clock: InstantClock, said: Json
) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[{"id": "task-1", **said}, DONE]) as up:
        events = await gather(provider(client, clock, up.url, "toapis"))
        assert len(up.of("poll")) == 2
    assert FinishedImage(Link(url=URL)) in events


async def test_a_long_prompt_is_not_quoted_back(client: UpstreamClient, clock: InstantClock) -> None:
    request = PaintRequest(prompt="a very private prompt about a cat")
    async with task_upstream(
        clock, submits=[OPENED], polls=[failed("generation_failed", f"bad: {request.prompt}")]
    ) as up:
        failure, _ = await fail(provider(client, clock, up.url), request)
    assert failure.facts == {"quote": "bad: …"}
