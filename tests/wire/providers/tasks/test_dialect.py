"""The tasks dialect over real sockets: what is sent, when is asked, and what every answer and silence leads to."""

import base64
import email
import email.policy
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.errors import (
    BadCredentials,
    Busy,
    CalledOff,
    CutShort,
    EaselError,
    Lost,
    MaskNotTransparent,
    MaskOfOtherSize,
    MaskTooLarge,
    MaskTooManyPictures,
    MaskWithoutPicture,
    Moderated,
    NoAnswer,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    Rejected,
    Retry,
    SaidFailed,
    TookTooLong,
    Unreachable,
    UpstreamDown,
    WentQuiet,
    WrongEndpoint,
)
from bot.painting import (
    Accepted,
    Blob,
    FinishedImage,
    Image,
    Link,
    Options,
    PaintRequest,
    Progress,
    Stage,
    StageChanged,
    Usage,
)
from bot.ports import Provider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import TasksWire, resolve
from bot.providers.tasks.callbacks import Callbacks
from bot.providers.tasks.provider import MAX_REFUSED_POLLS, TasksProvider
from tests.servers.upstream.tasks import KEY, Json, Request, Said, fail, gather, provider, scripted
from tests.support.clocks import InstantClock
from tests.support.images import image

URL = "https://files.example/a.png"
OPENED: Json = {"id": "task-1", "status": "pending", "progress": 0}
DONE: Json = {"id": "task-1", "status": "completed", "progress": 100, "results": [URL]}
PENDING: Json = {"id": "task-1", "status": "processing", "progress": 10}


@pytest.fixture
async def client() -> AsyncIterator[UpstreamClient]:
    async with UpstreamClient() as made:
        yield made


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()


def png(colour: tuple[int, ...] = (200, 30, 30), size: tuple[int, int] = (8, 6)) -> Image:
    return image(colour, "PNG", size)


CLEAR = png((0, 0, 0, 0))
JPEG = Image(data=b"\xff\xd8\xff\xe0 a jpeg", media_type="image/jpeg", width=8, height=6)


def uploaded(number: int) -> dict[str, object]:
    """The answer of EvoLink's files API."""
    data = {"file_id": f"f{number}", "file_url": f"https://files.evolink.example/{number}.png"}
    return {"success": True, "code": 200, "msg": "uploaded", "data": data}


def failed(code: object, message: str = "words", **more: object) -> dict[str, object]:
    return {"id": "task-1", "status": "failed", "progress": 40, "error": {"code": code, "message": message}, **more}


# ---------------------------------------------------------------- what is sent


async def test_evolink_gets_model_prompt_and_options(client: UpstreamClient, clock: InstantClock) -> None:
    request = PaintRequest(prompt="дорисуй 猫", options=Options(size="2:3", n=4))
    async with scripted(clock, submits=[OPENED], polls=[DONE]) as up:
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
    async with scripted(clock, submits=[OPENED], polls=[DONE], uploads=files) as up:
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
    async with scripted(clock, submits=[OPENED], polls=[DONE], uploads=[uploaded(1)]) as up:
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
    own = resolve(name="up", preset="evolink")
    assert (own.base_url, own.files_base_url) == ("https://api.evolink.ai", "https://files-api.evolink.ai")
    assert resolve(name="up", preset="evolink", base_url="http://127.0.0.1:1").files_base_url is None
    both = resolve(name="up", preset="evolink", base_url="http://127.0.0.1:1", files_base_url="http://127.0.0.1:2/")
    assert both.files_base_url == "http://127.0.0.1:2"


@pytest.mark.parametrize("preset", ["evolink", "toapis"])
@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
async def test_the_base_address_may_name_the_version_or_not(
    client: UpstreamClient, clock: InstantClock, preset: str, ending: str
) -> None:
    async with scripted(clock, submits=[OPENED], polls=[DONE]) as up:
        await gather(provider(client, clock, up.url + ending, preset))
        assert up.of("submit")[0].path == "/v1/images/generations"


