"""The workflow of one job against scripted upstreams: what is saved of each event, and who may end a job."""

from collections.abc import Mapping

import pytest

from bot.errors import ChatFailed, ChatGone, Moderated
from bot.job import Job, State
from bot.painting import Accepted, Blob, FinishedImage, Link, Preview, Usage
from bot.texts import translate, translate_error
from tests.flow.jobs.runner_bench import RunnerBench, Step
from tests.flow.scenes import running_jobs
from tests.support.images import png
from tests.support.waiting import wait_until

GOOD, BAD = FinishedImage(Blob(data=png())), FinishedImage(Blob(data=b"no picture"))


async def test_the_upstreams_facts_are_stored(bench: RunnerBench) -> None:
    job = await bench.run(Accepted("t1"), Accepted("t2"), Accepted(), Usage({"tokens": 3}), Usage({"seconds": 1}), GOOD)
    assert (job.state, job.charged) == (State.DONE, 1)
    assert (job.provider, job.upstream_id, job.usage) == ("scripted", "t1", {"tokens": 3, "seconds": 1})
    assert job.checkpoints["attempt-started:1"] == {"provider": "scripted", "price": 1, "model": "pencil-1"}
    assert (job.model, job.price, job.spent) == ("pencil-1", 1, None)


async def test_the_upstreams_charges_are_summed(bench: RunnerBench) -> None:
    job = await bench.run(Usage({}, credits=1.5), Usage({}), Usage({}, credits=0.25), GOOD)
    assert (job.spent, job.charged) == (1.75, 1)


async def test_the_counts_of_several_requests_are_summed(bench: RunnerBench) -> None:
    first = Usage({"total_tokens": 3, "details": {"text": 1, "image": 2.5}, "user_group": "default", "batch": True})
    second = Usage({"total_tokens": 4, "details": {"text": 1}, "user_group": "vip", "batch": True})
    job = await bench.run(first, second, GOOD)
    assert job.usage == {
        "total_tokens": 7,
        "details": {"text": 2, "image": 2.5},
        "user_group": "vip",
        "batch": True,
    }


async def test_a_failed_job_names_its_provider(bench: RunnerBench) -> None:
    job = await bench.run(Accepted("t1"), Moderated())
    assert (job.provider, job.model, job.price, job.upstream_id) == ("scripted", "pencil-1", 1, "t1")
    assert (job.charged, job.trace) == (0, "t1")


# ---------------------------------------------------------------- a second attempt


STARTED = {"provider": "scripted", "price": 1, "model": "pencil-1"}
ACCEPTED: Mapping[str, object] = {"attempt-started:1": STARTED, "accepted": {"upstream_id": "t1", "attempt": 1}}


async def run_again(
    bench: RunnerBench, *script: Step, checkpoints: Mapping[str, object], resumable: bool = True
) -> Job:
    """A job of which an earlier process has saved `checkpoints`, run once more."""
    bench.upstream.resumable = resumable
    bench.upstream.script = list(script)
    job = await bench.accept()
    before = await bench.store.begin_attempt(job.id)
    for name, value in checkpoints.items():
        await bench.store.save_checkpoint(before, name, value)
    await bench.jobs.run(job.id, lambda: None)
    found = await bench.store.get_job(job.id)
    assert found is not None
    return found


async def test_an_accepted_task_is_polled_and_not_submitted_again(bench: RunnerBench) -> None:
    job = await run_again(bench, Accepted("t1"), Usage({"n": 1}), GOOD, checkpoints=ACCEPTED)
    assert bench.upstream.resumed == [("a cat", "t1")]
    assert (job.state, job.charged, job.provider, job.model) == (State.DONE, 1, "scripted", "pencil-1")
    assert "attempt-started:2" not in job.checkpoints


