"""Back from a result in Discord: a menu that its presser alone sees, Undo, two attachments in a message, a sheet."""

from bot.chat import Action
from bot.texts import translate
from tests.servers.discord import Interaction, Message
from tests.wire.discord.easel import DiscordWorld, button


async def menu_of(world: DiscordWorld, message: Message) -> Message:
    opened = world.server.click(world.ada, message, button(message, Action.MORE))
    await world.until(lambda: opened.followups)
    assert opened.followups[0].ephemeral
    return opened.followups[0]


async def row(world: DiscordWorld, menu: Message, action: Action) -> Interaction:
    return world.server.click(world.ada, menu, button(menu, action))


async def test_each_row_of_the_menu_shows_what_came_before(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a lighthouse"})
        first = await world.wait_for_picture(world.channel)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} add a boat", reply_to=first)
        second = await world.wait_for_picture(world.channel, after=first)
        left = await world.available_credits()
        assert [each.split(":")[1] for each in second.custom_ids] == ["retry", "vary", "edit", "undo", "more"]

        world.server.click(world.ada, second, button(second, Action.UNDO))
        again = await world.wait_for_picture(world.channel, after=second)
        assert "a lighthouse" in again.content
        assert again.custom_ids == first.custom_ids

        menu = await menu_of(world, second)
        await row(world, menu, Action.COMPARE)
        both = await world.wait_for_reply(world.channel, after=menu)
        assert len(both.attachments) == 2

        await row(world, menu, Action.TREE)
        tree = await world.wait_for_reply(world.channel, after=both)
        assert "discord.com/channels" in tree.content

        details = await row(world, menu, Action.DETAILS)
        await world.until(lambda: details.followups)
        assert "```\nadd a boat\n```" in details.followups[0].content
        assert translate("en", "details-options", options="x") not in details.followups[0].content
        assert await world.available_credits() == left