async def test_a_relay_without_an_upload_service_gets_the_pictures_themselves(
    client: UpstreamClient, clock: InstantClock
) -> None:
    upstream = resolve(name="up", dialect="tasks", base_url="http://127.0.0.1:1")
    assert isinstance(upstream.wire, TasksWire)
    wire = replace(upstream.wire, upload=None, quality_field="quality", tier_field="resolution", extra={"seed": 7})
    request = PaintRequest(prompt="a cat", references=(JPEG,), options=Options(quality="high"))
    async with scripted(clock, submits=[OPENED], polls=[DONE]) as up:
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
    assert (made.name, made.model, made.price, made.resumable) == ("up", "gpt-4o-image", 3, True)
    assert (made.capabilities.allowed_counts, made.capabilities.max_prompt_chars) == ((1, 2, 4), 2000)
    assert provider(client, clock, "http://127.0.0.1:1", "toapis").capabilities.allowed_counts == (1, 2, 3, 4)


# ---------------------------------------------------------------- masks


async def test_a_mask_is_uploaded_and_named(client: UpstreamClient, clock: InstantClock) -> None:
    request = PaintRequest(prompt="a hat", references=(png(),), mask=CLEAR)
    async with scripted(clock, submits=[OPENED], polls=[DONE], uploads=[uploaded(1), uploaded(2)]) as up:
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
    async with scripted(clock) as up:
        with pytest.raises(rule):
            await gather(provider(client, clock, up.url), PaintRequest(prompt="a", references=references, mask=mask))
        assert up.requests == []


# ---------------------------------------------------------------- asking


async def test_the_events_of_a_task_in_their_order(client: UpstreamClient, clock: InstantClock) -> None:
    usage = {"usage": {"credits_reserved": 3, "billing_rule": "per_call"}}
    polls: list[Said] = [
        {"status": "pending", "progress": 0},
        {"status": "processing", "progress": 12},
        {"status": "processing", "progress": "48%"},
        {"status": "pending", "progress": 30},
        {**DONE, "results": [URL, URL + "2"], **usage},
    ]
    async with scripted(clock, submits=[OPENED], polls=polls) as up:
        events = await gather(provider(client, clock, up.url))
    assert events == [
        StageChanged(Stage.SENDING),
        Accepted("task-1"),
        StageChanged(Stage.QUEUED),
        StageChanged(Stage.PAINTING),
        Progress(12.0),
        Progress(48.0),
        Progress(100.0),
        Usage({"credits_reserved": 3, "billing_rule": "per_call"}, credits=3.0),
        FinishedImage(Link(url=URL)),
        FinishedImage(Link(url=URL + "2")),
    ]


async def test_it_is_asked_after_two_seconds_then_ever_less_often(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[OPENED], polls=[PENDING] * 12 + [DONE]) as up:
        await gather(provider(client, clock, up.url))
        moments = [0.0, *(each.at for each in up.of("poll"))]
    pauses = [round(later - before, 3) for before, later in itertools.pairwise(moments)]
    assert pauses[:4] == [2.0, 3.0, 3.6, 4.32]
    assert pauses[1:] == sorted(pauses[1:])
    assert pauses[-1] == 15.0


async def test_jitter_lengthens_a_pause_by_a_quarter_at_most(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[OPENED], polls=[PENDING, DONE]) as up:
        await gather(provider(client, clock, up.url, "toapis", jitter=0.999))
        first, second = (each.at for each in up.of("poll"))
    assert 2.49 < first < 2.5
    assert 3.74 < second - first < 3.75


@pytest.mark.parametrize(
    "told",
    [
        {"results": [URL]},
        {"result": {"type": "image", "data": [{"url": URL}]}},
        {"result": {"type": "image", "url": URL}},
        {"result": {"data": [{"url": URL}, {"url": URL}]}},
        {"data": {"results": [URL]}},
        {"output": URL},
    ],
)
@pytest.mark.parametrize("preset", ["evolink", "toapis"])
async def test_every_shape_of_a_result(client: UpstreamClient, clock: InstantClock, preset: str, told: Json) -> None:
    async with scripted(clock, submits=[OPENED], polls=[{"id": "img_1", "status": "completed", **told}]) as up:
        events = await gather(provider(client, clock, up.url, preset))
    assert [each for each in events if isinstance(each, FinishedImage)] == [FinishedImage(Link(url=URL))]


