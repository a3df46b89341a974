"""Broken answers over real HTTP, in every dialect: a painting ends with pictures, or with a failure of ours.

The answers are good ones with pieces cut out, repeated or overwritten; the same cases each time.
"""

import json
import random
from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from bot.errors import PaintFailed
from bot.painting import Blob, FinishedImage, Link, PaintRequest
from bot.ports import Provider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve_upstream
from bot.providers.registry import ProviderDependencies, make_provider
from bot.providers.tasks.callbacks import Callbacks
from tests.servers.upstream.images import completed, document, partial
from tests.servers.upstream.scripted import JSON, SSE, Call, delta, event, message, scripted_upstream
from tests.support.clocks import InstantClock

CASES = 40  # broken answers of each kind
KEY = "sk-very-secret"
PICTURE = "https://files.example/a.png"
REPLY = "> 进度 72%..100%\n![picture](https://files.example/a.png)\n[⏬](https://files.example/b.png)\n"
FILLINGS = (
    b"[" * 5000,
    b"",
    b"\x00",
    b"\xff\xfe",
    b'"',
    b"}",
    b"[" * 40,
    b"null",
    b"\n\n",
    b"data: ",
    b"-1e999",
    b"\\ud800",
    b"\r",
)

ANSWERS: Mapping[str, tuple[str, str, str]] = {
    "chat": ("relay", JSON, message(REPLY, images=[{"image_url": {"url": PICTURE}}])),
    "chat stream": ("relay", SSE, "".join(delta(each) for each in REPLY) + event({"usage": {}}) + "data: [DONE]\n\n"),
    "images": ("openai-hk", JSON, document({"url": PICTURE}, {"b64_json": "iVBORw0KGgo="})),
    "images stream": ("openai", SSE, partial(0) + partial(1) + completed()),
    "task submit": ("evolink", JSON, json.dumps({"id": "task-1", "status": "pending", "progress": 0})),
    "task": (
        "evolink",
        JSON,
        json.dumps({"id": "task-1", "status": "completed", "progress": 100, "results": [PICTURE], "usage": {"x": 1}}),
    ),
    "task failed": (
        "toapis",
        JSON,
        json.dumps({"id": "task-1", "status": "failed", "error": {"code": "generation_failed", "message": "no"}}),
    ),
}


def broken(body: bytes, chance: random.Random) -> bytes:
    """A body with up to four pieces changed."""
    data = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.randrange(12))
        kept = bytes(data[start:end])
        data[start:end] = chance.choice((*FILLINGS, kept * 2, chance.randbytes(3)))
    return bytes(data[: chance.randrange(len(data) + 1)]) if chance.random() < 0.2 else bytes(data)


def provider(client: UpstreamClient, url: str, preset: str) -> Provider:
    tools = ProviderDependencies(client=client, clock=InstantClock(), callbacks=Callbacks(), jitter=lambda: 0.0)
    return make_provider(
        resolve_upstream(name="up", preset=preset, base_url=url, api_key=SecretStr(KEY), timeout_s=30.0), tools
    )


async def outcome(made: Provider) -> str:
    """What a painting came to."""
    sources: list[Link | Blob] = []
    failure: PaintFailed | None = None
    try:
        async for each in made.paint(PaintRequest(prompt="a cat")):
            if isinstance(each, FinishedImage):
                sources.append(each.source)  # noqa: PERF401  # a comprehension would lose what came before the failure
    except PaintFailed as failed:
        failure = failed
    assert all(isinstance(each, Blob) or each.url.startswith(("http://", "https://")) for each in sources)
    if failure is not None:
        assert KEY not in f"{failure.facts} {failure.detail} {failure.trace}"
        return type(failure).__name__
    assert sources
    return "pictures"


@pytest.mark.forms(2)
@pytest.mark.parametrize("kind", ANSWERS)
async def test_a_broken_answer_is_a_failure_of_ours_or_still_a_picture(kind: str) -> None:
    preset, media_type, body = ANSWERS[kind]
    chance = random.Random(kind)
    submitted = json.dumps({"id": "task-1", "status": "pending"}).encode()
    outcomes: set[str] = set()

    async def script(call: Call) -> None:
        asks = call.method == "GET"
        whole = kind.startswith("task") and asks != (kind != "task submit")
        done = json.dumps({"id": "task-1", "status": "completed", "results": [PICTURE]}).encode()
        said = (done if asks else submitted) if whole else broken(body.encode(), chance)
        await call.head(media_type)
        await call.send(said)

    async with scripted_upstream(script) as upstream, UpstreamClient() as client:
        for _ in range(CASES):
            outcomes.add(await outcome(provider(client, upstream.url, preset)))
    assert len(outcomes) > 1, outcomes


@pytest.mark.parametrize("kind", ANSWERS)
async def test_a_whole_answer_is_what_the_broken_ones_are_made_of(kind: str) -> None:
    """Otherwise the cases above would prove nothing."""
    preset, media_type, body = ANSWERS[kind]

    async def script(call: Call) -> None:
        await call.head(media_type)
        poll = json.dumps({"id": "task-1", "status": "completed", "results": [PICTURE]})
        await call.send(poll if kind == "task submit" and (call.method == "GET") else body)

    async with scripted_upstream(script) as upstream, UpstreamClient() as client:
        came = await outcome(provider(client, upstream.url, preset))
    assert came == ("SaidFailed" if kind == "task failed" else "pictures")
