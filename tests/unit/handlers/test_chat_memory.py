"""What is kept of chats is read anew once they have changed hands, once each, and never written over meanwhile."""

from dataclasses import replace
from datetime import timedelta

from bot.chat import Chat
from bot.handlers.chat_memory import ChatMemory
from bot.handlers.pending_requests import QUESTION_TTL, SWEEP_EVERY, PendingRequests
from tests.support.clocks import FakeClock
from tests.unit.handlers.test_pending_requests import ADA, BO, CHAT, GROUP, Values, photo_at


class Kept:
    """Counts."""

    def __init__(self) -> None:
        self.forgotten = 0
        self.read: list[str] = []

    def forget_saved(self) -> None:
        self.forgotten += 1

    async def reload(self, chat: Chat) -> None:
        self.read.append(chat.key)


async def test_a_chat_is_read_once_after_chats_have_changed_hands() -> None:
    kept = Kept()
    memory = ChatMemory([kept])
    assert not memory.is_stale(CHAT)
    memory.mark_stale()
    assert memory.is_stale(CHAT)
    assert memory.is_stale(GROUP)
    await memory.refresh(CHAT)
    assert not memory.is_stale(CHAT)
    assert memory.is_stale(GROUP)
    memory.mark_stale()
    assert memory.is_stale(CHAT)
    assert (kept.forgotten, kept.read) == (2, [CHAT.key])


async def test_what_another_process_has_changed_is_found_and_not_written_over() -> None:
    clock, values = FakeClock(), Values()
    one, other = PendingRequests(values, clock), PendingRequests(values, clock)
    await one.put(CHAT, ADA, photo_at(clock.now()))
    await one.put(GROUP, BO, photo_at(clock.now()))
    one.forget_saved()
    await other.reload(CHAT)
    await other.put(CHAT, ADA, replace(photo_at(clock.now()), id="2", latest="2"))
    await clock.advance(660.0)  # what is older than ten minutes is stripped of its pictures
    before = dict(values.values)
    await one.put(GROUP, ADA, photo_at(clock.now()))
    assert {key: values.values[key] for key in before} == before
    await one.reload(CHAT)
    assert one.get(CHAT, ADA, "2") is not None


async def test_what_nobody_came_back_to_is_deleted_after_a_day() -> None:
    clock, values = FakeClock(), Values()
    gone, other = PendingRequests(values, clock), PendingRequests(values, clock)
    await gone.put(CHAT, ADA, photo_at(clock.now()))
    await other.delete_expired()
    assert values.values
    await clock.advance((QUESTION_TTL + SWEEP_EVERY + timedelta(seconds=1)).total_seconds())
    await other.delete_expired()
    assert not values.values
