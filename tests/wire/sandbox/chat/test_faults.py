"""Every fault of the table, in the chat dialect."""

import base64
import io
import re
from pathlib import Path

import httpx
import pytest
from PIL import Image

from bot.sandbox import Fault, RecordedRequest, Sandbox
from bot.sandbox.chat.progress_formats import PROGRESS_FORMATS
from bot.sandbox.faults import FAULTS, TASK_CODES
from tests.wire.sandbox.chat.chat_client import (
    PICTURE,
    data_url,
    download_picture,
    make_body,
    make_image,
    post_chat,
    receive_stream,
)

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


@pytest.mark.forms(3)
@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_has_its_status_and_code(client: httpx.AsyncClient, sandbox: Sandbox, name: str):
    response = await post_chat(client, sandbox, make_body(f"a fox [[{name}]]"))
    assert (response.status_code, response.json()["error"]["code"]) == REFUSED[name]
    assert "retry-after" not in response.headers
    assert sandbox.painted == 0


async def test_retry_after_is_the_number_behind_the_429(client: httpx.AsyncClient, sandbox: Sandbox):
    assert (await post_chat(client, sandbox, make_body("a fox [[429:3]]"))).headers["retry-after"] == "3"


async def test_a_gateway_answers_with_a_page(client: httpx.AsyncClient, sandbox: Sandbox):
    response = await post_chat(client, sandbox, make_body("a fox [[html502]]"))
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html; charset=utf-8")


@pytest.mark.parametrize("fault", ["reset", "no-answer:0"])
@pytest.mark.parametrize("stream", [True, False])
async def test_the_connection_ends_before_any_answer(
    client: httpx.AsyncClient, sandbox: Sandbox, fault: str, stream: bool
):
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await post_chat(client, sandbox, make_body(f"a fox [[{fault}]]", stream=stream))
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("fault", ["cut", "cut:70", "quiet:0"])
async def test_the_connection_ends_in_the_middle(client: httpx.AsyncClient, sandbox: Sandbox, fault: str):
    received = await receive_stream(client, sandbox, make_body(f"a fox [[{fault}]]"))
    assert received.cut
    assert not received.done
    assert "Progress: " in received.text()
    assert "successful" not in received.text()
    with pytest.raises(httpx.RemoteProtocolError):
        await post_chat(client, sandbox, make_body(f"a fox [[{fault}]]", stream=False))
    assert (sandbox.painted, sandbox.dropped) == (0, 0)


async def test_silence_lasts_as_long_as_asked(client: httpx.AsyncClient):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with Sandbox(pace=0, sleep=sleep) as sandbox:
        await receive_stream(client, sandbox, make_body("a fox [[quiet:33]]"))
    assert waited[-1] == 33


async def test_an_error_in_the_stream_is_an_event_then_done(client: httpx.AsyncClient, sandbox: Sandbox):
    for fault in ("error-in-stream", "forms:25"):
        received = await receive_stream(client, sandbox, make_body(f"a fox [[{fault}]]"))
        assert received.events[-1]["error"] == {"code": "api_error", "message": "fetch failed"}
        assert received.done
    assert (await post_chat(client, sandbox, make_body("a fox [[error-in-stream]]", stream=False))).status_code == 500


async def test_torn_text_adds_up_to_the_same(client: httpx.AsyncClient, sandbox: Sandbox):
    received = await receive_stream(client, sandbox, make_body("创建 [[torn]]"))
    assert received.done
    assert max(len(each["choices"][0]["delta"].get("content", "")) for each in received.events) == 3
    assert "> ✅ 图片绘制成功，请注意查收~~~\n\n![](http://" in received.text()


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
    text = (await receive_stream(client, sandbox, make_body(f"a fox [[{fault}]]"))).text()
    assert words in text
    assert "![" not in text
    assert sandbox.painted == 0


async def test_success_without_a_picture(client: httpx.AsyncClient, sandbox: Sandbox):
    text = (await receive_stream(client, sandbox, make_body("a fox [[no-picture]]"))).text()
    assert "successful" in text
    assert "http" not in text


async def test_two_pictures(client: httpx.AsyncClient, sandbox: Sandbox):
    links = PICTURE.findall((await receive_stream(client, sandbox, make_body("a fox [[two]]"))).text())
    assert len(set(links)) == 2