async def test_an_inline_result_becomes_bytes(client: UpstreamClient, clock: InstantClock) -> None:
    inline = "data:image/png;base64," + base64.b64encode(png().data).decode()
    async with scripted(clock, submits=[OPENED], polls=[{**DONE, "results": [inline]}]) as up:
        events = await gather(provider(client, clock, up.url))
    assert events[-1] == FinishedImage(Blob(data=png().data))


async def test_an_upstream_that_paints_at_once_is_not_asked(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[DONE, {"created": 1, "data": {"url": URL}}]) as up:
        assert (await gather(provider(client, clock, up.url)))[-1] == FinishedImage(Link(url=URL))
        events = await gather(provider(client, clock, up.url))
        assert events[1:] == [Accepted(None), FinishedImage(Link(url=URL))]


async def test_the_id_in_the_answers_may_be_another(client: UpstreamClient, clock: InstantClock) -> None:
    polls: list[Said] = [{**PENDING, "id": "img_9"}, {**DONE, "id": "img_9"}]
    async with scripted(clock, submits=[{"id": "a/b?c", "status": "queued"}], polls=polls) as up:
        events = await gather(provider(client, clock, up.url, "toapis"))
        assert [each.path for each in up.of("poll")] == ["/v1/images/generations/a%2Fb%3Fc"] * 2
    assert events[1] == Accepted("a/b?c")


@pytest.mark.parametrize("word", ["cancelled", "canceled", "CANCELLED"])
async def test_a_cancelled_task_is_over(client: UpstreamClient, clock: InstantClock, word: str) -> None:
    async with scripted(clock, submits=[OPENED], polls=[{**PENDING, "status": word}]) as up:
        failure, _ = await fail(provider(client, clock, up.url))
        assert len(up.of("poll")) == 1
    assert (type(failure), failure.trace, failure.retry) == (CalledOff, "task-1", Retry.NEVER)


async def test_an_unknown_status_is_waited_out_but_not_for_ever(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[OPENED], polls=[{"status": "archived"}]) as up:
        failure, _ = await fail(provider(client, clock, up.url, timeout_s=100))
        assert len(up.of("poll")) < 20
    assert (type(failure), failure.facts, failure.trace) == (TookTooLong, {"seconds": 100}, "task-1")


async def test_an_unknown_status_with_a_picture_or_an_error_has_ended(
    client: UpstreamClient, clock: InstantClock
) -> None:
    async with scripted(clock, submits=[OPENED], polls=[{"status": "ready", "results": [URL]}]) as up:
        assert (await gather(provider(client, clock, up.url)))[-1] == FinishedImage(Link(url=URL))
    async with scripted(clock, submits=[OPENED], polls=[{**failed("invalid_parameters"), "status": "bad"}]) as up:
        assert isinstance((await fail(provider(client, clock, up.url)))[0], Rejected)


async def test_an_answer_that_speaks_of_no_task_is_a_denial(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[OPENED], polls=[{"error": {"message": "who is asking?"}}]) as up:
        assert type((await fail(provider(client, clock, up.url)))[0]) is Lost
        assert len(up.of("poll")) == MAX_REFUSED_POLLS


async def test_done_without_a_picture(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[OPENED], polls=[{**DONE, "results": list[str]()}]) as up:
        failure, events = await fail(provider(client, clock, up.url))
    assert isinstance(failure, NoPicture)
    assert Progress(100.0) in events


# ---------------------------------------------------------------- questions that come to nothing

GATEWAY: Said = (503, {"error": {"code": "service_unavailable", "message": "later"}})
UNKNOWN: Said = (404, {"error": {"code": 404, "message": "no such task"}})


TROUBLES: dict[str, Said] = {
    "503": GATEWAY,
    "500": (500, {}),
    "429": (429, {}),
    "504": (504, {}),
    "an error as a success": {"code": 503, "msg": "later"},
    "a page": "<html>Sorry</html>",
    "half": b'{"id": "tas',
    "cut": b"",
}


