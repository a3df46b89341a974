"""What waits for an answer: how long, after a restart, for whom, and what a damaged copy of it does."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat import Attachment, Chat, Message, User
from bot.handlers.pending_requests import QUESTION_TTL, SWEEP_EVERY, TTL, PendingRequests
from bot.handlers.unfinished import Awaits, PendingRequest, PictureMessage
from tests.support.clocks import FakeClock

ADA = User(platform="memory", id="1", name="Ada")
BO = User(platform="memory", id="2", name="Bo")
EASEL = User(platform="memory", id="9", name="Easel")
CHAT = Chat(platform="memory", id="1", kind="direct")
GROUP = Chat(platform="memory", id="2", kind="group")
PHOTO = Attachment(ref="photo", media_type="image/png", size=1, filename="photo.png")
PROMPT = Message(id="3", chat=CHAT, sender=ADA, text="make it night")
DAMAGED = (
    "",
    "[]]",
    "[1, 2]",
    '[{"id": 5}]',
    '[{"id": "5", "latest": "5", "asked_at": "2026-03-14T12:05:00", "awaits": "words"}]',
    "[" * 99_999,
)


class Values:
    """Implements `PendingRequestStorage` in memory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def set_value(self, key: str, value: str) -> None:
        self.values[key] = value

    async def delete_key(self, key: str) -> None:
        del self.values[key]

    async def values_with_prefix(self, prefix: str) -> dict[str, str]:
        return {key: value for key, value in self.values.items() if key.startswith(prefix)}

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        del self.values[str(key[0])]


def photo_at(now: datetime) -> PendingRequest:
    pictures = (PictureMessage(message="1", images=(PHOTO,)),)
    return PendingRequest(id="1", latest="1", asked_at=now, awaits=Awaits.WORDS, pictures=pictures)


def answer_to(question: str, sender: User = ADA, chat: Chat = CHAT) -> Message:
    asked = Message(id=question, chat=chat, sender=EASEL, text="What should I do with it?", from_me=True)
    return replace(PROMPT, sender=sender, chat=chat, reply_to=asked, to_me=True)


def waits(pending: PendingRequests) -> bool:
    return pending.find_answered(PROMPT) is not None


async def test_a_request_set_while_the_clock_was_a_month_ahead_does_not_wait_until_then() -> None:
    clock, values = FakeClock(), Values()
    pending = PendingRequests(values, clock)
    clock.jump(30 * 86_400)
    await pending.put(CHAT, ADA, photo_at(clock.now()))
    assert waits(pending)
    clock.jump(-30 * 86_400)
    assert not waits(pending)
    restarted = PendingRequests(values, clock)
    await restarted.load()
    clock.jump(30 * 86_400)
    assert not waits(restarted)


async def test_a_request_waits_for_ten_minutes_and_its_question_for_a_day() -> None:
    clock, values = FakeClock(), Values()
    pending = PendingRequests(values, clock)
    await pending.put(CHAT, ADA, photo_at(clock.now()))
    await pending.add_question(CHAT, ADA, "1", "2", is_editable=False)
    clock.jump(TTL.total_seconds() - 1)
    assert waits(pending)
    clock.jump(1)
    assert not waits(pending)
    answered = pending.find_answered(answer_to("2"))
    assert answered is not None
    assert answered.pictures == ()
    await pending.put(GROUP, BO, photo_at(clock.now()))
    assert "photo" not in values.values["pending-requests:memory:1:memory:1"]  # what has expired goes once in a while
    clock.jump((QUESTION_TTL - TTL).total_seconds())
    assert pending.find_answered(answer_to("2")) is None
    await pending.put(CHAT, BO, photo_at(clock.now()))
    assert list(values.values) == ["pending-requests:memory:2:memory:2", "pending-requests:memory:1:memory:2"]


async def test_a_request_that_cannot_be_read_is_set_aside_and_hides_no_other() -> None:
    clock, values = FakeClock(), Values()
    await PendingRequests(values, clock).put(CHAT, ADA, photo_at(clock.now()))
    (sound,) = values.values
    for number, text in enumerate(DAMAGED):
        values.values[f"pending-requests:memory:{number}"] = text
    restarted = PendingRequests(values, clock)
    await restarted.load()
    assert waits(restarted)
    assert list(values.values) == [sound]


async def test_another_member_may_use_what_everybody_sees_and_nothing_of_a_form() -> None:
    clock = FakeClock()
    pending = PendingRequests(Values(), clock)
    for request_id, is_private in (("1", False), ("2", True)):
        request = replace(photo_at(clock.now()), id=request_id, is_private=is_private)
        await pending.put(GROUP, ADA, request)
        await pending.add_question(GROUP, ADA, request_id, f"q{request_id}", is_editable=False)
    shared, private = (pending.find_answered(answer_to(each, BO, GROUP)) for each in ("q1", "q2"))
    assert shared is not None
    assert shared.images == (PHOTO,)
    assert private is not None
    assert private.images == ()
    assert pending.find_answered(replace(PROMPT, sender=BO, chat=GROUP, to_me=True)) is None
    assert pending.find_answered(answer_to("q1", BO, CHAT)) is None


async def test_a_reply_to_a_question_whose_id_was_lost_answers_the_newest_request() -> None:
    clock, values = FakeClock(), Values()
    await PendingRequests(values, clock).put(CHAT, ADA, photo_at(clock.now()))
    restarted = PendingRequests(values, clock)
    await restarted.load()
    answered = restarted.find_answered(answer_to("77"))
    assert answered is not None
    assert answered.images == (PHOTO,)


async def test_what_was_painted_is_answered_by_replies_only() -> None:
    clock = FakeClock()
    pending = PendingRequests(Values(), clock)
    await pending.put(CHAT, ADA, photo_at(clock.now()))
    await pending.add_question(CHAT, ADA, "1", "2", is_editable=True)
    await pending.mark_answered(replace(PROMPT, id="0"))  # of before the picture, and delivered again
    assert waits(pending)
    await pending.mark_answered(PROMPT)
    assert not waits(pending)
    answered = pending.find_answered(answer_to("2"))
    assert answered is not None
    assert answered.images == (PHOTO,)


async def test_a_chat_that_moves_takes_along_what_waits_there() -> None:
    clock, values = FakeClock(), Values()
    pending = PendingRequests(values, clock)
    await pending.put(CHAT, ADA, photo_at(clock.now()))
    moved = replace(CHAT, id="100")
    await pending.move_chat(CHAT, moved)
    assert not waits(pending)
    assert pending.find_answered(replace(PROMPT, chat=moved)) is not None
    assert list(values.values) == ["pending-requests:memory:100:memory:1"]
    clock.jump(SWEEP_EVERY.total_seconds())
    pending.drop_user(ADA.key)
    assert pending.find_answered(replace(PROMPT, chat=moved)) is None