def png_in(url: str) -> bool:
    return base64.b64decode(url.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")


async def test_the_picture_may_stand_beside_the_text(client: httpx.AsyncClient, sandbox: Sandbox):
    message = (await post_chat(client, sandbox, make_body("a [[images-field]]", stream=False))).json()["choices"][0][
        "message"
    ]
    assert png_in(message["images"][0]["image_url"]["url"])
    assert "![" not in message["content"]
    received = await receive_stream(client, sandbox, make_body("a [[inline-data]]"))
    deltas = [each["choices"][0]["delta"] for each in received.events]
    [parts] = [each["multi_mod_content"] for each in deltas if "multi_mod_content" in each]
    assert png_in(parts[0]["inline_data"]["data"])


async def test_other_ways_to_name_the_picture(client: httpx.AsyncClient, sandbox: Sandbox):
    text = (await receive_stream(client, sandbox, make_body("a [[data-url]]", size="1024x1024"))).text()
    found = re.search(r"!\[image\]\((data:[^)]+)\)", text)
    assert found is not None
    assert png_in(found[1])
    bare = (await receive_stream(client, sandbox, make_body("a [[bare]]"))).text().splitlines()[-1]
    assert await download_picture(client, bare)
    text = (await receive_stream(client, sandbox, make_body("夜 [[download-only]]"))).text()
    link = re.search(r"\[点击下载\]\((\S+/download/\S+)\)", text)
    assert link is not None
    assert await download_picture(client, link[1])
    text = (await receive_stream(client, sandbox, make_body("a [[titled]]"))).text()
    assert re.search(r"!\[(http\S+)\]\(\1\)\n\n\[Click to download\]", text)


@pytest.mark.forms(2)
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
    found = PICTURE.search((await receive_stream(client, sandbox, make_body(f"a [[{fault}]]"))).text())
    assert found is not None
    response = await client.get(found[1])
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (status, kind)
    if fault == "broken":
        with pytest.raises(OSError, match="truncated"):
            Image.open(io.BytesIO(response.content)).load()


@pytest.mark.forms(5)
@pytest.mark.parametrize("number", PROGRESS_FORMATS)
async def test_each_form_of_progress_tells_its_own_words(client: httpx.AsyncClient, sandbox: Sandbox, number: int):
    form = PROGRESS_FORMATS[number]
    received = await receive_stream(client, sandbox, make_body(f"a {{fox}} [[forms:{number}]]", data_url(make_image())))
    text = received.text(form.channel)
    assert received.done
    for template in (form.head, form.halfway, form.closing, *form.opening):
        known = re.split(r"\{[^}]+\}", template)[0]
        assert known in text or form.failure == "event"
    if form.step:
        assert re.search(re.sub(r"\\{percent:\S+?\\}", r"\\d+(\\.\\d)?", re.escape(form.step)), text)
    if form.failure is None:
        assert received.events[-1]["choices"][0]["finish_reason"] == form.finish_reason
        assert PICTURE.search(received.text())


async def test_the_twelfth_form_puts_each_picture_under_its_own_index(client: httpx.AsyncClient, sandbox: Sandbox):
    received = await receive_stream(client, sandbox, make_body("a [[forms:12]]", n=2))
    indexes = [e["choices"][0]["index"] for e in received.events if "![" in e["choices"][0]["delta"].get("content", "")]
    assert indexes == [0, 1]


def test_every_fault_of_the_table_is_described_and_tried_here():
    import bot.sandbox.faults as module

    described = set(re.findall(r"\[\[(?:\w+/)?([\w-]+)", module.__doc__ or ""))
    assert described == set(FAULTS)
    files = Path(__file__).parents[1].rglob("test_*.py")
    tried = "".join(each.read_text(encoding="utf-8") for each in files)
    assert [name for name in FAULTS if f"[[{name}" not in tried and f'"{name}' not in tried] == [
        f"task-{code}" for code in TASK_CODES if code != "service_error"
    ], "the codes of failed tasks are tried as a whole"


async def test_faults_of_the_constructor_come_one_a_request(client: httpx.AsyncClient):
    async with Sandbox(pace=0, faults=[Fault("429", 2), None, Fault("500")]) as sandbox:
        statuses = [(await post_chat(client, sandbox, make_body())).status_code for _ in range(4)]
    assert statuses == [429, 200, 500, 200]


async def test_faults_may_depend_on_the_request(client: httpx.AsyncClient):
    def choose(received: RecordedRequest) -> Fault | None:
        return Fault("500") if "hare" in received.prompt else None

    async with Sandbox(pace=0, faults=choose) as sandbox:
        assert (await post_chat(client, sandbox, make_body("a hare"))).status_code == 500
        assert (await post_chat(client, sandbox, make_body("a fox"))).status_code == 200


async def test_a_word_that_is_no_fault_is_ordinary_text(client: httpx.AsyncClient, sandbox: Sandbox):
    assert "Keywords: a [[fox]]" in (await receive_stream(client, sandbox, make_body("a [[fox]]"))).text()
    with pytest.raises(KeyError):
        Fault("fox")
