"""The tasks dialect against the sandbox: whole paintings, callbacks, and what a wrong preset tells its operator."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.http.callbacks import routes
from adapters.http.server import HttpServer
from bot.errors import (
    CalledOff,
    CutShort,
    Lost,
    Moderated,
    PaintFailed,
    SettingsWrong,
    TookTooLong,
    UpstreamDown,
    WrongEndpoint,
)
from bot.painting import Accepted, FinishedImage, Link, Options, PaintEvent, PaintRequest, Progress, Usage
from bot.providers.chat.provider import ChatProvider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve_upstream
from bot.providers.probe import probe_upstream
from bot.providers.tasks.callbacks import Callbacks
from bot.providers.tasks.provider import TasksProvider
from bot.sandbox import Sandbox
from tests.servers.upstream.tasks import provider as scripted_provider
from tests.servers.upstream.tasks import task_upstream
from tests.support.clocks import FakeClock, InstantClock
from tests.wire.providers.tasks.samples import CLEAR, DONE, OPENED, PENDING, png

BOT = "https://bot.example"
KEY = SecretStr("sandbox")
WHERE = {"evolink": "/evolink", "toapis": "/toapis", "sandbox": ""}
each_preset = pytest.mark.parametrize("preset", WHERE)


class Attendant(InstantClock):
    """A hasty clock whose time passes only while nobody paints in the sandbox, so that each task is asked about
    once, when it has ended."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    async def sleep(self, seconds: float) -> None:
        while self._sandbox.running or self._sandbox.queued:  # noqa: ASYNC110 - the sandbox's counters wake nobody
            await asyncio.sleep(0.001)
        await super().sleep(seconds)


def provider(
    client: UpstreamClient,
    sandbox: Sandbox,
    preset: str = "evolink",
    clock: Any = None,
    callbacks: Callbacks | None = None,
    **settings: Any,
) -> TasksProvider:
    given: dict[str, Any] = {"base_url": sandbox.address + WHERE[preset], "api_key": KEY, **settings}
    return TasksProvider(
        resolve_upstream(name="up", preset=preset, dialect="tasks", **given),
        client,
        clock=clock or Attendant(sandbox),
        callbacks=callbacks or Callbacks(),
        jitter=float,
    )


async def gather(made: TasksProvider, prompt: str = "a fox", **more: Any) -> list[PaintEvent]:
    return [event async for event in made.paint(PaintRequest(prompt=prompt, **more))]


def links(events: list[PaintEvent]) -> list[str]:
    return [each.source.url for each in events if isinstance(each, FinishedImage) and isinstance(each.source, Link)]


# ---------------------------------------------------------------- whole paintings


@pytest.mark.forms(2)
@each_preset
async def test_a_painting_from_beginning_to_end(client: UpstreamClient, preset: str) -> None:
    async with Sandbox(pace=0, edge=64) as sandbox:
        events = await gather(provider(client, sandbox, preset), options=Options(size="3:2", n=2))
        [task] = sandbox.tasks
        async with httpx.AsyncClient() as anybody:
            pictures = [(await anybody.get(link)).content for link in links(events)]
    assert task.poll_count == 1
    assert len({*pictures}) == 2
    assert all(each.startswith(b"\x89PNG") for each in pictures)
    assert Accepted(task.id) in events
    assert Progress(100.0) in events
    assert [each.credits for each in events if isinstance(each, Usage)] == ([] if preset == "toapis" else [3.0])


@pytest.mark.forms(3)
@each_preset
@pytest.mark.parametrize("count", [1, 3, 5])
async def test_references_arrive_as_they_were(client: UpstreamClient, preset: str, count: int) -> None:
    references = tuple(png((10 * number, 20, 30)) for number in range(count))
    async with Sandbox(pace=0, edge=64) as sandbox:
        assert links(await gather(provider(client, sandbox, preset), references=references))
        [received] = sandbox.requests
        arrived = [sandbox.uploads[at].reference.data for at in range(count)]
    assert sorted(arrived) == sorted(each.data for each in references)
    assert [each.media_type for each in received.references] == ["image/png"] * count
    assert len({each.digest for each in received.references}) == count


async def test_references_keep_their_order(client: UpstreamClient) -> None:
    references = tuple(png((10, 20, 30), (8 + number, 6)) for number in range(5))
    async with Sandbox(pace=0, edge=64) as sandbox:
        await gather(provider(client, sandbox), references=references)
        [received] = sandbox.requests
    assert [each.width for each in received.references] == [8, 9, 10, 11, 12]


