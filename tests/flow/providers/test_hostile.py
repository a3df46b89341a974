"""An upstream, or a prompt, that means harm: nothing inside the house is asked for, nothing posing as a picture gets
into a chat, nothing is charged, and both the member and the operator read why."""

import base64
import io
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import PIL.Image
import pytest
from PIL.PngImagePlugin import PngInfo
from structlog.testing import capture_logs

import bot.jobs.results
from bot.sandbox import Sandbox
from bot.texts import translate
from tests.flow.scenes import books
from tests.flow.world import MemoryWorld, settings, world
from tests.servers.upstream.hostile import DIALECTS, FILES, HTML, SVG, Hostile, hostile
from tests.support.images import png

pytestmark = pytest.mark.usefixtures("results_at_once")


@pytest.fixture
async def upstream() -> AsyncGenerator[Hostile]:
    async with hostile() as made:
        yield made


INSIDE = {
    "loopback": "http://127.0.0.1:{trap}/x.png",
    "its name": "http://localhost:{trap}/x.png",
    "a name below it": "http://easel.localhost:{trap}/x.png",
    "decimal": "http://2130706433:{trap}/x.png",
    "hexadecimal": "http://0x7f000001:{trap}/x.png",
    "octal": "http://0177.0.0.1:{trap}/x.png",
    "short": "http://127.1:{trap}/x.png",
    "IPv6": "http://[::1]:{trap}/x.png",
    "IPv4 in IPv6": "http://[::ffff:127.0.0.1]:{trap}/x.png",
    "unspecified": "http://0.0.0.0:{trap}/x.png",
    "a redirect": "{address}/files/redirect?to=http://127.0.0.1:{trap}/x.png",
    "a redirect to IPv6": "{address}/files/redirect?to=http://[::ffff:7f00:1]:{trap}/x.png",
    "a redirect to a file": "{address}/files/redirect?to=file:///etc/hostname.png",
    "credentials": "http://127.0.0.1:80@127.0.0.1:{trap}/x.png",
    "instance data": "http://169.254.169.254/latest/x.png",
}


def link(upstream: Hostile, name: str) -> str:
    return INSIDE[name].format(trap=upstream.trap, address=upstream.address)


async def painted(easel: MemoryWorld, prompt: str = "a fox") -> tuple[str, int, list[dict[str, object]]]:
    """What a member saw in the end, how many pictures, and what the operator reads."""
    with capture_logs() as logs:
        await easel.say(prompt)
        [post] = await easel.settled()
    return post.text, len(post.images), [dict(each) for each in logs]


# ---------------------------------------------------------------- where results lead


@pytest.mark.forms(7)
@pytest.mark.parametrize("name", INSIDE)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_no_result_leads_into_the_house(
    tmp_path: Path, sandbox: Sandbox, upstream: Hostile, dialect: str, name: str
) -> None:
    upstream.names = [link(upstream, name)]
    async with world(tmp_path, sandbox, **upstream.settings(dialect)) as easel:
        text, pictures, logs = await painted(easel)
        assert (upstream.trapped, pictures, await books(easel)) == ([], 0, (50, 0))
    assert text == translate("en", "failed-unfetched")
    assert len(upstream.asked) == 1  # never painted again by itself
    [dropped] = [each for each in logs if each["event"] == "result dropped"]
    assert dropped["failure"] in ("FetchForbidden", "FetchFailed")
    assert dropped["host"]


@pytest.mark.forms(2)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_good_picture_beside_a_trap_is_delivered_and_charged_alone(
    tmp_path: Path, sandbox: Sandbox, upstream: Hostile, dialect: str
) -> None:
    FILES["good"] = (png(), "Content-Type: image/png")
    upstream.names = [link(upstream, "loopback"), f"{upstream.address}/files/good"]
    async with world(tmp_path, sandbox, **upstream.settings(dialect)) as easel:
        await easel.say("two foxes --n 2")
        [post] = await easel.settled()
        assert (upstream.trapped, len(post.images)) == ([], len(upstream.asked))  # one good one in each answer
        assert await books(easel) == (50 - len(post.images), 0)


@pytest.mark.forms(2)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "url", ["file:///etc/passwd.png", "ftp://127.0.0.1/x.png", "gopher://127.0.0.1/x.png", "javascript:x.png"]
)
async def test_no_other_kind_of_address_is_opened(
    tmp_path: Path, sandbox: Sandbox, upstream: Hostile, dialect: str, url: str
) -> None:
    upstream.names = [url]
    async with world(tmp_path, sandbox, **upstream.settings(dialect)) as easel:
        text, pictures, _ = await painted(easel)
        assert (pictures, await books(easel)) == (0, (50, 0))
    assert text
    assert "passwd" not in text.replace(url, "")


# ---------------------------------------------------------------- what results are


@pytest.mark.forms(2)
@pytest.mark.parametrize("name", [name for name in FILES if name != "good"])
async def test_nothing_that_poses_as_a_picture_is_delivered(
    tmp_path: Path, sandbox: Sandbox, upstream: Hostile, name: str
) -> None:
    upstream.names = [f"{upstream.address}/files/{name}"]
    async with world(tmp_path, sandbox, **upstream.settings("images")) as easel:
        text, pictures, logs = await painted(easel)
        assert (pictures, await books(easel)) == (0, (50, 0))
    assert text in (translate("en", "failed-bad-result"), translate("en", "failed-unfetched"))
    assert [each["failure"] for each in logs if each["event"] == "result dropped"]


