"""Interaction tokens that expire while a job runs, and channels that only a token can reach."""

import pytest

from bot.chat import Action
from bot.texts import translate
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, button, done
from tests.wire.discord.interactions import shot, whispered

MINUTES = 60.0


async def test_a_job_longer_than_its_token_ends_in_its_first_message(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel():
        asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        await upstream.fetched.wait()
        await world.wait_for_reply()
        world.advance_clock(20 * MINUTES)
        upstream.open.set()
        message = await world.wait_for_picture()
        assert asked.original is message
        assert len(world.channel.standing) == 1
        assert [one.status for one in world.server.requests if one.status in (401, 403)] == []


async def test_an_early_dead_token_is_tried_once(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        await upstream.fetched.wait()
        await world.wait_for_reply()
        world.server.advance_clocks(20 * MINUTES)  # Discord's clock alone
        upstream.open.set()
        await world.wait_for_picture()
        assert len([one for one in world.server.requests if one.status == 401]) == 1


async def test_a_user_installed_bot_works_in_a_group_of_friends(world: DiscordWorld) -> None:
    async with world.easel():
        bob = world.server.world.add_user("Bob")
        group = world.server.world.add_group_dm(world.ada, bob)
        asked = world.server.slash(world.ada, group, "imagine", {"prompt": "a red fox", "image": shot(50)})
        message = await world.wait_for_picture(group)
        assert asked.original is message
        pressed = world.server.click(world.ada, message, button(message, Action.VARY))
        again = await world.wait_for_picture(group, after=message)
        assert again in pressed.followups
        assert reference_sizes(world.sandbox)[1:] == [(50, 40)]
        opened = world.server.click(world.ada, again, button(again, Action.EDIT))
        await world.until(lambda: opened.modal)
        world.server.modal_submit(opened, {"prompt": "make it night"})
        await world.wait_for_picture(group, after=again)
        assert [one.status for one in world.server.requests if one.status in (401, 403)] == []


@pytest.mark.forms(1)
@pytest.mark.parametrize("external_apps", [True, False])
async def test_a_user_installed_bot_works_in_a_foreign_guild(world: DiscordWorld, external_apps: bool) -> None:
    async with world.easel():
        abroad = world.server.world.add_guild("abroad", bot_in=False)
        world.server.world.add_member(abroad, world.ada)
        channel = world.server.world.add_channel(abroad, external_apps=external_apps)
        asked = world.server.slash(world.ada, channel, "imagine", {"prompt": "a red fox"})
        message = await world.until(lambda: asked.original if asked.original and done(asked.original) else None)
        assert message is not None
        assert message.ephemeral is not external_apps


async def test_the_picture_is_a_direct_message_where_only_the_dead_token_could_post(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel() as easel:
        group = world.server.world.add_group_dm(world.ada, world.server.world.add_user("Bob"))
        world.server.slash(world.ada, group, "imagine", {"prompt": "a red fox"})
        await upstream.fetched.wait()
        await world.wait_for_reply(group)
        world.advance_clock(20 * MINUTES)
        upstream.open.set()
        home = world.server.world.open_dm(world.ada)
        message = await world.wait_for_picture(home)
        assert translate("en", "discord-moved") in message.content
        await world.wait_until_settled()
        history = await easel.app.store.history(f"discord:{world.ada.id}")
        assert history[0].charged == 1


async def test_a_user_without_direct_messages_is_notified_at_the_next_command(
    world: DiscordWorld,
) -> None:
    world.ada.dms_open = False
    async with world.gallery() as upstream, world.easel():
        group = world.server.world.add_group_dm(world.ada, world.server.world.add_user("Bob"))
        world.server.slash(world.ada, group, "imagine", {"prompt": "a red fox"})
        await upstream.fetched.wait()
        await world.wait_for_reply(group)
        world.advance_clock(20 * MINUTES)
        upstream.open.set()
        await world.wait_until_settled()
    async with world.easel():
        asked = world.server.slash(world.ada, group, "quota")
        assert await whispered(world, asked) == translate("en", "discord-owed")
        assert asked.original is not None
        await world.until(lambda: asked.original and not asked.original.loading)
        assert asked.original.content.startswith("50 credits left")
