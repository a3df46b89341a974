"""Messages whose ids were lost between the post and the database: the next process finds them, and posts none twice."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters.telegram import ids
from adapters.telegram.client import TelegramAdapter
from adapters.telegram.strays import MAX_PROBES
from bot.chat import Action, Button, Card, Chat, MessageRef
from bot.errors import ChatFailed, StillSearching
from bot.painting import Image
from bot.settings import Telegram
from bot.store.adapter_store import AdapterStore
from bot.store.store import Store
from tests.flow.store.stores import RULES, new_job
from tests.servers.telegram import UNLIMITED, Message, TelegramServer, User
from tests.servers.telegram import Chat as ServerChat
from tests.support.clocks import ShiftedClock
from tests.support.databases import migrated_database
from tests.support.event_sinks import Quiet
from tests.support.images import png

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class World:
    """A Telegram, a database, and the adapters that one process after the other has on both."""

    server: TelegramServer
    store: Store
    ada: User
    probes: int = 0
    """How many calls the last process made to look for messages."""

    def adapter(self) -> TelegramAdapter:
        settings = Telegram.model_validate({"token": self.server.token, "api_base": self.server.api_base})
        return TelegramAdapter(settings, self.store.adapter_store, clock=ShiftedClock())

    @asynccontextmanager
    async def process(self) -> AsyncGenerator[TelegramAdapter]:
        adapter = self.adapter()
        self.probes = 0
        try:
            await adapter.start(Quiet())
            yield adapter
        finally:
            await adapter.stop_receiving()
            await adapter.close()

    async def accept(
        self, chat: ServerChat, text: str = "a fox", *, prepared_by: TelegramAdapter | None = None
    ) -> tuple[str, Chat, Message]:
        """Ada requests a picture: the job, its chat, and her message. `prepared_by`: the post is noted with the job."""
        topic = next(iter(chat.topics.values()), None) if chat.forum else None
        asked = self.server.say(self.ada, chat, text, thread=topic)
        channel_topic = asked.topic.id if asked.topic is not None and chat.direct_messages else None
        place = ids.make_chat(
            chat.id, direct=chat.kind == "private", topic=asked.thread_id, channel_topic=channel_topic
        )
        new = replace(new_job(chat=place), request_id=str(asked.id))
        first_post = None
        if prepared_by is not None:
            buttons = status(new.id).buttons
            first_post = prepared_by.prepare_post(place, buttons, reply_to=new.request_id, key=new.id)
        job, _ = await self.store.accept_job(new, RULES, first_post=first_post)
        return job.id, place, asked

    async def repeated(self, call: Callable[[], Awaitable[T]]) -> T:
        """As the core does it: again while the adapter searches."""
        while True:
            try:
                return await call()
            except StillSearching:
                self.probes += 1

    def bot_messages(self, chat: ServerChat) -> list[Message]:
        return [each for each in chat.visible_messages if each.sender is self.server.bot]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    async with TelegramServer(limits=UNLIMITED) as server:
        store = await Store.open(migrated_database(tmp_path), clock=ShiftedClock())
        try:
            yield World(server=server, store=store, ada=server.add_user("Ada"))
        finally:
            await store.close()


@pytest.fixture(params=["private", "group", "basic group", "topic", "messages to a channel"])
def place(world: World, request: pytest.FixtureRequest) -> ServerChat:
    match request.param:
        case "private":
            return world.server.private(world.ada, opened=True)
        case "messages to a channel":
            return world.server.add_direct_messages()
        case kind:
            group = world.server.add_group(
                "Painters", members=[world.ada], supergroup=kind != "basic group", forum=kind == "topic"
            )
            if kind == "topic":
                world.server.add_topic(group, "Foxes")
            return group


def status(job: str, text: str = "Painting") -> Card:
    return Card(text=text, buttons=(Button(action=Action.CANCEL, job_id=job, label="Cancel"),))


def done(job: str) -> Card:
    return Card(text="done", buttons=(Button(action=Action.VARY, job_id=job, label="Vary"),))


def picture(color: str = "red") -> Image:
    return Image(data=png(color), media_type="image/png", width=64, height=64)


@pytest.mark.forms(2)
async def test_a_status_message_is_found_behind_others_and_edited(world: World, place: ServerChat) -> None:
    async with world.process() as first:
        job, chat, asked = await world.accept(place)
        world.server.say(world.ada, place, "hello everybody")
        posted = await first.post(chat, status(job), reply_to=str(asked.id), key=job)
        world.server.say(world.ada, place, "still there?")
    async with world.process() as second:
        found = await world.repeated(lambda: second.post(chat, status(job, "again"), reply_to=str(asked.id), key=job))
    assert found == posted
    (message,) = world.bot_messages(place)
    assert message.text == "again"
    assert message.buttons == [("Cancel", f"easel:cancel:{job}")]
    assert world.probes <= 3


@pytest.mark.forms(3)
@pytest.mark.parametrize("answers", [False, True])
async def test_a_prepared_post_is_found_and_noted_once_more_only_after_other_messages(
    world: World, place: ServerChat, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    noted: list[str] = []
    save = AdapterStore.save_post_intent

    async def record(self: AdapterStore, adapter: str, key: str, fields: Mapping[str, Any]) -> None:
        noted.append(key)
        await save(self, adapter, key, fields)

    monkeypatch.setattr(AdapterStore, "save_post_intent", record)
    async with world.process() as first:
        job, chat, asked = await world.accept(place, prepared_by=first)
        if answers:
            await first.post(chat, Card(text="Help"), reply_to=None, key="telegram:help")
        posted = await first.post(chat, status(job), reply_to=str(asked.id), key=job)
        assert noted == ([job] if answers else [])
    async with world.process() as second:
        found = await world.repeated(lambda: second.post(chat, status(job, "again"), reply_to=str(asked.id), key=job))
    assert found == posted
    assert [each.text for each in world.bot_messages(place)] == [*(["Help"] if answers else []), "again"]


@pytest.mark.forms(1)
async def test_a_status_message_becomes_the_picture_of_the_next_process(world: World, place: ServerChat) -> None:
    async with world.process() as first:
        job, chat, asked = await world.accept(place)
        posted = await first.post(chat, status(job), reply_to=str(asked.id), key=job)
    async with world.process() as second:
        delivered = await world.repeated(
            lambda: second.deliver(chat, None, done(job), [picture()], reply_to=str(asked.id), key=job)
        )
    assert delivered.ref == posted
    (message,) = world.bot_messages(place)
    assert message.photo is not None
    assert message.buttons == [("Vary", f"easel:vary:{job}")]


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("place", "count"),
    [("private", 1), ("group", 2), ("basic group", 4), ("topic", 4), ("messages to a channel", 1)],
    indirect=["place"],
)
async def test_a_picture_posted_as_the_only_message_is_not_posted_again(
    world: World, place: ServerChat, count: int
) -> None:
    pictures = [picture(color) for color in ("red", "green", "blue", "white")[:count]]
    async with world.process() as first:
        job, chat, asked = await world.accept(place)
        before = await first.deliver(chat, None, done(job), pictures, reply_to=str(asked.id), key=job)
    await world.store.adapter_store.delete_key(f"telegram:album:{job}")  # killed before the album was stored
    async with world.process() as second:
        after = await world.repeated(
            lambda: second.deliver(chat, None, done(job), pictures, reply_to=str(asked.id), key=job)
        )
    assert after.ref == before.ref
    assert len(after.attachments) == len(world.bot_messages(place)) == count
    assert [each.photo is not None for each in world.bot_messages(place)] == [True] * count


async def test_messages_of_two_jobs_are_not_exchanged_and_answers_are_left_alone(world: World) -> None:
    place = world.server.add_group("Painters", members=[world.ada])
    async with world.process() as first:
        one, chat, asked_one = await world.accept(place)
        two, _, asked_two = await world.accept(place)
        answer = await first.post(chat, Card(text="50 credits"), reply_to=str(asked_two.id), key="answer:1")
        posted_two = await first.post(chat, status(two), reply_to=str(asked_two.id), key=two)
        posted_one = await first.post(chat, status(one), reply_to=str(asked_one.id), key=one)
    async with world.process() as second:
        found_one = await world.repeated(
            lambda: second.post(chat, status(one, "first"), reply_to=str(asked_one.id), key=one)
        )
        found_two = await world.repeated(
            lambda: second.post(chat, status(two, "second"), reply_to=str(asked_two.id), key=two)
        )
    assert (found_one, found_two) == (posted_one, posted_two)
    assert [each.text for each in world.bot_messages(place)] == ["50 credits", "second", "first"]
    assert answer.message_id == str(world.bot_messages(place)[0].id)
    assert world.bot_messages(place)[0].buttons == []


async def test_a_message_that_another_job_knows_is_not_touched(world: World) -> None:
    place = world.server.add_group("Painters", members=[world.ada])
    async with world.process() as first:
        lost, chat, asked = await world.accept(place)
        other, _, _ = await world.accept(place)
        known = await first.post(chat, done(other), reply_to=str(asked.id), key=other)  # the same reply, the same card
        await world.store.set_status_message(other, known.message_id)
        await world.store.adapter_store.save_post_intent(
            "telegram", lost, {"chat": place.id, "after": asked.id, "reply_to": asked.id}
        )
    async with world.process() as second:
        ref = await world.repeated(lambda: second.post(chat, status(lost), reply_to=str(asked.id), key=lost))
    assert ref != known
    assert [each.edits for each in world.bot_messages(place)] == [0, 0]


async def test_a_search_that_finds_nothing_ends_and_the_message_is_posted(world: World) -> None:
    place = world.server.private(world.ada, opened=True)
    job, chat, asked = await world.accept(place)
    await world.store.adapter_store.save_post_intent(
        "telegram", job, {"chat": place.id, "after": asked.id, "reply_to": asked.id}
    )
    async with world.process() as second:
        await world.repeated(lambda: second.post(chat, status(job), reply_to=str(asked.id), key=job))
        assert world.probes == MAX_PROBES
    assert len(world.bot_messages(place)) == 1


async def test_what_this_process_has_posted_ends_the_search(world: World) -> None:
    place = world.server.private(world.ada, opened=True)
    job, chat, asked = await world.accept(place)
    await world.store.adapter_store.save_post_intent(
        "telegram", job, {"chat": place.id, "after": asked.id, "reply_to": asked.id}
    )
    async with world.process() as second:
        await second.post(chat, Card(text="hello"), reply_to=None, key="answer:1")
        await world.repeated(lambda: second.post(chat, status(job), reply_to=str(asked.id), key=job))
        assert world.probes == 0


@pytest.mark.forms(2)
async def test_a_post_whose_answer_was_lost_is_found_by_the_same_process(world: World, place: ServerChat) -> None:
    async with world.process() as adapter:
        job, chat, asked = await world.accept(place)
        world.server.faults.drop("sendMessage", when="after")
        with pytest.raises(ChatFailed):
            await adapter.post(chat, status(job), reply_to=str(asked.id), key=job)
        ref = await world.repeated(lambda: adapter.post(chat, status(job, "again"), reply_to=str(asked.id), key=job))
    (message,) = world.bot_messages(place)
    assert ref == MessageRef(chat=chat, message_id=str(message.id))
    assert message.text == "again"


async def test_messages_in_other_private_chats_cost_no_calls(world: World) -> None:
    place = world.server.private(world.ada, opened=True)
    others = [world.server.private(world.server.add_user(f"member {number}"), opened=True) for number in range(8)]
    async with world.process() as first:
        job, chat, asked = await world.accept(place)
        await world.store.adapter_store.save_post_intent(
            "telegram", job, {"chat": place.id, "after": asked.id, "reply_to": asked.id}
        )
        for other in others:
            known, there, their_request = await world.accept(other)
            posted = await first.post(there, status(known), reply_to=str(their_request.id), key=known)
            await world.store.set_status_message(known, posted.message_id)
        await first.post(chat, Card(text="hello", buttons=status(job).buttons), reply_to=str(asked.id), key="lost:1")
    async with world.process() as second:
        await world.repeated(lambda: second.post(chat, status(job), reply_to=str(asked.id), key=job))
    assert len(world.bot_messages(place)) == 1
    assert world.probes == 1
