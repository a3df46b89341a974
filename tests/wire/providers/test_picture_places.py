"""Where upstreams put their pictures, in every dialect over real HTTP: each is found, fetched, and delivered once.

The upstream is also the host of its files, so that relative addresses lead somewhere.
"""

import base64
import json
from collections.abc import Callable

import pytest

from tests.servers.upstream.images import event as image_event
from tests.servers.upstream.scripted import JSON, SSE, delta, event, message
from tests.wire.providers.relay import (
    B64,
    DRAFT,
    DRAFT_B64,
    FILES,
    FOX,
    HAT,
    URL_SAFE,
    WRAPPED,
    Relay,
    painted,
)

# ---------------------------------------------------------------- JSON, the same in every dialect

ITEMS: list[dict[str, object]] = [
    {"b64_json": B64, "url": "http://HOST/a.png"},
    {"b64_json": B64, "url": "http://HOST/gone.png"},
    {"b64_json": "!", "url": "http://HOST/a.png"},
    {"b64_json": "!broken!", "url": "http://HOST/a.png"},
    {"b64_json": base64.b64encode(b"no picture").decode(), "url": "http://HOST/a.png"},
    {"b64_json": f"data:image/png;base64,{B64}", "url": "/images/a.png"},
    {"b64_json": WRAPPED},
    {"b64_json": WRAPPED.replace("\n", "\r\n")},
    {"b64_json": URL_SAFE.rstrip("=")},
    {"url": f"data:image/png;base64,{URL_SAFE}"},
    {"url": B64},
    {"url": "/images/a.png"},
    {"url": "images/a.png"},
    {"url": "//HOST/a.png"},
    {"url": "http://HOST/files/a.png?x=1&amp;y=2"},
    {"url": "/files/a.png?x=1&amp;y=2"},
    {"image_url": {"url": "/images/a.png"}, "type": "image_url"},
    {"image": {"url": "http://HOST/a.png"}},
    {"url": "http://HOST/a.png", "image_url": "http://HOST/a.png"},
]
DIALECTS: dict[str, tuple[str, Callable[[dict[str, object]], str]]] = {
    "chat": ("relay", lambda item: message("Here it is.", images=[item])),
    "chat data": ("relay", lambda item: json.dumps({"id": "x", "data": [item], "choices": []})),
    "images": ("openai-hk", lambda item: json.dumps({"created": 1, "data": [item]})),
    "images top": ("openai-hk", lambda item: json.dumps({"created": 1, **item})),
    "tasks": ("toapis", lambda item: json.dumps({"id": "t", "status": "completed", "result": {"data": [item]}})),
    "tasks top": ("toapis", lambda item: json.dumps({"id": "t", "status": "completed", "results": [item]})),
}


@pytest.mark.forms(1)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_item_is_one_picture(dialect: str) -> None:
    preset, encode = DIALECTS[dialect]
    for item in ITEMS:
        found, _ = await painted(Relay(encode(item), files=FILES), preset)
        assert (item, found) == (item, [FOX])


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("", "/images/r.png"),
        ("/v1", "/images/r.png"),
        ("/v1", "/v1/images/r.png"),
        ("/grok/v1", "/images/r.png"),
        ("/grok/v1", "/grok/images/r.png"),
        ("/grok/v1/chat/completions", "/grok/v1/images/r.png"),
    ],
)
async def test_a_relative_address_is_tried_at_every_part_of_the_base(base: str, path: str) -> None:
    relay = Relay(message("Here it is.", images=["/images/r.png"]), files={path: FOX})
    assert await painted(relay, "relay", base=base) == ([FOX], 0)


async def test_the_bytes_are_preferred_to_the_address_which_is_not_asked_for() -> None:
    relay = Relay(json.dumps({"data": [{"b64_json": B64, "url": "http://HOST/b.png"}]}), files=FILES)
    assert await painted(relay, "openai-hk") == ([FOX], 0)
    assert relay.fetched == []