async def test_a_body_without_an_end_is_cut_off(
    tmp_path: Path, sandbox: Sandbox, upstream: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.jobs.results, "RESULT_MAX_BYTES", 1_000_000)
    upstream.names = [f"{upstream.address}/files/endless"]
    async with world(tmp_path, sandbox, **upstream.settings("images")) as easel:
        text, _, logs = await painted(easel)
        assert await books(easel) == (50, 0)
    assert text == translate("en", "failed-unfetched")
    assert [each["failure"] for each in logs if each["event"] == "result dropped"] == ["FetchTooLarge"]


@pytest.mark.forms(5)
@pytest.mark.parametrize("body", [SVG, HTML, b"", FILES["png-bomb"][0], FILES["webp-bomb"][0]])
@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "text/html"])
@pytest.mark.parametrize("dialect", ["chat", "tasks"])
async def test_pictures_inside_the_answer_are_trusted_as_little(
    tmp_path: Path, sandbox: Sandbox, upstream: Hostile, dialect: str, kind: str, body: bytes
) -> None:
    upstream.names = [f"data:{kind};base64,{base64.b64encode(body).decode()}"]
    async with world(tmp_path, sandbox, **upstream.settings(dialect)) as easel:
        text, pictures, _ = await painted(easel)
        assert (pictures, await books(easel)) == (0, (50, 0))
    assert text
    assert "<" not in text


# ---------------------------------------------------------------- what members send along

PLACE = "59.9386 30.3141 at home"  # in every field that holds words
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def snapshot(kind: str) -> bytes:
    """A photo that tells where and by whom it was taken, with a page of HTML hanging on behind it."""
    image = PIL.Image.new("RGB", (60, 40), "green")
    exif = PIL.Image.Exif()
    exif[0x010E] = PLACE  # ImageDescription
    exif.get_ifd(0x8825)[29] = PLACE  # GPSDateStamp, the one of GPS that is text
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>{PLACE}</a></x:xmpmeta>'.encode()
    written = io.BytesIO()
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Comment", PLACE)
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        image.save(written, kind, exif=exif, pnginfo=info)
    else:
        image.save(written, kind, exif=exif, xmp=xmp)
    return written.getvalue() + f"<script>{PLACE}</script>".encode()


def sent(bodies: list[bytes]) -> bytes:
    """All that went out, with whatever stood there in base64 behind it."""
    encoded = [run for body in bodies for run in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", body)]
    return b"".join([*bodies, *(base64.b64decode(run + b"=" * (-len(run) % 4)) for run in encoded)])


@pytest.mark.forms(3)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_no_upstream_learns_where_a_photo_was_taken(
    tmp_path: Path, sandbox: Sandbox, upstream: Hostile, dialect: str, kind: str
) -> None:
    photo = snapshot(kind)
    assert photo.count(PLACE.encode()) >= 3
    upstream.names = [f"{upstream.address}/files/half"]
    async with world(tmp_path, sandbox, **upstream.settings(dialect)) as easel:
        await easel.say("make it night", easel.platform.upload(photo, media_type=f"image/{kind.lower()}"))
        await easel.settled()
    out = sent([*upstream.asked, *upstream.uploads])
    assert len(upstream.asked) == 1
    assert any(signature in out for signature in SIGNATURES)
    assert PLACE.encode() not in out
    assert b"<script>" not in out
    assert b"photo.png" not in out  # nor what the member called it


# ---------------------------------------------------------------- prompts


@pytest.mark.forms(3)
@pytest.mark.parametrize(
    "prompt",
    [
        "a fox ![x](http://127.0.0.1:{trap}/x.png)",
        "a fox http://127.0.0.1:{trap}/x.png",
        "a fox\n\n> 进度 100%\n![picture](http://127.0.0.1:{trap}/x.png)\n[⏬](http://127.0.0.1:{trap}/x.png)",
        "a fox\n```\n",
    ],
)
@pytest.mark.parametrize("echo", ["> prompt: {prompt}", "{prompt}"])
async def test_a_prompt_that_is_echoed_leads_nowhere(
    tmp_path: Path, sandbox: Sandbox, upstream: Hostile, prompt: str, echo: str
) -> None:
    """An upstream repeats the prompt: even where an address in it is taken for a result, the house stays closed."""
    asked = prompt.format(trap=upstream.trap)
    upstream.says = echo.format(prompt=asked)
    async with world(tmp_path, sandbox, **upstream.settings("chat")) as easel:
        _, pictures, _ = await painted(easel, asked)
        assert (upstream.trapped, pictures, await books(easel)) == ([], 0, (50, 0))


async def test_addresses_in_a_prompt_are_words(tmp_path: Path, sandbox: Sandbox, upstream: Hostile) -> None:
    async with world(tmp_path, sandbox) as easel:
        await easel.say(f"paint what is behind http://127.0.0.1:{upstream.trap}/x.png")
        [post] = await easel.settled()
        assert (len(post.images), upstream.trapped) == (1, [])
        assert sandbox.requests[-1].references == ()


def test_the_traps_are_what_they_are_taken_for(upstream: Hostile, tmp_path: Path, sandbox: Sandbox) -> None:
    """The upstream alone is exempt from the guard, not the trap on another port of the same machine."""
    given = settings(tmp_path, sandbox, **upstream.settings("chat"))
    assert given.fetch.allow_hosts == (upstream.address.removeprefix("http://"),)
    assert str(upstream.trap) not in given.fetch.allow_hosts[0]
