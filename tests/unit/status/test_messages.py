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


class Gated(Platform):
    """Edits wait while `gate` is closed; `crash` is raised by the next call; `tight`: one call in 60 s."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.crash: Exception | None = None

    async def edit(self, ref: MessageRef, card: Card) -> None:
        await self.gate.wait()
        if self.crash is not None:
            raise self.crash
        await super().edit(ref, card)

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        return Lane(budgets=(Budget(key=chat.key, slots=self.slots, period_s=60.0),), edit_gap_s=1.0)

    def budget_resets(self, lane: Lane) -> Mapping[str, float]:
        return {}


@pytest.fixture(autouse=True, scope="module")
def words() -> None:
    """Read outside of the event loop, as the app does."""
    texts.preload_locales()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def platform() -> Gated:
    return Gated()


@pytest.fixture
async def board(platform: Gated, clock: FakeClock) -> AsyncGenerator[StatusMessages]:
    made = StatusMessages({"memory": platform}, clock)
    await made.start()
    yield made
    platform.gate.set()
    await made.stop()


def sheet(clock: FakeClock, key: str = "job", chat: Chat = DIRECT, ref: MessageRef | None = None) -> StatusMessage:
    return StatusMessage(
        key=key,
        chat=chat,
        reply_to="u1",
        locale="en",
        status=Status(accepted_at=clock.monotonic()),
        buttons=(CANCEL,),
        ref=ref,
    )


async def pictures() -> Sequence[Image]:
    return (PICTURE,)


def ending(
    board: StatusMessages, key: str = "job", *, final: FinalState | None = None
) -> asyncio.Task[Delivered | None]:
    return asyncio.create_task(board.show_final(key, final or FinalState(card=DONE, load_images=pictures)))


# ---------------------------------------------------------------- a life


async def test_a_message_is_posted_edited_and_becomes_the_picture(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    posted: list[str] = []

    async def note(ref: MessageRef) -> None:
        posted.append(ref.message_id)

    opened = sheet(clock)
    opened.on_posted = note
    board.open_message(opened)
    await settle()
    [post] = platform.posts
    assert posted == [post.id]
    assert (post.text, post.reply_to, post.actions) == ("⏳ Waiting in line", "u1", ["cancel"])
    board.apply_event("job", Progress(50))
    await clock.advance(1)
    assert "50%" in post.text
    assert board.is_open("job")
    delivered = await ending(board)
    assert delivered is not None
    assert delivered.ref.message_id == post.id
    assert delivered.attachments == (Attachment(ref=f"{post.id}/0", media_type="image/png", size=7),)
    assert (post.text, post.actions, post.images) == ("done", [], [PICTURE])
    assert platform.calls == ["post", "edit", "deliver"]
    assert not board.is_open("job")


async def test_only_the_latest_of_several_news_is_shown(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    await settle()
    for percent in (10, 20, 30):
        board.apply_event("job", Progress(percent))
    await clock.advance(1)
    [post] = platform.posts
    assert len(post.cards) == 2
    assert "30%" in post.text


async def test_what_nobody_would_notice_is_no_edit(board: StatusMessages, platform: Gated, clock: FakeClock) -> None:
    board.open_message(sheet(clock))
    await settle()
    board.apply_event("job", StageChanged(Stage.WAITING))
    await clock.advance(HEARTBEAT_S)
    assert platform.calls == ["post"]


async def test_the_elapsed_time_moves_by_itself(board: StatusMessages, platform: Gated, clock: FakeClock) -> None:
    board.open_message(sheet(clock))
    await settle()
    await clock.advance(STALE_AFTER_S + HEARTBEAT_S)
    assert platform.calls == ["post", "edit"]
    assert "15 s" in platform.posts[0].text


async def test_a_message_of_an_earlier_process_is_brought_up_to_date(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    ref = await platform.post(DIRECT, Card(text="old"), reply_to=None, key="job")
    board.open_message(sheet(clock, ref=ref))
    await settle()
    assert platform.posts[0].text == "⏳ Waiting in line"
    assert len(platform.posts) == 1


async def test_an_unfinished_picture_is_shown_inside(board: StatusMessages, platform: Gated, clock: FakeClock) -> None:
    board.open_message(sheet(clock))
    await settle()
    board.show_preview("job", PREVIEW)
    await clock.advance(1)
    assert platform.posts[0].cards[-1].preview == PREVIEW
    await ending(board)
    board.show_preview("job", PREVIEW)
    await clock.advance(1)
    assert platform.posts[0].text == "done"


async def test_news_of_a_message_that_is_not_there_or_at_its_end_are_nothing(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.apply_event("unknown", QueuePosition(1))
    board.refresh("unknown")
    assert board.locale_of("unknown") is None
    platform.failures = [ChatBusy(retry_after=10)]
    board.open_message(sheet(clock))
    assert board.locale_of("job") == "en"
    await settle()
    end = ending(board, final=FinalState(card=DONE))
    await settle()
    board.apply_event("job", Progress(50))
    board.refresh("job")
    await clock.advance(10)
    await end
    assert [card.text for card in platform.posts[0].cards] == ["done"]


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize("final", [FinalState(card=DONE), FinalState(card=DONE, load_images=pictures)])
async def test_a_job_that_ends_before_its_message_was_posted_posts_its_end_alone(
    board: StatusMessages, platform: Gated, clock: FakeClock, final: FinalState
) -> None:
    posted: list[str] = []

    async def note(ref: MessageRef) -> None:
        posted.append(ref.message_id)

    opened = sheet(clock)
    opened.on_posted = note
    board.open_message(opened)
    delivered = await ending(board, final=final)
    [post] = platform.posts
    assert post.text == "done"
    assert (delivered is not None) == bool(post.images)
    assert posted == ([] if post.images else [post.id])


async def test_an_end_that_comes_during_an_edit_is_shown_once(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    await settle()
    platform.gate.clear()
    board.apply_event("job", Progress(50))
    await clock.advance(1)
    end = ending(board, final=FinalState(card=DONE))
    await settle()
    platform.gate.set()
    await end
    await clock.advance(60)
    assert [card.text for card in platform.posts[0].cards][-2:] == ["🎨 Painting\n▰▰▰▰▰▰▱▱▱▱▱▱ 50%\n1 s", "done"]
    assert len(platform.posts[0].cards) == 3


async def test_an_end_goes_with_the_call_that_was_meant_for_progress(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    end = ending(board, final=FinalState(card=DONE))  # the first post's turn has not come yet
    await end
    await clock.advance(60)
    assert [card.text for card in platform.posts[0].cards] == ["done"]


async def test_whoever_stops_waiting_for_an_end_does_not_stop_it(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    await settle()
    platform.gate.clear()
    end = ending(board, final=FinalState(card=DONE))
    await settle()
    end.cancel()
    await settle()
    platform.gate.set()
    await settle()
    assert platform.posts[0].text == "done"


async def loop_turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", range(1, 12))
async def test_a_message_may_leave_the_board_at_any_moment(
    board: StatusMessages, platform: Gated, clock: FakeClock, turns: int
) -> None:
    ends: list[asyncio.Task[Delivered | None]] = []
    opened = sheet(clock)
    board.open_message(opened)
    await settle()

    async def leave() -> None:
        await loop_turns(turns + 2)
        ends[0].cancel()

    leaving = asyncio.create_task(leave())  # comes before all else in each turn of the loop
    await loop_turns(2)
    ends.append(ending(board, final=FinalState(card=DONE)))
    await leaving
    await settle()
    assert not board.is_open("job")
    board.open_message(sheet(clock, ref=opened.ref))
    await ending(board, final=FinalState(card=DONE))
    assert platform.posts[0].text == "done"
    assert len(platform.posts) == 1


# ---------------------------------------------------------------- what the bot says


async def test_an_answer_is_a_message_of_its_own(board: StatusMessages, platform: Gated) -> None:
    assert await board.send_reply("answer:1", GROUP, DONE, reply_to="u7")
    [post] = platform.posts
    assert (post.text, post.reply_to, post.chat) == ("done", "u7", GROUP)
    assert not board.is_open("answer:1")


async def test_an_answer_that_is_not_taken_is_forgotten(board: StatusMessages, platform: Gated) -> None:
    platform.failures = [ChatGone()]
    assert await board.send_reply("answer:1", GROUP, DONE, reply_to=None)
    assert not platform.posts
    assert not board.is_open("answer:1")


async def test_an_answer_asked_for_twice_is_given_once(board: StatusMessages, platform: Gated) -> None:
    both = await asyncio.gather(*(board.send_reply("answer:1", GROUP, DONE, reply_to=None) for _ in range(2)))
    assert both == [True, True]
    assert len(platform.posts) == 1


async def test_an_answer_whose_turn_did_not_come_before_the_stop_is_known_not_to_be_given(
    platform: Gated, clock: FakeClock
) -> None:
    platform.slots = 1
    board = StatusMessages({"memory": platform}, clock)
    await board.start()
    first, second = (asyncio.create_task(board.send_reply(f"answer:{n}", GROUP, DONE, reply_to=None)) for n in (1, 2))
    await settle()
    await board.stop()
    assert (await first, await second) == (True, False)
    assert not await board.send_reply("answer:3", GROUP, DONE, reply_to=None)
    assert len(platform.posts) == 1


# ---------------------------------------------------------------- a platform that does not take a call


async def test_a_busy_chat_pauses_and_no_other_does(board: StatusMessages, platform: Gated, clock: FakeClock) -> None:
    platform.failures = [ChatBusy(retry_after=30)]
    board.open_message(sheet(clock, "a", GROUP))
    await settle()
    board.open_message(sheet(clock, "b", DIRECT))
    board.open_message(sheet(clock, "c", GROUP))
    await clock.advance(29)
    assert [post.chat for post in platform.posts] == [DIRECT]
    await clock.advance(1)
    assert [post.chat for post in platform.posts] == [DIRECT, GROUP, GROUP]


async def test_a_call_that_was_not_answered_is_made_again_ever_later(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    platform.failures = [ChatUnreachable() for _ in range(3)]
    board.open_message(sheet(clock))
    for pause, calls in ((0, 1), (1, 2), (2, 3), (4, 4)):
        await clock.advance(pause)
        assert platform.calls == ["post"] * calls
    assert len(platform.posts) == 1


async def test_an_end_that_is_never_answered_is_given_up_in_the_end(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    await settle()
    platform.failures = [ChatUnreachable() for _ in range(100)]
    end = ending(board)
    await clock.advance(1000)
    with pytest.raises(ChatUnreachable):
        await end
    assert platform.calls == ["post"] + ["deliver"] * MAX_TRIES
    assert not board.is_open("job")


async def test_progress_that_is_never_answered_leaves_the_end_its_own_tries(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    platform.failures = [ChatUnreachable() for _ in range(MAX_TRIES)]
    board.open_message(sheet(clock))
    await clock.advance(1000)
    assert not platform.posts
    board.apply_event("job", Progress(50))
    await clock.advance(60)
    assert not platform.posts
    assert await ending(board) is not None
    assert platform.posts[0].images == [PICTURE]


@pytest.mark.parametrize("failure", [MessageGone(), ChatGone()])
async def test_a_message_that_is_gone_while_the_job_runs_is_told_to_the_job(
    board: StatusMessages, platform: Gated, clock: FakeClock, failure: ChatFailed
) -> None:
    told: list[str] = []
    opened = sheet(clock)
    opened.on_gone = lambda: told.append("gone")
    board.open_message(opened)
    await settle()
    platform.failures = [failure]
    board.apply_event("job", Progress(50))
    await clock.advance(1)
    assert told == ["gone"]


async def test_a_message_that_nobody_holds_is_gone_silently(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    await settle()
    platform.delete(platform.posts[0])
    board.apply_event("job", Progress(50))
    await clock.advance(1)
    assert await ending(board, final=FinalState(card=DONE)) is None
    assert len(platform.posts) == 1


async def test_pictures_whose_message_was_deleted_are_posted_anew_once(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    await settle()
    platform.delete(platform.posts[0])
    delivered = await ending(board)
    assert delivered is not None
    deleted, anew = platform.posts
    assert (anew.images, anew.reply_to, deleted.images) == ([PICTURE], "u1", [])
    assert delivered.ref.message_id == anew.id


async def test_pictures_that_are_gone_again_are_given_up(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    await settle()
    platform.failures = [MessageGone(), MessageGone()]
    with pytest.raises(MessageGone):
        await ending(board)


async def test_an_end_in_a_chat_that_threw_the_bot_out_is_given_up(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    await settle()
    platform.failures = [ChatGone()]
    with pytest.raises(ChatGone):
        await ending(board)


async def test_a_bug_of_one_adapter_does_not_stop_the_board(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    board.open_message(sheet(clock))
    await settle()
    platform.crash = RuntimeError("a bug")
    with pytest.raises(ChatFailed):
        await ending(board, final=FinalState(card=DONE))
    assert await board.send_reply("answer:1", GROUP, DONE, reply_to=None)
    assert platform.posts[1].text == "done"


async def test_pictures_that_cannot_be_read_fail_the_job_and_not_the_board(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    loads: list[int] = []

    async def broken() -> Sequence[Image]:
        loads.append(1)
        raise StoreFailed

    board.open_message(sheet(clock))
    with pytest.raises(StoreFailed):
        await ending(board, final=FinalState(card=DONE, load_images=broken))
    await settle()
    assert len(loads) == 1


async def test_a_post_that_could_not_be_written_down_goes_on_showing_progress(
    board: StatusMessages, platform: Gated, clock: FakeClock
) -> None:
    async def failing(ref: MessageRef) -> None:
        raise StoreFailed

    opened = sheet(clock)
    opened.on_posted = failing
    board.open_message(opened)
    await settle()
    board.apply_event("job", Progress(50))
    await clock.advance(1)
    assert "50%" in platform.posts[0].text


async def test_stopping_lets_calls_under_way_end(platform: Gated, clock: FakeClock) -> None:
    board = StatusMessages({"memory": platform}, clock)
    await board.start()
    board.open_message(sheet(clock))
    await settle()
    platform.gate.clear()
    end = ending(board, final=FinalState(card=DONE))
    await settle()
    stopping = asyncio.create_task(board.stop())
    await settle()
    assert not stopping.done()
    platform.gate.set()
    await asyncio.gather(stopping, end)
    assert platform.posts[0].text == "done"