async def test_items_with_both_are_as_many_pictures_as_there_are_items() -> None:
    items = [
        {"b64_json": B64, "url": "http://HOST/a.png"},
        {"b64_json": base64.b64encode(HAT).decode(), "url": "http://HOST/b.png"},
    ]
    assert await painted(Relay(json.dumps({"data": items}), files=FILES), "openai-hk", n=2) == ([FOX, HAT], 0)
    done = json.dumps({"id": "t", "status": "completed", "results": items})
    assert await painted(Relay(done, files=FILES), "toapis", n=2) == ([FOX, HAT], 0)


async def test_a_streamed_picture_with_both_is_one() -> None:
    both = image_event("completed", b64_json=B64, url="http://HOST/a.png")
    assert await painted(Relay(both, head=SSE, files=FILES), "openai") == ([FOX], 0)
    part = event({"choices": [{"delta": {"images": [{"b64_json": B64, "url": "http://HOST/a.png"}]}}]})
    assert await painted(Relay(part * 2 + "data: [DONE]\n\n", head=SSE, files=FILES), "relay") == ([FOX], 0)


ANYWHERE: list[object] = [
    {"code": 0, "data": {"data": [{"url": "http://HOST/a.png"}]}},
    {"code": 0, "data": {"images": ["http://HOST/a.png"]}},
    {"code": 0, "data": {"image_urls": ["http://HOST/a.png"]}},
    {"code": "0000", "message": "成功", "data": {"url": "http://HOST/a.png"}},
    {"image_urls": ["http://HOST/a.png"]},
    {"resultUrls": ["http://HOST/plain"]},
    {"output": ["http://HOST/a.png"]},
    {"input": {"image": "http://HOST/b.png"}, "output": {"image": {"uri": "http://HOST/plain"}}},
    {"image_urls": ["http://HOST/b.png"], "result": {"sample": "http://HOST/plain"}},
    {"result": {"images": [{"image": {"b64_json": B64}}]}},
    {"data": "http://HOST/a.png"},
    {"data": json.dumps([{"url": "http://HOST/a.png"}])},
    {"resultJson": json.dumps({"resultUrls": ["http://HOST/a.png"]})},
    {"content": "Here: ![a fox](http://HOST/plain)"},
    [{"url": "http://HOST/a.png"}],
    [{"data": [{"url": "http://HOST/a.png"}]}],
    {"data": [{"url": "http://HOST/a.png"}], "error": "No error"},
    {"data": [{"url": "http://HOST/a.png"}], "error": {"message": "", "type": "one_api_error", "code": None}},
]


@pytest.mark.forms(1)
@pytest.mark.parametrize("preset", ["relay", "openai-hk", "toapis"])
async def test_a_picture_is_found_wherever_a_document_has_it(preset: str) -> None:
    for document in ANYWHERE:
        found, _ = await painted(Relay(json.dumps(document), files={**FILES, "/plain": FOX}), preset)
        assert (document, found) == (document, [FOX])


# ---------------------------------------------------------------- what one dialect has alone


@pytest.mark.parametrize(
    "document",
    [
        {"id": "t", "status": "completed", "url": "http://HOST/a.png"},
        {"id": "t", "status": "completed", "url": "/a.png"},
        {"id": "t", "status": "completed", "url": "http://HOST/a.png", "result": None},
        {"id": "t", "status": "completed", "result": {"type": "image", "data": []}, "url": "http://HOST/a.png"},
        {"id": "t", "status": "completed", "result": {"url": "http://HOST/a.png"}},
        {"id": "t", "status": "completed", "data": {"url": "http://HOST/a.png"}},
        {"data": {"id": "t", "status": "completed", "result": {"images": [{"url": ["http://HOST/a.png"]}]}}},
        {"id": "t", "status": "succeeded", "images": [{"url": "http://HOST/a.png"}]},
        {"id": "t", "status": "finished", "url": "http://HOST/a.png"},
    ],
)
async def test_a_finished_task_says_where_its_picture_is(document: dict[str, object]) -> None:
    assert await painted(Relay(json.dumps(document), files=FILES), "toapis") == ([FOX], 0)