@each_preset
async def test_a_mask_arrives(client: UpstreamClient, preset: str) -> None:
    async with Sandbox(pace=0, edge=64) as sandbox:
        assert links(await gather(provider(client, sandbox, preset), references=(png(),), mask=CLEAR))
        [received] = sandbox.requests
    assert received.mask is not None
    assert received.mask.length == len(CLEAR.data)


@each_preset
async def test_fewer_pictures_than_asked_for_are_all_that_come(client: UpstreamClient, preset: str) -> None:
    async with Sandbox(pace=0, edge=64) as sandbox:
        events = await gather(provider(client, sandbox, preset), "a fox [[partial:3]]", options=Options(n=4))
    assert len(links(events)) == 3


async def test_a_single_url_is_a_result_too(client: UpstreamClient) -> None:
    async with Sandbox(pace=0, edge=64) as sandbox:
        assert len(links(await gather(provider(client, sandbox, "toapis"), "a fox [[single]]"))) == 1


@pytest.mark.forms(5)
@each_preset
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("cancelled", CalledOff),
        ("mystery", TookTooLong),
        ("quiet", TookTooLong),
        ("moderation", Moderated),
        ("apitype", WrongEndpoint),
        ("html502", UpstreamDown),
        ("reset", CutShort),
        ("no-answer:0", CutShort),
    ],
)
async def test_faults_become_failures(client: UpstreamClient, preset: str, fault: str, kind: type[PaintFailed]) -> None:
    async with Sandbox(pace=0, edge=64) as sandbox:
        with pytest.raises(PaintFailed) as caught:
            await gather(provider(client, sandbox, preset), f"a fox [[{fault}]]")
        assert len(sandbox.requests) == 1
    assert type(caught.value) is kind


@each_preset
@pytest.mark.parametrize("fault", ["polls-fail:4", "cut"])
async def test_trouble_while_asking_is_survived(client: UpstreamClient, preset: str, fault: str) -> None:
    async with Sandbox(pace=0, edge=64) as sandbox:
        assert links(await gather(provider(client, sandbox, preset), f"a fox [[{fault}]]"))


@each_preset
async def test_another_process_goes_on_with_the_same_task(client: UpstreamClient, preset: str) -> None:
    async with Sandbox(pace=0, edge=64) as sandbox:
        async with aclosing(provider(client, sandbox, preset).paint(PaintRequest(prompt="a fox"))) as events:
            async for event in events:
                if isinstance(event, Accepted):
                    break
        [task] = sandbox.tasks
        resumed = provider(client, sandbox, preset).resume(PaintRequest(prompt="a fox"), task.id)
        assert links([event async for event in resumed])
        assert (len(sandbox.requests), sandbox.painted) == (1, 1)
        unknown = provider(client, sandbox, preset).resume(PaintRequest(prompt="a fox"), "nobody")
        with pytest.raises(Lost):
            _ = [event async for event in unknown]


# ---------------------------------------------------------------- callbacks


@asynccontextmanager
async def door(callbacks: Callbacks) -> AsyncGenerator[str]:
    """The bot's own server, as calls reach it through the proxy in front of it. Yields its address."""
    server = HttpServer("127.0.0.1", 0)
    server.mount(routes(callbacks))
    await server.start()
    try:
        yield server.address
    finally:
        await server.stop()


@pytest.mark.parametrize("fault", ["", "[[callback-early]]", "[[callback-twice]]"])
async def test_a_callback_saves_the_waiting(client: UpstreamClient, fault: str) -> None:
    callbacks, still = Callbacks(BOT), FakeClock()
    async with door(callbacks) as address, Sandbox(pace=0, edge=64, callbacks_to=address) as sandbox:
        events = await gather(provider(client, sandbox, clock=still, callbacks=callbacks), f"a fox {fault}")
        [task] = sandbox.tasks
        expected = 2 if "twice" in fault else 1
        while len(task.callback_statuses) < expected:  # noqa: ASYNC110 - the second call comes when nobody waits for it any more
            await asyncio.sleep(0.001)
    assert links(events)
    assert task.poll_count == 1
    assert task.callback_statuses == [204] * expected
    secret = str(task.request.callback_url)
    assert secret.startswith("https://bot.example/callbacks/")
    assert len(secret.rpartition("/")[2]) == 32