@pytest.mark.parametrize("name", TROUBLES)
async def test_trouble_with_a_question_is_not_the_end_of_the_task(
    client: UpstreamClient, clock: InstantClock, name: str
) -> None:
    async with scripted(clock, submits=[OPENED], polls=[TROUBLES[name]] * 5 + [DONE]) as up:
        events = await gather(provider(client, clock, up.url))
        assert len(up.of("submit")) == 1
    assert events[-1] == FinishedImage(Link(url=URL))


async def test_retry_after_of_a_question_is_kept(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[OPENED], polls=[(429, {}, {"Retry-After": "40"}), PENDING, DONE]) as up:
        await gather(provider(client, clock, up.url))
        first, second, third = (each.at for each in up.of("poll"))
    assert second - first == 40.0
    assert third - second < 5


async def test_a_few_denials_may_be_a_lag_but_not_more(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[OPENED], polls=[UNKNOWN] * (MAX_REFUSED_POLLS - 1) + [DONE]) as up:
        await gather(provider(client, clock, up.url))
    unauthorized: Said = (401, {"error": {"code": "unauthorized", "message": "no"}})
    for denial in (UNKNOWN, unauthorized):
        async with scripted(clock, submits=[OPENED], polls=[denial]) as up:
            failure, _ = await fail(provider(client, clock, up.url))
            assert len(up.of("poll")) == MAX_REFUSED_POLLS
        assert (type(failure), failure.trace, failure.retry) == (Lost, "task-1", Retry.NEVER)


async def test_silence_ends_after_the_idle_time(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[OPENED], polls=[PENDING, GATEWAY]) as up:
        failure, _ = await fail(provider(client, clock, up.url, idle_timeout_s=60))
    assert (type(failure), failure.facts, failure.trace) == (WentQuiet, {"seconds": 60}, "task-1")
    assert failure.retry is Retry.NEVER


# ---------------------------------------------------------------- the submit

SUBMIT_ERRORS = {
    "evolink": [
        (400, "invalid_request", Rejected),
        (401, "unauthorized", BadCredentials),
        (402, "insufficient_quota", OutOfFunds),
        (403, "model_access_denied", BadCredentials),
        (404, "resource_not_found", WrongEndpoint),
        (429, "rate_limit_exceeded", Busy),
        (500, "internal_error", UpstreamDown),
    ],
    "toapis": [
        (400, "invalid_request_error", Rejected),
        (401, "authentication_error", BadCredentials),
        (401, 401, BadCredentials),
        (402, "insufficient_quota", OutOfFunds),
        (404, 404, WrongEndpoint),
        (422, "content_policy_violation", Moderated),
        (429, "rate_limit_exceeded", Busy),
        (500, 500, UpstreamDown),
    ],
}


@pytest.mark.parametrize(
    ("preset", "status", "code", "kind"),
    [(preset, *row) for preset, rows in SUBMIT_ERRORS.items() for row in rows],
)
async def test_each_row_of_the_error_tables(
    client: UpstreamClient, clock: InstantClock, preset: str, status: int, code: object, kind: type[PaintFailed]
) -> None:
    error: Json = {"error": {"code": code, "message": f"words and {KEY}", "type": "invalid_request_error"}}
    async with scripted(clock, submits=[(status, error, {"x-request-id": "r-7"})]) as up:
        failure, events = await fail(provider(client, clock, up.url, preset))
        assert len(up.requests) == 1
    assert (type(failure), failure.trace) == (kind, "r-7")
    assert events == [StageChanged(Stage.SENDING)]
    assert KEY not in f"{failure.detail} {failure.facts}"


async def test_a_busy_upstream_says_for_how_long(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[(429, {}, {"Retry-After": "7"})]) as up:
        failure, _ = await fail(provider(client, clock, up.url))
    assert isinstance(failure, Busy)
    assert failure.retry_after == 7.0


