"""A new relay is settings and no code: relays of public documentation, one of each dialect and more, as an operator
writes them down.

The upstream says what the documentation says, in its paths, fields, status words and errors.
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from bot.downloads.fetcher import Fetcher
from bot.errors import Busy, Moderated, OutOfFunds, PaintFailed, Rejected, WrongEndpoint
from bot.jobs.results import JobResults
from bot.painting import FinishedImage, Image, Options, PaintEvent, PaintRequest, Usage
from bot.pictures.processing import ImageProcessor
from bot.ports import Provider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import Upstream, resolve_upstreams
from bot.providers.registry import ProviderDependencies, make_provider
from bot.providers.requirements import can_satisfy, requirements_of
from bot.providers.tasks.callbacks import Callbacks
from bot.settings import load
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.support.clocks import InstantClock
from tests.support.images import png
from tests.support.wire_reference import OPENROUTER_IMAGES

FOX, HAT = png("orange", (30, 20)), png("black", (20, 30))
REFERENCE = Image(data=HAT, media_type="image/png", width=20, height=30)

# https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions/image-generation
VERCEL = """
[[providers]]
name = "vercel"
dialect = "chat"
base_url = "URL/v1"
api_key = "sk-vercel"
model = "google/gemini-3.1-flash-image-preview"
stream = false
sizes = []

[providers.wire]
modalities = ["text", "image"]
prompt_size_suffix = ""
prompt_quality_suffix = ""
headers = { "X-Title" = "Easel" }

[providers.extra.providerOptions.gateway]
order = ["vertex"]
"""

# https://docs.kie.ai/market/google/nano-banana-2, https://docs.kie.ai/market/common/get-task-detail and
# https://docs.kie.ai/file-upload-api/upload-file-base-64
KIE = """
[[providers]]
name = "kie"
dialect = "tasks"
base_url = "URL"
files_base_url = "URL/files"
api_key = "sk-kie"
model = "nano-banana-2"
sizes = ["auto", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]
tiers = ["1K", "2K", "4K"]
formats = ["png", "jpeg"]
max_references = 14

[providers.wire]
submit = "/api/v1/jobs/createTask"
task = "/api/v1/jobs/recordInfo?taskId={id}"
prompt_field = "input.prompt"
references_field = "input.image_input"
size_field = "input.aspect_ratio"
tier_field = "input.resolution"
format_field = "input.output_format"
n_field = ""
mask_field = ""
callback_field = "callBackUrl"
spellings = { jpeg = "jpg" }
id_paths = "data.taskId"
status_paths = "data.state"
result_paths = "data.resultJson.resultUrls"
error_paths = ["data.failMsg", "data.failCode"]
states = { waiting = "queued", queuing = "queued", generating = "working", success = "done", fail = "failed" }

[providers.wire.upload]
path = "/api/file-base64-upload"
form = "base64"
file_field = "base64Data"
name_field = "fileName"
fields = { uploadPath = "images/easel" }
url_paths = "data.downloadUrl"

[providers.extra.input]
google_search = false
"""

# https://docs.siliconflow.cn/en/api-reference/images/images-generations and /faqs/error-code
SILICONFLOW = """
[[providers]]
name = "siliconflow"
dialect = "images"
base_url = "URL/v1"
api_key = "sk-silicon"
model = "Kwai-Kolors/Kolors"
stream = false
sizes = ["1024x1024", "960x1280", "768x1024", "720x1440", "720x1280"]
max_n = 4
max_references = 1

[providers.wire]
edits = "/images/generations"
edits_form = "json"
image_field = "image"
single_reference = true
mask_field = ""
size_field = "image_size"
n_field = "batch_size"
quality_field = ""
background_field = ""
format_field = ""
compression_field = ""
defaults = { size = "1024x1024" }

[providers.extra]
num_inference_steps = 20
guidance_scale = 7.5

