"""What a member sees and pays where a provider fails: waits that fit, pictures that are too large, pictures missing."""

import base64
import json
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from structlog.testing import capture_logs

from bot.sandbox import Sandbox
from bot.texts import translate
from tests.flow.scenes import books
from tests.flow.world import world
from tests.servers.upstream.scripted import Call, Script, ScriptedUpstream, scripted_upstream
from tests.support.images import encode_image, png
from tests.wire.providers.failure_answer import BLOCKED, NGINX

PAINTED = {"data": [{"b64_json": base64.b64encode(png("blue")).decode()}]}
SENSITIVE = {"error": {"code": "OutputImageSensitiveContentDetected", "message": "sensitive"}}


def provider(upstream: ScriptedUpstream, **given: Any) -> dict[str, Any]:
    return {"name": "first", "dialect": "images", "base_url": upstream.url, "api_key": "sk-secret-key", **given}


def says(document: object, *headers: str, status: str = "200 OK") -> Script:
    async def script(call: Call) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        kind = "text/html" if text.startswith("<") else "application/json"
        await call.respond(text, f"Content-Type: {kind}", *headers, status=status)

    return script


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("status", "document", "headers"),
    [
        ("503 Unavailable", {"error": {"message": "Service unavailable"}}, ["Retry-After: 2"]),
        ("529 Overloaded", "<html>busy</html>", ["Retry-After: 2"]),
        ("429 Slow", {"error": {"message": "Please try again in 1.5s.", "code": "rate_limit_exceeded"}}, []),
    ],
)
async def test_a_wait_that_fits_is_waited_for_by_a_single_provider(
    tmp_path: Path, sandbox: Sandbox, status: str, document: object, headers: list[str]
) -> None:
    async with (
        scripted_upstream(says(document, *headers, status=status), says(PAINTED)) as up,
        world(tmp_path, sandbox, providers=[provider(up)]) as easel,
    ):
        await easel.say("a fox")
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert len(up.calls) == 2
        assert await books(easel) == (49, 0)


async def test_a_quota_of_nothing_is_not_asked_again(tmp_path: Path, sandbox: Sandbox) -> None:
    quota = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "limit: 0. Please retry in 1s."}}
    async with scripted_upstream(says(quota, status="429 Slow")) as up, scripted_upstream(says(PAINTED)) as other:
        providers = [provider(up), provider(other, name="second")]
        async with world(tmp_path, sandbox, providers=providers) as easel:
            with capture_logs() as logs:
                await easel.say("a fox")
                [post] = await easel.settled()
            assert (len(post.images), len(up.calls), len(other.calls)) == (1, 1, 1)
    told = [(each["log_level"], each["provider"]) for each in logs if each.get("failure") == "OutOfFunds"]
    assert told == [("error", "first")]


async def test_a_blocked_account_is_the_operators_matter(tmp_path: Path, sandbox: Sandbox) -> None:
    blocked = {"error": {"code": "Forbidden", "message": BLOCKED}}
    async with (
        scripted_upstream(says(blocked, status="403 Forbidden")) as up,
        world(tmp_path, sandbox, providers=[provider(up)]) as easel,
    ):
        await easel.say("a fox")
        [post] = await easel.settled()
        assert post.text == translate("en", "failed-blocked")
        assert await books(easel) == (50, 0)


def noisy(side: int) -> bytes:
    """A photo that does not compress."""
    return encode_image(PIL.Image.effect_noise((side, side), 90).convert("RGB"), "JPEG", quality=95)


@pytest.mark.forms(1)
@pytest.mark.parametrize("fits", [True, False])
async def test_pictures_too_large_for_a_proxy_are_scaled_down_and_sent_once_more(
    tmp_path: Path, sandbox: Sandbox, fits: bool
) -> None:
    async def script(call: Call) -> None:
        small = len(call.body) < 1_000_000
        await (says(PAINTED) if small and fits else says(NGINX, status="413 Request Entity Too Large"))(call)

    photo = noisy(1500)
    assert len(photo) > 1_000_000
    async with scripted_upstream(script) as up, scripted_upstream(says(PAINTED)) as other:
        providers = [provider(up), provider(other, name="second")]
        async with world(tmp_path, sandbox, providers=providers) as easel:
            await easel.say("a hat", easel.platform.upload(photo))
            [post] = await easel.settled()
            assert (len(up.calls), len(other.calls)) == (2, 0)
            assert len(up.calls[1].body) < 1_000_000
            assert len(post.images) == fits
            assert await books(easel) == (49 if fits else 50, 0)
    assert fits or post.text == translate("en", "failed-too-large")


async def test_one_of_two_pictures_is_delivered_and_charged_and_the_reason_told(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    document = {"data": [SENSITIVE, *PAINTED["data"]]}
    async with scripted_upstream(says(document)) as up, world(tmp_path, sandbox, providers=[provider(up)]) as easel:
        await easel.say("two foxes --n 2")
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert translate("en", "done-missing", reason="failed-moderated") in post.text
        assert await books(easel) == (49, 0)
        assert len(up.calls) == 1
