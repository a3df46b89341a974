"""A status message is posted and edited with progress, and becomes the picture; replies are posted once."""

import asyncio
from dataclasses import replace

import pytest

from bot.chat import Attachment, Budget, Card, Chat, Lane, MessageRef
from bot.errors import ChatBusy, ChatGone
from bot.painting import Progress, Stage, StageChanged
from bot.runtime.on_wire import signal_on_wire
from bot.status import calls
from bot.status.message import FinalState
from bot.status.messages import HEARTBEAT_S, StatusMessages
from bot.status.state import STALE_AFTER_S, QueuePosition
from tests.support.clocks import FakeClock, settle
from tests.support.platform import DIRECT, GROUP
from tests.unit.status.gated_platform import DONE, PICTURE, PREVIEW, GatedPlatform, new_message, show_final

SHARED = Budget(key="all", slots=3, period_s=60.0, shared=True)

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


# ---------------------------------------------------------------- waiting for a post


async def test_who_waits_for_a_post_goes_on_once_it_is_on_the_wire(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, may_send, may_answer = platform.post, asyncio.Event(), asyncio.Event()

    async def post_slowly(chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        await may_send.wait()
        signal_on_wire()
        await may_answer.wait()
        return await post(chat, card, reply_to=reply_to, key=key)

    monkeypatch.setattr(platform, "post", post_slowly)
    monkeypatch.setattr(calls, "POST_WAIT_S", 3600)
    status_messages.open_message(new_message(clock))
    waiting = asyncio.create_task(status_messages.wait_for_post("job"))
    await settle()
    assert not waiting.done()
    may_send.set()
    await waiting
    assert platform.posts == []
    await status_messages.wait_for_post("job")
    may_answer.set()
    await settle()
    assert len(platform.posts) == 1


@pytest.mark.parametrize("ends", [True, False])
async def test_nobody_waits_for_a_post_whose_sender_says_nothing(
    status_messages: StatusMessages,
    platform: GatedPlatform,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    ends: bool,
) -> None:
    if not ends:

        async def post_never(*_: object, **__: object) -> MessageRef:
            return await asyncio.get_running_loop().create_future()

        monkeypatch.setattr(platform, "post", post_never)
    status_messages.open_message(new_message(clock))
    await status_messages.wait_for_post("job")
    status_messages.abandon_all()


async def test_nobody_waits_for_a_post_that_cannot_be_made_at_once(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "POST_WAIT_S", 3600)

    def shared_lane(*_: object, **__: object) -> Lane:
        return Lane(budgets=(SHARED,), edit_gap_s=1.0)

    monkeypatch.setattr(platform, "lane", shared_lane)
    for number in range(SHARED.slots + 2):
        chat = replace(DIRECT, id=f"chat {number}")
        status_messages.open_message(new_message(clock, chat.id, chat))
        await status_messages.wait_for_post(chat.id)
    assert len(platform.posts) < SHARED.slots + 2
    status_messages.open_message(new_message(clock, "posted", ref=MessageRef(chat=DIRECT, message_id="1")))
    await status_messages.wait_for_post("posted")
    await status_messages.wait_for_post("unknown")
