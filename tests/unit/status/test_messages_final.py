"""The final state of a status message: shown once, whatever else is under way or cancelled."""

import asyncio
from dataclasses import replace

import pytest

from bot.chat import Card, Chat, Delivered, MessageRef
from bot.painting import Progress
from bot.runtime.event_loop import is_in_background
from bot.status.message import FinalState
from bot.status.messages import StatusMessages
from tests.support.clocks import FakeClock, settle
from tests.support.platform import DIRECT
from tests.unit.status.gated_platform import DONE, GatedPlatform, load_one_image, new_message, show_final


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


async def test_ends_are_shown_in_the_background_and_first_posts_are_made_in_the_foreground(
    status_messages: StatusMessages, platform: GatedPlatform, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    background: dict[str, bool] = {}
    chats = [replace(DIRECT, id=f"chat {number}") for number in range(2)]
    edit, post = platform.edit, platform.post

    async def note_edit(ref: MessageRef, card: Card) -> None:
        background[ref.message_id] = is_in_background()
        await edit(ref, card)

    async def note_post(chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        background[chat.id] = is_in_background()
        return await post(chat, card, reply_to=reply_to, key=key)

    for chat in chats:
        status_messages.open_message(new_message(clock, chat.id, chat))
    await clock.advance(60)
    monkeypatch.setattr(platform, "edit", note_edit)
    monkeypatch.setattr(platform, "post", note_post)
    newcomer = replace(DIRECT, id="newcomer")
    ends = [show_final(status_messages, chat.id, final=FinalState(card=DONE)) for chat in chats]
    status_messages.open_message(new_message(clock, newcomer.id, newcomer))
    await asyncio.gather(*ends)
    assert not background.pop(newcomer.id)
    assert list(background.values()) == [True, True]
