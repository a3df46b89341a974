"""How each failure of a request in the images dialect is classified."""

import json
from typing import Any

import pytest

from bot.errors import (
    CutShort,
    Moderated,
    NoAnswer,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    SaidFailed,
    Unreachable,
    UpstreamDown,
    WentQuiet,
    WrongModel,
)
from bot.painting import Accepted, Link, PaintRequest
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream.images import KEY, LINK, USAGE, event, partial, provider
from tests.servers.upstream.paintings import fail, gather
from tests.servers.upstream.scripted import JSON, SSE, Call, scripted_upstream
from tests.wire.providers.images.exchanges import SHORT, answers, pictures, streams


def openai_error(code: str | None, kind: str = "invalid_request_error", message: str = "words") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        ("400 Bad Request", openai_error("moderation_blocked", "image_generation_user_error"), Moderated),
        ("400 Bad Request", openai_error("billing_hard_limit_reached", "billing_limit_user_error"), OutOfFunds),
        ("400 Bad Request", openai_error(None, "billing_limit_user_error"), OutOfFunds),
        (
            "400 Bad Request",
            {"error": {"code": "contentFilter", "inner_error": {"code": "ResponsibleAIPolicyViolation"}}},
            Moderated,
        ),
        ("400 Bad Request", {"error": {"code": "contentFilter", "message": "words"}}, Moderated),
        ("404 Not Found", {"error": {"code": "DeploymentNotFound", "message": "words"}}, WrongModel),
        ("429 Too Many Requests", openai_error("project_spend_limit_exceeded"), OutOfFunds),
    ],
)
async def test_refusals_have_their_names(
    client: UpstreamClient, status: str, body: dict[str, Any], failure: type[PaintFailed]
) -> None:
    async with scripted_upstream(answers(json.dumps(body), head=(JSON, "apim-request-id: az_1"), status=status)) as up:
        failed, events = await fail(provider(client, up.url))
    assert type(failed) is failure
    assert failed.trace == "az_1"
    assert not any(isinstance(each, Accepted) for each in events)


@pytest.mark.parametrize(
    ("parts", "failure"),
    [
        ((event("error", **openai_error("moderation_blocked")),), Moderated),
        ((partial(0), event("error", error={"message": "boom", "code": None, "type": "server_error"})), SaidFailed),
        ((event("error", code="image_generation_server_error", message="boom"),), SaidFailed),
        ((partial(0), event("error", **openai_error("rate_limit_exceeded"))), SaidFailed),
        ((event("error", **openai_error("insufficient_quota")),), OutOfFunds),
        ((partial(0),), CutShort),
        (("",), CutShort),
        (("data: [DONE]\n\n",), NoPicture),
        ((event("completed", usage=USAGE),), NoPicture),
    ],
)
async def test_a_stream_without_a_picture_says_why(
    client: UpstreamClient, parts: tuple[str, ...], failure: type[PaintFailed]
) -> None:
    async with scripted_upstream(streams(*parts)) as up:
        failed, events = await fail(provider(client, up.url))
    assert type(failed) is failure
    assert failed.trace == "req_7"
    assert Accepted("req_7") in events


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (json.dumps({"created": 1, "data": []}), NoPicture),
        (json.dumps({"created": 1}), NoPicture),
        (json.dumps([1]), NoPicture),
        (json.dumps(openai_error("content_policy_violation")), Moderated),
        ("{" + '"data": [', CutShort),
        ("<html>login</html>", UpstreamDown),
    ],
)
async def test_a_success_without_a_picture_says_why(
    client: UpstreamClient, body: str, failure: type[PaintFailed]
) -> None:
    head = ("Content-Type: text/html",) if body.startswith("<") else (JSON,)
    async with scripted_upstream(answers(body, head=head)) as up:
        failed, _ = await fail(provider(client, up.url))
    assert type(failed) is failure


async def test_a_picture_that_came_counts_though_the_stream_broke_after_it(client: UpstreamClient) -> None:
    script = streams(event("partial_succeeded", url=LINK), event("error", **openai_error("server_error")))
    async with scripted_upstream(script) as up:
        assert pictures(await gather(provider(client, up.url))) == [Link(url=LINK)]


async def test_a_request_is_sent_once_however_it_ends(client: UpstreamClient) -> None:
    async def breaks(call: Call) -> None:
        call.reset()

    async with scripted_upstream(breaks) as up:
        failed, _ = await fail(provider(client, up.url))
        assert isinstance(failed, CutShort)
        assert len(up.calls) == 1


async def test_silence_and_absence_have_their_names(client: UpstreamClient) -> None:
    async def silent(call: Call) -> None:
        await call.hangup()

    async def quiet(call: Call) -> None:
        await call.head(SSE)
        await call.send(partial(0))
        await call.hangup()

    async with scripted_upstream(silent, quiet) as up:
        failed, _ = await fail(provider(client, up.url, timeout_s=SHORT))
        assert isinstance(failed, NoAnswer)
        failed, _ = await fail(provider(client, up.url, idle_timeout_s=SHORT))
        assert isinstance(failed, WentQuiet)
        url = up.url
    failed, _ = await fail(provider(client, url))
    assert isinstance(failed, Unreachable)


async def test_neither_the_key_nor_the_prompt_is_quoted(client: UpstreamClient) -> None:
    prompt = "a secret portrait of Ada"
    body = json.dumps(openai_error(None, message=f"bad key {KEY} for {prompt}"))
    async with scripted_upstream(answers(body, status="400 Bad Request")) as up:
        failed, _ = await fail(provider(client, up.url), PaintRequest(prompt=prompt))
    told = f"{failed.facts} {failed.detail}"
    assert "bad key … for …" in told
    assert KEY not in told
