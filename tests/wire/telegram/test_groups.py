"""Groups: what is meant for the bot and what is not, replies to anybody's pictures, topics, migration."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from PIL import Image

from bot.chat import Action
from bot.errors import ChatOutOfCredits, ReplyHasNoPicture
from bot.texts import translate, translate_error
from tests.servers.telegram import UNLIMITED
from tests.support.images import encode_image, png
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import TelegramWorld, button, telegram_world


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[TelegramWorld]:
    async with telegram_world(tmp_path, limits=UNLIMITED, members=["Bob"]) as made:
        yield made


def open_town(folder: Path) -> AbstractAsyncContextManager[TelegramWorld]:
    """One whose bot hears everything."""
    return telegram_world(folder, limits=UNLIMITED, can_read_all_group_messages=True, members=["Bob"])


def bob(place: TelegramWorld):
    return next(user for user in place.server.core.world.users.values() if user.name == "Bob")


# ---------------------------------------------------------------- privacy mode on, as it is by default


async def test_a_command_with_the_bots_name_paints_and_is_seen_at_once(place: TelegramWorld) -> None:
    async with place.easel():
        request = place.server.say(place.ada, place.group, "/imagine@easel_bot a fox")
        picture = await place.wait_for_picture(place.group)
        assert picture.reply_to is request
        await place.until(lambda: request.reactions == {place.server.bot.id: ["👀"]})
        assert len(place.bot_messages(place.group)) == 1


async def test_a_group_without_reactions_is_tried_once(place: TelegramWorld) -> None:
    place.group.reactions = frozenset()
    async with place.easel():
        first = None
        for _ in range(2):
            place.server.say(place.ada, place.group, "/imagine@easel_bot a fox")
            first = await place.wait_for_picture(place.group, after=first)
        assert [one.status for one in place.server.calls("setMessageReaction")] == [400]


@pytest.mark.forms(1)
@pytest.mark.parametrize("kind", ["photo", "document", "sticker", "album"])
async def test_edit_as_a_reply_to_anybodys_picture(place: TelegramWorld, kind: str) -> None:
    async with place.easel():
        data, somebody = png(size=(90, 70)), bob(place)
        match kind:
            case "photo":
                target = place.server.photo(somebody, place.group, data)
            case "document":
                target = place.server.document(somebody, place.group, data, filename="a.png", mime_type="image/png")
            case "sticker":
                target = place.server.sticker(somebody, place.group, encode_image(Image.new("RGBA", (90, 70)), "WEBP"))
            case _:
                target = place.server.album(somebody, place.group, [png("blue", (50, 50)), data])[1]
        await place.wait_until_heard()
        assert place.sandbox.requests == []  # privacy: the bot has not even seen it
        place.server.say(place.ada, place.group, "/edit@easel_bot make it anime", reply_to=target)
        await place.wait_for_picture(place.group)
        assert reference_sizes(place.sandbox) == [(90, 70)]


async def test_a_plain_reply_to_the_bots_picture_changes_it(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.group, "/imagine@easel_bot a fox --size 3:2")
        first = await place.wait_for_picture(place.group)
        place.server.say(bob(place), place.group, "add a moon", reply_to=first)
        second = await place.wait_for_picture(place.group, after=first)
        ((width, height),) = reference_sizes(place.sandbox)
        assert width > height
        assert "add a moon" in second.caption


async def test_a_reply_to_words_of_the_bot_says_so(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.group, "/help@easel_bot")
        words = await place.wait_for_reply(place.group)
        place.server.say(place.ada, place.group, "make it night", reply_to=words)
        assert (await place.wait_for_reply(place.group, after=words)).text == translate_error("en", ReplyHasNoPicture())


async def test_a_picture_from_another_chat_or_topic_is_edited(place: TelegramWorld) -> None:
    async with place.easel():
        elsewhere = place.server.add_channel("News")
        target = place.server.photo(place.ada, elsewhere, png(size=(90, 70)))
        place.server.say(place.ada, place.group, "/edit@easel_bot make it anime", external_reply=target)
        first = await place.wait_for_picture(place.group)
        assert reference_sizes(place.sandbox) == [(90, 70)]
        place.server.say(place.ada, place.private, "make it cubist", external_reply=target)
        await place.wait_for_picture()
        assert reference_sizes(place.sandbox) == [(90, 70)]
        assert first.photo is not None


async def test_a_quote_is_the_prompt_of_a_bare_command(place: TelegramWorld) -> None:
    async with place.easel():
        story = place.server.say(bob(place), place.group, "Once there was a fox in the snow. It slept.")
        place.server.say(place.ada, place.group, "/imagine@easel_bot", reply_to=story, quote="a fox in the snow")
        picture = await place.wait_for_picture(place.group)
        assert "a fox in the snow" in picture.caption


# ---------------------------------------------------------------- silence


async def test_what_is_not_meant_for_the_bot_is_not_answered(tmp_path: Path) -> None:
    async with (
        telegram_world(tmp_path, limits=UNLIMITED, can_read_all_group_messages=True, members=["Bob"]) as place,
        place.easel(),
    ):
        said = place.server.say(bob(place), place.group, "hello all")
        place.server.photo(bob(place), place.group, png(), caption="look")
        place.server.album(bob(place), place.group, [png(), png()], caption="holidays")
        place.server.say(place.ada, place.group, "nice", reply_to=said)
        place.server.say(place.ada, place.group, "/imagine@other_bot a fox")
        place.server.say(place.ada, place.group, "ask @easel_bots or me@easel_bot.com")
        place.server.say(place.ada, place.group, "@easel_bot a fox")
        picture = await place.wait_for_picture(place.group)
        assert "a fox" in picture.caption
        assert len(place.bot_messages(place.group)) == 1
        assert place.sandbox.requests[-1].prompt.strip() == "a fox"


async def test_without_privacy_a_mention_paints_and_edits(tmp_path: Path) -> None:
    async with (
        telegram_world(tmp_path, limits=UNLIMITED, can_read_all_group_messages=True, members=["Bob"]) as place,
        place.easel(),
    ):
        target = place.server.photo(bob(place), place.group, png(size=(90, 70)))
        place.server.say(place.ada, place.group, "make it anime @Easel_Bot", reply_to=target)
        first = await place.wait_for_picture(place.group)
        assert reference_sizes(place.sandbox) == [(90, 70)]
        place.server.album(
            place.ada, place.group, [png(size=(80, 50)), png(size=(81, 50))], caption="@easel_bot, blend them"
        )
        await place.wait_for_picture(place.group, after=first)
        assert reference_sizes(place.sandbox) == [(80, 50), (81, 50)]
        assert place.sandbox.requests[-1].prompt.startswith("blend them")


# ---------------------------------------------------------------- topics


async def test_a_topic_keeps_its_thread_and_its_first_message_is_no_reply(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED, can_read_all_group_messages=True) as place:
        forum = place.server.add_group("Forum", members=[place.ada], forum=True)
        topic = place.server.add_topic(forum, "Sketches", by=place.ada)
        async with place.easel():
            request = place.server.say(place.ada, forum, "@easel_bot a fox", thread=topic)
            picture = await place.wait_for_picture(forum)
            assert picture.topic is topic
            assert picture.reply_to is request
            pressed = place.server.press(place.ada, picture, button(picture, Action.RETRY))
            again = await place.wait_for_picture(forum, after=picture)
            assert again.topic is topic
            assert pressed.answered
            place.server.close_topic(forum, topic)
            place.server.say(place.ada, forum, "@easel_bot a dog", thread=topic)
            await place.wait_until_heard()
            await place.wait_until_settled()


async def test_a_channels_direct_messages_keep_their_topic(place: TelegramWorld) -> None:
    async with place.easel():
        chat = place.server.add_direct_messages("News")
        place.server.say(place.ada, chat, "/imagine@easel_bot a fox")
        picture = await place.wait_for_picture(chat)
        assert picture.topic is not None
        assert picture.topic.user is place.ada


# ---------------------------------------------------------------- groups that become supergroups


async def test_a_migration_moves_credits_and_history(place: TelegramWorld) -> None:
    place.settings["limits"] = {"chat_daily": 3}
    small = place.server.add_group("Small", members=[place.ada], supergroup=False)
    async with place.easel():
        first = None
        for _ in range(2):
            place.server.say(place.ada, small, "/imagine@easel_bot a fox")
            first = await place.wait_for_picture(small, after=first)
        large = place.server.migrate(small)
        await place.wait_until_heard()
        place.server.say(place.ada, large, "/history@easel_bot")
        history = await place.wait_for_reply(large)
        assert history.text.count("a fox") == 2
        place.server.say(place.ada, large, "/imagine@easel_bot a fox")
        third = await place.wait_for_picture(large, after=history)
        place.server.say(place.ada, large, "/imagine@easel_bot a fox")
        refused = await place.wait_for_reply(large, after=third)
        assert refused.text.startswith("This costs 1 credit, and this group has 0 left.")
        assert translate_error("en", ChatOutOfCredits(left=0, cost=1, refill=3)).startswith(refused.text[:40])


async def test_a_job_under_way_goes_on_in_the_supergroup(place: TelegramWorld) -> None:
    small = place.server.add_group("Small", members=[place.ada], supergroup=False)
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, small, "/imagine@easel_bot a fox")
        await place.wait_for_reply(small)
        await upstream.fetched.wait()
        large = place.server.migrate(small)
        await place.wait_until_heard()
        upstream.open.set()
        picture = await place.wait_for_picture(large)
        assert picture.photo is not None
        assert len(place.bot_messages(large)) == 1
        assert await place.available_credits() == 49


async def test_a_migration_that_a_refused_call_tells_first(place: TelegramWorld) -> None:
    small = place.server.add_group("Small", members=[place.ada], supergroup=False)
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, small, "/imagine@easel_bot a fox")
        await place.wait_for_reply(small)
        await upstream.fetched.wait()
        gate = place.server.faults.hold("getUpdates")
        large = place.server.migrate(small)
        upstream.open.set()
        picture = await place.wait_for_picture(large)
        assert picture.photo is not None
        gate.open()
        await place.wait_until_heard()
        assert translate("en", "button-retry") in [label for label, _ in picture.buttons]
