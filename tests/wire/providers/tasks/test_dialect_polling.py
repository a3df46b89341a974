"""Polling a task: intervals, events and results, polls that fail, and resuming after a restart."""

import base64
import itertools

import pytest

from bot.errors import CalledOff, Lost, Moderated, NoPicture, Rejected, Retry, TookTooLong, WentQuiet
from bot.painting import Accepted, Blob, FinishedImage, Link, PaintRequest, Progress, Stage, StageChanged, Usage
from bot.providers.http.client import UpstreamClient
from bot.providers.tasks.provider import MAX_EMPTY_ENDS, MAX_LAST_POLLS, MAX_REFUSED_POLLS
from tests.servers.upstream.paintings import fail, gather
from tests.servers.upstream.tasks import Json, Said, provider, task_upstream
from tests.support.clocks import InstantClock
from tests.wire.providers.tasks.samples import DONE, OPENED, PENDING, URL, failed, png

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
    async with task_upstream(clock, submits=[OPENED], polls=polls) as up:
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
    async with task_upstream(clock, submits=[OPENED], polls=[PENDING] * 12 + [DONE]) as up:
        await gather(provider(client, clock, up.url))
        moments = [0.0, *(each.at for each in up.of("poll"))]
    pauses = [round(later - before, 3) for before, later in itertools.pairwise(moments)]
    assert pauses[:4] == [2.0, 3.0, 3.6, 4.32]
    assert pauses[1:] == sorted(pauses[1:])
    assert pauses[-1] == 15.0


async def test_jitter_lengthens_a_pause_by_a_quarter_at_most(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[PENDING, DONE]) as up:
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
    async with task_upstream(clock, submits=[OPENED], polls=[{"id": "img_1", "status": "completed", **told}]) as up:
        events = await gather(provider(client, clock, up.url, preset))
    assert [each for each in events if isinstance(each, FinishedImage)] == [FinishedImage(Link(url=URL))]


async def test_an_inline_result_becomes_bytes(client: UpstreamClient, clock: InstantClock) -> None:
    inline = "data:image/png;base64," + base64.b64encode(png().data).decode()
    async with task_upstream(clock, submits=[OPENED], polls=[{**DONE, "results": [inline]}]) as up:
        events = await gather(provider(client, clock, up.url))
    assert events[-1] == FinishedImage(Blob(data=png().data))


async def test_an_upstream_that_paints_at_once_is_not_asked(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[DONE, {"created": 1, "data": {"url": URL}}]) as up:
        assert (await gather(provider(client, clock, up.url)))[-1] == FinishedImage(Link(url=URL))
        events = await gather(provider(client, clock, up.url))
        assert events[1:] == [Accepted(None), FinishedImage(Link(url=URL))]


async def test_the_id_in_the_answers_may_be_another(client: UpstreamClient, clock: InstantClock) -> None:
    polls: list[Said] = [{**PENDING, "id": "img_9"}, {**DONE, "id": "img_9"}]
    async with task_upstream(clock, submits=[{"id": "a/b?c", "status": "queued"}], polls=polls) as up:
        events = await gather(provider(client, clock, up.url, "toapis"))
        assert [each.path for each in up.of("poll")] == ["/v1/images/generations/a%2Fb%3Fc"] * 2
    assert events[1] == Accepted("a/b?c")


@pytest.mark.parametrize("word", ["cancelled", "canceled", "CANCELLED"])
async def test_a_cancelled_task_is_over(client: UpstreamClient, clock: InstantClock, word: str) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[{**PENDING, "status": word}]) as up:
        failure, _ = await fail(provider(client, clock, up.url))
        assert len(up.of("poll")) == 1
    assert (type(failure), failure.trace, failure.retry) == (CalledOff, "task-1", Retry.NEVER)


async def test_an_unknown_status_is_waited_out_but_not_for_ever(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[{"status": "archived"}]) as up:
        failure, _ = await fail(provider(client, clock, up.url, timeout_s=100))
        assert len(up.of("poll")) < 20
    assert (type(failure), failure.facts, failure.trace) == (TookTooLong, {"seconds": 100}, "task-1")


async def test_an_unknown_status_with_a_picture_or_an_error_has_ended(
    client: UpstreamClient, clock: InstantClock
) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[{"status": "ready", "results": [URL]}]) as up:
        assert (await gather(provider(client, clock, up.url)))[-1] == FinishedImage(Link(url=URL))
    async with task_upstream(clock, submits=[OPENED], polls=[{**failed("invalid_parameters"), "status": "bad"}]) as up:
        assert isinstance((await fail(provider(client, clock, up.url)))[0], Rejected)


async def test_an_answer_that_speaks_of_no_task_is_a_denial(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[{"error": {"message": "who is asking?"}}]) as up:
        assert type((await fail(provider(client, clock, up.url)))[0]) is Lost
        assert len(up.of("poll")) == MAX_REFUSED_POLLS


async def test_done_without_a_picture(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[{**DONE, "results": list[str]()}]) as up:
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
    async with task_upstream(clock, submits=[OPENED], polls=[TROUBLES[name]] * 5 + [DONE]) as up:
        events = await gather(provider(client, clock, up.url))
        assert len(up.of("submit")) == 1
    assert events[-1] == FinishedImage(Link(url=URL))