@pytest.mark.forms(4)
@pytest.mark.parametrize(
    "fields",
    [
        {"image": "http://HOST/a.png"},
        {"image": {"url": f"data:image/png;base64,{B64}", "detail": "auto"}},
        {"image": {"url": "/images/a.png"}},
        {"image": B64},
        {"image": {"image_url": {"url": "http://HOST/a.png"}}},
        {"image_url": "http://HOST/a.png"},
        {"images": ["http://HOST/a.png"]},
        {"images": [{"url": "http://HOST/a.png"}]},
        {"images": {"url": "http://HOST/a.png"}},
        {"images": "http://HOST/a.png"},
        {"images": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}, "index": 0}]},
        {"images": [B64]},
        {"image_urls": ["http://HOST/a.png"]},
        {"content": {"type": "image", "url": "/images/a.png"}},
        {"image": {"url": "http://HOST/a.png"}, "images": [{"image_url": {"url": "http://HOST/a.png"}}]},
        {"content": [{"type": "text", "text": "Here:"}, {"type": "image", "image": "/images/a.png"}]},
        {"content": [{"type": "output_image", "image_url": "http://HOST/a.png"}]},
        {"content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}}]},
    ],
)
async def test_a_message_has_its_picture_beside_the_text(fields: dict[str, object]) -> None:
    fields = {"content": "Here it is.", **fields}
    assert await painted(Relay(message(**fields), files=FILES), "relay") == ([FOX], 0)  # type: ignore[arg-type]  # as JSON