async def test_a_task_that_failed_while_the_process_was_down_releases_the_credits(bench: RunnerBench) -> None:
    job = await run_again(bench, Moderated(), checkpoints=ACCEPTED)
    assert (job.state, job.charged, job.trace) == (State.FAILED, 0, "t1")
    assert bench.platform.posts[0].text == translate_error("en", Moderated())


async def test_a_resumed_task_that_fails_gives_the_pictures_stored_before(
    bench: RunnerBench,
) -> None:
    bench.host.open.set()
    job = await run_again(bench, Moderated(), checkpoints={**ACCEPTED, "image:0": {"link": bench.slow_link}})
    assert (job.state, job.charged) == (State.DONE, 1)


async def test_inline_bytes_that_are_no_picture_are_replaced_by_their_address(bench: RunnerBench) -> None:
    bench.host.open.set()
    inline = FinishedImage(Blob(data=b"no picture", fallback=Link(url=bench.slow_link)))
    job = await bench.run(Accepted("t1"), inline)
    assert (job.state, job.charged) == (State.DONE, 1)


async def test_the_address_of_inline_bytes_is_stored_for_a_later_attempt(
    bench: RunnerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: dict[str, object] = {}
    save = bench.store.save_checkpoint

    async def note(job: Job, name: str, value: Mapping[str, object], facts: Mapping[str, object] | None = None) -> None:
        saved[name] = value
        await save(job, name, value, facts)

    monkeypatch.setattr(bench.store, "save_checkpoint", note)
    link = Link(url=bench.slow_link, mirrors=(f"{bench.slow_link}?1",))
    await bench.run(Accepted("t1"), FinishedImage(Blob(data=png(), fallback=link)))
    assert saved["image:0"] == {"link": bench.slow_link, "mirrors": [f"{bench.slow_link}?1"]}


@pytest.mark.parametrize(
    ("resumable", "checkpoints"),
    [
        (True, {"attempt-started:1": STARTED}),  # no id to ask by
        (True, {"attempt-started:1": STARTED, "accepted": {"upstream_id": None, "attempt": 1}}),
        (False, ACCEPTED),  # nobody to ask
        (
            True,  # the id is of the attempt before
            {**ACCEPTED, "attempt-rejected:1": {"reason": "UpstreamDown"}, "attempt-started:2": STARTED},
        ),
    ],
)
async def test_a_request_that_cannot_be_polled_is_released(
    bench: RunnerBench, resumable: bool, checkpoints: dict[str, object]
) -> None:
    job = await run_again(bench, GOOD, checkpoints=checkpoints, resumable=resumable)
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert bench.platform.posts[0].text == translate("en", "failed-restarted")
    assert bench.upstream.resumed == []


async def test_a_rejected_attempt_is_repeated(bench: RunnerBench) -> None:
    checkpoints = {**ACCEPTED, "attempt-rejected:1": {"reason": "UpstreamDown"}}
    job = await run_again(bench, Accepted("t2"), GOOD, checkpoints=checkpoints)
    assert (job.state, job.upstream_id, bench.upstream.resumed) == (State.DONE, "t2", [])
    assert "attempt-started:2" in job.checkpoints


async def test_a_failure_after_a_picture_does_not_drop_the_picture(bench: RunnerBench) -> None:
    job = await bench.run(GOOD, Moderated())
    assert (job.state, job.charged) == (State.DONE, 1)
    assert len(bench.platform.posts[0].images) == 1


async def test_results_that_are_no_images_are_dropped(bench: RunnerBench) -> None:
    job = await bench.run(BAD, GOOD)
    assert (job.state, job.charged, len(bench.platform.posts[0].images)) == (State.DONE, 1, 1)


async def test_results_without_an_image_are_a_failure(bench: RunnerBench) -> None:
    job = await bench.run(BAD, BAD)
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert bench.platform.posts[0].text == translate("en", "failed-bad-result")


async def test_a_preview_that_fails_does_not_fail_the_job(bench: RunnerBench) -> None:
    link = Link(url="http://127.0.0.1:9/nothing.png")  # a private address is never opened
    job = await bench.run(Preview(link), Preview(Blob(data=b"no picture")), until_quiet, GOOD)
    assert job.state is State.DONE


async def test_an_older_preview_never_follows_a_newer_one(bench: RunnerBench) -> None:
    older, newer = Preview(Link(url=bench.slow_link)), Preview(Blob(data=png("blue")))
    job = await bench.run(older, bench.host.fetched.wait, newer, until_quiet, GOOD)
    assert job.state is State.DONE
    [shown] = {card.preview.data for card in bench.platform.posts[0].cards if card.preview}
    assert shown


async def test_pending_previews_are_dropped_at_the_end(bench: RunnerBench) -> None:
    await bench.run(Preview(Link(url=bench.slow_link)), bench.host.fetched.wait, Moderated())
    await until_quiet()
    assert bench.platform.posts[0].text == translate_error("en", Moderated())
    assert not [card for card in bench.platform.posts[0].cards if card.preview]


async def until_quiet() -> None:
    await wait_until(lambda: not [name for name in running_jobs() if name.startswith("preview")])


async def test_a_bug_in_a_provider_is_reported_and_not_charged(bench: RunnerBench) -> None:
    async def broken() -> None:
        raise RuntimeError("a bug in a provider")

    job = await bench.run(broken)
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert bench.platform.posts[0].text == translate("en", "error-internal")


async def test_a_bug_while_a_bug_is_stored_stops_nothing_else(bench: RunnerBench) -> None:
    async def broken() -> None:
        raise RuntimeError("a bug in a provider")

    bench.platform.breaks = True
    job = await bench.run(broken)
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert [each.id for each in await bench.store.pending_notifications()] == [job.id]


async def test_an_undelivered_notification_is_sent_at_the_next_start(bench: RunnerBench) -> None:
    async def deaf() -> None:
        await bench.platform.until(lambda: bool(bench.platform.posts))
        bench.platform.failures = [ChatFailed(detail="a bug in an adapter")]

    job = await bench.run(deaf, Moderated())
    assert (job.state, job.charged) == (State.FAILED, 0)
    assert [each.id for each in await bench.store.pending_notifications()] == [job.id]
    bench.jobs.notify_in_background(job)
    await bench.platform.until(lambda: bench.platform.posts[0].text == translate_error("en", Moderated()))


async def test_a_job_with_a_newer_attempt_is_abandoned_silently(bench: RunnerBench) -> None:
    async def taken() -> None:
        await bench.store.begin_attempt("job000000000")

    job = await bench.run(taken, Accepted("t1"), GOOD)
    assert (job.state, job.attempt) == (State.RUNNING, 2)
    assert "accepted" not in job.checkpoints
    assert not any(post.images for post in bench.platform.posts)


async def test_a_job_settled_elsewhere_is_not_settled_again(bench: RunnerBench) -> None:
    async def end() -> None:
        job = await bench.store.get_job("job000000000")
        assert job is not None
        await bench.store.settle_job(job, State.CANCELLED, charged=0)

    job = await bench.run(end, Moderated())
    assert job.state is State.CANCELLED
    assert all(post.text != translate_error("en", Moderated()) for post in bench.platform.posts)


async def test_an_unknown_job_neither_runs_nor_ends(bench: RunnerBench) -> None:
    await bench.jobs.run("unknown", lambda: None)
    assert not await bench.jobs.settle_cancelled("unknown")


async def test_a_job_is_settled_once(bench: RunnerBench) -> None:
    await bench.accept()
    assert await bench.jobs.settle_cancelled("job000000000")
    assert not await bench.jobs.settle_cancelled("job000000000")


async def test_a_notification_for_a_closed_chat_is_dropped(bench: RunnerBench) -> None:
    bench.platform.failures = [ChatGone() for _ in range(9)]
    await bench.run(Moderated())
    assert not await bench.store.pending_notifications()
    assert not bench.platform.posts