async def test_retry_after_of_a_question_is_kept(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[(429, {}, {"Retry-After": "40"}), PENDING, DONE]) as up:
        await gather(provider(client, clock, up.url))
        first, second, third = (each.at for each in up.of("poll"))
    assert second - first == 40.0
    assert third - second < 5


async def test_a_few_denials_may_be_a_lag_but_not_more(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[UNKNOWN] * (MAX_REFUSED_POLLS - 1) + [DONE]) as up:
        await gather(provider(client, clock, up.url))
    unauthorized: Said = (401, {"error": {"code": "unauthorized", "message": "no"}})
    for denial in (UNKNOWN, unauthorized):
        async with task_upstream(clock, submits=[OPENED], polls=[denial]) as up:
            failure, _ = await fail(provider(client, clock, up.url))
            assert len(up.of("poll")) == MAX_REFUSED_POLLS
        assert (type(failure), failure.trace, failure.retry) == (Lost, "task-1", Retry.NEVER)


async def test_silence_ends_after_the_idle_time(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[PENDING, GATEWAY]) as up:
        failure, _ = await fail(provider(client, clock, up.url, idle_timeout_s=60))
    assert (type(failure), failure.facts, failure.trace) == (WentQuiet, {"seconds": 60}, "task-1")
    assert failure.retry is Retry.NEVER


# ---------------------------------------------------------------- going on


async def test_resume_asks_at_once_and_submits_nothing(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, polls=[PENDING, DONE]) as up:
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
    async with task_upstream(clock, polls=[UNKNOWN]) as up:
        made = provider(client, clock, up.url)
        with pytest.raises(Lost):
            _ = [event async for event in made.resume(PaintRequest(prompt="a cat"), "task-1")]


async def test_whoever_stops_listening_stops_the_asking(client: UpstreamClient, clock: InstantClock) -> None:
    async with task_upstream(clock, submits=[OPENED], polls=[PENDING]) as up:
        events = provider(client, clock, up.url).paint(PaintRequest(prompt="a cat"))
        async for event in events:
            if isinstance(event, Progress):
                break
        await events.aclose()
        asked = len(up.of("poll"))
        await clock.sleep(1000)
        assert len(up.of("poll")) == asked == 1


# ---------------------------------------------------------------- a process that was stopped


DOWN: Said = (503, {})


class StoppedClock(InstantClock):
    """The process is stopped for an hour in its `at`-th sleep."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._sleeps_left = at

    async def sleep(self, seconds: float) -> None:
        self._sleeps_left -= 1
        await super().sleep(seconds if self._sleeps_left else seconds + 3600)


@pytest.mark.parametrize("failed_polls", [0, 1, 2])
async def test_a_task_that_ended_while_the_process_was_stopped_is_asked_about(
    client: UpstreamClient, failed_polls: int
) -> None:
    clock = StoppedClock(at=3)
    async with task_upstream(clock, submits=[OPENED], polls=[PENDING, *[DOWN] * failed_polls, DONE]) as up:
        events = await gather(provider(client, clock, up.url, timeout_s=100))
    assert [each for each in events if isinstance(each, FinishedImage)] == [FinishedImage(Link(url=URL))]


@pytest.mark.parametrize("answer", [PENDING, DOWN])
async def test_a_task_that_still_has_not_ended_is_given_up(client: UpstreamClient, answer: Said) -> None:
    clock = StoppedClock(at=3)
    async with task_upstream(clock, submits=[OPENED], polls=[PENDING, answer]) as up:
        failure, _ = await fail(provider(client, clock, up.url, timeout_s=100))
        assert len(up.of("poll")) <= 1 + MAX_LAST_POLLS
    assert type(failure) in (TookTooLong, WentQuiet)


async def test_a_result_may_come_after_the_end_is_told(client: UpstreamClient, clock: InstantClock) -> None:
    polls: list[Said] = [{"id": "task-1", "status": "completed"}, {"id": "task-1", "status": "completed"}, DONE]
    async with task_upstream(clock, submits=[OPENED], polls=polls) as up:
        events = await gather(provider(client, clock, up.url))
    assert FinishedImage(Link(url=URL)) in events
    async with task_upstream(clock, submits=[{**OPENED, "status": "completed"}], polls=polls[:1]) as up:
        failure, _ = await fail(provider(client, clock, up.url))
        assert type(failure) is NoPicture
        assert len(up.of("poll")) == MAX_EMPTY_ENDS


@pytest.mark.parametrize("status", [200, 400])
async def test_a_poll_that_tells_of_content_rules_is_the_end_of_the_task(
    client: UpstreamClient, clock: InstantClock, status: int
) -> None:
    refused: Said = (status, {"error": {"code": "content_policy_violation", "message": "No."}})
    async with task_upstream(clock, submits=[OPENED], polls=[refused]) as up:
        failure, _ = await fail(provider(client, clock, up.url))
        assert (type(failure), failure.trace, len(up.of("poll"))) == (Moderated, "task-1", 1)