NO_TASK: list[tuple[Said, type[PaintFailed]]] = [
    ({"error": {"code": "insufficient_quota", "message": "top up"}}, OutOfFunds),
    ({"code": 401, "message": "no"}, BadCredentials),
    ({"error": {"message": "odd"}}, SaidFailed),
    ({"fail_reason": "odd"}, SaidFailed),
    ({"success": False, "message": "insufficient balance"}, OutOfFunds),
    ({"status": "queued"}, Lost),
    ({}, Lost),
    ("<html>Sorry</html>", UpstreamDown),
    ("accepted", Lost),
    ("", Lost),
]


@pytest.mark.parametrize(("said", "kind"), NO_TASK)
async def test_a_success_that_opens_no_task(
    client: UpstreamClient, clock: InstantClock, said: Said, kind: type[PaintFailed]
) -> None:
    async with scripted(clock, submits=[said]) as up:
        failure, events = await fail(provider(client, clock, up.url))
        assert len(up.requests) == 1
    assert type(failure) is kind
    assert Accepted(None) not in events


async def test_an_id_that_quotes_the_key_is_not_kept(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[{"id": f"task-{KEY}", "status": "pending"}]) as up:
        failure, events = await fail(provider(client, clock, up.url))
        assert len(up.requests) == 1
    assert (type(failure), failure.retry) == (Lost, Retry.NEVER)
    assert KEY not in f"{events} {failure.detail} {failure.trace}"


@pytest.mark.parametrize("cut", [b"", b'{"id": "task-'])
async def test_a_submit_whose_answer_is_lost_is_not_repeated(
    client: UpstreamClient, clock: InstantClock, cut: bytes
) -> None:
    async with scripted(clock, submits=[cut]) as up:
        failure, _ = await fail(provider(client, clock, up.url))
        assert len(up.requests) == 1
    assert (type(failure), failure.retry) == (CutShort, Retry.NEVER)


async def test_an_address_where_nobody_listens(client: UpstreamClient, clock: InstantClock) -> None:
    failure, _ = await fail(provider(client, clock, "http://127.0.0.1:1"))
    assert (type(failure), failure.retry) == (Unreachable, Retry.ELSEWHERE)


# ---------------------------------------------------------------- uploads that come to nothing


LOST_UPLOADS: list[tuple[Said, type[PaintFailed]]] = [
    ((500, {"success": False, "message": "broken"}), UpstreamDown),
    ((401, {"success": False, "code": 401, "msg": "no"}), BadCredentials),
    ((404, {}), WrongEndpoint),
    ((429, {}), Busy),
    ((400, {"success": False, "message": "not a picture"}), Rejected),
    ({"success": False, "code": 402, "msg": "quota"}, OutOfFunds),
    ({"success": False, "message": "Upload failed"}, UpstreamDown),
    ({"success": True, "data": {"file_url": "javascript:alert(1)"}}, UpstreamDown),
    ("<html>Sorry</html>", UpstreamDown),
    (b'{"succ', Unreachable),
    (b"", Unreachable),
]


@pytest.mark.parametrize(("said", "kind"), LOST_UPLOADS)
async def test_an_upload_that_fails_submits_nothing(
    client: UpstreamClient, clock: InstantClock, said: Said, kind: type[PaintFailed]
) -> None:
    request = PaintRequest(prompt="a cat", references=(JPEG,))
    async with scripted(clock, uploads=[said], submits=[OPENED]) as up:
        failure, events = await fail(provider(client, clock, up.url), request)
        assert up.of("submit") == []
    assert type(failure) is kind
    assert events == [StageChanged(Stage.SENDING)]


# ---------------------------------------------------------------- tasks that fail

TASK_CODES: dict[object, type[PaintFailed]] = {
    "content_policy_violation": Moderated,
    "invalid_parameters": Rejected,
    "image_processing_error": Rejected,
    "image_dimension_mismatch": Rejected,
    "request_cancelled": CalledOff,
    "generation_failed_no_content": NoPicture,
    "service_error": UpstreamDown,
    "generation_timeout": NoAnswer,
    "resource_exhausted": Busy,
    "quota_exceeded": OutOfFunds,
    "service_unavailable": UpstreamDown,
    "unknown_error": UpstreamDown,
    "resource_not_found": SaidFailed,
    "generation_failed": SaidFailed,
    "something new": SaidFailed,
    500: UpstreamDown,
    "": SaidFailed,
}


