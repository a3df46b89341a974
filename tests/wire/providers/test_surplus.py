"""An upstream that sends more pictures than asked for: two more at the most are taken, and no byte of the others."""

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.observability.metrics import SURPLUS_IMAGES
from bot.painting import MAX_SURPLUS_IMAGES, Blob, FinishedImage, Link, Options, PaintEvent, PaintRequest, Preview
from bot.providers import inline_images
from bot.providers.http.client import UpstreamClient
from bot.providers.surplus import MAX_PREVIEWS
from bot.sandbox import Sandbox
from tests.flow.scenes import books
from tests.flow.world import world
from tests.servers.upstream import chat, images, paintings, tasks
from tests.servers.upstream.scripted import JSON, SSE, Call, Script, message, scripted_upstream
from tests.support.clocks import InstantClock
from tests.support.images import png

SENT = 300
LINKS = [f"https://files.example/tem/{number}.png" for number in range(SENT)]
INLINE = [f"data:image/png;base64,{base64.b64encode(f'picture {number}'.encode()).decode()}" for number in range(SENT)]


def dropped() -> float:
    return SURPLUS_IMAGES.labels("up")._value.get()  # type: ignore[reportPrivateUsage]  # no other way to read it


def sources(events: Sequence[PaintEvent]) -> list[Link | Blob]:
    return [each.source for each in events if isinstance(each, FinishedImage)]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The data URLs that were decoded."""
    seen: list[str] = []
    decode = inline_images.decode_data_url

    def counted(url: str) -> bytes:
        seen.append(url)
        return decode(url)

    monkeypatch.setattr(inline_images, "decode_data_url", counted)
    return seen


def sends(body: str, media_type: str = JSON) -> Script:
    async def script(call: Call) -> None:
        await call.head(media_type)
        await call.send(body)

    return script


@pytest.mark.forms(2)
@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("urls", [LINKS, INLINE], ids=["links", "inline"])
async def test_chat(client: UpstreamClient, decoded: list[str], urls: list[str], n: int) -> None:
    text = "\n".join(f"![picture]({url})" for url in urls)
    before = dropped()
    async with scripted_upstream(sends(message(text))) as up:
        request = PaintRequest(prompt="a cat", options=Options(n=n))
        found = sources(await paintings.gather(chat.provider(client, up.url), request))
    assert len(found) == n + MAX_SURPLUS_IMAGES
    assert dropped() - before == n * SENT - len(found)
    assert len(decoded) == (len(found) if urls is INLINE else 0)


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("urls", [LINKS, INLINE], ids=["links", "inline"])
async def test_images(client: UpstreamClient, decoded: list[str], urls: list[str], n: int) -> None:
    items = [{"url": url} if urls is LINKS else {"b64_json": url.partition(",")[2]} for url in urls]
    before = dropped()
    async with scripted_upstream(sends(images.document(data=items))) as up:
        request = PaintRequest(prompt="a cat", options=Options(n=n))
        found = sources(await paintings.gather(images.provider(client, up.url), request))
    assert len(found) == n + MAX_SURPLUS_IMAGES
    assert dropped() - before == SENT - len(found)
    assert len(decoded) == (len(found) if urls is INLINE else 0)


async def test_images_in_a_stream(client: UpstreamClient, decoded: list[str]) -> None:
    """Each an event of its own, previews among them."""
    finished = "".join(
        images.event("image_generation.partial_succeeded", b64_json=url.partition(",")[2]) for url in INLINE
    )
    previews = "".join(images.partial(0, f"half {number}".encode()) for number in range(MAX_PREVIEWS + 50))
    async with scripted_upstream(sends(previews + finished + images.completed(), SSE)) as up:
        events = await paintings.gather(images.provider(client, up.url))
    assert len(sources(events)) == 1 + MAX_SURPLUS_IMAGES
    assert sum(isinstance(each, Preview) for each in events) == MAX_PREVIEWS
    assert len(decoded) == 1 + MAX_SURPLUS_IMAGES + MAX_PREVIEWS


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("urls", [LINKS, INLINE], ids=["links", "inline"])
async def test_tasks(client: UpstreamClient, decoded: list[str], urls: list[str], resumed: bool, n: int) -> None:
    clock = InstantClock()
    submitted = {"id": "task-1", "status": "pending"}
    done = {"id": "task-1", "status": "completed", "results": urls}
    before = dropped()
    async with tasks.task_upstream(clock, submits=[submitted], polls=[done]) as up:
        made, request = tasks.provider(client, clock, up.url), PaintRequest(prompt="a cat", options=Options(n=n))
        painting = made.resume(request, "task-1") if resumed else made.paint(request)
        found = sources([event async for event in painting])
    assert len(found) == n + MAX_SURPLUS_IMAGES
    assert dropped() - before == SENT - len(found)
    assert len(decoded) == (len(found) if urls is INLINE else 0)


async def test_a_relay_that_sends_two_for_one_may(client: UpstreamClient) -> None:
    async with scripted_upstream(sends(message(f"![a]({LINKS[0]})\n![b]({LINKS[1]})"))) as up:
        assert len(sources(await paintings.gather(chat.provider(client, up.url)))) == 2


async def test_the_surplus_is_neither_downloaded_nor_posted_nor_charged(tmp_path: Path) -> None:
    fetched: list[str] = []

    async def serve(call: Call) -> None:
        if call.method == "POST":
            links = "\n".join(f"![picture]({upstream.url}/pictures/{number}.png)" for number in range(SENT))
            await call.respond(message(links), JSON)
        else:
            fetched.append(call.target)
            await call.respond(png("red", (64, 48 + len(fetched))), "Content-Type: image/png")

    async with scripted_upstream(serve) as upstream, Sandbox(pace=0) as unused:
        provider = {"name": "up", "preset": "relay", "base_url": upstream.url}
        hosts = {"allow_hosts": [upstream.url.removeprefix("http://")]}
        async with world(tmp_path, unused, providers=[provider], fetch=hosts) as easel:
            await easel.say("a cat")
            [post] = await easel.settled()
            assert len(post.images) == 1 + MAX_SURPLUS_IMAGES
            assert len(fetched) == 1 + MAX_SURPLUS_IMAGES
            assert await books(easel) == (49, 0)