LONG_DRAFT = DRAFT_B64.rstrip("=") + "A" * (8_000 - len(DRAFT_B64) // 4 * 4)  # what follows a picture is ignored
REPLIES = [
    f"![image](data:image/png;base64,{WRAPPED})",
    f"![image](data:image/png;base64,\n{WRAPPED}\n)",
    f"![image](data:image/png;base64,{URL_SAFE.rstrip('=')})",
    f"Here:\n\ndata:image/png;base64,{WRAPPED}",
    f'<img src="data:image/png;base64,{WRAPPED.strip()}">',
    "![img](/images/a.png)",
    "![img](images/a.png)",
    "![img](//HOST/a.png)",
    '<img src="/images/a.png" alt="fox">',
    "![img](http://HOST/files/a.png?x=1&amp;y=2)",
    "Done: http://HOST/files/a.png?x=1&amp;y=2",
    "![img]( http://HOST/a.png )",
    "![img](http://HOST/a.png 'title')",
    '![img](<http://HOST/a.png> "title")',
    "![img] (http://HOST/a.png)",
    "![img](http://HOST/my fox.png)",
    "![img](<http://HOST/my fox.png>)",
    "![img](http://HOST/ a.png)",
    "![img](\nhttp://HOST/a.png\n)",
    "[![](http://HOST/thumb.png)](http://HOST/a.png)",
    "[![thumb](/thumb.png)](/images/a.png)",
    "[![](http://HOST/a.png)](http://HOST/gallery)",
    "[![](http://HOST/a.png)](http://HOST/gone.png)",
    "[![](http://HOST/thumb.png)\n](http://HOST/a.png)",
    "[\n![](http://HOST/thumb.png)\n](http://HOST/a.png)",
    "[![](http://HOST/thumb.png)](\nhttp://HOST/a.png)",
    "![a fox][1]\n\n[1]: http://HOST/a.png",
    "![a fox][A Fox]\n\n[a fox]: <http://HOST/a.png> 'title'",
    f"![][image1]\n\n[image1]: <data:image/png;base64,{B64}>",
    '<a href="http://HOST/a.png"><img src="http://HOST/thumb.png"></a>',
    "![a fox\nin the snow](http://HOST/a.png)",
    # what models and relays write where an image should be
    f"![image](data:image/png; base64,{B64})",
    f"![image](data:application/octet-stream;base64,{B64})",
    f"![image](data:;base64,{B64})",
    f"![image](image/png;base64,{B64})",
    f"![image]({B64})",
    B64,
    f"```\n{WRAPPED}```",
    f"```\ndata:image/png;base64,{WRAPPED}```",
    json.dumps({"data": [{"b64_json": B64}]}),
    json.dumps({"images": [{"url": "http://HOST/plain"}]}),
    "```json\n" + json.dumps({"images": ["http://HOST/plain"]}, indent=1) + "\n```",
    '{"url":"http:\\/\\/HOST\\/plain"}',
    "![img](http:\\/\\/HOST\\/a.png)",
    "![img](http://HOST/my\\_fox.png)",
    "```markdown\n![img](http://HOST/plain)\n```",
    "> ![img](http://HOST/plain)",
    "[点击查看图片](http://HOST/plain)",
    "[Image 1](http://HOST/plain)",
    "Image: http://HOST/plain",
    # thumbnails that link to the picture
    "[![](http://HOST/thumb.png)](http://HOST/plain)",
    "[![t](http://HOST/thumb.png) Click to enlarge](http://HOST/a.png)",
    "[Look: ![t](http://HOST/thumb.png)<br>full](http://HOST/a.png)",
    "[![](http://HOST/thumb.png)][1]\n\n[1]: http://HOST/a.png",
    "[1]: http://HOST/a.png\n\n[![](http://HOST/thumb.png)][1]",
    "[![](http://HOST/a.png)][nowhere]",
    "[![t][2]][1]\n\n[1]: http://HOST/a.png\n[2]: http://HOST/thumb.png",
    "[![t][2]][1]\n\n[2]: http://HOST/thumb.png\n[1]: http://HOST/a.png",
    "[2]: http://HOST/thumb.png\n[1]: http://HOST/a.png\n\n[Look: ![t][2] larger][1]",
    "[![2]][1]\n\n[1]: http://HOST/a.png\n[2]: http://HOST/thumb.png",
    "[![t][2]](http://HOST/a.png)\n\n[2]: http://HOST/thumb.png",
    "[![t][2]][nowhere]\n\n[2]: http://HOST/a.png",
    "[![t][2]](#top)\n\n[2]: http://HOST/a.png",
    f"[![t](data:image/png;base64,{DRAFT_B64[:20]}\n{DRAFT_B64[20:40]}\n{DRAFT_B64[40:]})](http://HOST/a.png)",
    f"[![t](data:image/png;base64,\n{DRAFT_B64[:20]}\n{DRAFT_B64[20:]}\n)](http://HOST/a.png)",
    f"[![t](data:image/png;base64,{DRAFT_B64[:20]}\n{DRAFT_B64[20:]})][1]\n\n[1]: http://HOST/a.png",
    # a thumbnail of many lines, and the link on other ones
    *(
        f"[![t](data:image/png;base64,{data}){link}"
        for data in (DRAFT_B64[:20] + "\n" + DRAFT_B64[20:], "\n" + DRAFT_B64 + "\n", DRAFT_B64, LONG_DRAFT)
        for link in (
            "](\nhttp://HOST/a.png)",
            "\n](http://HOST/a.png)",
            "]\n(http://HOST/a.png)",
            "]\n[1]\n\n[1]: http://HOST/a.png",
        )
    ),
    f'<a href="http://HOST/a.png">\n<img src="data:image/png;base64,{DRAFT_B64[:20]}\n{DRAFT_B64[20:]}">\n</a>',
    f'<a href="http://HOST/a.png"><img src="data:image/png;base64,{DRAFT_B64[:20]}\n{DRAFT_B64[20:]}\n"\n/></a>',
    "[![](http://HOST/a.png)](http://HOST/)",
    f"[![](data:image/png;base64,{DRAFT_B64})](\nhttp://HOST/a.png\n)",
    f"[![](data:image/png;base64,{DRAFT_B64})](http://HOST/plain)",
    '<a href="http://HOST/a.png">\n<img src="http://HOST/thumb.png">\n</a>',
    '<p><a href="http://HOST/a.png">\n<img src="http://HOST/thumb.png">\n</a></p>',
    "[Look\n![t](http://HOST/thumb.png)](http://HOST/a.png)",
    '<a href="http://HOST/a.png"><span class="x"><img src="http://HOST/thumb.png"></span></a>',
    "![a fox\n\nin the snow,\nat night](/images/a.png)\n\n[Download](http://HOST/b.png)",
]


@pytest.mark.forms(1)
@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.thorough
async def test_a_reply_shows_one_picture(is_streamed: bool) -> None:
    files = {**FILES, "/my%20fox.png": FOX, "/my_fox.png": FOX, "/plain": FOX}
    for reply in REPLIES:
        answer = message(reply)
        if is_streamed:
            pieces = (reply[at : at + 200] for at in range(0, len(reply), 200))
            answer = "".join(map(delta, pieces)) + "data: [DONE]\n\n"
        found, _ = await painted(Relay(answer, head=SSE if is_streamed else JSON, files=files), "relay", base="/v1")
        assert (reply, found) == (reply, [FOX])


DRAFT_ITEM: dict[str, object] = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DRAFT_B64}"}}
FINAL_ITEM: dict[str, object] = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}}


