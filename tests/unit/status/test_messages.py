"""The one status message: posted, edited, ended; and what happens when the platform does not take a call."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

import pytest

from bot import texts
from bot.chat import Action, Attachment, Budget, Button, Card, Chat, Delivered, Lane, MessageRef
from bot.errors import ChatBusy, ChatFailed, ChatGone, ChatUnreachable, MessageGone, StoreFailed
from bot.painting import Image, Progress, Stage, StageChanged
from bot.status.messages import HEARTBEAT_S, MAX_TRIES, FinalState, StatusMessage, StatusMessages
from bot.status.state import STALE_AFTER_S, QueuePosition, Status
from tests.support.clocks import FakeClock, settle
from tests.support.platform import DIRECT, GROUP, Platform

PICTURE = Image(data=b"picture", media_type="image/png", width=1, height=1)
PREVIEW = Image(data=b"preview", media_type="image/jpeg", width=1, height=1)
CANCEL = Button(action=Action.CANCEL, job_id="job", label="Cancel")
DONE = Card(text="done")


class GatedPlatform(Platform):
    """A platform whose edits wait until `edits_allowed` is set, and raise `crash` if there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.edits_allowed = asyncio.Event()
        self.edits_allowed.set()
        self.crash: Exception | None = None

    async def edit(self, ref: MessageRef, card: Card) -> None:
        await self.edits_allowed.wait()
        if self.crash is not None:
            raise self.crash
        await super().edit(ref, card)

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        return Lane(budgets=(Budget(key=chat.key, slots=self.slots, period_s=60.0),), edit_gap_s=1.0)

    def budget_resets(self, lane: Lane) -> Mapping[str, float]:
        return {}


@pytest.fixture(autouse=True, scope="module")
def preload_texts() -> None:
    """Read outside of the event loop, as the app does."""
    texts.preload_locales()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def platform() -> GatedPlatform:
    return GatedPlatform()


@pytest.fixture
async def status_messages(platform: GatedPlatform, clock: FakeClock) -> AsyncGenerator[StatusMessages]:
    made = StatusMessages({"memory": platform}, clock)
    await made.start()
    yield made
    platform.edits_allowed.set()
    await made.stop()


def new_message(
    clock: FakeClock, key: str = "job", chat: Chat = DIRECT, ref: MessageRef | None = None
) -> StatusMessage:
    return StatusMessage(
        key=key,
        chat=chat,
        reply_to="u1",
        locale="en",
        status=Status(accepted_at=clock.monotonic()),
        buttons=(CANCEL,),
        ref=ref,
    )


async def load_one_image() -> Sequence[Image]:
    return (PICTURE,)


def show_final(
    status_messages: StatusMessages, key: str = "job", *, final: FinalState | None = None
) -> asyncio.Task[Delivered | None]:
    return asyncio.create_task(
        status_messages.show_final(key, final or FinalState(card=DONE, load_images=load_one_image))
    )


# ---------------------------------------------------------------- a life


