"""Requests of the tasks dialect over real sockets: submissions, uploaded pictures and masks."""

import base64
import email
import email.policy
from dataclasses import replace

import pytest

from bot.errors import (
    EaselError,
    MaskNotTransparent,
    MaskOfOtherSize,
    MaskTooLarge,
    MaskTooManyPictures,
    MaskWithoutPicture,
)
from bot.intake.sizes import nearest_sizes
from bot.painting import Image, Options, PaintRequest
from bot.ports import Provider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import TasksWire, resolve_upstream
from bot.providers.tasks.callbacks import Callbacks
from bot.providers.tasks.provider import TasksProvider
from tests.servers.upstream.paintings import gather
from tests.servers.upstream.tasks import KEY, Request, provider, task_upstream
from tests.support.clocks import InstantClock
from tests.wire.providers.tasks.samples import CLEAR, DONE, JPEG, OPENED, png, uploaded

# ---------------------------------------------------------------- what is sent


async def test_evolink_gets_model_prompt_and_options(client: UpstreamClient, clock: InstantClock) -> None:
    request = PaintRequest(prompt="дорисуй 猫", options=Options(size="2:3", n=4))
    async with task_upstream(clock, submits=[OPENED], polls=[DONE]) as up:
        await gather(provider(client, clock, up.url), request)
        [submit], [poll] = up.of("submit"), up.of("poll")
    assert (submit.method, submit.path) == ("POST", "/v1/images/generations")
    assert submit.headers["authorization"] == poll.headers["authorization"] == f"Bearer {KEY}"
    assert submit.headers["content-type"] == "application/json"
    assert submit.json() == {"model": "gpt-4o-image", "prompt": "дорисуй 猫", "size": "2:3", "n": 4}
    assert (poll.method, poll.path, poll.body) == ("GET", "/v1/tasks/task-1", b"")


async def test_toapis_has_its_own_paths_and_names(client: UpstreamClient, clock: InstantClock) -> None:
    request = PaintRequest(prompt="a cat", references=(JPEG, png()), options=Options(n=3))
    files = [{"success": True, "data": {"url": f"https://toapis.example/{n}.png"}} for n in range(2)]
    async with task_upstream(clock, submits=[OPENED], polls=[DONE], uploads=files) as up:
        await gather(provider(client, clock, up.url, "toapis"), request)
        [submit], [poll], uploads = up.of("submit"), up.of("poll"), up.of("upload")
    assert [each.path for each in uploads] == ["/v1/uploads/images"] * 2
    sent = submit.json()
    assert sorted(sent.pop("reference_images")) == ["https://toapis.example/0.png", "https://toapis.example/1.png"]
    assert sent == {"model": "gpt-4o-image", "prompt": "a cat", "n": 3}
    assert (submit.path, poll.path) == ("/v1/images/generations", "/v1/images/generations/task-1")
    forms = {each.filename: each for each in map(Form, uploads)}
    assert set(forms) == {"picture-1.jpg", "picture-2.png"}
    assert forms["picture-1.jpg"].media_type == "image/jpeg"
    assert forms["picture-1.jpg"].data == JPEG.data
    assert forms["picture-2.png"].media_type == "image/png"
    assert {each.field for each in forms.values()} == {"file"}


class Form:
    """The only part of a multipart body."""

    def __init__(self, request: Request) -> None:
        whole = b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body
        [part] = email.message_from_bytes(whole, policy=email.policy.HTTP).iter_parts()
        self.field = part.get_param("name", header="content-disposition")
        self.filename = str(part.get_filename())
        self.media_type = part.get_content_type()
        self.data = part.get_payload(decode=True)


async def test_evolink_takes_pictures_as_base64_at_its_files_api(client: UpstreamClient, clock: InstantClock) -> None:
    request = PaintRequest(prompt="a cat", references=(JPEG,))
    async with task_upstream(clock, submits=[OPENED], polls=[DONE], uploads=[uploaded(1)]) as up:
        await gather(provider(client, clock, up.url, files_base_url=up.url + "/files"), request)
        [upload], [submit] = up.of("upload"), up.of("submit")
    assert upload.path == "/files/api/v1/files/upload/base64"
    assert upload.headers["authorization"] == f"Bearer {KEY}"
    assert upload.json() == {
        "base64_data": "data:image/jpeg;base64," + base64.b64encode(JPEG.data).decode(),
        "file_name": "picture-1.jpg",
    }
    assert submit.json()["image_urls"] == ["https://files.evolink.example/1.png"]


async def test_pictures_go_where_the_operator_said_and_nowhere_else() -> None:
    own = resolve_upstream(name="up", preset="evolink")
    assert (own.base_url, own.files_base_url) == ("https://api.evolink.ai", "https://files-api.evolink.ai")
    assert resolve_upstream(name="up", preset="evolink", base_url="http://127.0.0.1:1").files_base_url is None
    both = resolve_upstream(
        name="up", preset="evolink", base_url="http://127.0.0.1:1", files_base_url="http://127.0.0.1:2/"
    )
    assert both.files_base_url == "http://127.0.0.1:2"


@pytest.mark.parametrize("preset", ["evolink", "toapis"])
@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
async def test_the_base_address_may_name_the_version_or_not(
    client: UpstreamClient, clock: InstantClock, preset: str, ending: str
) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[DONE]) as up:
        await gather(provider(client, clock, up.url + ending, preset))
        assert up.of("submit")[0].path == "/v1/images/generations"