async def test_without_a_call_the_asking_is_enough(client: UpstreamClient) -> None:
    callbacks = Callbacks(BOT)
    async with door(callbacks) as address, Sandbox(pace=0, edge=64, callbacks_to=address) as sandbox:
        events = await gather(provider(client, sandbox, callbacks=callbacks), "a fox [[callback-never]]")
    assert links(events)
    assert sandbox.tasks[0].request.callback_url is not None
    assert sandbox.tasks[0].callback_statuses == []


@pytest.mark.parametrize(("preset", "public"), [("evolink", None), ("toapis", BOT)])
async def test_no_call_is_asked_for_where_none_can_come(
    client: UpstreamClient, preset: str, public: str | None
) -> None:
    async with Sandbox(pace=0, edge=64) as sandbox:
        await gather(provider(client, sandbox, preset, callbacks=Callbacks(public)))
        [received] = sandbox.requests
    assert "callback_url" not in received.body


async def test_a_call_is_not_believed_and_calls_in_a_row_are_one_question_a_second(client: UpstreamClient) -> None:
    callbacks, clock, hasty = Callbacks(BOT), FakeClock(), InstantClock()
    async with task_upstream(hasty, submits=[OPENED], polls=[PENDING, DONE]) as up:
        painting = asyncio.create_task(_collect(scripted_provider(client, clock, up.url, callbacks=callbacks)))
        await clock.asleep()
        secret = up.of("submit")[0].json()["callback_url"].rpartition("/")[2]
        assert not await callbacks.receive_call("guessed")
        assert await callbacks.receive_call(secret)
        while not up.of("poll"):  # noqa: ASYNC110 - the script wakes nobody
            await asyncio.sleep(0.001)
        await clock.asleep()  # the first question was answered: under way
        for _ in range(3):
            assert await callbacks.receive_call(secret)
        await clock.advance(0.9)
        assert len(up.of("poll")) == 1
        assert not painting.done()
        await clock.advance(0.1)
        assert FinishedImage(Link(url="https://files.example/a.png")) in await painting
        assert len(up.of("poll")) == 2
        assert await callbacks.receive_call(secret)  # late, and harmless


async def _collect(made: TasksProvider) -> list[PaintEvent]:
    return [event async for event in made.paint(PaintRequest(prompt="a fox"))]


# ---------------------------------------------------------------- the wrong preset


async def test_a_chat_at_a_task_upstream_is_told_which_preset_to_use(client: UpstreamClient) -> None:
    async with Sandbox(pace=0) as sandbox:
        upstream = resolve_upstream(name="up", preset="relay", base_url=f"{sandbox.address}/toapis/v1", api_key=KEY)
        with pytest.raises(WrongEndpoint) as caught:
            _ = [event async for event in ChatProvider(upstream, client).paint(PaintRequest(prompt="a fox"))]
    assert "invalid apitype: -1" in str(caught.value.detail)
    assert 'preset = "toapis" or "evolink"' in str(caught.value.detail)


async def test_tasks_at_a_chat_upstream_are_told_too(client: UpstreamClient) -> None:
    async with Sandbox(pace=0) as sandbox:
        made = provider(client, sandbox, "toapis", base_url=sandbox.address + "/nowhere")
        with pytest.raises(WrongEndpoint) as caught:
            await gather(made)
        with pytest.raises(WrongEndpoint) as uploading:
            await gather(made, references=(png(),))
    for wrong in (caught.value, uploading.value):
        assert 'nothing speaks dialect = "tasks" there' in str(wrong.detail)


async def test_a_check_names_the_remedy_and_paints_nothing(client: UpstreamClient) -> None:
    async with Sandbox(pace=0) as sandbox:
        well = resolve_upstream(name="up", preset="evolink", base_url=f"{sandbox.address}/evolink/v1", api_key=KEY)
        assert "answers at" in await probe_upstream(well, client)
        wrong = resolve_upstream(name="up", preset="openai", base_url=f"{sandbox.address}/nowhere", api_key=KEY)
        with pytest.raises(SettingsWrong) as caught:
            await probe_upstream(wrong, client)
        assert sandbox.requests == []
    assert 'nothing speaks dialect = "images" there' in str(caught.value)
