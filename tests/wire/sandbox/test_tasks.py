"""The sandbox's task dialects over real HTTP, as the pages of EvoLink and ToAPIs describe them."""

import asyncio
import base64
import io
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import web
from PIL import Image

from bot.sandbox import Fault, Sandbox
from bot.sandbox.faults import TASK_CODES
from tests.support.images import plain_image

DAY = 86400
EVOLINK, TOAPIS = "/evolink/v1/images/generations", "/toapis/v1/images/generations"
QUESTION = {EVOLINK: "/evolink/v1/tasks/{}", TOAPIS: "/toapis/v1/images/generations/{}"}
FIELD = {EVOLINK: "image_urls", TOAPIS: "reference_images"}
both = pytest.mark.parametrize("at", [EVOLINK, TOAPIS], ids=["evolink", "toapis"])


def image(colour: str | tuple[int, ...] = "red", kind: str = "PNG", size: tuple[int, int] = (64, 64)) -> bytes:
    return plain_image(colour, kind, size)


class Visitor:
    """A client of one sandbox."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.client = client

    async def post(self, at: str, prompt: object = "a fox", **more: object) -> httpx.Response:
        body = {"model": "gpt-4o-image", "prompt": prompt, **more}
        return await self.client.post(self.sandbox.address + at, json=body)

    async def ask(self, at: str, task: str) -> dict[str, Any]:
        response = await self.client.get(self.sandbox.address + QUESTION[at].format(task))
        assert response.status_code == 200, response.text
        return response.json()

    async def outcome(self, at: str, prompt: object = "a fox", **more: object) -> dict[str, Any]:
        """What is told of a task that has ended."""
        response = await self.post(at, prompt, **more)
        assert response.status_code == 200, response.text
        return await self.ended(at, response.json()["id"])

    async def ended(self, at: str, task: str) -> dict[str, Any]:
        async with asyncio.timeout(45):
            while (told := await self.ask(at, task))["status"] in {
                "pending",
                "processing",
                "queued",
                "in_progress",
            }:
                pass
        return told

    async def upload(self, data: bytes, kind: str = "image/png", name: str = "a.png", *, to: str = TOAPIS) -> str:
        if to == TOAPIS:
            files = {"file": (name, data, kind)}
            response = await self.client.post(f"{self.sandbox.address}/toapis/v1/uploads/images", files=files)
            return response.json()["data"]["url"]
        encoded = f"data:{kind};base64,{base64.b64encode(data).decode()}"
        response = await self.client.post(
            f"{self.sandbox.address}/evolink/api/v1/files/upload/base64", json={"base64_data": encoded}
        )
        return response.json()["data"]["file_url"]


@asynccontextmanager
async def visit(**settings: Any) -> AsyncGenerator[Visitor]:
    headers = {"Authorization": "Bearer sandbox"}
    async with (
        Sandbox(pace=0, edge=96, **settings) as sandbox,
        httpx.AsyncClient(headers=headers, timeout=30) as client,
    ):
        yield Visitor(sandbox, client)


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with visit() as made:
        yield made


# ---------------------------------------------------------------- a task from beginning to end


async def test_evolink_tells_of_a_task_as_its_page_does(visitor: Visitor):
    opened = (await visitor.post(EVOLINK, size="2:3", n=2)).json()
    assert opened["id"].startswith("task-unified-")
    assert (opened["object"], opened["type"], opened["progress"]) == ("image.generation.task", "image", 0)
    assert opened["status"] == "pending"
    assert set(opened["task_info"]) == {"can_cancel", "estimated_time"}
    assert set(opened["usage"]) == {"billing_rule", "credits_reserved", "user_group"}
    told = await visitor.ended(EVOLINK, opened["id"])
    assert (told["status"], told["progress"], len(told["results"])) == ("completed", 100, 2)
    for link in told["results"]:
        with Image.open(io.BytesIO((await visitor.client.get(link)).content)) as picture:
            assert picture.size == (64, 96)  # 2:3


async def test_toapis_tells_of_a_task_as_its_page_does(visitor: Visitor):
    opened = (await visitor.post(TOAPIS, n=3)).json()
    assert (opened["object"], opened["progress"], opened["metadata"]) == ("generation.task", 0, {})
    assert opened["id"].startswith("task_img_")
    told = await visitor.ended(TOAPIS, opened["id"])
    assert told["id"].startswith("img_")
    assert (told["status"], told["progress"], told["result"]["type"]) == ("completed", 100, "image")
    assert len({each["url"] for each in told["result"]["data"]}) == 3
    assert told["expires_at"] - told["completed_at"] == DAY
    assert (await visitor.ask(TOAPIS, told["id"]))["status"] == "completed"


async def test_progress_rises_while_time_passes():
    gate: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(_: float) -> None:
        await gate.get()

    async with visit(sleep=sleep) as visitor:
        task = (await visitor.post(EVOLINK)).json()["id"]
        seen: list[int] = []
        for _ in range(6):
            gate.put_nowait(None)
            while (now := (await visitor.ask(EVOLINK, task))["progress"]) == (seen[-1] if seen else 0):
                pass
            seen.append(now)
        assert seen == sorted(set(seen))
        assert (await visitor.ask(EVOLINK, task))["status"] == "processing"


@both
async def test_references_and_a_mask_come_from_the_own_upload_service(visitor: Visitor, at: str):
    picture = await visitor.upload(image("red"), to=at)
    mask = await visitor.upload(image((0, 0, 0, 0)), to=at)
    told = await visitor.outcome(at, **{FIELD[at]: [picture]}, mask_url=mask)
    assert told["status"] == "completed"
    [received] = visitor.sandbox.requests
    assert [each.media_type for each in received.references] == ["image/png"]
    assert received.mask is not None
    assert [each.reference.digest for each in visitor.sandbox.uploads] == [
        received.references[0].digest,
        received.mask.digest,
    ]
    assert (await visitor.client.get(picture)).content == image("red")


async def test_an_upload_keeps_the_name_and_kind_of_its_part(visitor: Visitor):
    await visitor.upload(image(kind="WEBP"), "image/webp", "a cat.webp")
    form = {"file": ("b.png", image(), "image/png")}
    stream = await visitor.client.post(f"{visitor.sandbox.address}/evolink/api/v1/files/upload/stream", files=form)
    assert (stream.json()["code"], stream.json()["data"]["original_name"]) == (200, "b.png")
    assert [(each.filename, each.media_type) for each in visitor.sandbox.uploads] == [
        ("a cat.webp", "image/webp"),
        ("b.png", "image/png"),
    ]


# ---------------------------------------------------------------- refused

MISTAKES: dict[str, dict[str, object]] = {
    "no model": {"model": ""},
    "no prompt": {"prompt": " "},
    "an unknown size": {"size": "16:9"},
    "n is no number": {"n": "2"},
    "n is a boolean": {"n": True},
    "n is too many": {"n": 5},
    "base64": {"references": ["data:image/png;base64,AAAA"]},
    "somebody else's address": {"references": ["https://cdn.discordapp.com/x.png"]},
    "no list": {"references": "https://example.com/a.png"},
    "a mask without a picture": {"mask_url": "https://example.com/a.png"},
}


@both
@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_submit_against_the_documented_shape_is_refused(visitor: Visitor, at: str, mistake: str):
    more = {FIELD[at] if name == "references" else name: value for name, value in MISTAKES[mistake].items()}
    response = await visitor.post(at, **more)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert visitor.sandbox.tasks == []


async def test_what_is_no_json_is_refused(visitor: Visitor):
    for raw in (b"{", b"[]"):
        assert (await visitor.client.post(visitor.sandbox.address + TOAPIS, content=raw)).status_code == 400


async def test_limits_that_only_one_of_them_has(visitor: Visitor):
    assert (await visitor.post(EVOLINK, "x" * 2001)).status_code == 400
    assert (await visitor.post(EVOLINK, n=3)).status_code == 400
    assert (await visitor.post(EVOLINK, callback_url="http://bot.example/x")).status_code == 400
    assert (await visitor.post(TOAPIS, "x" * 2001, n=3)).status_code == 200
    two = {"reference_images": list[str](), "image_urls": list[str]()}
    assert (await visitor.post(TOAPIS, **two)).status_code == 400


@both
async def test_mask_rules(visitor: Visitor, at: str):
    png = await visitor.upload(image(), to=at)
    for picture, mask in (
        ([png, png], png),
        ([png], await visitor.upload(image(size=(32, 64)), to=at)),
        ([png], await visitor.upload(image(kind="JPEG"), to=at)),
        ([await visitor.upload(image(kind="WEBP"), to=at)], png),
    ):
        assert (await visitor.post(at, **{FIELD[at]: picture}, mask_url=mask)).status_code == 400
    assert (await visitor.post(at, **{FIELD[at]: [{"url": png}]}, mask_url=png)).status_code == 200


@both
async def test_a_wrong_key_is_refused(visitor: Visitor, at: str):
    visitor.client.headers["Authorization"] = "Bearer wrong"
    response = await visitor.post(at)
    assert (response.status_code, response.json()["error"]["type"]) == (401, "authentication_error")
    assert (await visitor.client.get(visitor.sandbox.address + QUESTION[at].format("x"))).status_code == 401
    for path in ("/toapis/v1/uploads/images", "/evolink/api/v1/files/upload/base64"):
        response = await visitor.client.post(visitor.sandbox.address + path, json={})
        assert (response.status_code, response.json()["success"]) == (401, False)


@both
async def test_an_unknown_task_is_a_404(visitor: Visitor, at: str):
    response = await visitor.client.get(visitor.sandbox.address + QUESTION[at].format("nothing"))
    assert response.status_code == 404
    code = response.json()["error"]["code"]
    assert code == ("resource_not_found" if at == EVOLINK else 404)


@pytest.mark.parametrize("data", [b"GIF? no", image(size=(1, 1))[:30], b"\x89PNG" + bytes(10_000_000)])
async def test_an_upload_that_is_no_picture_is_refused(visitor: Visitor, data: bytes):
    response = await visitor.client.post(
        f"{visitor.sandbox.address}/toapis/v1/uploads/images", files={"file": ("a.png", data, "image/png")}
    )
    assert (response.status_code, response.json()["success"]) == (400, False)


async def test_an_upload_in_the_wrong_form_is_refused(visitor: Visitor):
    base = f"{visitor.sandbox.address}/evolink/api/v1/files/upload"
    for body in ({}, {"base64_data": "!!"}, {"base64_data": "AAAA"}):
        assert (await visitor.client.post(f"{base}/base64", json=body)).json()["code"] == 400
    assert (await visitor.client.post(f"{base}/base64", content=b"{")).status_code == 400
    assert (await visitor.client.post(f"{base}/stream", content=b"{")).status_code == 400
    named = {"picture": ("a.png", image(), "image/png")}
    assert (await visitor.client.post(f"{base}/stream", files=named)).status_code == 400


async def test_faults_of_uploads_come_one_an_upload():
    async with visit(upload_faults=[Fault("500"), Fault("html502"), None]) as visitor:
        url = f"{visitor.sandbox.address}/toapis/v1/uploads/images"
        answers = [await visitor.client.post(url, files={"file": ("a.png", image(), "image/png")}) for _ in range(4)]
    assert [each.status_code for each in answers] == [500, 502, 200, 200]
    assert answers[0].json() == {"success": False, "message": "fetch failed"}


# ---------------------------------------------------------------- faults

REFUSED = {  # code of EvoLink, code of ToAPIs
    "400": ("invalid_request", "invalid_request_error"),
    "401": ("unauthorized", 401),
    "402": ("insufficient_quota", "insufficient_quota"),
    "403": ("model_access_denied", 403),
    "404": ("resource_not_found", 404),
    "429": ("rate_limit_exceeded", "rate_limit_exceeded"),
    "500": ("internal_error", "internal_error"),
}


@both
@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_has_the_code_of_its_family(visitor: Visitor, at: str, name: str):
    response = await visitor.post(at, f"a fox [[{name}]]")
    assert response.status_code == int(name)
    assert response.json()["error"]["code"] == REFUSED[name][at == TOAPIS]
    assert visitor.sandbox.tasks == []


@both
async def test_other_refusals(visitor: Visitor, at: str):
    assert (await visitor.post(at, "a fox [[429:3]]")).headers["retry-after"] == "3"
    assert (await visitor.post(at, "a fox [[no-funds]]")).json()["error"]["code"] == "insufficient_quota"
    assert (await visitor.post(at, "a fox [[html502]]")).headers["content-type"].startswith("text/html")
    for response in (
        await visitor.post(at, "a fox [[apitype]]"),
        await visitor.client.post(
            visitor.sandbox.address + at.replace("images/generations", "chat/completions"), json={}
        ),
    ):
        assert (response.status_code, response.json()["error"]["message"]) == (400, "invalid apitype: -1")


async def test_moderation_is_a_422_with_one_and_a_failed_task_with_the_other(visitor: Visitor):
    refused = await visitor.post(TOAPIS, "a fox [[moderation]]")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "content_policy_violation")
    told = await visitor.outcome(EVOLINK, "a fox [[moderation]]")
    assert (told["status"], told["error"]["code"]) == ("failed", "content_policy_violation")
    assert "results" not in told


@both
@pytest.mark.parametrize("code", TASK_CODES)
async def test_a_task_fails_with_the_code_of_its_fault(visitor: Visitor, at: str, code: str):
    told = await visitor.outcome(at, f"a fox [[task-{code}]]")
    assert (told["status"], told["error"]["code"]) == ("failed", code)
    assert visitor.sandbox.painted == 0


async def test_a_code_may_be_a_number(visitor: Visitor):
    told = await visitor.outcome(TOAPIS, "a fox [[numbered]]")
    assert (told["status"], told["error"]["code"]) == ("failed", 500)
    assert told["fail_reason"] == told["error"]["message"]
    assert (await visitor.outcome(TOAPIS, "a fox [[error-in-stream]]"))["error"]["code"] == "service_error"
    assert (await visitor.outcome(TOAPIS, "a fox [[failed]]"))["error"]["code"] == "generation_failed"


@both
async def test_other_ends(visitor: Visitor, at: str):
    assert (await visitor.outcome(at, "a fox [[cancelled]]"))["status"] == "cancelled"
    assert (await visitor.outcome(at, "a fox [[mystery]]"))["status"] == "archived"
    held = (await visitor.post(at, "a fox [[quiet]]")).json()["id"]
    while (told := await visitor.ask(at, held))["progress"] < 40:
        pass
    assert "error" not in told
    assert told["status"] in {"processing", "in_progress"}


async def test_fewer_pictures_and_none(visitor: Visitor):
    assert len((await visitor.outcome(EVOLINK, "a fox [[partial:3]]", n=4))["results"]) == 3
    assert (await visitor.outcome(EVOLINK, "a fox [[no-picture]]"))["results"] == []
    single = (await visitor.outcome(TOAPIS, "a fox [[single]]"))["result"]
    assert (await visitor.client.get(single["url"])).status_code == 200
    gone = (await visitor.outcome(TOAPIS, "a fox [[gone]]"))["result"]["data"][0]["url"]
    assert (await visitor.client.get(gone)).status_code == 404


@both
@pytest.mark.parametrize("fault", ["reset", "no-answer:0"])
async def test_a_submit_whose_answer_is_lost_was_accepted(visitor: Visitor, at: str, fault: str):
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await visitor.post(at, f"a fox [[{fault}]]")
    [task] = visitor.sandbox.tasks
    assert (await visitor.ended(at, task.id))["status"] == "completed"


@both
async def test_questions_may_go_unanswered(visitor: Visitor, at: str):
    task = (await visitor.post(at, "a fox [[polls-fail:2]]")).json()["id"]
    url = visitor.sandbox.address + QUESTION[at].format(task)
    assert [(await visitor.client.get(url)).status_code for _ in range(3)] == [503, 503, 200]
    task = (await visitor.post(at, "a fox [[cut]]")).json()["id"]
    with pytest.raises(httpx.RemoteProtocolError):
        await visitor.client.get(visitor.sandbox.address + QUESTION[at].format(task))
    assert (await visitor.ended(at, task))["status"] == "completed"


# ---------------------------------------------------------------- callbacks


@asynccontextmanager
async def listener(*statuses: int) -> AsyncGenerator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """A server that answers callbacks with these statuses, the last one for all further."""
    heard: list[tuple[str, dict[str, Any]]] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append((request.path, await request.json()))
        return web.Response(status=statuses[min(len(heard), len(statuses)) - 1])

    app = web.Application()
    app.router.add_post("/{tail:.*}", hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", heard
    finally:
        await runner.cleanup()


SECRET = "https://bot.example/callbacks/abc"


async def called(visitor: Visitor, count: int) -> list[int]:
    async with asyncio.timeout(45):
        while len(visitor.sandbox.tasks[-1].callback_statuses) < count:  # noqa: ASYNC110 - the sandbox's records wake nobody
            await asyncio.sleep(0.001)
    return visitor.sandbox.tasks[-1].callback_statuses


@pytest.mark.parametrize(
    ("fault", "status"), [("", "completed"), ("[[task-service_error]]", "failed"), ("[[cancelled]]", "cancelled")]
)
async def test_a_callback_brings_what_a_question_would_have(fault: str, status: str):
    async with listener(200) as (address, heard), visit(callbacks_to=address) as visitor:
        told = await visitor.outcome(EVOLINK, f"a fox {fault}", callback_url=SECRET)
        assert await called(visitor, 1) == [200]
        assert heard == [("/callbacks/abc", told)]
        assert told["status"] == status


async def test_a_callback_is_tried_again_after_one_two_and_four_seconds():
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with listener(500, 404, 204) as (address, heard), visit(callbacks_to=address, sleep=sleep) as visitor:
        await visitor.post(EVOLINK, callback_url=SECRET)
        assert await called(visitor, 3) == [500, 404, 204]
        assert len(heard) == 3
        assert waited[-2:] == [1.0, 2.0]
    async with visit(callbacks_to="http://127.0.0.1:1", sleep=sleep) as visitor:
        await visitor.post(EVOLINK, callback_url=SECRET)
        assert await called(visitor, 4) == [0, 0, 0, 0]
        assert waited[-3:] == [1.0, 2.0, 4.0]


async def test_a_callback_may_come_early_twice_or_never():
    async with listener(200) as (address, heard), visit(callbacks_to=address) as visitor:
        opened = await visitor.post(EVOLINK, "a fox [[callback-early]]", callback_url=SECRET)
        assert [body["id"] for _, body in heard] == [opened.json()["id"]]
        assert opened.json()["status"] == "pending"
        await visitor.post(EVOLINK, "a fox [[callback-twice]]", callback_url=SECRET)
        assert await called(visitor, 2) == [200, 200]
        await visitor.outcome(EVOLINK, "a fox [[callback-never]]", callback_url=SECRET)
        await visitor.outcome(EVOLINK, "a hare")
        await visitor.outcome(TOAPIS, "a hare", callback_url=SECRET)
        assert len(heard) == 3


async def test_who_waits_for_a_place_is_pending():
    opened = asyncio.Event()

    async def sleep(_: float) -> None:
        await opened.wait()

    async with visit(max_parallel=1, sleep=sleep) as visitor:
        await visitor.post(EVOLINK)
        second = (await visitor.post(EVOLINK)).json()["id"]
        told = await visitor.ask(EVOLINK, second)
        assert (told["status"], told["task_info"]["can_cancel"]) == ("pending", True)
        opened.set()
        assert (await visitor.ended(EVOLINK, second))["status"] == "completed"
