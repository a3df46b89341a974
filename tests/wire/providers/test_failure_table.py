"""Every answer of the table becomes its failure in every dialect, over the wire; no member reads JSON or HTML."""

import re
from collections.abc import Callable

import pytest

from bot.errors import Busy, Moderated, PaintFailed, SaidFailed, UpstreamDown
from bot.painting import PaintRequest
from bot.ports import Provider
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream import chat, images, tasks
from tests.servers.upstream.paintings import fail
from tests.servers.upstream.scripted import Call, Script, event, scripted_upstream
from tests.support.clocks import InstantClock
from tests.wire.providers.failure_answer import SAFETY, Answer, openai
from tests.wire.providers.failure_table import ERRORS
from tests.wire.providers.success_table import IN_SUCCESS

DIALECTS: dict[str, Callable[[UpstreamClient, str], Provider]] = {
    "chat": lambda client, url: chat.provider(client, url),
    "tasks": lambda client, url: tasks.provider(client, InstantClock(), url, "toapis"),
    "images": lambda client, url: images.provider(client, url),
}
IN_EVERY_DIALECT = pytest.mark.parametrize("dialect", DIALECTS)
DATA = re.compile(r"[{}<>]|\\\"|\[\s*[\"{]")


def says(answer: Answer, status: int | None = None) -> Script:
    async def script(call: Call) -> None:
        kind = "text/html" if answer.text.startswith("<") else "application/json"
        await call.respond(
            answer.text, f"Content-Type: {kind}", *answer.headers, status=f"{status or answer.status} Status"
        )

    return script


def assert_is(failed: PaintFailed, answer: Answer) -> None:
    assert type(failed) is answer.becomes
    assert not DATA.search(str(failed.facts.get("quote", "")))
    if isinstance(failed, Busy):
        assert failed.retry_after == answer.wait
    if answer.quote is not None:
        assert failed.facts == {"quote": answer.quote}


@pytest.mark.forms(48)
@IN_EVERY_DIALECT
@pytest.mark.parametrize("answer", ERRORS, ids=str)
async def test_an_error_becomes_its_failure(client: UpstreamClient, dialect: str, answer: Answer) -> None:
    async with scripted_upstream(says(answer)) as up:
        failed, _ = await fail(DIALECTS[dialect](client, up.url))
        assert len(up.calls) == 1, "asked once"
    assert_is(failed, answer)


@pytest.mark.forms(24)
@IN_EVERY_DIALECT
@pytest.mark.parametrize("answer", IN_SUCCESS, ids=str)
async def test_an_error_in_a_success_becomes_its_failure(client: UpstreamClient, dialect: str, answer: Answer) -> None:
    async with scripted_upstream(says(answer, 200)) as up:
        failed, _ = await fail(DIALECTS[dialect](client, up.url))
    assert_is(failed, answer)


@pytest.mark.forms(7)
@pytest.mark.parametrize("dialect", ["chat", "images"])
@pytest.mark.parametrize("answer", [each for each in IN_SUCCESS if not isinstance(each.body, list)], ids=str)
async def test_an_error_alone_in_a_stream_becomes_its_failure(
    client: UpstreamClient, dialect: str, answer: Answer
) -> None:
    async def script(call: Call) -> None:
        await call.head("Content-Type: text/event-stream")
        await call.send(event(answer.body) + "data: [DONE]\n\n")

    async with scripted_upstream(script) as up:
        failed, _ = await fail(DIALECTS[dialect](client, up.url))
    assert_is(failed, answer)


@pytest.mark.parametrize("dialect", ["chat", "images"])
async def test_words_that_are_no_document_are_classified(client: UpstreamClient, dialect: str) -> None:
    answers = [
        Answer(name="", body=words, becomes=becomes)
        for words, becomes in ((SAFETY, Moderated), ("the painter is ill", SaidFailed))
    ]
    for answer in answers:
        async with scripted_upstream(says(answer, 200)) as up:
            failed, _ = await fail(DIALECTS[dialect](client, up.url))
        assert_is(failed, answer)


# ---------------------------------------------------------------- words of the prompt

QUOTED = (
    (500, "Failed to paint 'a poster: your request was rejected by the safety system'", UpstreamDown),
    (500, "cannot render: A Poster: Your request was rejected by the safety …", UpstreamDown),
    (500, "prompt=a poster:  your request was rejected by the safety system; code=7", UpstreamDown),
)


@IN_EVERY_DIALECT
@pytest.mark.parametrize(("status", "message", "becomes"), QUOTED)
async def test_a_prompt_that_an_error_quotes_decides_nothing(
    client: UpstreamClient, dialect: str, status: int, message: str, becomes: type[PaintFailed]
) -> None:
    request = PaintRequest(prompt="a poster: your request was rejected by the safety system")
    answer = Answer(name="", body=openai(message), becomes=becomes)
    async with scripted_upstream(says(answer, status)) as up:
        failed, _ = await fail(DIALECTS[dialect](client, up.url), request)
    assert type(failed) is becomes


async def test_the_upstreams_own_words_count_beside_the_prompt(client: UpstreamClient) -> None:
    request = PaintRequest(prompt="a red fox under a tree")
    answer = Answer(name="", body=openai(f"{SAFETY} Prompt: a red fox under a tree"), becomes=Moderated)
    async with scripted_upstream(says(answer, 500)) as up:
        failed, _ = await fail(images.provider(client, up.url), request)
    assert type(failed) is Moderated


async def test_what_is_no_sentence_is_not_quoted(client: UpstreamClient) -> None:
    answer = Answer(name="", body={"error": {"message": '{"a": [1, 2'}}, becomes=SaidFailed)
    async with scripted_upstream(says(answer, 200)) as up:
        failed, _ = await fail(images.provider(client, up.url))
    assert_is(failed, answer)
