"""An answer of one document whose connection breaks off in the middle: what is whole in it has been paid for."""

import pytest

from bot.errors import CutShort
from bot.painting import Blob, FinishedImage, ImageMissing, Link, Options, PaintEvent, PaintRequest
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream import chat, images, tasks
from tests.servers.upstream.images import B64, LINK, PNG
from tests.servers.upstream.paintings import fail, gather
from tests.servers.upstream.scripted import JSON, Call, Script, scripted_upstream
from tests.support.clocks import InstantClock

TWO = PaintRequest(prompt="a cat", options=Options(n=2))


def broken_off(body: str, *, announced: bool = True) -> Script:
    """An answer of which only `body` comes."""

    async def script(call: Call) -> None:
        await call.head(JSON, *([f"Content-Length: {len(body) + 1000}"] if announced else []))
        await call.send(body)

    return script


def sources(events: list[PaintEvent]) -> list[Link | Blob]:
    return [each.source for each in events if isinstance(each, FinishedImage)]


def reasons(events: list[PaintEvent]) -> list[str]:
    return [each.reason for each in events if isinstance(each, ImageMissing)]


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    "rest", ['"', '"}', '"},', '"}, {"b64_json": "' + B64[:-8], '", "revised_prompt": "a c', '"}], "usage": {"total']
)
async def test_the_pictures_that_are_whole_are_delivered(client: UpstreamClient, rest: str, announced: bool) -> None:
    for field, value, source in (("b64_json", B64, Blob(data=PNG)), ("url", LINK, Link(url=LINK))):
        body = f'{{"created": 1, "data": [{{"{field}": "{value}{rest}'
        async with scripted_upstream(broken_off(body, announced=announced)) as up:
            events = await gather(images.provider(client, up.url), TWO)
            assert len(up.calls) == 1
        assert (sources(events), reasons(events)) == ([source], ["failed-cut-short"])


@pytest.mark.parametrize("body", ["{", '{"data": [{"b64_json": "' + B64[:-4], '{"data": [{"url": "' + LINK])
async def test_half_a_picture_is_none(client: UpstreamClient, body: str) -> None:
    async with scripted_upstream(broken_off(body)) as up:
        failed, _ = await fail(images.provider(client, up.url))
        assert len(up.calls) == 1
    assert type(failed) is CutShort


@pytest.mark.parametrize(
    "body",
    [
        f'{{"choices": [{{"message": {{"content": "Here: ![a cat]({LINK})\\n\\nI hop\\u00e',
        f'{{"choices": [{{"message": {{"content": [{{"type": "text", "text": "![]({LINK}) and',
        f'{{"choices": [{{"message": {{"images": [{{"image_url": {{"url": "{LINK}"}}}}], "content": "',
        f'{{"data": [{{"url": "{LINK}"',
    ],
)
async def test_a_reply_of_one_document(client: UpstreamClient, body: str) -> None:
    async with scripted_upstream(broken_off(body)) as up:
        events = await gather(chat.provider(client, up.url))
        assert len(up.calls) == 1
    assert (sources(events), reasons(events)) == ([Link(url=LINK)], ["failed-cut-short"])


async def test_an_address_that_breaks_off_in_a_reply_is_none(client: UpstreamClient) -> None:
    for text in (f"![a cat]({LINK}", LINK, f"![a cat](data:image/png;base64,{B64[:-4]}"):
        async with scripted_upstream(broken_off(f'{{"choices": [{{"message": {{"content": "{text}')) as up:
            failed, _ = await fail(chat.provider(client, up.url))
        assert type(failed) is CutShort


async def test_a_submission_whose_answer_breaks_off_behind_the_id_is_polled(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        if call.method == "POST":
            await broken_off('{"id": "task-1", "status": "pend')(call)
        else:
            await call.respond_json({"id": "task-1", "status": "completed", "results": [LINK]})

    async with scripted_upstream(script) as up:
        events = await gather(tasks.provider(client, InstantClock(), up.url))
    assert sources(events) == [Link(url=LINK)]
