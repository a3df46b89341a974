"""Calls that Discord rejects, and what is done instead: archived threads, used-up tokens, deleted replies, syncs."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.discord import ids
from adapters.discord.gateway import COMMANDS_RETRY_S
from bot.chat import Action, Card
from bot.errors import ChatGone
from bot.texts import translate
from tests.servers.discord import Limits, Permission, Rate, User
from tests.servers.discord.entities import walk
from tests.support.clocks import ShiftedClock
from tests.support.images import png
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, button, discord_world, photo

COMMANDS = "/applications/{application_id}/commands"


class Hasty(ShiftedClock):
    """A clock without the pause before commands are written again."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(0.0 if seconds == COMMANDS_RETRY_S else seconds)


async def test_a_post_is_a_direct_message_when_no_follow_up_is_left(tmp_path: Path) -> None:
    # the port is called past the status messages that pace it, so the token's bucket must not be what ends it
    async with (
        discord_world(tmp_path, limits=Limits(token=Rate(slots=50, period=1.0))) as world,
        world.easel() as easel,
    ):
        group = world.server.world.add_group_dm(world.ada, world.server.world.add_user("Bob"))
        asked = world.server.slash(world.ada, group, "imagine", {"prompt": "a red fox"})
        await world.wait_for_picture(group)
        chat = ids.make_chat(None, group.id, direct=False, token_id=f"i{asked.id}")
        for number in range(5):
            await easel.discord.post(chat, Card(text=f"word {number}"), reply_to=None, key=f"w{number}")
        assert len(asked.followups) == 5
        ref = await easel.discord.post(chat, Card(text="the sixth"), reply_to=None, key="w5")
        home = world.server.world.open_dm(world.ada)
        (moved,) = world.bot_messages(home)
        assert moved.content == f"the sixth\n{translate('en', 'discord-moved')}"
        assert (ref.chat, ref.message_id) == (ids.make_chat(None, home.id, direct=True), str(moved.id))


async def test_a_follow_up_where_only_the_token_leads_is_edited_after_a_restart(tmp_path: Path) -> None:
    async with discord_world(tmp_path) as world:
        group = world.server.world.add_group_dm(world.ada, world.server.world.add_user("Bob"))
        async with world.easel() as easel:
            asked = world.server.slash(world.ada, group, "imagine", {"prompt": "a red fox"})
            await world.wait_for_picture(group)
            chat = ids.make_chat(None, group.id, direct=False, token_id=f"i{asked.id}")
            ref = await easel.discord.post(chat, Card(text="one"), reply_to=None, key="w")
        async with world.easel() as easel:
            await easel.discord.edit(ref, Card(text="two"))
        assert [message.content for message in world.bot_messages(group)][-1] == "two"


async def test_commands_are_written_again_after_discord_refused_them(world: DiscordWorld) -> None:
    world.clock = Hasty()
    world.server.faults.fail("PUT", COMMANDS, status=403)
    with capture_logs() as logs:
        async with world.easel():
            assert len(world.server.commands.writes) == 1
            assert len(world.server.calls("PUT", COMMANDS)) == 2
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
            await world.wait_for_picture()
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["commands not written"]


@pytest.mark.forms(1)
@pytest.mark.parametrize("minutes", [0, 20])
async def test_a_deferred_reply_deleted_unnoticed_is_replaced_by_the_picture(world: DiscordWorld, minutes: int) -> None:
    async with world.gallery() as upstream, world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        first = await world.wait_for_reply()
        await upstream.fetched.wait()
        first.deleted = True  # and no event tells: 10008
        world.advance_clock(minutes * 60)
        upstream.open.set()
        second = await world.wait_for_picture(after=first)
        assert world.bot_messages() == [second]


