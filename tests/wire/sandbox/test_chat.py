"""The sandbox over real HTTP: the chat dialect as documented, honest pictures, every fault in the table."""

import asyncio
import base64
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from bot.sandbox import Fault, RecordedRequest, Sandbox
from bot.sandbox.chat.progress_formats import PROGRESS_FORMATS
from bot.sandbox.faults import FAULTS, TASK_CODES
from tests.support.images import plain_image

SMALL = "64x64"  # paints in a blink
PICTURE = re.compile(r"!\[[^\]]*\]\((http://[^)]+)\)")


def image(colour: str = "red", kind: str = "PNG", size: tuple[int, int] = (60, 40)) -> bytes:
    return plain_image(colour, kind, size)


def data_url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def body(prompt: str = "a fox", *urls: str, stream: bool = True, size: str = SMALL, **more: object) -> dict[str, Any]:
    parts: list[object] = [{"type": "text", "text": prompt}]
    parts += [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    message = {"role": "user", "content": parts}
    return {"model": "gpt-4o-image", "messages": [message], "stream": stream, "size": size, **more}


@dataclass
class Heard:
    """A stream as a client heard it."""

    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    done: bool = False
    cut: bool = False

    def text(self, channel: str = "content") -> str:
        deltas = [event["choices"][0]["delta"] for event in self.events if "choices" in event]
        return "".join(delta.get(channel, "") for delta in deltas)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sandbox"}, timeout=30) as client:
        yield client


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(pace=0) as sandbox:
        yield sandbox


async def hear(client: httpx.AsyncClient, sandbox: Sandbox, asked: Mapping[str, object]) -> Heard:
    heard = Heard()
    async with client.stream("POST", f"{sandbox.address}/chat/completions", json=asked) as response:
        assert response.status_code == 200
        try:
            async for line in response.aiter_lines():
                if line == "data: [DONE]":
                    heard.done = True
                elif line:
                    heard.events.append(json.loads(line.removeprefix("data: ")))
        except httpx.RemoteProtocolError:
            heard.cut = True
    return heard


async def ask(client: httpx.AsyncClient, sandbox: Sandbox, asked: Mapping[str, object]) -> httpx.Response:
    return await client.post(f"{sandbox.address}/v1/chat/completions", json=asked)


async def look(client: httpx.AsyncClient, link: str) -> Image.Image:
    response = await client.get(link)
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    return Image.open(io.BytesIO(response.content)).convert("RGB")


def has_colour(picture: Image.Image, colour: tuple[int, int, int], area: int) -> bool:
    found = picture.getcolors(picture.width * picture.height)
    assert found is not None
    return any(count >= area and value == colour for count, value in found)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(45):
        while not condition():  # noqa: ASYNC110 - the sandbox's counters wake nobody
            await asyncio.sleep(0.001)


# ---------------------------------------------------------------- the honest answer


async def test_an_english_prompt_streams_the_documented_english_lines(client: httpx.AsyncClient, sandbox: Sandbox):
    heard = await hear(client, sandbox, body("a fox in the snow"))
    text = heard.text()
    assert text.startswith("> ❇️ Keywords: a fox in the snow\n\n> ✨ Sora is drawing the image...\n\n> 🏃 Progress: ")
    assert "> ✅ Image drawing successful, please check~~~\n\n![](http://" in text
    percents = [float(each) for each in re.findall(r"Progress: ([\d.]+)%\n\n", text)]
    assert percents == sorted(percents)
    assert 5 < len(percents) < 20
    assert heard.done
    assert (sandbox.painted, sandbox.dropped, sandbox.running, sandbox.queued) == (1, 0, 0, 0)


async def test_a_chinese_prompt_streams_full_width_chinese_lines(client: httpx.AsyncClient, sandbox: Sandbox):
    text = (await hear(client, sandbox, body("创建一张未来城市日落的图片"))).text()
    assert text.startswith("> ❇️ 关键字：创建一张未来城市日落的图片\n\n> ✨ Sora正在绘制图片中...\n\n> 🏃 进度：")
    assert "> ✅ 图片绘制成功，请注意查收~~~\n\n![](http://" in text


async def test_only_the_last_chunk_says_why_it_ends_and_what_it_cost(client: httpx.AsyncClient, sandbox: Sandbox):
    *before, last = (await hear(client, sandbox, body())).events
    assert all("finish_reason" not in each["choices"][0] and "usage" not in each for each in before)
    assert all(each["object"] == "chat.completion.chunk" and each["recipient"] == "all" for each in before)
    assert len({each["id"] for each in [*before, last]}) == 1
    assert last["choices"][0]["finish_reason"] == "stop"
    usage = last["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


@pytest.mark.parametrize("prefix", ["", "/v1", "/openai", "/openai/v1"])
async def test_a_whole_answer_has_the_text_in_one_message(client: httpx.AsyncClient, sandbox: Sandbox, prefix: str):
    response = await client.post(f"{sandbox.address}{prefix}/chat/completions", json=body(stream=False))
    answer = response.json()
    message = answer["choices"][0]["message"]
    assert (message["role"], answer["choices"][0]["finish_reason"]) == ("assistant", "stop")
    assert answer["object"] == "chat.completion.chunk"
    found = PICTURE.search(message["content"])
    assert found is not None
    assert (await look(client, found[1])).size == (64, 64)


async def test_references_are_rehosted_in_the_keyword_line_and_seen_in_the_picture(
    client: httpx.AsyncClient, sandbox: Sandbox
):
    red, teal = image("red"), image("#00ffff", "WEBP", (30, 60))
    asked = body("two of them", data_url(red), data_url(teal, "image/webp"), size="512x512")
    text = (await hear(client, sandbox, asked)).text()
    rehosted = re.findall(r"http://\S+/references/\S+", text.splitlines()[0])
    assert [(await client.get(each)).content for each in rehosted] == [red, teal]
    found = PICTURE.search(text)
    assert found is not None
    picture = await look(client, found[1])
    assert has_colour(picture, (255, 0, 0), area=2000)
    assert not has_colour(await _picture(client, sandbox, "nobody"), (255, 0, 0), area=1)
    [received, _] = sandbox.requests
    assert [(each.media_type, each.width, each.height) for each in received.references] == [
        ("image/png", 60, 40),
        ("image/webp", 30, 60),
    ]


async def _picture(client: httpx.AsyncClient, sandbox: Sandbox, prompt: str) -> Image.Image:
    found = PICTURE.search((await hear(client, sandbox, body(prompt))).text())
    assert found is not None
    return await look(client, found[1])


async def test_the_same_words_twice_give_two_views(client: httpx.AsyncClient, sandbox: Sandbox):
    one, two = await _picture(client, sandbox, "a fox"), await _picture(client, sandbox, "a fox")
    assert one.tobytes() != two.tobytes()


async def test_n_pictures_are_painted_when_asked_for(client: httpx.AsyncClient, sandbox: Sandbox):
    text = (await hear(client, sandbox, body("a fox", n=3))).text()
    assert len(set(PICTURE.findall(text))) == 3
    assert sandbox.painted == 3


async def test_requests_are_recorded_without_the_key_and_without_megabytes(client: httpx.AsyncClient, sandbox: Sandbox):
    await hear(client, sandbox, body("a fox", data_url(image())))
    [received] = sandbox.requests
    assert received.prompt == "a fox"
    assert received.stream
    assert received.headers["content-type"] == "application/json"
    assert "authorization" not in received.headers
    assert "Bearer" not in repr(received)
    shown = json.dumps(dict(received.body), ensure_ascii=False)
    assert "data:image/png;base64,… (" in shown
    assert len(shown) < 400
    assert received.references[0].data == b""


async def test_a_preview_comes_half_way_when_wanted(client: httpx.AsyncClient):
    async with Sandbox(pace=0, previews=True) as sandbox:
        text = (await hear(client, sandbox, body("a fox"))).text()
        found = re.search(r"> \[50\]\((\S+)\)\n\n", text)
        assert found is not None
        assert await look(client, found[1])
        assert sandbox.painted == 1
        before = [float(each) for each in re.findall(r"([\d.]+)%", text[: found.start()])]
        assert all(each < 50 for each in before)


async def test_the_waits_add_up_to_the_pace(client: httpx.AsyncClient):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with Sandbox(pace=8, sleep=sleep) as sandbox:
        await hear(client, sandbox, body())
        honest = sum(waited)
        waited.clear()
        await hear(client, sandbox, body("a fox [[slow:10]]"))
    assert 8 * 0.85 <= honest <= 8 * 1.15
    assert 80 * 0.85 <= sum(waited) <= 80 * 1.15


async def test_who_comes_when_all_places_are_taken_waits_in_line(client: httpx.AsyncClient):
    opened = asyncio.Event()

    async def sleep(_: float) -> None:
        await opened.wait()

    async with Sandbox(pace=1, max_parallel=1, sleep=sleep) as sandbox:
        first = asyncio.create_task(hear(client, sandbox, body("a fox")))
        await until(lambda: sandbox.running == 1)
        second = asyncio.create_task(hear(client, sandbox, body("夜")))
        third = asyncio.create_task(hear(client, sandbox, body("a hare")))
        await until(lambda: sandbox.queued == 2)
        assert sandbox.running == 1
        opened.set()
        assert "Queuing" not in (await first).text()
        assert (await second).text().startswith(">🕐 排队中.\n\n> ❇️ 关键字：夜")
        assert (await third).text().startswith(">🕐 Queuing...\n\n> ❇️ Keywords: a hare")


async def test_old_files_are_gone(client: httpx.AsyncClient, sandbox: Sandbox):
    assert (await client.get(f"{sandbox.address}/pictures/none.png")).status_code == 404
    assert (await client.get(f"{sandbox.address}/previews/none.png")).status_code == 404


async def test_it_can_be_stopped_twice_and_started_again(client: httpx.AsyncClient):
    sandbox = Sandbox(pace=0)
    with pytest.raises(RuntimeError):
        _ = sandbox.address
    await sandbox.start()
    await sandbox.stop()
    await sandbox.stop()
    async with sandbox:
        assert (await hear(client, sandbox, body())).done


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic sandbox"}])
async def test_a_wrong_or_missing_key_is_refused_with_a_trace_id(sandbox: Sandbox, headers: dict[str, str]):
    async with httpx.AsyncClient(headers=headers) as stranger:
        response = await ask(stranger, sandbox, body())
    assert response.status_code == 401
    told = response.json()
    assert (told["success"], told["error"]["code"]) == (False, "invalid_token")
    assert told["trace_id"]
    assert sandbox.requests == []


TEXT = {"type": "text", "text": "a fox"}


def content(value: object) -> dict[str, Any]:
    return {**body(), "messages": [{"role": "user", "content": value}]}


MISTAKES: dict[str, dict[str, Any]] = {
    "no model": {**body(), "model": None},
    "empty model": {**body(), "model": ""},
    "stream is no boolean": {**body(), "stream": "yes"},
    "n is no number": body(n="2"),
    "n is a boolean": body(n=True),
    "n is too many": body(n=5),
    "no messages": {**body(), "messages": None},
    "two messages": {**body(), "messages": body()["messages"] * 2},
    "a message is no object": {**body(), "messages": ["a fox"]},
    "not a user": {**body(), "messages": [{"role": "system", "content": "a fox"}]},
    "no content": content(None),
    "empty content": content([]),
    "empty text": body(" "),
    "picture before text": content([{"type": "image_url", "image_url": {"url": data_url(image())}}]),
    "two texts": content([TEXT, {**TEXT, "image_url": {"url": "x"}}]),
    "no url": content([TEXT, {"type": "image_url", "image_url": dict[str, str]()}]),
    "a link": body("a fox", "https://example.com/fox.png"),
    "bad base64": body("a fox", "data:image/png;base64,!!"),
    "no picture": body("a fox", data_url(b"GIF? no")),
    "half a picture": body("a fox", data_url(image(size=(300, 300))[:150])),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_request_against_the_documented_shape_is_refused(
    client: httpx.AsyncClient, sandbox: Sandbox, mistake: str
):
    response = await ask(client, sandbox, MISTAKES[mistake])
    assert (response.status_code, response.json()["error"]["code"]) == (400, "token_mismatched")


async def test_a_prompt_may_be_a_plain_string(client: httpx.AsyncClient, sandbox: Sandbox):
    assert "Keywords: a fox" in (await hear(client, sandbox, content("a fox"))).text()


async def test_what_is_no_json_is_refused(client: httpx.AsyncClient, sandbox: Sandbox):
    for raw in (b"{", b"[]", b"\xff"):
        response = await client.post(f"{sandbox.address}/chat/completions", content=raw)
        assert response.json()["error"]["code"] == "token_mismatched"


async def test_links_are_named_but_never_opened_when_they_are_allowed(client: httpx.AsyncClient):
    async with Sandbox(pace=0, links=True) as sandbox:
        text = (await hear(client, sandbox, body("a fox", "https://example.com/fox.png"))).text()
    assert text.startswith("> ❇️ Keywords: https://example.com/fox.png a fox\n\n")


# ---------------------------------------------------------------- faults

REFUSED = {
    "400": (400, "token_mismatched"),
    "401": (401, "invalid_token"),
    "402": (402, "insufficient_quota"),
    "403": (403, "model_access_denied"),
    "404": (404, "not_found"),
    "429": (429, "too_many_requests"),
    "500": (500, "api_error"),
    "api_not_implemented": (400, "api_not_implemented"),
    "moderation": (400, "moderation_blocked"),
    "no-funds": (429, "insufficient_quota"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_has_its_status_and_code(client: httpx.AsyncClient, sandbox: Sandbox, name: str):
    response = await ask(client, sandbox, body(f"a fox [[{name}]]"))
    assert (response.status_code, response.json()["error"]["code"]) == REFUSED[name]
    assert "retry-after" not in response.headers
    assert sandbox.painted == 0


async def test_retry_after_is_the_number_behind_the_429(client: httpx.AsyncClient, sandbox: Sandbox):
    assert (await ask(client, sandbox, body("a fox [[429:3]]"))).headers["retry-after"] == "3"


async def test_a_gateway_answers_with_a_page(client: httpx.AsyncClient, sandbox: Sandbox):
    response = await ask(client, sandbox, body("a fox [[html502]]"))
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html; charset=utf-8")


@pytest.mark.parametrize("fault", ["reset", "no-answer:0"])
@pytest.mark.parametrize("stream", [True, False])
async def test_the_connection_ends_before_any_answer(
    client: httpx.AsyncClient, sandbox: Sandbox, fault: str, stream: bool
):
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await ask(client, sandbox, body(f"a fox [[{fault}]]", stream=stream))
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("fault", ["cut", "cut:70", "quiet:0"])
async def test_the_connection_ends_in_the_middle(client: httpx.AsyncClient, sandbox: Sandbox, fault: str):
    heard = await hear(client, sandbox, body(f"a fox [[{fault}]]"))
    assert heard.cut
    assert not heard.done
    assert "Progress: " in heard.text()
    assert "successful" not in heard.text()
    with pytest.raises(httpx.RemoteProtocolError):
        await ask(client, sandbox, body(f"a fox [[{fault}]]", stream=False))
    assert (sandbox.painted, sandbox.dropped) == (0, 0)


async def test_silence_lasts_as_long_as_asked(client: httpx.AsyncClient):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with Sandbox(pace=0, sleep=sleep) as sandbox:
        await hear(client, sandbox, body("a fox [[quiet:33]]"))
    assert waited[-1] == 33


async def test_an_error_in_the_stream_is_an_event_then_done(client: httpx.AsyncClient, sandbox: Sandbox):
    for fault in ("error-in-stream", "forms:25"):
        heard = await hear(client, sandbox, body(f"a fox [[{fault}]]"))
        assert heard.events[-1]["error"] == {"code": "api_error", "message": "fetch failed"}
        assert heard.done
    assert (await ask(client, sandbox, body("a fox [[error-in-stream]]", stream=False))).status_code == 500


async def test_torn_text_adds_up_to_the_same(client: httpx.AsyncClient, sandbox: Sandbox):
    heard = await hear(client, sandbox, body("创建 [[torn]]"))
    assert heard.done
    assert max(len(each["choices"][0]["delta"].get("content", "")) for each in heard.events) == 3
    assert "> ✅ 图片绘制成功，请注意查收~~~\n\n![](http://" in heard.text()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("failed", "❌ 生成失败"),
        ("failed:21", "生成图片失败"),
        ("failed:22", "rate limit in place"),
        ("refuse", "can't create"),
    ],
)
async def test_failures_in_prose_name_no_picture(client: httpx.AsyncClient, sandbox: Sandbox, fault: str, words: str):
    text = (await hear(client, sandbox, body(f"a fox [[{fault}]]"))).text()
    assert words in text
    assert "![" not in text
    assert sandbox.painted == 0


async def test_success_without_a_picture(client: httpx.AsyncClient, sandbox: Sandbox):
    text = (await hear(client, sandbox, body("a fox [[no-picture]]"))).text()
    assert "successful" in text
    assert "http" not in text


async def test_two_pictures(client: httpx.AsyncClient, sandbox: Sandbox):
    links = PICTURE.findall((await hear(client, sandbox, body("a fox [[two]]"))).text())
    assert len(set(links)) == 2


def png_in(url: str) -> bool:
    return base64.b64decode(url.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")


async def test_the_picture_may_stand_beside_the_text(client: httpx.AsyncClient, sandbox: Sandbox):
    message = (await ask(client, sandbox, body("a [[images-field]]", stream=False))).json()["choices"][0]["message"]
    assert png_in(message["images"][0]["image_url"]["url"])
    assert "![" not in message["content"]
    heard = await hear(client, sandbox, body("a [[inline-data]]"))
    deltas = [each["choices"][0]["delta"] for each in heard.events]
    [parts] = [each["multi_mod_content"] for each in deltas if "multi_mod_content" in each]
    assert png_in(parts[0]["inline_data"]["data"])


async def test_other_ways_to_name_the_picture(client: httpx.AsyncClient, sandbox: Sandbox):
    text = (await hear(client, sandbox, body("a [[data-url]]", size="1024x1024"))).text()
    found = re.search(r"!\[image\]\((data:[^)]+)\)", text)
    assert found is not None
    assert png_in(found[1])
    bare = (await hear(client, sandbox, body("a [[bare]]"))).text().splitlines()[-1]
    assert await look(client, bare)
    text = (await hear(client, sandbox, body("夜 [[download-only]]"))).text()
    link = re.search(r"\[点击下载\]\((\S+/download/\S+)\)", text)
    assert link is not None
    assert await look(client, link[1])
    text = (await hear(client, sandbox, body("a [[titled]]"))).text()
    assert re.search(r"!\[(http\S+)\]\(\1\)\n\n\[Click to download\]", text)


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("svg", 200, "image/svg+xml"),
        ("html", 200, "text/html"),
        ("broken", 200, "image/png"),
        ("gone", 404, "text/plain"),
    ],
)
async def test_the_link_serves_something_else(
    client: httpx.AsyncClient, sandbox: Sandbox, fault: str, status: int, kind: str
):
    found = PICTURE.search((await hear(client, sandbox, body(f"a [[{fault}]]"))).text())
    assert found is not None
    response = await client.get(found[1])
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (status, kind)
    if fault == "broken":
        with pytest.raises(OSError, match="truncated"):
            Image.open(io.BytesIO(response.content)).load()


@pytest.mark.parametrize("number", PROGRESS_FORMATS)
async def test_each_form_of_progress_tells_its_own_words(client: httpx.AsyncClient, sandbox: Sandbox, number: int):
    form = PROGRESS_FORMATS[number]
    heard = await hear(client, sandbox, body(f"a {{fox}} [[forms:{number}]]", data_url(image())))
    text = heard.text(form.channel)
    assert heard.done
    for template in (form.head, form.halfway, form.closing, *form.opening):
        known = re.split(r"\{[^}]+\}", template)[0]
        assert known in text or form.failure == "event"
    if form.step:
        assert re.search(re.sub(r"\\{percent:\S+?\\}", r"\\d+(\\.\\d)?", re.escape(form.step)), text)
    if form.failure is None:
        assert heard.events[-1]["choices"][0]["finish_reason"] == form.finish_reason
        assert PICTURE.search(heard.text())


async def test_the_twelfth_form_puts_each_picture_under_its_own_index(client: httpx.AsyncClient, sandbox: Sandbox):
    heard = await hear(client, sandbox, body("a [[forms:12]]", n=2))
    indexes = [e["choices"][0]["index"] for e in heard.events if "![" in e["choices"][0]["delta"].get("content", "")]
    assert indexes == [0, 1]


def test_every_fault_of_the_table_is_described_and_tried_here():
    import bot.sandbox.faults as module

    described = set(re.findall(r"\[\[([\w-]+)", module.__doc__ or ""))
    assert described == set(FAULTS)
    files = Path(__file__).parent.glob("test_*.py")
    tried = "".join(each.read_text(encoding="utf-8") for each in files)
    assert [name for name in FAULTS if f"[[{name}" not in tried and f'"{name}' not in tried] == [
        f"task-{code}" for code in TASK_CODES if code != "service_error"
    ], "the codes of failed tasks are tried as a whole"


async def test_faults_of_the_constructor_come_one_a_request(client: httpx.AsyncClient):
    async with Sandbox(pace=0, faults=[Fault("429", 2), None, Fault("500")]) as sandbox:
        statuses = [(await ask(client, sandbox, body())).status_code for _ in range(4)]
    assert statuses == [429, 200, 500, 200]


async def test_faults_may_depend_on_the_request(client: httpx.AsyncClient):
    def choose(received: RecordedRequest) -> Fault | None:
        return Fault("500") if "hare" in received.prompt else None

    async with Sandbox(pace=0, faults=choose) as sandbox:
        assert (await ask(client, sandbox, body("a hare"))).status_code == 500
        assert (await ask(client, sandbox, body("a fox"))).status_code == 200


async def test_a_word_that_is_no_fault_is_ordinary_text(client: httpx.AsyncClient, sandbox: Sandbox):
    assert "Keywords: a [[fox]]" in (await hear(client, sandbox, body("a [[fox]]"))).text()
    with pytest.raises(KeyError):
        Fault("fox")


# ---------------------------------------------------------------- the client leaves


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_is_noticed_and_nothing_is_painted(client: httpx.AsyncClient, stream: bool):
    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    async with Sandbox(pace=1, sleep=sleep) as sandbox:
        asking = asyncio.create_task(ask(client, sandbox, body(stream=stream)))
        await until(lambda: sandbox.running == 1)
        asking.cancel()
        await asyncio.wait([asking])
        await until(lambda: sandbox.dropped == 1)
        assert (sandbox.running, sandbox.painted) == (0, 0)


async def test_a_client_that_leaves_the_line_is_noticed(client: httpx.AsyncClient):
    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    async with Sandbox(pace=1, max_parallel=1, sleep=sleep) as sandbox:
        tasks = [asyncio.create_task(ask(client, sandbox, body())) for _ in range(2)]
        await until(lambda: sandbox.queued == 1)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await until(lambda: sandbox.dropped == 2)
        assert (sandbox.running, sandbox.queued) == (0, 0)


async def test_stopping_is_not_counted_as_leaving(client: httpx.AsyncClient):
    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    sandbox = Sandbox(pace=1, sleep=sleep)
    await sandbox.start()
    asking = asyncio.create_task(ask(client, sandbox, body()))
    await until(lambda: sandbox.running == 1)
    await sandbox.stop()
    await asyncio.wait([asking])
    assert isinstance(asking.exception(), httpx.HTTPError)
    assert sandbox.dropped == 0


async def test_five_references_of_ten_megabytes_are_taken(client: httpx.AsyncClient, sandbox: Sandbox):
    heavy = image() + bytes(10_000_000)  # what follows a PNG's end is ignored by readers
    heard = await hear(client, sandbox, body("a fox", *[data_url(heavy)] * 5))
    assert heard.done
    assert [each.length for each in sandbox.requests[0].references] == [len(heavy)] * 5