@pytest.mark.parametrize("code", TASK_CODES, ids=str)
async def test_a_failed_task_of_evolink_is_free_so_others_may_be_asked(
    client: UpstreamClient, clock: InstantClock, code: object
) -> None:
    async with scripted(clock, submits=[OPENED], polls=[failed(code)]) as up:
        failure, events = await fail(provider(client, clock, up.url))
        assert len(up.of("poll")) == 1
    assert (type(failure), failure.trace) == (TASK_CODES[code], "task-1")
    assert events[:2] == [StageChanged(Stage.SENDING), Accepted("task-1")]


@pytest.mark.parametrize("code", TASK_CODES, ids=str)
async def test_a_failed_task_of_toapis_may_have_cost_money_so_nobody_is_asked(
    client: UpstreamClient, clock: InstantClock, code: object
) -> None:
    async with scripted(clock, submits=[OPENED], polls=[failed(code)]) as up:
        failure, _ = await fail(provider(client, clock, up.url, "toapis"))
    assert failure.retry is Retry.NEVER
    own = TASK_CODES[code]
    assert type(failure) is (own if own.retry is Retry.NEVER else SaidFailed)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"error": {"code": "generation_failed", "message": "no hands"}}, "no hands"),
        ({"error": {"code": "generation_failed"}, "fail_reason": "no hands"}, "no hands"),
        ({"fail_reason": "no hands"}, "no hands"),
        ({"error": "no hands"}, "no hands"),
        ({"data": {"fail_reason": "no hands"}}, "no hands"),
        ({}, "failed"),
    ],
)
async def test_the_reason_of_a_failure_is_quoted_wherever_it_stands(
    client: UpstreamClient, clock: InstantClock, told: Json, words: str
) -> None:
    async with scripted(clock, submits=[OPENED], polls=[{"status": "failed", **told}]) as up:
        failure, _ = await fail(provider(client, clock, up.url, "toapis"))
    assert (type(failure), failure.facts) == (SaidFailed, {"quote": words})


async def test_a_long_prompt_is_not_quoted_back(client: UpstreamClient, clock: InstantClock) -> None:
    request = PaintRequest(prompt="a very private prompt about a cat")
    async with scripted(clock, submits=[OPENED], polls=[failed("generation_failed", f"bad: {request.prompt}")]) as up:
        failure, _ = await fail(provider(client, clock, up.url), request)
    assert failure.facts == {"quote": "bad: …"}


# ---------------------------------------------------------------- going on


async def test_resume_asks_at_once_and_submits_nothing(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, polls=[PENDING, DONE]) as up:
        made = provider(client, clock, up.url)
        events = [event async for event in made.resume(PaintRequest(prompt="a cat"), "task-1")]
        assert up.of("submit") == []
        assert [each.at for each in up.of("poll")] == [0.0, 3.0]
    assert events == [
        Accepted("task-1"),
        StageChanged(Stage.PAINTING),
        Progress(10.0),
        Progress(100.0),
        FinishedImage(Link(url=URL)),
    ]


async def test_resuming_what_nobody_knows_any_more_is_lost(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, polls=[UNKNOWN]) as up:
        made = provider(client, clock, up.url)
        with pytest.raises(Lost):
            _ = [event async for event in made.resume(PaintRequest(prompt="a cat"), "task-1")]


async def test_whoever_stops_listening_stops_the_asking(client: UpstreamClient, clock: InstantClock) -> None:
    async with scripted(clock, submits=[OPENED], polls=[PENDING]) as up:
        events = provider(client, clock, up.url).paint(PaintRequest(prompt="a cat"))
        async for event in events:
            if isinstance(event, Progress):
                break
        await events.aclose()
        asked = len(up.of("poll"))
        await clock.sleep(1000)
        assert len(up.of("poll")) == asked == 1