async def test_a_status_message_deleted_unnoticed_is_replaced_by_the_picture(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        first = await world.wait_for_reply()
        await upstream.fetched.wait()
        first.deleted = True
        upstream.open.set()
        second = await world.wait_for_picture(after=first)
        assert world.bot_messages() == [second]


async def test_deleting_the_reply_to_a_command_cancels_the_job(world: DiscordWorld) -> None:
    async with world.gallery(), world.easel() as easel:
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        world.server.delete(await world.wait_for_reply())
        await world.wait_until_settled()
        history = await easel.app.store.history(f"discord:{world.ada.id}")
        assert [(job.state.value, job.charged) for job in history] == [("cancelled", 0)]


async def test_a_job_in_a_thread_locked_meanwhile_is_not_charged(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel() as easel:
        thread = world.server.world.add_thread(world.channel)
        world.server.say(world.ada, thread, f"{world.bot_mention} a red fox")
        await world.wait_for_reply(thread)
        await upstream.fetched.wait()
        world.server.archive(thread, locked=True)
        upstream.open.set()
        await world.wait_until_settled()
        history = await easel.app.store.history(f"discord:{world.ada.id}")
        assert [(job.state.value, job.charged) for job in history] == [("failed", 0)]
        chat = ids.make_chat(world.guild.id, thread.id, direct=False)
        with pytest.raises(ChatGone):
            await easel.discord.post(chat, Card(text="x"), reply_to=None, key="a")


async def test_a_command_in_an_archived_thread_gets_its_picture_late(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel():
        thread = world.server.world.add_thread(world.channel)
        asked = world.server.slash(world.ada, thread, "imagine", {"prompt": "a red fox"})
        await world.wait_for_reply(thread)
        await upstream.fetched.wait()
        world.server.archive(thread)
        world.advance_clock(20 * 60)
        upstream.open.set()
        assert await world.wait_for_picture(thread) is asked.original


async def test_other_members_may_not_use_the_buttons_of_a_result(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        message = await world.wait_for_picture()
        bob = world.server.world.add_member(world.guild, "Bob")
        for action in (Action.RETRY, Action.VARY, Action.EDIT):
            pressed = world.server.click(bob, message, button(message, action))
            await world.until(lambda pressed=pressed: pressed.followups)
            assert pressed.modal is None
            assert (pressed.followups[0].ephemeral, pressed.followups[0].content) == (
                True,
                translate("en", "refusal-not-yours"),
            )
        await world.wait_until_settled()
        assert len(world.sandbox.requests) == 1


async def test_the_menu_works_in_a_group_of_friends_and_on_forwarded_pictures(world: DiscordWorld) -> None:
    async with world.easel():
        server_world = world.server.world
        bob = server_world.add_user("Bob")
        group = server_world.add_group_dm(world.ada, bob)
        shown = world.server.say(bob, world.channel, "look", files=[photo()])
        theirs = world.server.forward(bob, group, shown)
        opened = world.server.message_menu(world.ada, "Edit image", theirs)
        await world.until(lambda: opened.modal)
        assert opened.modal is not None
        (pictures,) = [each for each in walk(opened.modal["components"]) if each.get("custom_id") == "pictures"]
        assert pictures["max_values"] == 5
        more = [photo(name=f"{number}.png") for number in range(4)]
        world.server.modal_submit(opened, {"prompt": "make it night", "pictures": more})
        await world.wait_for_picture(group)
        assert reference_sizes(world.sandbox) == [(64, 48)] * 5


async def test_a_members_own_limit_counts_where_it_is_larger(world: DiscordWorld) -> None:
    large = png() + bytes(12 * 1024 * 1024)  # what follows a PNG's end is ignored by who shows it
    world.ada.nitro = True
    async with world.gallery(large) as upstream, world.easel():
        upstream.open.set()
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "large"})
        message = await world.wait_for_picture()
        assert len(message.attachments[0].data) > 10 * 1024 * 1024


async def test_the_operator_reads_which_permissions_are_missing(world: DiscordWorld) -> None:
    with capture_logs() as logs:
        async with world.easel():
            bare = world.server.world.add_channel(world.guild, denied=Permission.ATTACH_FILES)
            world.server.say(world.ada, bare, f"{world.bot_mention} a red fox")
            await world.wait_for_reply(bare)
    (line,) = [each for each in logs if each["event"] == "permissions are missing"]
    assert (line["channel"], line["missing"]) == (bare.id, ["Attach Files"])


async def test_command_choices_are_the_capabilities_of_the_provider(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        can = easel.app.events.capabilities
        (imagine,) = [each for each in world.server.commands.all() if each["name"] == "imagine"]
        options = {each["name"]: each for each in imagine["options"]}
        assert [each["value"] for each in options["n"]["choices"]] == list(range(1, can.max_n + 1))
        offered = options.get("quality", {"choices": []})
        assert [each["value"] for each in offered["choices"]] == list(can.qualities)
        assert options["size"]["autocomplete"] is True


# ---------------------------------------------------------------- standing


async def credits_of(world: DiscordWorld, member: User) -> str:
    asked = world.server.slash(member, world.channel, "quota")
    await world.until(lambda: asked.original and not asked.original.loading)
    assert asked.original is not None
    return asked.original.content


async def test_boosters_and_buyers_have_more_credits_and_the_best_tier_wins(world: DiscordWorld) -> None:
    server_world = world.server.world
    artist, sku = server_world.add_role(world.guild, "artist"), server_world.snowflake()
    tiers = {str(artist.id): 60, "discord:booster": 70, f"discord:sku:{sku}": 80}
    world.settings["limits"] = {"roles": tiers}
    bob = server_world.add_member(world.guild, "Bob", roles=[artist])
    async with world.easel():
        assert (await credits_of(world, bob)).startswith("60 credits left")
        world.guild.members[bob.id].boosts = True
        assert (await credits_of(world, bob)).startswith("70 credits left")
        bob.skus.append(sku)
        assert (await credits_of(world, bob)).startswith("80 credits left")
        assert (await credits_of(world, world.ada)).startswith("50 credits left")


async def test_a_button_that_comes_with_the_picture_works_at_once(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        message = await world.wait_for_reply()
        await upstream.fetched.wait()
        upstream.open.set()
        await world.until(lambda: message.attachments)
        pressed = world.server.click(world.ada, message, button(message, Action.RETRY))
        await world.until(lambda: len([one for one in world.bot_messages() if one.attachments]) == 2)
        assert not pressed.followups


async def test_a_command_during_shutdown_is_answered_with_the_shutdown(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        await easel.app.events.close()
        asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        await world.until(lambda: asked.original and not asked.original.loading)
        assert asked.original is not None
        assert asked.original.content == translate("en", "failed-restarted")
