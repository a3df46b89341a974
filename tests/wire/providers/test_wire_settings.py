"""Single settings of a wire over real HTTP: further fields in JSON and in forms, one image's own name, polls by POST,
results at an address of their own, headers and query.
"""

import json
import re
from typing import Any

import pytest
from pydantic import SecretStr

from bot.painting import FinishedImage, Image, Link, Options, PaintEvent, PaintRequest
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve_upstream
from bot.providers.registry import ProviderDependencies, make_provider
from bot.providers.tasks.callbacks import Callbacks
from tests.servers.upstream.scripted import JSON, Call, Script, message, scripted_upstream
from tests.support.clocks import InstantClock
from tests.support.images import png

PICTURE = "https://files.example/a.png"
FOX = Image(data=png("orange", (30, 20)), media_type="image/png", width=30, height=20)
EXTRA = {"moderation": "low", "tags": ["a", "b"], "provider": {"only": ["x"], "strict": True}, "seed": 7}


async def paint(
    client: UpstreamClient, script: Script, request: PaintRequest, **settings: Any
) -> tuple[list[Call], list[PaintEvent]]:
    """The requests that a painting makes, and its events."""
    async with scripted_upstream(script) as up:
        settings = {"base_url": up.url, "api_key": SecretStr("sk-key"), **settings}
        tools = ProviderDependencies(client=client, clock=InstantClock(), callbacks=Callbacks(), jitter=lambda: 0.0)
        provider = make_provider(resolve_upstream(name="up", **settings), tools)
        events = [event async for event in provider.paint(request)]
    return up.calls, events


def form(call: Call) -> list[tuple[str, str]]:
    """Names and texts of the fields of a form, those of files without the file."""
    parts = re.findall(
        rb'name="([^"]+)"(; filename="[^"]*")?\r\n(?:Content-Type[^\r]*\r\n)?\r\n(.*?)\r\n--', call.body, re.DOTALL
    )
    return [(name.decode(), "FILE" if file else value.decode()) for name, file, value in parts]


async def images(call: Call) -> None:
    await call.respond_json({"created": 1, "data": [{"url": PICTURE}]})


async def test_further_fields_go_with_json_and_with_forms(client: UpstreamClient) -> None:
    settings = {"preset": "openai", "extra": EXTRA, "extra_edits": {"input_fidelity": "high", "seed": 8}}
    [painted], _ = await paint(client, images, PaintRequest(prompt="a fox"), **settings)
    assert {name: painted.json()[name] for name in EXTRA} == EXTRA
    assert "input_fidelity" not in painted.json()
    [edited], _ = await paint(client, images, PaintRequest(prompt="a hat", references=(FOX,)), **settings)
    assert edited.target == "/v1/images/edits"
    assert form(edited)[:8] == [
        ("moderation", "low"),
        ("tags[]", "a"),
        ("tags[]", "b"),
        ("provider[only][]", "x"),
        ("provider[strict]", "true"),
        ("seed", "8"),
        ("input_fidelity", "high"),
        ("model", "gpt-image-2"),
    ]


@pytest.mark.parametrize("count", [1, 2])
async def test_references_may_have_another_name(client: UpstreamClient, count: int) -> None:
    request = PaintRequest(prompt="a hat", references=(FOX,) * count)
    [call], _ = await paint(client, images, request, preset="openai", wire={"image_field": "image"})
    assert [name for name, value in form(call) if value == "FILE"] == ["image"] * count


async def test_a_wire_for_one_reference_takes_one() -> None:
    able = resolve_upstream(name="up", preset="openai", wire={"image_field": "image", "single_reference": True})
    assert able.capabilities.max_references == 1


async def test_previews_are_asked_for_as_the_operator_says(client: UpstreamClient) -> None:
    for wanted in (0, 3):
        [call], _ = await paint(
            client, images, PaintRequest(prompt="a fox"), preset="openai", wire={"partial_images": wanted}
        )
        assert call.json().get("partial_images", 0) == wanted


async def test_headers_and_query_go_with_every_request(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.respond(message(f"![]({PICTURE})"), JSON)

    wire = {"headers": {"X-Title": "Easel"}, "query": {"version": "2 b"}, "path": "/models/{model}/chat"}
    [call], _ = await paint(
        client, script, PaintRequest(prompt="a fox"), preset="relay", model="google/nano", wire=wire,
        auth_header="X-Key", auth_prefix="Key ",
    )  # fmt: skip
    assert call.target == "/models/google/nano/chat?version=2+b"
    assert (call.headers["x-title"], call.headers["x-key"]) == ("Easel", "Key sk-key")
    assert "authorization" not in call.headers


async def test_a_poll_may_be_a_post_with_the_tasks_id(client: UpstreamClient) -> None:
    """As Ace Data's tasks are asked for."""

    async def script(call: Call) -> None:
        if call.target == "/openai/tasks":
            await call.respond_json({"id": "t-1", "response": {"data": [{"image_url": PICTURE}]}})
        else:
            await call.respond_json({"task_id": "t-1"})

    wire = {
        "submit": "/openai/images/generations",
        "task": "/openai/tasks",
        "poll_body": {"action": "retrieve", "id": "{id}"},
        "result_paths": "response.data",
    }
    [_, poll], events = await paint(client, script, PaintRequest(prompt="a fox"), dialect="tasks", wire=wire)
    assert (poll.method, poll.json()) == ("POST", {"action": "retrieve", "id": "t-1"})
    assert [each.source for each in events if isinstance(each, FinishedImage)] == [Link(url=PICTURE)]


async def test_a_result_may_have_an_address_of_its_own(client: UpstreamClient) -> None:
    """As the queue of fal.ai has it, whose submit names the model in its path."""
    statuses = iter(["IN_QUEUE", "IN_PROGRESS", "COMPLETED"])

    async def script(call: Call) -> None:
        if call.method == "POST":
            await call.respond_json({"request_id": "r/1", "status": "IN_QUEUE"})
        elif call.target.endswith("/status"):
            await call.respond_json({"status": next(statuses), "request_id": "r/1"})
        else:
            await call.respond_json({"images": [{"url": PICTURE, "width": 1024, "height": 768}], "seed": 7})

    wire = {
        "submit": "/{model}",
        "task": "/{model}/requests/{id}/status",
        "result": "/{model}/requests/{id}",
        "model_field": "",
        "size_field": "image_size",
        "n_field": "num_images",
        "id_paths": "request_id",
        "states": {"IN_QUEUE": "queued"},
        "spellings": {"4:3": "landscape_4_3"},
    }
    calls, events = await paint(
        client, script, PaintRequest(prompt="a fox", options=Options(size="4:3")), dialect="tasks",
        model="fal-ai/flux/dev", auth_prefix="Key ", sizes=["1:1", "4:3"], wire=wire,
    )  # fmt: skip
    assert [f"{each.method} {each.target}" for each in calls] == [
        "POST /fal-ai/flux/dev",
        *["GET /fal-ai/flux/dev/requests/r%2F1/status"] * 3,
        "GET /fal-ai/flux/dev/requests/r%2F1",
    ]
    assert json.loads(calls[0].body) == {"prompt": "a fox", "image_size": "landscape_4_3", "num_images": 1}
    assert calls[0].headers["authorization"] == "Key sk-key"
    assert [each.source for each in events if isinstance(each, FinishedImage)] == [Link(url=PICTURE)]