async def test_a_message_is_posted_edited_and_becomes_the_picture(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    posted: list[str] = []

    async def note(ref: MessageRef) -> None:
        posted.append(ref.message_id)

    opened = new_message(clock)
    opened.on_posted = note
    status_messages.open_message(opened)
    await settle()
    [post] = platform.posts
    assert posted == [post.id]
    assert (post.text, post.reply_to, post.actions) == ("⏳ Waiting in line", "u1", ["cancel"])
    status_messages.apply_event("job", Progress(50))
    await clock.advance(1)
    assert "50%" in post.text
    assert status_messages.is_open("job")
    delivered = await show_final(status_messages)
    assert delivered is not None
    assert delivered.ref.message_id == post.id
    assert delivered.attachments == (Attachment(ref=f"{post.id}/0", media_type="image/png", size=7),)
    assert (post.text, post.actions, post.images) == ("done", [], [PICTURE])
    assert platform.calls == ["post", "edit", "deliver"]
    assert not status_messages.is_open("job")


async def test_only_the_latest_of_several_news_is_shown(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    for percent in (10, 20, 30):
        status_messages.apply_event("job", Progress(percent))
    await clock.advance(1)
    [post] = platform.posts
    assert len(post.cards) == 2
    assert "30%" in post.text


async def test_what_nobody_would_notice_is_no_edit(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    status_messages.apply_event("job", StageChanged(Stage.WAITING))
    await clock.advance(HEARTBEAT_S)
    assert platform.calls == ["post"]


async def test_the_elapsed_time_moves_by_itself(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    await clock.advance(STALE_AFTER_S + HEARTBEAT_S)
    assert platform.calls == ["post", "edit"]
    assert "15 s" in platform.posts[0].text


async def test_a_message_of_an_earlier_process_is_brought_up_to_date(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    ref = await platform.post(DIRECT, Card(text="old"), reply_to=None, key="job")
    status_messages.open_message(new_message(clock, ref=ref))
    await settle()
    assert platform.posts[0].text == "⏳ Waiting in line"
    assert len(platform.posts) == 1


async def test_an_unfinished_picture_is_shown_inside(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    status_messages.show_preview("job", PREVIEW)
    await clock.advance(1)
    assert platform.posts[0].cards[-1].preview == PREVIEW
    await show_final(status_messages)
    status_messages.show_preview("job", PREVIEW)
    await clock.advance(1)
    assert platform.posts[0].text == "done"


async def test_news_of_a_message_that_is_not_there_or_at_its_end_are_nothing(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.apply_event("unknown", QueuePosition(1))
    status_messages.refresh("unknown")
    assert status_messages.locale_of("unknown") is None
    platform.failures = [ChatBusy(retry_after=10)]
    status_messages.open_message(new_message(clock))
    assert status_messages.locale_of("job") == "en"
    await settle()
    end = show_final(status_messages, final=FinalState(card=DONE))
    await settle()
    status_messages.apply_event("job", Progress(50))
    status_messages.refresh("job")
    await clock.advance(10)
    await end
    assert [card.text for card in platform.posts[0].cards] == ["done"]


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize("final", [FinalState(card=DONE), FinalState(card=DONE, load_images=load_one_image)])
async def test_a_job_that_ends_before_its_message_was_posted_posts_its_end_alone(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock, final: FinalState
) -> None:
    posted: list[str] = []

    async def note(ref: MessageRef) -> None:
        posted.append(ref.message_id)

    opened = new_message(clock)
    opened.on_posted = note
    status_messages.open_message(opened)
    delivered = await show_final(status_messages, final=final)
    [post] = platform.posts
    assert post.text == "done"
    assert (delivered is not None) == bool(post.images)
    assert posted == ([] if post.images else [post.id])


async def test_an_end_that_comes_during_an_edit_is_shown_once(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    platform.edits_allowed.clear()
    status_messages.apply_event("job", Progress(50))
    await clock.advance(1)
    end = show_final(status_messages, final=FinalState(card=DONE))
    await settle()
    platform.edits_allowed.set()
    await end
    await clock.advance(60)
    assert [card.text for card in platform.posts[0].cards][-2:] == ["🎨 Painting\n▰▰▰▰▰▰▱▱▱▱▱▱ 50%\n1 s", "done"]
    assert len(platform.posts[0].cards) == 3


async def test_an_end_goes_with_the_call_that_was_meant_for_progress(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    end = show_final(status_messages, final=FinalState(card=DONE))  # the first post's turn has not come yet
    await end
    await clock.advance(60)
    assert [card.text for card in platform.posts[0].cards] == ["done"]


async def test_whoever_stops_waiting_for_an_end_does_not_stop_it(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock
) -> None:
    status_messages.open_message(new_message(clock))
    await settle()
    platform.edits_allowed.clear()
    end = show_final(status_messages, final=FinalState(card=DONE))
    await settle()
    end.cancel()
    await settle()
    platform.edits_allowed.set()
    await settle()
    assert platform.posts[0].text == "done"


async def loop_turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", range(1, 12))
async def test_a_message_may_be_closed_at_any_moment(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock, turns: int
) -> None:
    ends: list[asyncio.Task[Delivered | None]] = []
    opened = new_message(clock)
    status_messages.open_message(opened)
    await settle()

    async def leave() -> None:
        await loop_turns(turns + 2)
        ends[0].cancel()

    leaving = asyncio.create_task(leave())  # comes before all else in each turn of the loop
    await loop_turns(2)
    ends.append(show_final(status_messages, final=FinalState(card=DONE)))
    await leaving
    await settle()
    assert not status_messages.is_open("job")
    status_messages.open_message(new_message(clock, ref=opened.ref))
    await show_final(status_messages, final=FinalState(card=DONE))
    assert platform.posts[0].text == "done"
    assert len(platform.posts) == 1


# ---------------------------------------------------------------- what the bot says


async def test_an_answer_is_a_message_of_its_own(status_messages: StatusMessages, platform: GatedPlatform) -> None:
    assert await status_messages.send_reply("answer:1", GROUP, DONE, reply_to="u7")
    [post] = platform.posts
    assert (post.text, post.reply_to, post.chat) == ("done", "u7", GROUP)
    assert not status_messages.is_open("answer:1")


async def test_an_answer_that_is_not_taken_is_forgotten(
    status_messages: StatusMessages, platform: GatedPlatform
) -> None:
    platform.failures = [ChatGone()]
    assert await status_messages.send_reply("answer:1", GROUP, DONE, reply_to=None)
    assert not platform.posts
    assert not status_messages.is_open("answer:1")


async def test_an_answer_asked_for_twice_is_given_once(
    status_messages: StatusMessages, platform: GatedPlatform
) -> None:
    both = await asyncio.gather(*(status_messages.send_reply("answer:1", GROUP, DONE, reply_to=None) for _ in range(2)))
    assert both == [True, True]
    assert len(platform.posts) == 1


async def test_an_answer_whose_turn_did_not_come_before_the_stop_is_known_not_to_be_given(
    platform: GatedPlatform, clock: FakeClock
) -> None:
    platform.slots = 1
    status_messages = StatusMessages({"memory": platform}, clock)
    await status_messages.start()
    first, second = (
        asyncio.create_task(status_messages.send_reply(f"answer:{n}", GROUP, DONE, reply_to=None)) for n in (1, 2)
    )
    await settle()
    await status_messages.stop()
    assert (await first, await second) == (True, False)
    assert not await status_messages.send_reply("answer:3", GROUP, DONE, reply_to=None)
    assert len(platform.posts) == 1


# ---------------------------------------------------------------- a platform that does not take a call


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
