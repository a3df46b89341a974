"""Calls that Discord rejects, and what is done instead: archived threads, used-up tokens, deleted replies, syncs."""

from collections.abc import AsyncGenerator
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
from tests.support.chat_world import reference_sizes
from tests.support.clocks import ShiftedClock
from tests.support.images import png
from tests.wire.discord.easel import DiscordWorld, button, discord_world, photo

COMMANDS = "/applications/{application_id}/commands"


class Hasty(ShiftedClock):
    """Lets nobody wait until commands are written again."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(0.0 if seconds == COMMANDS_RETRY_S else seconds)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path) as made:
        yield made


async def test_what_no_follow_up_can_carry_any_more_comes_as_a_direct_message(tmp_path: Path) -> None:
    # the port is called past the status messages that pace it, so the token's bucket must not be what ends it
    async with (
        discord_world(tmp_path, limits=Limits(token=Rate(slots=50, period=1.0))) as place,
        place.easel() as easel,
    ):
        group = place.server.world.add_group_dm(place.ada, place.server.world.add_user("Bob"))
        asked = place.server.slash(place.ada, group, "imagine", {"prompt": "a red fox"})
        await place.picture(group)
        chat = ids.make_chat(None, group.id, direct=False, token_id=f"i{asked.id}")
        for number in range(5):
            await easel.discord.post(chat, Card(text=f"word {number}"), reply_to=None, key=f"w{number}")
        assert len(asked.followups) == 5
        ref = await easel.discord.post(chat, Card(text="the sixth"), reply_to=None, key="w5")
        home = place.server.world.open_dm(place.ada)
        (moved,) = place.mine(home)
        assert moved.content == f"the sixth\n{translate('en', 'discord-moved')}"
        assert (ref.chat, ref.message_id) == (ids.make_chat(None, home.id, direct=True), str(moved.id))


async def test_a_follow_up_where_only_the_token_leads_is_edited_after_a_restart(tmp_path: Path) -> None:
    async with discord_world(tmp_path) as place:
        group = place.server.world.add_group_dm(place.ada, place.server.world.add_user("Bob"))
        async with place.easel() as easel:
            asked = place.server.slash(place.ada, group, "imagine", {"prompt": "a red fox"})
            await place.picture(group)
            chat = ids.make_chat(None, group.id, direct=False, token_id=f"i{asked.id}")
            ref = await easel.discord.post(chat, Card(text="one"), reply_to=None, key="w")
        async with place.easel() as easel:
            await easel.discord.edit(ref, Card(text="two"))
        assert [message.content for message in place.mine(group)][-1] == "two"


async def test_commands_that_discord_did_not_take_are_written_again(place: DiscordWorld) -> None:
    place.clock = Hasty()
    place.server.faults.fail("PUT", COMMANDS, status=403)
    with capture_logs() as logs:
        async with place.easel():
            assert len(place.server.commands.writes) == 1
            assert len(place.server.calls("PUT", COMMANDS)) == 2
            place.server.say(place.ada, place.channel, f"{place.me} a red fox")
            await place.picture()
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["commands not written"]


@pytest.mark.parametrize("minutes", [0, 20])
async def test_an_answer_that_vanished_unheard_is_replaced_by_the_picture(place: DiscordWorld, minutes: int) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        first = await place.answer()
        await upstream.fetched.wait()
        first.deleted = True  # and no event tells: 10008
        place.later(minutes * 60)
        upstream.open.set()
        second = await place.picture(after=first)
        assert place.mine() == [second]


async def test_a_status_message_that_vanished_unheard_is_replaced_by_the_picture(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        first = await place.answer()
        await upstream.fetched.wait()
        first.deleted = True
        upstream.open.set()
        second = await place.picture(after=first)
        assert place.mine() == [second]


async def test_a_deleted_answer_to_a_command_cancels_the_job(place: DiscordWorld) -> None:
    async with place.gallery(), place.easel() as easel:
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        place.server.delete(await place.answer())
        await place.settled(easel)
        history = await easel.app.store.history(f"discord:{place.ada.id}")
        assert [(job.state.value, job.charged) for job in history] == [("cancelled", 0)]


async def test_a_thread_that_was_locked_meanwhile_costs_nothing(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel() as easel:
        thread = place.server.world.add_thread(place.channel)
        place.server.say(place.ada, thread, f"{place.me} a red fox")
        await place.answer(thread)
        await upstream.fetched.wait()
        place.server.archive(thread, locked=True)
        upstream.open.set()
        await place.settled(easel)
        history = await easel.app.store.history(f"discord:{place.ada.id}")
        assert [(job.state.value, job.charged) for job in history] == [("failed", 0)]
        chat = ids.make_chat(place.guild.id, thread.id, direct=False)
        with pytest.raises(ChatGone):
            await easel.discord.post(chat, Card(text="x"), reply_to=None, key="a")


async def test_a_command_in_an_archived_thread_gets_its_picture_late(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        thread = place.server.world.add_thread(place.channel)
        asked = place.server.slash(place.ada, thread, "imagine", {"prompt": "a red fox"})
        await place.answer(thread)
        await upstream.fetched.wait()
        place.server.archive(thread)
        place.later(20 * 60)
        upstream.open.set()
        assert await place.picture(thread) is asked.original


async def test_a_result_is_another_members_to_look_at_only(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        message = await place.picture()
        bob = place.server.world.add_member(place.guild, "Bob")
        for action in (Action.RETRY, Action.VARY, Action.EDIT):
            pressed = place.server.click(bob, message, button(message, action))
            await place.until(lambda pressed=pressed: pressed.followups)
            assert pressed.modal is None
            assert (pressed.followups[0].ephemeral, pressed.followups[0].content) == (
                True,
                translate("en", "refusal-not-yours"),
            )
        await place.settled(easel)
        assert len(place.sandbox.requests) == 1


async def test_the_menu_works_in_a_group_of_friends_and_on_forwarded_pictures(place: DiscordWorld) -> None:
    async with place.easel():
        world = place.server.world
        bob = world.add_user("Bob")
        group = world.add_group_dm(place.ada, bob)
        shown = place.server.say(bob, place.channel, "look", files=[photo()])
        theirs = place.server.forward(bob, group, shown)
        opened = place.server.message_menu(place.ada, "Edit image", theirs)
        await place.until(lambda: opened.modal)
        assert opened.modal is not None
        (pictures,) = [each for each in walk(opened.modal["components"]) if each.get("custom_id") == "pictures"]
        assert pictures["max_values"] == 5
        more = [photo(name=f"{number}.png") for number in range(4)]
        place.server.modal_submit(opened, {"prompt": "make it night", "pictures": more})
        await place.picture(group)
        assert reference_sizes(place.sandbox) == [(64, 48)] * 5


async def test_a_members_own_limit_counts_where_it_is_larger(place: DiscordWorld) -> None:
    large = png() + bytes(12 * 1024 * 1024)  # what follows a PNG's end is ignored by who shows it
    place.ada.nitro = True
    async with place.gallery(large) as upstream, place.easel():
        upstream.open.set()
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "large"})
        message = await place.picture()
        assert len(message.attachments[0].data) > 10 * 1024 * 1024


async def test_the_operator_reads_which_permissions_are_missing(place: DiscordWorld) -> None:
    with capture_logs() as logs:
        async with place.easel():
            bare = place.server.world.add_channel(place.guild, denied=Permission.ATTACH_FILES)
            place.server.say(place.ada, bare, f"{place.me} a red fox")
            await place.answer(bare)
    (line,) = [each for each in logs if each["event"] == "permissions are missing"]
    assert (line["channel"], line["missing"]) == (bare.id, ["Attach Files"])


async def test_choices_are_what_the_provider_can(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        can = easel.app.events.capabilities
        (imagine,) = [each for each in place.server.commands.all() if each["name"] == "imagine"]
        options = {each["name"]: each for each in imagine["options"]}
        assert [each["value"] for each in options["n"]["choices"]] == list(range(1, can.max_n + 1))
        offered = options.get("quality", {"choices": []})
        assert [each["value"] for each in offered["choices"]] == list(can.qualities)
        assert options["size"]["autocomplete"] is True


# ---------------------------------------------------------------- standing


async def credits_of(place: DiscordWorld, member: User) -> str:
    asked = place.server.slash(member, place.channel, "quota")
    await place.until(lambda: asked.original and not asked.original.loading)
    assert asked.original is not None
    return asked.original.content


async def test_boosters_and_buyers_have_more_credits_and_the_best_tier_wins(place: DiscordWorld) -> None:
    world = place.server.world
    artist, sku = world.add_role(place.guild, "artist"), world.snowflake()
    tiers = {str(artist.id): 60, "discord:booster": 70, f"discord:sku:{sku}": 80}
    place.settings["limits"] = {"roles": tiers}
    bob = world.add_member(place.guild, "Bob", roles=[artist])
    async with place.easel():
        assert (await credits_of(place, bob)).startswith("60 credits left")
        place.guild.members[bob.id].boosts = True
        assert (await credits_of(place, bob)).startswith("70 credits left")
        bob.skus.append(sku)
        assert (await credits_of(place, bob)).startswith("80 credits left")
        assert (await credits_of(place, place.ada)).startswith("50 credits left")


async def test_a_button_that_comes_with_the_picture_works_at_once(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        message = await place.answer()
        await upstream.fetched.wait()
        upstream.open.set()
        await place.until(lambda: message.attachments)
        pressed = place.server.click(place.ada, message, button(message, Action.RETRY))
        await place.until(lambda: len([one for one in place.mine() if one.attachments]) == 2)
        assert not pressed.followups


async def test_a_command_that_comes_while_easel_stops_is_told_so(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        easel.app.events.close()
        asked = place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        await place.until(lambda: asked.original and not asked.original.loading)
        assert asked.original is not None
        assert asked.original.content == translate("en", "failed-restarted")
