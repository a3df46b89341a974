"""Status messages on a platform that rejects, loses or crashes a call: pauses, retries, giving up, shutdown."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.chat import MessageRef
from bot.errors import ChatBusy, ChatFailed, ChatGone, ChatUnreachable, MessageGone, StillSearching, StoreFailed
from bot.painting import Image, Progress
from bot.status.calls import MAX_TRIES
from bot.status.message import FinalState
from bot.status.messages import StatusMessages
from tests.support.clocks import FakeClock, settle
from tests.support.platform import DIRECT, GROUP
from tests.unit.status.gated_platform import DONE, PICTURE, GatedPlatform, new_message, show_final


async def test_a_busy_chat_pauses_and_no_other_does(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    platform.failures = [ChatBusy(retry_after=30)]
    status_messages.open_message(new_message(clock, "a", GROUP))
    await settle()
    status_messages.open_message(new_message(clock, "b", DIRECT))
    status_messages.open_message(new_message(clock, "c", GROUP))
    await clock.advance(29)
    assert [post.chat for post in platform.posts] == [DIRECT]
    await clock.advance(1)
    assert [post.chat for post in platform.posts] == [DIRECT, GROUP, GROUP]


async def test_a_call_that_was_not_answered_is_made_again_ever_later(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    platform.failures = [ChatUnreachable() for _ in range(3)]
    status_messages.open_message(new_message(clock))
    for pause, calls in ((0, 1), (1, 2), (2, 3), (4, 4)):
        await clock.advance(pause)
        assert platform.calls == ["post"] * calls
    assert len(platform.posts) == 1


async def test_each_step_of_a_search_for_a_message_of_before_takes_a_slot(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    platform.slots = 3
    platform.failures = [StillSearching() for _ in range(MAX_TRIES + 5)]
    status_messages.open_message(new_message(clock))
    await settle()
    assert 1 <= len(platform.calls) <= 3
    end = show_final(status_messages)
    await clock.advance(60)
    assert len(platform.calls) <= 6
    await clock.advance(1000)
    await end  # however many steps there are
    assert len(platform.posts) == 1


async def test_an_end_that_is_never_answered_is_given_up_in_the_end(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    platform.failures = [ChatUnreachable() for _ in range(100)]
    end = show_final(status_messages)
    await clock.advance(1000)
    with pytest.raises(ChatUnreachable):
        await end
    assert platform.calls == ["post"] + ["deliver"] * MAX_TRIES
    assert not status_messages.is_open("job")


async def test_progress_that_is_never_answered_leaves_the_end_its_own_tries(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    platform.failures = [ChatUnreachable() for _ in range(MAX_TRIES)]
    status_messages.open_message(new_message(clock))
    await clock.advance(1000)
    assert not platform.posts
    status_messages.apply_event("job", Progress(50))
    await clock.advance(60)
    assert not platform.posts
    assert await show_final(status_messages) is not None
    assert platform.posts[0].images == [PICTURE]


@pytest.mark.parametrize("failure", [MessageGone(), ChatGone()])
async def test_a_message_that_is_gone_while_the_job_runs_is_reported_to_the_job(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock, failure: ChatFailed
) -> None:
    reported: list[str] = []
    opened = new_message(clock)
    opened.on_gone = lambda: reported.append("gone")
    status_messages.open_message(opened)
    await settle()
    platform.failures = [failure]
    status_messages.apply_event("job", Progress(50))
    await clock.advance(1)
    assert reported == ["gone"]


async def test_a_message_that_nobody_holds_is_gone_silently(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    platform.delete(platform.posts[0])
    status_messages.apply_event("job", Progress(50))
    await clock.advance(1)
    assert await show_final(status_messages, final=FinalState(card=DONE)) is None
    assert len(platform.posts) == 1


async def test_pictures_whose_message_was_deleted_are_posted_anew_once(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    platform.delete(platform.posts[0])
    delivered = await show_final(status_messages)
    assert delivered is not None
    deleted, anew = platform.posts
    assert (anew.images, anew.reply_to, deleted.images) == ([PICTURE], "u1", [])
    assert delivered.ref.message_id == anew.id


async def test_pictures_that_are_gone_again_are_given_up(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    platform.failures = [MessageGone(), MessageGone()]
    with pytest.raises(MessageGone):
        await show_final(status_messages)


async def test_an_end_in_a_chat_that_threw_the_bot_out_is_given_up(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    platform.failures = [ChatGone()]
    with pytest.raises(ChatGone):
        await show_final(status_messages)


async def test_a_bug_of_one_adapter_does_not_stop_the_status_messages(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    platform.crash = RuntimeError("a bug")
    with pytest.raises(ChatFailed):
        await show_final(status_messages, final=FinalState(card=DONE))
    assert await status_messages.send_reply("answer:1", GROUP, DONE, reply_to=None)
    assert platform.posts[1].text == "done"


async def test_pictures_that_cannot_be_read_fail_the_job_and_not_the_status_messages(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    loads: list[int] = []

    async def broken() -> Sequence[Image]:
        loads.append(1)
        raise StoreFailed

    status_messages.open_message(new_message(clock))
    with pytest.raises(StoreFailed):
        await show_final(status_messages, final=FinalState(card=DONE, load_images=broken))
    await settle()
    assert len(loads) == 1


async def test_a_post_that_could_not_be_written_down_goes_on_showing_progress(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    async def failing(ref: MessageRef) -> None:
        raise StoreFailed

    opened = new_message(clock)
    opened.on_posted = failing
    status_messages.open_message(opened)
    await settle()
    status_messages.apply_event("job", Progress(50))
    await clock.advance(1)
    assert "50%" in platform.posts[0].text


async def test_stopping_lets_calls_under_way_end(platform: GatedPlatform, clock: FakeClock) -> None:
    status_messages = StatusMessages({"memory": platform}, clock)
    await status_messages.start()
    status_messages.open_message(new_message(clock))
    await settle()
    platform.edits_allowed.clear()
    end = show_final(status_messages, final=FinalState(card=DONE))
    await settle()
    stopping = asyncio.create_task(status_messages.stop())
    await settle()
    assert not stopping.done()
    platform.edits_allowed.set()
    await asyncio.gather(stopping, end)
    assert platform.posts[0].text == "done"
