"""The plot of one job against scripted upstreams: what is kept of each event, and who may end a job."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from bot import texts
from bot.chat import User
from bot.clock import SystemClock
from bot.errors import ChatFailed, ChatGone, Moderated, PaintFailed
from bot.fetch import Fetcher
from bot.job import Job, NewJob, State
from bot.jobs.images import JobImages
from bot.jobs.runner import JobRunner
from bot.painting import Accepted, Blob, Capabilities, FinishedImage, Link, PaintEvent, PaintRequest, Preview, Usage
from bot.providers.fallback import FallbackProvider
from bot.quota import QuotaRules
from bot.status.messages import StatusMessages
from bot.store.store import Store
from bot.texts import translate, translate_error
from tests.flow.scenes import jobs_under_way
from tests.servers.upstream.picture_host import PictureHost, picture_host
from tests.support.clocks import FakeClock
from tests.support.images import png
from tests.support.platform import AMBER, DIRECT, Platform
from tests.support.waiting import wait_until

RULES = QuotaRules(user_daily=50, chat_daily=None, user_concurrent=2, user_waiting=5)
GOOD, BAD = FinishedImage(Blob(data=png())), FinishedImage(Blob(data=b"no picture"))

Step = PaintEvent | PaintFailed | Callable[[], Awaitable[object]]


class Upstream:
    """Plays its script, whatever it is asked."""

    name = "scripted"
    model = "pencil-1"
    resumable = False
    capabilities = Capabilities()
    price = 1

    def __init__(self) -> None:
        self.script: list[Step] = []
        self.resumed: list[tuple[str, str]] = []

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        self.resumed.append((request.prompt, upstream_id))
        async with aclosing(self.paint(request)) as events:
            async for event in events:
                yield event

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        for step in self.script:
            if isinstance(step, PaintFailed):
                raise step
            if callable(step):
                await step()
            else:
                yield step


class Odd(Platform):
    """Breaks where credits change, if it is to."""

    breaks = False

    def balance_changed(self, user: User) -> None:
        if self.breaks:
            raise RuntimeError("a bug in an adapter")


class House:
    """A store, status messages and a platform around one job runner."""

    def __init__(
        self, store: Store, status_messages: StatusMessages, fetcher: Fetcher, platform: Odd, slow: PictureHost
    ) -> None:
        self.store, self.platform, self.host = store, platform, slow
        self.slow_link = f"{slow.address}/pictures/1.png"
        self.upstream = Upstream()
        self.jobs = JobRunner(
            store=store,
            provider=FallbackProvider([(self.upstream, 1)], budget_s=10, clock=FakeClock(), jitter=float),
            images=JobImages(fetcher, {"memory": platform}),
            status_messages=status_messages,
            ports={"memory": platform},
            clock=SystemClock(),
        )

    async def accept(self, cost: int = 1) -> Job:
        job, _ = await self.store.accept_job(
            NewJob(
                id="job000000000",
                event="message:1",
                user=AMBER,
                chat=DIRECT,
                request_id="u1",
                locale="en",
                prompt="a cat",
                cost=cost,
            ),
            RULES,
        )
        self.jobs.add_status_message(job)
        return job

    async def run(self, *script: Step) -> Job:
        """Accepts a job and plays it to its end."""
        self.upstream.script = list(script)
        job = await self.accept()
        await self.jobs.run(job.id, lambda: None)
        found = await self.store.get_job(job.id)
        assert found is not None
        return found


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    await asyncio.to_thread(texts.preload_locales)
    store = await Store.open(f"sqlite:///{tmp_path / 'easel.db'}", clock=SystemClock())
    platform = Odd()
    status_messages = StatusMessages({"memory": platform}, SystemClock())
    await status_messages.start()
    async with picture_host(png()) as slow, Fetcher([slow.address.removeprefix("http://")]) as fetcher:
        made = House(store, status_messages, fetcher, platform, slow)
        yield made
        await made.jobs.close()
    await status_messages.stop()
    await store.close()


async def test_what_the_upstream_tells_is_kept(house: House) -> None:
    job = await house.run(Accepted("t1"), Accepted("t2"), Accepted(), Usage({"tokens": 3}), Usage({"seconds": 1}), GOOD)
    assert (job.state, job.charged) == (State.DONE, 1)
    assert (job.provider, job.upstream_id, job.usage) == ("scripted", "t1", {"tokens": 3, "seconds": 1})
    assert job.checkpoints["asked:1"] == {"provider": "scripted", "price": 1, "model": "pencil-1"}
    assert (job.model, job.price, job.spent) == ("pencil-1", 1, None)


async def test_what_the_upstream_took_is_added_up(house: House) -> None:
    job = await house.run(Usage({}, credits=1.5), Usage({}), Usage({}, credits=0.25), GOOD)
    assert (job.spent, job.charged) == (1.75, 1)


async def test_the_counts_of_several_requests_are_summed(house: House) -> None:
    first = Usage({"total_tokens": 3, "details": {"text": 1, "image": 2.5}, "user_group": "default", "batch": True})
    second = Usage({"total_tokens": 4, "details": {"text": 1}, "user_group": "vip", "batch": True})
    job = await house.run(first, second, GOOD)
    assert job.usage == {
        "total_tokens": 7,
        "details": {"text": 2, "image": 2.5},
        "user_group": "vip",
        "batch": True,
    }


async def test_a_failed_job_knows_who_was_asked(house: House) -> None:
    job = await house.run(Accepted("t1"), Moderated())
    assert (job.provider, job.model, job.price, job.upstream_id) == ("scripted", "pencil-1", 1, "t1")
    assert (job.charged, job.trace) == (0, "t1")


# ---------------------------------------------------------------- a second attempt


ASKED = {"provider": "scripted", "price": 1, "model": "pencil-1"}


async def again(house: House, *script: Step, resumable: bool = True, **steps: object) -> Job:
    """A job of which an earlier process has written down `steps`, taken up again."""
    house.upstream.resumable = resumable
    house.upstream.script = list(script)
    job = await house.accept()
    before = await house.store.begin_attempt(job.id)
    for name, value in steps.items():
        await house.store.save_checkpoint(before, name.replace("_", ":"), value)
    await house.jobs.run(job.id, lambda: None)
    found = await house.store.get_job(job.id)
    assert found is not None
    return found


async def test_an_accepted_task_is_asked_about_and_not_painted_again(house: House) -> None:
    job = await again(
        house, Accepted("t1"), Usage({"n": 1}), GOOD, asked_1=ASKED, accepted={"upstream_id": "t1", "asked": 1}
    )
    assert house.upstream.resumed == [("a cat", "t1")]
    assert (job.state, job.charged, job.provider, job.model) == (State.DONE, 1, "scripted", "pencil-1")
    assert "asked:2" not in job.checkpoints


async def test_a_task_that_failed_while_nobody_looked_releases_the_credits(house: House) -> None:
    job = await again(house, Moderated(), asked_1=ASKED, accepted={"upstream_id": "t1", "asked": 1})
    assert (job.state, job.charged, job.trace) == (State.FAILED, 0, "t1")
    assert house.platform.posts[0].text == translate_error("en", Moderated())


async def test_a_task_that_cannot_be_asked_about_any_more_gives_the_pictures_that_were_noted(house: House) -> None:
    house.host.open.set()
    job = await again(
        house,
        Moderated(),
        asked_1=ASKED,
        accepted={"upstream_id": "t1", "asked": 1},
        picture_0={"link": house.slow_link},
    )
    assert (job.state, job.charged) == (State.DONE, 1)


@pytest.mark.parametrize(
    ("resumable", "steps"),
    [
        (True, {"asked_1": ASKED}),  # no id to ask by
        (True, {"asked_1": ASKED, "accepted": {"upstream_id": None, "asked": 1}}),
        (False, {"asked_1": ASKED, "accepted": {"upstream_id": "t1", "asked": 1}}),  # nobody to ask
        (
            True,  # the id is of the asking before
            {
                "asked_1": ASKED,
                "accepted": {"upstream_id": "t1", "asked": 1},
                "turned-down_1": {"reason": "UpstreamDown"},
                "asked_2": ASKED,
            },
        ),
    ],
)
async def test_what_may_have_been_paid_and_cannot_be_asked_about_is_released(
    house: House, resumable: bool, steps: dict[str, object]
) -> None:
    job = await again(house, GOOD, resumable=resumable, **steps)
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert house.platform.posts[0].text == translate("en", "failed-restarted")
    assert house.upstream.resumed == []


async def test_what_was_turned_down_is_asked_anew(house: House) -> None:
    steps: dict[str, object] = {
        "asked_1": ASKED,
        "accepted": {"upstream_id": "t1", "asked": 1},
        "turned-down_1": {"reason": "UpstreamDown"},
    }
    job = await again(house, Accepted("t2"), GOOD, resumable=True, **steps)
    assert (job.state, job.upstream_id, house.upstream.resumed) == (State.DONE, "t2", [])
    assert "asked:2" in job.checkpoints


async def test_a_failure_after_a_picture_does_not_take_the_picture_away(house: House) -> None:
    job = await house.run(GOOD, Moderated())
    assert (job.state, job.charged) == (State.DONE, 1)
    assert len(house.platform.posts[0].images) == 1


async def test_results_that_are_no_pictures_are_left_out(house: House) -> None:
    job = await house.run(BAD, GOOD)
    assert (job.state, job.charged, len(house.platform.posts[0].images)) == (State.DONE, 1, 1)


async def test_results_of_which_none_is_a_picture_are_a_failure(house: House) -> None:
    job = await house.run(BAD, BAD)
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert house.platform.posts[0].text == translate("en", "failed-bad-result")


async def test_a_preview_that_cannot_be_had_is_no_loss(house: House) -> None:
    link = Link(url="http://127.0.0.1:9/nothing.png")  # a private address is never opened
    job = await house.run(Preview(link), Preview(Blob(data=b"no picture")), until_quiet, GOOD)
    assert job.state is State.DONE


async def test_an_older_preview_never_follows_a_newer_one(house: House) -> None:
    older, newer = Preview(Link(url=house.slow_link)), Preview(Blob(data=png("blue")))
    job = await house.run(older, house.host.fetched.wait, newer, until_quiet, GOOD)
    assert job.state is State.DONE
    [shown] = {card.preview.data for card in house.platform.posts[0].cards if card.preview}
    assert shown


async def test_previews_under_way_at_the_end_are_dropped(house: House) -> None:
    await house.run(Preview(Link(url=house.slow_link)), house.host.fetched.wait, Moderated())
    await until_quiet()
    assert house.platform.posts[0].text == translate_error("en", Moderated())
    assert not [card for card in house.platform.posts[0].cards if card.preview]


async def until_quiet() -> None:
    await wait_until(lambda: not [name for name in jobs_under_way() if name.startswith("preview")])


async def test_a_bug_in_a_provider_is_said_and_costs_nothing(house: House) -> None:
    async def broken() -> None:
        raise RuntimeError("a bug in a provider")

    job = await house.run(broken)
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert house.platform.posts[0].text == translate("en", "error-internal")


async def test_a_bug_while_a_bug_is_written_down_stops_nothing_else(house: House) -> None:
    async def broken() -> None:
        raise RuntimeError("a bug in a provider")

    house.platform.breaks = True
    job = await house.run(broken)
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert [each.id for each in await house.store.pending_notifications()] == [job.id]


async def test_words_that_the_chat_does_not_take_are_kept_for_the_next_start(house: House) -> None:
    async def deaf() -> None:
        await house.platform.until(lambda: bool(house.platform.posts))
        house.platform.failures = [ChatFailed(detail="a bug in an adapter")]

    job = await house.run(deaf, Moderated())
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert [each.id for each in await house.store.pending_notifications()] == [job.id]
    house.jobs.notify_in_background(job)
    await house.platform.until(lambda: house.platform.posts[0].text == translate_error("en", Moderated()))


async def test_a_job_that_somebody_newer_holds_is_let_go_silently(house: House) -> None:
    async def taken() -> None:
        await house.store.begin_attempt("job000000000")

    job = await house.run(taken, Accepted("t1"), GOOD)
    assert (job.state, job.attempt) == (State.RUNNING, 2)
    assert "accepted" not in job.checkpoints
    assert not any(post.images for post in house.platform.posts)


async def test_a_job_that_was_ended_elsewhere_is_not_ended_again(house: House) -> None:
    async def end() -> None:
        job = await house.store.get_job("job000000000")
        assert job is not None
        await house.store.settle_job(job, State.CANCELLED, charged=0)

    job = await house.run(end, Moderated())
    assert job.state is State.CANCELLED
    assert all(post.text != translate_error("en", Moderated()) for post in house.platform.posts)


async def test_a_job_that_nobody_knows_neither_runs_nor_ends(house: House) -> None:
    await house.jobs.run("unknown", lambda: None)
    assert not await house.jobs.settle_cancelled("unknown")


async def test_a_job_ends_once(house: House) -> None:
    await house.accept()
    assert await house.jobs.settle_cancelled("job000000000")
    assert not await house.jobs.settle_cancelled("job000000000")


async def test_words_that_nobody_can_hear_any_more_are_not_kept_for_the_next_start(house: House) -> None:
    house.platform.failures = [ChatGone() for _ in range(9)]
    await house.run(Moderated())
    assert not await house.store.pending_notifications()
    assert not house.platform.posts
