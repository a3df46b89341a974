"""Chat responses: the documented lines, pictures, previews, pace, queue."""

import asyncio
import json
import re

import httpx
import pytest
from PIL import Image

from bot.sandbox import Sandbox, renderer
from bot.sandbox.painting.painter import paint
from tests.wire.sandbox.chat.chat_client import (
    PICTURE,
    data_url,
    download_picture,
    has_colour,
    make_body,
    make_image,
    receive_stream,
    wait_until,
)


async def test_an_english_prompt_streams_the_documented_english_lines(client: httpx.AsyncClient, sandbox: Sandbox):
    received = await receive_stream(client, sandbox, make_body("a fox in the snow"))
    text = received.text()
    assert text.startswith("> ❇️ Keywords: a fox in the snow\n\n> ✨ Sora is drawing the image...\n\n> 🏃 Progress: ")
    assert "> ✅ Image drawing successful, please check~~~\n\n![](http://" in text
    percents = [float(each) for each in re.findall(r"Progress: ([\d.]+)%\n\n", text)]
    assert percents == sorted(percents)
    assert 5 < len(percents) < 20
    assert received.done
    assert (sandbox.painted, sandbox.dropped, sandbox.running, sandbox.queued) == (1, 0, 0, 0)


async def test_a_chinese_prompt_streams_full_width_chinese_lines(client: httpx.AsyncClient, sandbox: Sandbox):
    text = (await receive_stream(client, sandbox, make_body("创建一张未来城市日落的图片"))).text()
    assert text.startswith("> ❇️ 关键字：创建一张未来城市日落的图片\n\n> ✨ Sora正在绘制图片中...\n\n> 🏃 进度：")
    assert "> ✅ 图片绘制成功，请注意查收~~~\n\n![](http://" in text


async def test_only_the_last_chunk_says_why_it_ends_and_what_it_cost(client: httpx.AsyncClient, sandbox: Sandbox):
    *before, last = (await receive_stream(client, sandbox, make_body())).events
    assert all("finish_reason" not in each["choices"][0] and "usage" not in each for each in before)
    assert all(each["object"] == "chat.completion.chunk" and each["recipient"] == "all" for each in before)
    assert len({each["id"] for each in [*before, last]}) == 1
    assert last["choices"][0]["finish_reason"] == "stop"
    usage = last["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


@pytest.mark.parametrize("prefix", ["", "/v1", "/openai", "/openai/v1"])
async def test_a_whole_answer_has_the_text_in_one_message(client: httpx.AsyncClient, sandbox: Sandbox, prefix: str):
    response = await client.post(f"{sandbox.address}{prefix}/chat/completions", json=make_body(stream=False))
    answer = response.json()
    message = answer["choices"][0]["message"]
    assert (message["role"], answer["choices"][0]["finish_reason"]) == ("assistant", "stop")
    assert answer["object"] == "chat.completion.chunk"
    found = PICTURE.search(message["content"])
    assert found is not None
    assert (await download_picture(client, found[1])).size == (64, 64)


async def test_references_are_rehosted_in_the_keyword_line_and_seen_in_the_picture(
    client: httpx.AsyncClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(renderer, "paint", paint)  # large enough to show them
    red, teal = make_image("red"), make_image("#00ffff", "WEBP", (30, 60))
    body = make_body("two of them", data_url(red), data_url(teal, "image/webp"), size="512x512")
    text = (await receive_stream(client, sandbox, body)).text()
    rehosted = re.findall(r"http://\S+/references/\S+", text.splitlines()[0])
    assert [(await client.get(each)).content for each in rehosted] == [red, teal]
    found = PICTURE.search(text)
    assert found is not None
    picture = await download_picture(client, found[1])
    assert has_colour(picture, (255, 0, 0), area=800)
    assert not has_colour(await paint_and_download(client, sandbox, "nobody"), (255, 0, 0), area=1)
    [received, _] = sandbox.requests
    assert [(each.media_type, each.width, each.height) for each in received.references] == [
        ("image/png", 60, 40),
        ("image/webp", 30, 60),
    ]


async def paint_and_download(client: httpx.AsyncClient, sandbox: Sandbox, prompt: str) -> Image.Image:
    found = PICTURE.search((await receive_stream(client, sandbox, make_body(prompt))).text())
    assert found is not None
    return await download_picture(client, found[1])


async def test_the_same_words_twice_give_two_views(client: httpx.AsyncClient, sandbox: Sandbox):
    one, two = await paint_and_download(client, sandbox, "a fox"), await paint_and_download(client, sandbox, "a fox")
    assert one.tobytes() != two.tobytes()


async def test_n_pictures_are_painted_when_asked_for(client: httpx.AsyncClient, sandbox: Sandbox):
    text = (await receive_stream(client, sandbox, make_body("a fox", n=3))).text()
    assert len(set(PICTURE.findall(text))) == 3
    assert sandbox.painted == 3


async def test_requests_are_recorded_without_the_key_and_without_megabytes(client: httpx.AsyncClient, sandbox: Sandbox):
    await receive_stream(client, sandbox, make_body("a fox", data_url(make_image())))
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
        text = (await receive_stream(client, sandbox, make_body("a fox"))).text()
        found = re.search(r"> \[50\]\((\S+)\)\n\n", text)
        assert found is not None
        assert await download_picture(client, found[1])
        assert sandbox.painted == 1
        before = [float(each) for each in re.findall(r"([\d.]+)%", text[: found.start()])]
        assert all(each < 50 for each in before)


async def test_the_waits_add_up_to_the_pace(client: httpx.AsyncClient):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with Sandbox(pace=8, sleep=sleep) as sandbox:
        await receive_stream(client, sandbox, make_body())
        honest = sum(waited)
        waited.clear()
        await receive_stream(client, sandbox, make_body("a fox [[slow:10]]"))
    assert 8 * 0.85 <= honest <= 8 * 1.15
    assert 80 * 0.85 <= sum(waited) <= 80 * 1.15


async def test_who_comes_when_all_places_are_taken_waits_in_line(client: httpx.AsyncClient):
    opened = asyncio.Event()

    async def sleep(_: float) -> None:
        await opened.wait()

    async with Sandbox(pace=1, max_parallel=1, sleep=sleep) as sandbox:
        first = asyncio.create_task(receive_stream(client, sandbox, make_body("a fox")))
        await wait_until(lambda: sandbox.running == 1)
        second = asyncio.create_task(receive_stream(client, sandbox, make_body("夜")))
        third = asyncio.create_task(receive_stream(client, sandbox, make_body("a hare")))
        await wait_until(lambda: sandbox.queued == 2)
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
        assert (await receive_stream(client, sandbox, make_body())).done
