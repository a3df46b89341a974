"""Taking a result away in Discord: by its button, its menu or a typed command, for whoever may; its price stays."""

import pytest

from bot.chat import Action
from bot.errors import NothingToDelete, NotYours
from bot.texts import translate, translate_error
from tests.servers.discord import Channel, Message, User
from tests.servers.discord.entities import Permission
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, button
from tests.wire.discord.interactions import whispered

MENU = translate("en", "discord-menu-delete")
MINUTES = 60.0


async def deleted_by_menu(world: DiscordWorld, message: Message, by: User | None = None) -> str:
    """What takes the place of "thinking"."""
    asked = world.server.message_menu(by or world.ada, MENU, message)
    await world.until(lambda: asked.original is not None and not asked.original.loading)
    assert asked.original is not None
    assert asked.original.ephemeral
    return asked.original.content


def answer(credits: int) -> str:
    return translate("en", "answer-deleted", credits=credits)


async def painted(
    world: DiscordWorld, prompt: str = "a red fox", *, by: User | None = None, channel: Channel | None = None
) -> Message:
    where = channel or world.channel
    before = world.bot_messages(where)[-1:]
    world.server.slash(by or world.ada, where, "imagine", {"prompt": prompt})
    return await world.wait_for_picture(where, after=before[0] if before else None)


async def deleted_by_button(world: DiscordWorld, message: Message, by: User | None = None) -> str:
    """By the menu behind *More…*, where it opens; else what is said instead."""
    who = by or world.ada
    opened = world.server.click(who, message, button(message, Action.MORE))
    words = await whispered(world, opened)
    menu = opened.followups[0]
    if not menu.custom_ids:
        return words
    return await whispered(world, world.server.click(who, menu, button(menu, Action.DELETE)))


@pytest.mark.forms(1)
@pytest.mark.parametrize("later", [0.0, 20 * MINUTES])
async def test_the_button_takes_all_pictures_away_and_their_price_stays(world: DiscordWorld, later: float) -> None:
    async with world.easel():
        message = await painted(world, "a red fox --n 3")
        assert await world.available_credits() == 47
        world.advance_clock(later)
        left = await world.available_credits()  # another day may have begun
        assert await deleted_by_button(world, message) == answer(3)
        assert message.deleted
        assert await world.available_credits() == left
        asked = world.server.slash(world.ada, world.channel, "history")
        await world.until(lambda: asked.original is not None and not asked.original.loading)
        assert asked.original is not None
        assert translate("en", "state-deleted") in asked.original.content
        assert "discord.com" not in asked.original.content


async def test_the_menu_of_a_result_takes_it_away(world: DiscordWorld) -> None:
    async with world.easel():
        message = await painted(world)
        assert await deleted_by_menu(world, message) == answer(1)
        assert message.deleted
        other = world.server.say(world.ada, world.channel, "hello")
        asked = world.server.message_menu(world.ada, MENU, other)
        await world.until(lambda: asked.original is not None)
        assert asked.original is not None
        assert asked.original.content == translate_error("en", NothingToDelete())


async def test_a_reply_with_the_typed_command_takes_it_away(world: DiscordWorld) -> None:
    async with world.easel():
        message = await painted(world)
        request = world.server.say(world.ada, world.channel, f"{world.bot_mention} /delete", reply_to=message)
        reply = await world.wait_for_reply(after=request)
        assert reply.content == answer(1)
        assert message.deleted


async def test_it_works_after_a_restart_and_in_an_archived_thread(world: DiscordWorld) -> None:
    thread = world.server.world.add_thread(world.channel)
    async with world.easel():
        message = await painted(world)
        threaded = await painted(world, channel=thread)
    world.advance_clock(20 * MINUTES)
    async with world.easel():
        await deleted_by_button(world, message)
        world.server.archive(thread)
        await deleted_by_button(world, threaded)
        assert message.deleted
        assert threaded.deleted


async def test_where_only_a_token_reaches_the_fresh_one_deletes(world: DiscordWorld) -> None:
    async with world.easel():
        bob = world.server.world.add_user("Bob")
        group = world.server.world.add_group_dm(world.ada, bob)
        message = await painted(world, channel=group)
        world.advance_clock(20 * MINUTES)
        assert await deleted_by_button(world, message) == answer(1)
        assert message.deleted


async def test_what_was_made_of_it_goes_on_working(world: DiscordWorld) -> None:
    async with world.easel():
        first = await painted(world, "a red fox --size 3:2")
        world.server.click(world.ada, first, button(first, Action.VARY))
        second = await world.wait_for_picture(after=first)
        await deleted_by_button(world, first)
        world.advance_clock(20 * MINUTES)  # no remembered URL is used any more
        world.server.click(world.ada, second, button(second, Action.RETRY))
        third = await world.wait_for_picture(after=second)
        assert len(reference_sizes(world.sandbox)) == 1
        await deleted_by_button(world, third)
        assert third.deleted


async def test_others_may_not_and_moderators_and_admins_may(world: DiscordWorld) -> None:
    servers = world.server.world
    bob = servers.add_member(world.guild, "Bob")
    moderators = servers.add_role(world.guild, "moderators", permissions=Permission.MANAGE_MESSAGES)
    mia = servers.add_member(world.guild, "Mia", roles=[moderators])
    root = servers.add_member(world.guild, "Root")
    world.settings["admins"] = [f"discord:{root.id}"]
    refused = translate_error("en", NotYours())
    async with world.easel():
        for _ in range(2):
            message = await painted(world)
            assert await deleted_by_button(world, message, by=bob) == refused
            assert await deleted_by_menu(world, message, by=bob) == refused
            assert not message.deleted
            await deleted_by_button(world, message, by=mia)
            assert message.deleted
        message = await painted(world)
        await deleted_by_button(world, message, by=root)
        assert message.deleted
        message = await painted(world)
        request = world.server.say(mia, world.channel, f"{world.bot_mention} /delete", reply_to=message)
        await world.wait_for_reply(after=request)
        assert message.deleted
        assert await world.available_credits(mia) == 50
