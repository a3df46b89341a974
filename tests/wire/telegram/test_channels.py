"""Posts in channels: heard where the operator allows it, on the channel's own account; silence everywhere else."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.errors import NotAnAdministrator
from bot.texts import translate, translate_error
from tests.servers.telegram import Chat, Message, User
from tests.support.images import png
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import TelegramWorld, done
from tests.wire.telegram.edges import Edge, edge, pressed, wired, words


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Edge]:
    async with edge(tmp_path, members=["Bo"], http_webhooks=True) as made:
        yield made


@pytest.fixture
def channel(place: TelegramWorld, bo: User) -> Chat:
    """A channel that Bo administers, and the bot too."""
    made = place.server.add_channel("News")
    place.server.appoint(made, bo)
    return made


async def picture_in(place: TelegramWorld, channel: Chat, post: Message) -> Message:
    """The bot's newest picture in a channel, where no post has an author."""
    found = await place.until(lambda: [each for each in channel.visible_messages if each.id > post.id and done(each)])
    await place.wait_until_settled()
    return found[-1]


async def credits_of(place: TelegramWorld, channel: Chat) -> int:
    return (await place.balance(f"telegram:{channel.id}")).available


@pytest.mark.forms(1)
@pytest.mark.parametrize("text", ["/imagine a red fox", "/imagine@easel_bot a red fox", "@easel_bot a red fox"])
async def test_a_command_or_a_mention_is_painted_below_the_post_on_the_channels_account(
    place: TelegramWorld, channel: Chat, bo: User, text: str
) -> None:
    async with place.easel(channels=True):
        post = place.server.say(bo, channel, text)
        picture = await picture_in(place, channel, post)
        assert picture.reply_to is post
        assert "a red fox" in picture.caption
        assert (await credits_of(place, channel), await place.available_credits(bo)) == (49, 50)


async def test_it_works_behind_a_webhook_and_in_channels_of_a_list(
    place: TelegramWorld, channel: Chat, bo: User
) -> None:
    async with wired(place, mode="webhook", channels=[channel.id]):
        await place.until(lambda: place.server.webhook.url)
        await picture_in(place, channel, place.server.say(bo, channel, "/imagine a red fox"))


@pytest.mark.forms(1)
@pytest.mark.parametrize("channels", [False, True, [-100123]])
async def test_what_is_not_for_the_bot_or_not_allowed_is_met_with_silence(
    place: TelegramWorld, channel: Chat, bo: User, channels: object
) -> None:
    async with place.easel(channels=channels):
        await place.until(lambda: place.server.core.updates.polled)
        place.server.say(bo, channel, "a red fox" if channels is True else "/imagine@easel_bot a red fox")
        await place.wait_for_picture(after=place.server.say(place.ada, place.private, "a blue boat"))
        await place.wait_until_heard()
        assert len(channel.visible_messages) == 1
        assert ("channel_post" in place.server.core.updates.allowed) is (channels is not False)


async def test_a_photo_with_words_and_a_reply_change_a_picture(place: TelegramWorld, channel: Chat, bo: User) -> None:
    async with place.easel(channels=True):
        post = place.server.photo(bo, channel, png(size=(120, 90)), caption="/edit@easel_bot make it night")
        picture = await picture_in(place, channel, post)
        assert reference_sizes(place.sandbox) == [(120, 90)]
        post = place.server.say(bo, channel, "make it day", reply_to=picture)
        await picture_in(place, channel, post)
        assert len(reference_sizes(place.sandbox)) == 1


@pytest.mark.forms(1)
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_bare_command_is_asked_about_and_a_plain_reply_is_the_prompt(
    place: TelegramWorld, channel: Chat, bo: User, restarts: bool
) -> None:
    async with AsyncExitStack() as running:
        await running.enter_async_context(place.easel(channels=True))
        post = place.server.say(bo, channel, "/imagine --size 3:2")
        [question] = await place.until(lambda: [each for each in channel.visible_messages if each.id > post.id])
        assert (question.text, question.content.markup) == (translate("en", "refusal-prompt-empty"), None)
        if restarts:
            await running.aclose()
            await running.enter_async_context(place.easel(channels=True))
        answer = place.server.say(bo, channel, "a red fox", reply_to=question)
        picture = await picture_in(place, channel, answer)
        assert picture.reply_to is answer
        assert place.sandbox.requests[-1].prompt == "a red fox\n\nImage size: 3:2"
        assert await credits_of(place, channel) == 49


async def test_a_refusal_in_a_channel_is_answered_with_the_corrected_words(
    place: TelegramWorld, channel: Chat, bo: User
) -> None:
    async with place.easel(channels=True):
        post = place.server.photo(bo, channel, png(size=(120, 90)), caption="/edit make it night --size 7")
        [refusal] = await place.until(lambda: [each for each in channel.visible_messages if each.id > post.id])
        await picture_in(place, channel, place.server.say(bo, channel, "make it night", reply_to=refusal))
        assert reference_sizes(place.sandbox) == [(120, 90)]
        theirs = place.server.say(bo, channel, "news of the day")
        place.server.say(bo, channel, "well", reply_to=theirs)  # is about nothing of the bot's
        await place.wait_until_heard()
        await place.wait_until_settled()
        assert len(place.sandbox.requests) == 1


async def test_the_channels_administrators_press_its_buttons(place: TelegramWorld, channel: Chat, bo: User) -> None:
    async with place.easel(channels=True):
        post = place.server.say(bo, channel, "/imagine a red fox")
        picture = await picture_in(place, channel, post)
        reader = place.server.add_user("Reader")
        assert words(await pressed(place, picture, "Retry", by=reader)) == translate_error("en", NotAnAdministrator())
        await pressed(place, picture, "Retry", by=bo)
        await picture_in(place, channel, picture)
        assert await credits_of(place, channel) == 48


async def test_a_channel_has_the_limits_of_a_user(place: TelegramWorld, channel: Chat, bo: User) -> None:
    place.settings["limits"] = {"user_daily": 1}
    async with place.easel(channels=True):
        post = place.server.say(bo, channel, "/imagine a red fox")
        await picture_in(place, channel, post)
        post = place.server.say(bo, channel, "/imagine a blue boat")
        answer = await place.until(lambda: [each for each in channel.visible_messages if each.id > post.id])
        assert answer[0].text.startswith("This costs 1 credit, and you have 0 left.")