[providers.extra_edits]
negative_prompt = "blurry"
"""


Route = Callable[[Call], object]
"""The document that answers a request, or its status line and the document."""


def always(answer: object) -> Route:
    return lambda call: answer


@dataclass(slots=True)
class Relay:
    """Answers by `route`; serves `/a.png`. HOST in an answer is its own address."""

    route: Route
    url: str = ""
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])

    async def serve(self, call: Call) -> None:
        if call.target.startswith("/a.png"):
            await call.respond(FOX, "Content-Type: image/png")
            return
        self.seen.append((f"{call.method} {call.target}", json.loads(call.body) if call.body else {}))
        self.headers.append(call.headers)
        answer = self.route(call)
        status, document = cast("tuple[str, object]", answer) if isinstance(answer, tuple) else ("200 OK", answer)
        await call.respond_json(json.loads(json.dumps(document).replace("HOST", self.url)), status=status)


@dataclass(slots=True)
class Bench:
    upstream: Upstream
    provider: Provider
    fetcher: Fetcher

    async def paint(self, request: PaintRequest) -> tuple[list[bytes], list[PaintEvent]]:
        assert can_satisfy(self.provider.capabilities, requirements_of(request))
        events = [event async for event in self.provider.paint(request)]
        sources = [each.source for each in events if isinstance(each, FinishedImage)]
        processor = ImageProcessor()
        async with JobResults(self.fetcher, processor, InstantClock()).hold(sources, owner="memory:amber") as images:
            found = [each.data for each in images]
        await asyncio.to_thread(processor.close)
        return found, events

    async def fail(self) -> PaintFailed:
        with pytest.raises(PaintFailed) as caught:
            await self.paint(PaintRequest(prompt="a fox"))
        return caught.value


@asynccontextmanager
async def configured(toml: str, relay: Relay, tmp_path: Path, public_url: str | None = None) -> AsyncGenerator[Bench]:
    """The provider that the settings make, at the relay."""
    async with scripted_upstream(relay.serve) as server, UpstreamClient() as client:
        relay.url = server.url
        file = tmp_path / "easel.toml"
        file.write_text(toml.replace("URL", server.url))
        [given] = (await asyncio.to_thread(load, file)).providers
        [upstream] = resolve_upstreams(**given.model_dump())
        tools = ProviderDependencies(
            client=client, clock=InstantClock(), callbacks=Callbacks(public_url), jitter=lambda: 0.0
        )
        async with Fetcher([server.host]) as fetcher:
            yield Bench(upstream, make_provider(upstream, tools), fetcher)


# ---------------------------------------------------------------- chat: Vercel's AI Gateway


def vercel(call: Call) -> object:
    message = {
        "role": "assistant",
        "content": "I've generated a beautiful sunset image for you.",
        "images": [{"type": "image_url", "image_url": {"url": "HOST/a.png"}}],
    }
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chatcmpl-123", "object": "chat.completion", "choices": [choice], "usage": {"total_tokens": 43}}


async def test_a_chat_relay(tmp_path: Path) -> None:
    relay = Relay(vercel)
    async with configured(VERCEL, relay, tmp_path) as bench:
        found, _ = await bench.paint(PaintRequest(prompt="a fox", references=(REFERENCE,)))
        assert found == [FOX]
        [(path, body)] = relay.seen
        assert path == "POST /v1/chat/completions"
        assert body.keys() == {"model", "messages", "stream", "modalities", "providerOptions"}
        assert body["modalities"] == ["text", "image"]
        assert body["providerOptions"] == {"gateway": {"order": ["vertex"]}}
        [text, image] = body["messages"][0]["content"]
        assert (text["text"], image["image_url"]["url"][:22]) == ("a fox", "data:image/png;base64,")
        assert (relay.headers[0]["authorization"], relay.headers[0]["x-title"]) == ("Bearer sk-vercel", "Easel")
        capabilities = bench.provider.capabilities
        assert (capabilities.sizes, capabilities.tiers, capabilities.qualities) == ((), (), ())
        assert "extra: providerOptions.gateway.order" in bench.upstream.overrides


async def test_a_chat_relays_errors(tmp_path: Path) -> None:
    error = {"message": "Model 'x/y' not found", "type": "model_not_found", "param": None, "code": "model_not_found"}
    async with configured(VERCEL, Relay(always(("404 Not Found", {"error": error}))), tmp_path) as bench:
        assert isinstance(await bench.fail(), WrongEndpoint)


# ---------------------------------------------------------------- tasks: kie.ai


@dataclass(slots=True)
class Kie:
    """One task: it waits, then is generated, then ends as `end` says."""

    end: Mapping[str, object]
    polls: int = 0

    def __call__(self, call: Call) -> object:
        path = call.target
        if path == "/files/api/file-base64-upload":
            data = {"fileName": "p.png", "downloadUrl": "https://tempfile.example/p.png", "mimeType": "image/png"}
            return {"success": True, "code": 200, "msg": "File uploaded successfully", "data": data}
        if path == "/api/v1/jobs/createTask":
            return {"code": 200, "msg": "success", "data": {"taskId": "task_nano-banana-2_17"}}
        assert path == "/api/v1/jobs/recordInfo?taskId=task_nano-banana-2_17"
        self.polls += 1
        states: list[Mapping[str, object]] = [{"state": "waiting"}, {"state": "generating"}, self.end]
        task = {
            "taskId": "task_nano-banana-2_17",
            "model": "nano-banana-2",
            "param": '{"callBackUrl":"https://x.example","input":{"prompt":"a fox"}}',
            "resultJson": "",
            "failCode": "",
            "failMsg": "",
            **states[min(self.polls, 3) - 1],
        }
        return {"code": 200, "message": "success", "data": task}


async def test_a_task_relay(tmp_path: Path) -> None:
    relay = Relay(Kie({"state": "success", "resultJson": '{"resultUrls":["HOST/a.png"]}'}))
    async with configured(KIE, relay, tmp_path, "https://easel.example") as bench:
        options = Options(size="16:9", tier="2K", format="jpeg")
        found, _ = await bench.paint(PaintRequest(prompt="a fox", references=(REFERENCE,), options=options))
        assert found == [FOX]
        upload, submit, *polls = relay.seen
        assert upload[0] == "POST /files/api/file-base64-upload"
        assert upload[1] == {
            "uploadPath": "images/easel",
            "base64Data": upload[1]["base64Data"],
            "fileName": "picture-1.png",
        }
        assert submit[0] == "POST /api/v1/jobs/createTask"
        assert submit[1].pop("callBackUrl").startswith("https://easel.example/callbacks/")
        assert submit[1] == {
            "model": "nano-banana-2",
            "input": {
                "prompt": "a fox",
                "image_input": ["https://tempfile.example/p.png"],
                "aspect_ratio": "16:9",
                "resolution": "2K",
                "output_format": "jpg",
                "google_search": False,
            },
        }
        assert [path for path, _ in polls] == ["GET /api/v1/jobs/recordInfo?taskId=task_nano-banana-2_17"] * 3
        capabilities = bench.provider.capabilities
        assert (capabilities.allowed_counts, capabilities.supports_masks) == ((1,), False)


async def test_a_task_relays_errors(tmp_path: Path) -> None:
    flagged = {"state": "fail", "failCode": "422", "failMsg": "Your prompt was flagged as violating content policies."}
    async with configured(KIE, Relay(Kie(flagged)), tmp_path) as bench:
        assert isinstance(await bench.fail(), Moderated)
    poor = {"code": 402, "msg": "The current credits are insufficient. Please top up", "data": None}
    async with configured(KIE, Relay(always(poor)), tmp_path) as bench:
        assert isinstance(await bench.fail(), OutOfFunds)


# ---------------------------------------------------------------- images: SiliconFlow


def siliconflow(call: Call) -> object:
    count = call.json().get("batch_size", 1)
    assert isinstance(count, int)
    return {"images": [{"url": f"HOST/a.png?{at}"} for at in range(count)], "timings": {"inference": 1.5}, "seed": 7}


async def test_an_images_relay(tmp_path: Path) -> None:
    relay = Relay(siliconflow)
    async with configured(SILICONFLOW, relay, tmp_path) as bench:
        _, events = await bench.paint(PaintRequest(prompt="a fox", options=Options(size="3:4", n=3)))
        assert sum(isinstance(each, FinishedImage) for each in events) == 3
        await bench.paint(PaintRequest(prompt="a hat", references=(REFERENCE,)))
        painted, edited = relay.seen
        assert painted[0] == edited[0] == "POST /v1/images/generations"
        always = {"model": "Kwai-Kolors/Kolors", "num_inference_steps": 20, "guidance_scale": 7.5}
        assert painted[1] == always | {"prompt": "a fox", "image_size": painted[1]["image_size"], "batch_size": 3}
        assert painted[1]["image_size"] in ("960x1280", "768x1024")
        assert edited[1].pop("image").startswith("data:image/png;base64,")
        assert edited[1] == always | {"prompt": "a hat", "image_size": "1024x1024", "negative_prompt": "blurry"}
        capabilities = bench.provider.capabilities
        assert (capabilities.max_references, capabilities.supports_masks, capabilities.formats) == (1, False, ())
        assert (capabilities.qualities, capabilities.backgrounds) == ((), ())


@pytest.mark.parametrize(
    ("status", "body", "becomes"),
    [
        (
            "400 Bad Request",
            {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None},
            WrongEndpoint,
        ),
        ("400 Bad Request", {"code": 20015, "message": "image_size is invalid", "data": None}, Rejected),
        (
            "429 Too Many Requests",
            {"message": "Request was rejected due to rate limiting. If you want more, please contact us", "data": None},
            Busy,
        ),
    ],
)
async def test_an_images_relays_errors(
    status: str, body: Mapping[str, object], becomes: type[PaintFailed], tmp_path: Path
) -> None:
    async with configured(SILICONFLOW, Relay(always((status, body))), tmp_path) as bench:
        assert isinstance(await bench.fail(), becomes)


# ---------------------------------------------------------------- images: OpenRouter's dedicated Image API


async def test_openrouters_image_api(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 6, "completion_tokens": 1290, "total_tokens": 1296, "cost": 0.04}
    answer = {"created": 1, "data": [{"b64_json": base64.b64encode(FOX).decode()}], "usage": usage}
    relay = Relay(always(answer))
    documented = OPENROUTER_IMAGES.replace("https://openrouter.ai", "URL").replace("your-key", "sk-or")
    async with configured(documented, relay, tmp_path) as bench:
        options = Options(
            size="16:9", tier="2K", quality="high", background="transparent", format="webp", compression=80, n=2
        )
        found, events = await bench.paint(PaintRequest(prompt="a fox", references=(REFERENCE,) * 2, options=options))
        assert found == [FOX]
        [(path, body)] = relay.seen
        assert path == "POST /api/v1/images"
        references = body.pop("input_references")
        assert [each["type"] for each in references] == ["image_url"] * 2
        assert references[0]["image_url"]["url"].startswith("data:image/png;base64,")
        assert body == {
            "model": "openai/gpt-image-2",
            "prompt": "a fox",
            "n": 2,
            "aspect_ratio": "16:9",
            "resolution": "2K",
            "quality": "high",
            "background": "transparent",
            "output_format": "webp",
            "output_compression": 80,
        }
        assert [each.credits for each in events if isinstance(each, Usage)] == [0.04]
        assert not bench.provider.capabilities.supports_masks
        assert bench.provider.capabilities.supports_markup
        await bench.paint(PaintRequest(prompt="a hat", references=(REFERENCE,), markup=REFERENCE))
        assert relay.seen[1][1]["markup"] == references[0]
