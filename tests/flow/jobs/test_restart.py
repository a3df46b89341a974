"""No job is lost: whatever a job has done when the process ends, the next one brings its message to an end, exactly
one picture is charged for each that is delivered, and nobody who may have been paid is asked again."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action, Chat
from bot.errors import Restarted
from bot.job import Job, NewJob, State
from bot.jobs.runner import MAX_ATTEMPTS, MAX_DELIVERY_ATTEMPTS
from bot.painting import Image, Options
from bot.quota import QuotaRules
from bot.runtime.clock import SystemClock
from bot.sandbox import Fault, Sandbox
from bot.store.store import Store
from bot.texts import translate, translate_error
from tests.flow.scenes import LONG, HeldPlatform, books, click, wait_for_stage
from tests.flow.world import MemoryWorld, settings, world
from tests.servers.upstream.picture_host import picture_host
from tests.support.images import png
from tests.support.platform import AMBER, DIRECT, JADE, Platform, Post
from tests.support.waiting import wait_until
from tests.support.world import open_app

RULES = QuotaRules(user_daily=50, chat_daily=None, user_concurrent=2, user_waiting=5)
PICTURE = Image(data=png(), media_type="image/png", width=64, height=48)
FACTS: dict[str, Any] = {"provider": "sandbox", "price": 1, "count": 1, "upstream_id": None, "usage": {}}
RESTARTED = translate_error("en", Restarted())


@asynccontextmanager
async def books_of(folder: Path, sandbox: Sandbox) -> AsyncGenerator[Store]:
    """The database of a process that has ended."""
    store = await Store.open(settings(folder, sandbox).database_url, clock=SystemClock())
    try:
        yield store
    finally:
        await store.close()


async def accepted(store: Store, *, chat: Chat = DIRECT, number: int = 0, options: Options | None = None) -> Job:
    """A job as the job service accepts it."""
    new = NewJob(
        id=f"job{number:09}",
        event=f"message:{chat.key}:u{number}",
        user=AMBER,
        chat=chat,
        request_id="u0",
        locale="en",
        prompt="a lighthouse",
        cost=1,
        options=options or Options(),
    )
    job, _ = await store.accept_job(new, RULES)
    return job


async def attempts(store: Store, job: Job, count: int) -> Job:
    for _ in range(count):
        job = await store.begin_attempt(job.id)
    return job


async def painted(easel: MemoryWorld, *, deliveries: int = 1, is_edit: bool = False) -> Post:
    """Waits until the only message shows the only picture, which is charged."""
    [post] = await easel.settled()
    assert len(post.images) == 1
    assert post.deliveries == deliveries
    assert post.actions == ["retry", "vary", "edit", *(["undo"] if is_edit else []), "more"]
    assert await books(easel) == (49, 0)
    return post


async def released(easel: MemoryWorld, words: str = RESTARTED, actions: Sequence[str] = ("retry",)) -> Post:
    """Waits until the only message shows the failure, and nothing is charged."""
    await easel.settled()
    [post] = easel.platform.posts
    await easel.platform.until(lambda: post.text == words)
    assert post.actions == list(actions)
    assert not post.images
    assert await books(easel) == (50, 0)
    return post


# ---------------------------------------------------------------- from each step to the end


async def test_an_accepted_job_is_painted_after_a_restart(tmp_path: Path, sandbox: Sandbox) -> None:
    async with books_of(tmp_path, sandbox) as store:
        await accepted(store)
    async with world(tmp_path, sandbox) as easel:
        post = await painted(easel)
        assert post.reply_to == "u0"
    assert len(sandbox.requests) == 1


async def test_a_job_with_a_status_message_is_painted_after_a_restart(tmp_path: Path) -> None:
    platform = Platform()
    one_by_one: dict[str, Any] = {"limits": {"user_concurrent": 1}}
    faults = (Fault("no-answer", LONG),)
    async with Sandbox(pace=0, faults=faults) as sandbox:
        async with world(tmp_path, sandbox, platform, **one_by_one) as easel:
            await easel.say("first")
            await easel.say("second")
            await wait_for_stage(easel, "waiting", at=1)
            await wait_until(lambda: len(sandbox.requests) == 1)
        async with world(tmp_path, sandbox, platform, **one_by_one) as easel:
            first, second = await easel.settled(2)
            assert first.text == RESTARTED
            assert len(second.images) == 1
            assert await books(easel) == (49, 0)
        assert [request.prompt for request in sandbox.requests] == ["first", "second"]


async def test_a_started_job_without_a_request_is_painted_after_a_restart(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform("fetch")
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(png()))
        await platform.reached.wait()
    platform.release()
    async with world(tmp_path, sandbox, platform) as easel:
        await painted(easel, is_edit=True)
    assert len(sandbox.requests) == 1


async def test_a_request_without_a_response_is_not_repeated(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Platform()
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say(f"a cat [[no-answer:{LONG:g}]]")
        await wait_until(lambda: len(sandbox.requests) == 1)
    async with world(tmp_path, sandbox, platform) as easel:
        post = await released(easel)
        assert len(sandbox.requests) == 1
        await click(easel, post, Action.RETRY)
        await wait_until(lambda: len(sandbox.requests) == 2)


async def test_an_interrupted_stream_is_released_after_a_restart(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Platform()
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say(f"a cat [[quiet:{LONG:g}]]")
        await wait_for_stage(easel, "painting")
    async with world(tmp_path, sandbox, platform) as easel:
        await released(easel)
    assert len(sandbox.requests) == 1


async def test_a_rejected_request_is_repeated(tmp_path: Path) -> None:
    platform = Platform()
    async with Sandbox(pace=0, faults=(Fault("429", 100),)) as sandbox:
        async with world(tmp_path, sandbox, platform) as easel:
            await easel.say("a cat")
            await wait_for_stage(easel, "retrying")
        async with world(tmp_path, sandbox, platform) as easel:
            await painted(easel)
        assert len(sandbox.requests) == 2


async def test_a_linked_picture_is_downloaded_after_a_restart(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Platform()
    async with picture_host(png()) as upstream:
        async with world(tmp_path, sandbox, platform, **upstream.settings) as easel:
            await easel.say("a cat")
            await upstream.fetched.wait()
        upstream.open.set()
        async with world(tmp_path, sandbox, platform, **upstream.settings) as easel:
            post = await painted(easel)
            assert post.images[0].data == png()
        assert upstream.asked == 1


async def test_stored_pictures_are_delivered_after_a_restart(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform(refuses=True)
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat")
        await platform.until(lambda: platform.refused > 0)
    platform.refuses = False
    async with world(tmp_path, sandbox, platform) as easel:
        await painted(easel)
    assert len(sandbox.requests) == 1


async def test_a_delivery_that_was_not_stored_is_repeated_in_place(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform("after-deliver")
    async with open_app(settings(tmp_path, sandbox), {"memory": platform}, SystemClock()) as easel:
        await easel.start()
        await easel.events.receive_message(platform.message("a cat"))
        await platform.reached.wait()
        await easel.store.close()  # as a process that is killed: nothing is written any more
        platform.release()
    async with world(tmp_path, sandbox, platform) as again:
        await painted(again, deliveries=2)
    assert len(sandbox.requests) == 1


# ---------------------------------------------------------------- ended, notification pending


async def test_an_unshown_failure_is_shown_after_a_restart(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform(refuses=True)
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat [[400]]")
        await platform.until(lambda: platform.refused > 0)
        assert await books(easel) == (50, 0)
    platform.refuses = False
    async with world(tmp_path, sandbox, platform) as easel:
        [job] = await easel.app.store.history(AMBER.key)
        assert job.failure is not None
        await released(easel, translate("en", job.failure.key, **job.failure.facts))
        await wait_until(lambda: all_notified(easel))
    assert len(sandbox.requests) == 1


async def test_an_unshown_refusal_is_shown_without_a_retry_button(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = HeldPlatform(refuses=True)
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("make it night", platform.upload(b"words", filename="a.png"))
        await platform.until(lambda: platform.refused > 0)
    platform.refuses = False
    async with world(tmp_path, sandbox, platform) as easel:
        words = translate("en", "refusal-not-a-picture", name="a.png", kinds="PNG, JPEG, WebP, HEIC")
        await released(easel, words, actions=())


async def test_an_unshown_cancellation_is_shown_after_a_restart(tmp_path: Path) -> None:
    platform = HeldPlatform(refuses=True)
    async with Sandbox(pace=LONG) as sandbox:
        async with world(tmp_path, sandbox, platform) as easel:
            await easel.say("a cat")
            await wait_until(lambda: sandbox.running == 1 and bool(platform.posts))
            await click(easel, platform.posts[0], Action.CANCEL)
        platform.refuses = False
        async with world(tmp_path, sandbox, platform) as easel:
            await released(easel, translate("en", "cancelled"))


async def test_a_job_that_was_notified_is_not_notified_again(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Platform()
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("a cat [[400]]")
        await easel.settled()
        await wait_until(lambda: all_notified(easel))
    shown = len(platform.posts[0].cards)
    async with world(tmp_path, sandbox, platform) as easel:
        await easel.say("/help")
        await easel.settled(2)
        assert len(platform.posts[0].cards) == shown


async def one_left(easel: MemoryWorld) -> bool:
    return len(await easel.app.store.unfinished_jobs()) == 1


async def all_notified(easel: MemoryWorld) -> bool:
    return not await easel.app.store.pending_notifications()


# ---------------------------------------------------------------- starts that go wrong


@pytest.mark.forms(1)
@pytest.mark.parametrize("step", ["begun", "image:0", "generated"])
async def test_a_job_that_crashes_every_process_is_given_up(tmp_path: Path, sandbox: Sandbox, step: str) -> None:
    async with books_of(tmp_path, sandbox) as store:
        most = MAX_DELIVERY_ATTEMPTS if step == "generated" else MAX_ATTEMPTS
        job = await attempts(store, await accepted(store), most)
        if step == "image:0":
            await store.save_checkpoint(job, "attempt-started:1", {"provider": "sandbox", "price": 1})
            await store.save_checkpoint(job, step, {"link": f"{sandbox.address}/pictures/bomb.png"})
        if step == "generated":
            await store.save_results(job, [PICTURE], FACTS)
    async with world(tmp_path, sandbox) as easel:
        await released(easel)
    assert not sandbox.requests


async def test_a_stored_picture_is_delivered_however_many_starts_failed(tmp_path: Path, sandbox: Sandbox) -> None:
    """It may be in the chat already, when only its settlement is missing: released, it would not be charged."""
    async with books_of(tmp_path, sandbox) as store:
        job = await attempts(store, await accepted(store), MAX_ATTEMPTS)
        await store.save_results(job, [PICTURE], FACTS)
    async with world(tmp_path, sandbox) as easel:
        await painted(easel)
    assert not sandbox.requests


async def test_the_last_allowed_start_paints(tmp_path: Path, sandbox: Sandbox) -> None:
    async with books_of(tmp_path, sandbox) as store:
        await attempts(store, await accepted(store), MAX_ATTEMPTS - 1)
    async with world(tmp_path, sandbox) as easel:
        await painted(easel)


@pytest.mark.usefixtures("results_at_once")
async def test_an_expired_link_is_a_failure(tmp_path: Path, sandbox: Sandbox) -> None:
    async with books_of(tmp_path, sandbox) as store:
        job = await attempts(store, await accepted(store), 1)
        await store.save_checkpoint(job, "attempt-started:1", {"provider": "sandbox", "price": 1})
        await store.save_checkpoint(job, "accepted", {"upstream_id": "t1"})
        await store.save_checkpoint(job, "image:0", {"link": f"{sandbox.address}/pictures/gone.png"})
    async with world(tmp_path, sandbox) as easel:
        await released(easel, translate("en", "failed-unfetched"))
    assert not sandbox.requests


async def test_the_last_requested_provider_sets_the_price(tmp_path: Path, sandbox: Sandbox) -> None:
    """However the wall clock jumps between the polls, and however many there are."""
    async with picture_host(png()) as upstream:
        upstream.open.set()
        async with books_of(tmp_path, sandbox) as store:
            job = await attempts(store, await accepted(store), 1)
            for number, price in ((11, 0), (2, 1), (1, 1)):
                await store.save_checkpoint(
                    job, f"attempt-started:{number}", {"provider": f"p{number}", "price": price}
                )
            await store.save_checkpoint(job, "image:0", {"link": f"{upstream.address}/pictures/1.png"})
        async with world(tmp_path, sandbox, **upstream.settings) as easel:
            [post] = await easel.settled()
            assert len(post.images) == 1
            [done] = await easel.app.store.history(AMBER.key)
            assert (done.provider, done.charged) == ("p11", 0)
            assert await books(easel) == (50, 0)


@pytest.mark.forms(1)
@pytest.mark.parametrize(("chosen", "painted", "note"), [("gone", "gpt-image-2", True), ("flux-2", "flux-2", False)])
async def test_a_job_whose_model_was_removed_or_renamed_while_it_waited_is_painted(
    tmp_path: Path, sandbox: Sandbox, chosen: str, painted: str, note: bool
) -> None:
    models = ["gpt-image-2", {"name": "flux-2", "label": "Flux"}]
    async with books_of(tmp_path, sandbox) as store:
        await accepted(store, options=Options(model=chosen))
    told = {"preset": "sandbox", "base_url": sandbox.address, "api_key": "sandbox", "models": models}
    async with world(tmp_path, sandbox, providers=[told]) as easel:
        [post] = await easel.settled()
        assert len(post.images) == 1
        assert (translate("en", "done-replaced-model", model=chosen) in post.text) is note
        assert [each.body["model"] for each in sandbox.requests] == [painted]


async def test_a_job_of_a_platform_that_is_not_connected_waits_for_it(tmp_path: Path, sandbox: Sandbox) -> None:
    elsewhere = Chat(platform="elsewhere", id="1", kind="direct")
    async with books_of(tmp_path, sandbox) as store:
        await accepted(store, chat=elsewhere)
        ended = await attempts(store, await accepted(store, chat=elsewhere, number=1), 1)
        await store.settle_job(ended, State.CANCELLED, charged=0)
    async with world(tmp_path, sandbox) as easel:
        await easel.say("a cat", sender=JADE)
        await wait_until(lambda: one_left(easel))
        [job] = await easel.app.store.unfinished_jobs()
        assert job.state is State.WAITING
        assert easel.platform.posts[0].images
        assert [each.id for each in await easel.app.store.pending_notifications()] == [ended.id]


async def test_a_message_during_the_resumption_of_jobs_is_painted_once(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Platform()
    easel = MemoryWorld(folder=tmp_path, sandbox=sandbox, platform=platform)
    async with open_app(settings(tmp_path, sandbox), {"memory": platform}, SystemClock()) as app:
        easel.running = app
        await asyncio.gather(easel.say("a cat"), app.start())
        await app.jobs.resume_jobs()
        await painted(easel)
        assert len(sandbox.requests) == 1


async def test_many_jobs_at_once_survive_a_restart(tmp_path: Path) -> None:
    platform = Platform()
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox, platform) as easel:
        for number in range(3):
            await easel.say(f"amber {number}")
            await easel.say(f"jade {number}", sender=JADE)
        await wait_until(lambda: sandbox.running == 4)
        await platform.until(lambda: len(platform.posts) == 6)
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, platform) as easel:
        posts = await easel.settled(6)
        assert sorted(len(post.images) for post in posts) == [0, 0, 0, 0, 1, 1]
        assert len(posts) == 6
        assert await books(easel) == await books(easel, JADE) == (49, 0)
        assert sorted(request.prompt for request in sandbox.requests) == ["amber 2", "jade 2"]