async def test_a_relay_without_an_upload_service_gets_the_pictures_themselves(
    client: UpstreamClient, clock: InstantClock
) -> None:
    upstream = resolve_upstream(name="up", dialect="tasks", base_url="http://127.0.0.1:1")
    assert isinstance(upstream.wire, TasksWire)
    wire = replace(upstream.wire, upload=None, quality_field="quality", tier_field="resolution", extra={"seed": 7})
    request = PaintRequest(prompt="a cat", references=(JPEG,), options=Options(quality="high"))
    async with task_upstream(clock, submits=[OPENED], polls=[DONE]) as up:
        made = TasksProvider(
            replace(upstream, base_url=up.url, wire=wire), client, clock=clock, callbacks=Callbacks(), jitter=float
        )
        await gather(made, request)
        [submit] = up.of("submit")
    assert "authorization" not in submit.headers
    assert submit.json() == {
        "model": "gpt-4o-image",
        "prompt": "a cat",
        "seed": 7,
        "quality": "high",
        "n": 1,
        "image_urls": ["data:image/jpeg;base64," + base64.b64encode(JPEG.data).decode()],
    }


def test_it_is_a_provider(client: UpstreamClient, clock: InstantClock) -> None:
    made: Provider = provider(client, clock, "http://127.0.0.1:1", price=3)
    assert (made.name, made.model, made.price.credits(), made.resumable) == ("up", "gpt-4o-image", 3, True)
    assert (made.capabilities.allowed_counts, made.capabilities.max_prompt_chars) == ((1, 2, 4), 2000)
    assert provider(client, clock, "http://127.0.0.1:1", "toapis").capabilities.allowed_counts == (1, 2, 4)


# ---------------------------------------------------------------- models


@pytest.mark.parametrize(("preset", "references"), [("evolink", "image_urls"), ("toapis", "reference_images")])
async def test_the_current_model_of_a_task_upstream_gets_tier_and_quality_in_fields(
    client: UpstreamClient, clock: InstantClock, preset: str, references: str
) -> None:
    request = PaintRequest(
        prompt="a cat", references=(JPEG,), options=Options(size="16:9", tier="2K", quality="high", n=2)
    )
    file = {"data": {"url": "https://files.example/1.png", "file_url": "https://files.example/1.png"}}
    async with task_upstream(clock, submits=[OPENED], polls=[DONE], uploads=[file]) as up:
        await gather(provider(client, clock, up.url, preset, model="gpt-image-2"), request)
        [submit] = up.of("submit")
    sent = submit.json()
    assert sent.pop(references) == ["https://files.example/1.png"]
    assert {name: value for name, value in sent.items() if name != "callback_url"} == {
        "model": "gpt-image-2", "prompt": "a cat", "size": "16:9", "resolution": "2K", "quality": "high", "n": 2,
    }  # fmt: skip


async def test_a_tier_alone_takes_the_shape_of_the_picture(client: UpstreamClient, clock: InstantClock) -> None:
    request = PaintRequest(prompt="a cat", references=(JPEG,), options=Options(tier="4K"))
    async with task_upstream(clock, submits=[OPENED], polls=[DONE], uploads=[uploaded(1)]) as up:
        made = provider(client, clock, up.url, model="gpt-image-2")
        await gather(made, request)
        sent = up.of("submit")[0].json()
    nearest = nearest_sizes(f"{JPEG.width}:{JPEG.height}", made.capabilities.sizes)[0]
    assert (sent["resolution"], sent["size"]) == ("4K", nearest)


# ---------------------------------------------------------------- masks


async def test_a_mask_is_uploaded_and_named(client: UpstreamClient, clock: InstantClock) -> None:
    request = PaintRequest(prompt="a hat", references=(png(),), mask=CLEAR)
    async with task_upstream(clock, submits=[OPENED], polls=[DONE], uploads=[uploaded(1), uploaded(2)]) as up:
        await gather(provider(client, clock, up.url), request)
        picture, mask = up.of("upload")
        [submit] = up.of("submit")
    assert picture.json()["base64_data"].endswith(base64.b64encode(png().data).decode())
    assert mask.json()["base64_data"].endswith(base64.b64encode(CLEAR.data).decode())
    assert mask.json()["file_name"] == "mask.png"
    assert submit.json()["image_urls"] == ["https://files.evolink.example/1.png"]
    assert submit.json()["mask_url"] == "https://files.evolink.example/2.png"


@pytest.mark.parametrize(
    ("references", "mask", "rule"),
    [
        ((), CLEAR, MaskWithoutPicture),
        ((png(), png()), CLEAR, MaskTooManyPictures),
        ((png(),), replace(CLEAR, media_type="image/webp"), MaskNotTransparent),
        ((png(),), png((0, 0, 0, 0), (6, 8)), MaskOfOtherSize),
        ((png(),), replace(CLEAR, data=CLEAR.data + bytes(4_000_000)), MaskTooLarge),
    ],
)
async def test_each_rule_of_a_mask_has_its_own_sentence_and_nothing_is_sent(
    client: UpstreamClient,
    clock: InstantClock,
    references: tuple[Image, ...],
    mask: Image,
    rule: type[EaselError],
) -> None:
    async with task_upstream(clock) as up:
        with pytest.raises(rule):
            await gather(provider(client, clock, up.url), PaintRequest(prompt="a", references=references, mask=mask))
        assert up.requests == []