@pytest.mark.parametrize(
    "fields",
    [
        {"content": [{**DRAFT_ITEM, "thought": True}, FINAL_ITEM]},
        {"content": [FINAL_ITEM, {**DRAFT_ITEM, "thought": True}]},
        {"images": [{**DRAFT_ITEM, "thought": True}, FINAL_ITEM]},
        {"multi_mod_content": [{"thought": True, "inline_data": {"data": DRAFT_B64}}, {"inline_data": {"data": B64}}]},
        {"parts": [{"is_thought": True, "inlineData": {"data": DRAFT_B64}}, {"inlineData": {"data": B64}}]},
        {"reasoning_details": [{"type": "reasoning.image", **DRAFT_ITEM}], "images": [FINAL_ITEM]},
        {"reasoning_content": f"![draft](data:image/png;base64,{DRAFT_B64})", "images": [FINAL_ITEM]},
        {"reasoning_content": "![draft](http://HOST/thumb.png)", "content": "![fox](http://HOST/a.png)"},
        {"content": "<thought>![draft](http://HOST/thumb.png)</thought>\n![fox](http://HOST/a.png)"},
        {
            "content": [
                {"type": "text", "text": "![draft](http://HOST/thumb.png)", "thought": True},
                {"type": "text", "text": "![fox](http://HOST/a.png)"},
            ]
        },
    ],
)
async def test_a_draft_is_not_delivered_beside_the_picture(fields: dict[str, object]) -> None:
    fields = {"content": "", **fields}
    found, _ = await painted(Relay(message(**fields), files=FILES), "relay")  # type: ignore[arg-type]  # as JSON
    assert found == [FOX]


async def test_a_draft_in_a_stream_is_a_preview_and_the_picture_comes_after_it() -> None:
    draft = {"choices": [{"delta": {"images": [DRAFT_ITEM], "thought": True}}]}
    final = {"choices": [{"delta": {"images": [FINAL_ITEM]}, "finish_reason": "stop"}]}
    stream = "".join(f"data: {json.dumps(each)}\n\n" for each in (draft, final)) + "data: [DONE]\n\n"
    assert await painted(Relay(stream, head=SSE), "relay") == ([FOX], 1)


async def test_a_draft_alone_is_delivered_for_it_was_paid_for() -> None:
    assert (await painted(Relay(message(images=[{**DRAFT_ITEM, "thought": True}])), "relay"))[0] == [DRAFT]


async def test_drafts_among_the_items_of_the_other_dialects_are_left_out() -> None:
    items = [{"b64_json": DRAFT_B64, "thought": True}, {"b64_json": B64}]
    assert await painted(Relay(json.dumps({"data": items})), "openai-hk") == ([FOX], 0)
    assert await painted(Relay(json.dumps({"id": "t", "status": "completed", "results": items})), "toapis") == (
        [FOX],
        0,
    )
