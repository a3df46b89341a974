"""Commands, menus, modals, buttons: acknowledged in time, answered in one message, understood after a restart."""

import asyncio
import random
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from PIL import Image

from bot.chat import Action
from bot.texts import translate
from tests.servers.discord import Answered, Interaction, Message, Upload
from tests.support.chat_world import reference_sizes
from tests.support.images import encode_image, png
from tests.wire.discord.easel import DiscordWorld, button, discord_world, done, photo

MINUTES = 60.0


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path) as made:
        yield made


def shot(width: int) -> Upload:
    return Upload(filename=f"{width}.png", data=png(size=(width, 40)))


async def whispered(place: DiscordWorld, pressed: Interaction) -> str:
    """What the clicker alone is told."""
    await place.until(lambda: pressed.followups)
    assert pressed.followups[0].ephemeral
    return pressed.followups[0].content


# ---------------------------------------------------------------- slash commands


async def test_a_slash_command_is_thought_about_and_becomes_the_picture(place: DiscordWorld) -> None:
    async with place.easel():
        asked = place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox", "image": photo()})
        message = await place.picture()
        assert asked.original is message
        assert asked.answered is Answered.DEFER
        assert len(place.channel.standing) == 1
        assert place.server.calls("PATCH", "/channels/{channel_id}/messages/{message_id}") == []


async def test_five_references_and_options_in_one_command(place: DiscordWorld) -> None:
    async with place.easel():
        pictures = {f"image{number or ''}": shot(50 + number) for number in (0, 2, 3, 4, 5)}
        options = {"prompt": "together", **pictures, "size": "3:2", "n": 2}
        place.server.slash(place.ada, place.channel, "imagine", options)
        message = await place.picture()
        assert reference_sizes(place.sandbox) == [(width, 40) for width in (50, 52, 53, 54, 55)]
        assert len(message.attachments) == 2
        first = message.attachments[0]
        assert (first.width or 0) > (first.height or 0)


async def test_a_prompt_from_a_command_is_taken_as_it_is(place: DiscordWorld) -> None:
    async with place.easel():
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "/help me, a slash --size 3:2"})
        message = await place.picture()
        assert "/help me, a slash" in message.content


async def test_a_value_that_is_not_offered_is_refused_in_words(place: DiscordWorld) -> None:
    async with place.easel():
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a fox", "size": "huge"})
        assert "--size can’t be “huge”" in (await place.answer()).content
        assert place.sandbox.requests == []


async def test_a_mask_is_refused_before_anything_is_spent(place: DiscordWorld) -> None:
    async with place.easel():
        place.server.slash(place.ada, place.channel, "edit", {"prompt": "a hat", "image": photo(), "mask": photo()})
        assert (await place.answer()).content == translate("en", "refusal-unsupported", what="mask")
        assert place.sandbox.requests == []


async def test_sizes_are_completed_while_typing(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        asked = place.server.autocomplete(place.ada, place.channel, "imagine", "size", "3")
        choices = await place.until(lambda: asked.choices)
        offered = [each["value"] for each in choices or []]
        assert offered == [each for each in easel.app.events.capabilities.sizes if "3" in each]
        assert offered != []


async def test_fifty_commands_at_once_are_each_acknowledged(place: DiscordWorld) -> None:
    async with place.easel():
        members = [place.server.world.add_member(place.guild, f"member {number}") for number in range(50)]
        asked = [place.server.slash(each, place.channel, "quota") for each in members]
        await place.until(lambda: all(each.original and not each.original.loading for each in asked))
        assert {each.answered for each in asked} == {Answered.DEFER}
        assert not place.server.refused
        assert all(each.original is not None and each.original.ephemeral for each in asked)


async def test_answers_come_in_the_language_of_who_asks(place: DiscordWorld) -> None:
    async with place.easel():
        jade = place.server.world.add_member(place.guild, "Jade", locale="zh-CN")
        asked = place.server.slash(jade, place.channel, "quota")
        await place.until(lambda: asked.original and not asked.original.loading)
        assert asked.original is not None
        assert "积分" in asked.original.content
        place.server.say(jade, place.channel, f"{place.me} --size huge a fox")
        refused = await place.answer(after=asked.original)
        assert "“huge”" in refused.content
        assert "can’t" not in refused.content


async def test_commands_are_localised_and_written_once(place: DiscordWorld) -> None:
    async with place.easel():
        names = {each["name"]: each for each in place.server.commands.all()}
        asking = {"quota", "history", "cancel", "help", "privacy", "forget"}
        assert set(names) == {"imagine", "edit", *asking, "admin", "Edit image"}
        assert names["imagine"]["name_localizations"]["ru"] == "нарисуй"
        assert names["imagine"]["description_localizations"]["zh-CN"] == translate("zh", "hint-imagine")
        assert names["Edit image"]["name_localizations"]["zh-CN"] == "修改图片"
        assert names["imagine"]["integration_types"] == [0, 1]
        assert sorted(names["imagine"]["contexts"]) == [0, 1, 2]
        assert names["admin"]["default_member_permissions"] == str(1 << 5)
        options = [each["name"] for each in names["imagine"]["options"]]
        pictures = ["image", "image2", "image3", "image4", "image5"]
        assert [each for each in options if each not in ("size", "quality")] == ["prompt", *pictures, "mask", "n"]
        assert len(place.server.commands.writes) == 1
    async with place.easel():
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        await place.picture()
        assert len(place.server.commands.writes) == 1


async def test_admins_grant_and_others_do_not(place: DiscordWorld) -> None:
    place.settings["admins"] = [f"discord:{place.ada.id}"]
    async with place.easel():
        bob = place.server.world.add_member(place.guild, "Bob")
        granted = place.server.slash(place.ada, place.channel, "admin grant", {"user": f"<@{bob.id}>", "credits": 20})
        await place.until(lambda: granted.original and not granted.original.loading)
        assert granted.original is not None
        assert f"Gave discord:{bob.id} 20 credits" in granted.original.content
        tried = place.server.slash(bob, place.channel, "admin ban", {"user": "telegram:1"})
        await place.until(lambda: tried.original and not tried.original.loading)
        assert tried.original is not None
        assert tried.original.content == translate("en", "refusal-admins-only")


async def test_the_history_leads_to_the_messages(place: DiscordWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        message = await place.picture()
        asked = place.server.slash(place.ada, place.channel, "history")
        await place.until(lambda: asked.original and not asked.original.loading)
        assert asked.original is not None
        link = f"https://discord.com/channels/{place.guild.id}/{place.channel.id}/{message.id}"
        assert link in asked.original.content


# ---------------------------------------------------------------- the message menu and its form


async def test_the_menu_of_any_message_opens_a_form_that_paints(place: DiscordWorld) -> None:
    async with place.easel():
        bob = place.server.world.add_member(place.guild, "Bob")
        theirs = place.server.say(bob, place.channel, "look", files=[shot(50), shot(51)])
        opened = place.server.message_menu(place.ada, "Edit image", theirs)
        await place.until(lambda: opened.modal)
        sent = place.server.modal_submit(opened, {"prompt": "make it night", "pictures": [shot(52), shot(53)]})
        message = await place.picture()
        assert sent.original is message
        assert reference_sizes(place.sandbox) == [(50, 40), (51, 40), (52, 40), (53, 40)]


async def test_a_form_that_was_opened_before_a_restart_still_works(place: DiscordWorld) -> None:
    async with place.easel():
        bob = place.server.world.add_member(place.guild, "Bob")
        theirs = place.server.say(bob, place.channel, "look", files=[shot(50)])
        opened = place.server.message_menu(place.ada, "Edit image", theirs)
        await place.until(lambda: opened.modal)
    async with place.easel():
        sent = place.server.modal_submit(opened, {"prompt": "make it night"})
        assert sent.original is None
        await place.picture()
        assert reference_sizes(place.sandbox) == [(50, 40)]


async def test_the_menu_of_a_message_without_pictures_says_so(place: DiscordWorld) -> None:
    async with place.easel():
        theirs = place.server.say(place.ada, place.channel, "just words")
        opened = place.server.message_menu(place.ada, "Edit image", theirs)
        await place.until(lambda: opened.original)
        assert opened.original is not None
        assert opened.original.ephemeral
        assert opened.original.content == translate("en", "refusal-reply-has-no-picture")


# ---------------------------------------------------------------- buttons


async def painted(place: DiscordWorld, **given: Upload) -> Message:
    place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox", **given})
    return await place.picture()


async def test_edit_opens_a_form_whose_result_starts_from_the_picture(place: DiscordWorld) -> None:
    async with place.easel():
        first = await painted(place)
        pressed = place.server.click(place.ada, first, button(first, Action.EDIT))
        await place.until(lambda: pressed.modal)
        place.server.modal_submit(pressed, {"prompt": "make it night", "pictures": [shot(50)]})
        await place.picture(after=first)
        result = first.attachments[0]
        assert reference_sizes(place.sandbox) == [(result.width, result.height), (50, 40)]


async def test_retry_takes_the_original_references_though_the_upload_and_every_link_are_dead(
    place: DiscordWorld,
) -> None:
    async with place.easel():
        first = await painted(place, image=shot(50))
        place.server.say(place.ada, place.channel, f"{place.me} a blue fox", files=[shot(51)])
        second = await place.picture(after=first)
    place.later(2 * 86_400)
    place.server.cdn.lost |= {each.id for each in place.server.world.attachments.values() if each.ephemeral}
    async with place.easel():
        place.server.click(place.ada, first, button(first, Action.RETRY))
        third = await place.picture(after=second)
        assert reference_sizes(place.sandbox) == [(50, 40)]
        place.server.click(place.ada, second, button(second, Action.RETRY))
        fourth = await place.picture(after=third)
        assert reference_sizes(place.sandbox) == [(51, 40)]
        assert fourth.reference is not None
        assert fourth.reference.message is second
        place.server.click(place.ada, second, button(second, Action.VARY))
        await place.picture(after=fourth)
        assert reference_sizes(place.sandbox)[1:] == [(51, 40)]
        assert len(reference_sizes(place.sandbox)) == 2


async def test_another_member_may_not_cancel_and_the_owner_may(place: DiscordWorld) -> None:
    async with place.gallery(), place.easel() as easel:
        bob = place.server.world.add_member(place.guild, "Bob")
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        message = await place.answer()
        pressed = place.server.click(bob, message, button(message, Action.CANCEL))
        assert await whispered(place, pressed) == translate("en", "refusal-not-yours")
        assert pressed.answered is Answered.DEFER_UPDATE
        assert await easel.app.store.unfinished_jobs() != []
        pressed = place.server.click(place.ada, message, button(message, Action.CANCEL))
        assert await whispered(place, pressed) == translate("en", "answer-cancelled", count=1)
        await place.until(lambda: message.content == translate("en", "cancelled"))


async def test_an_admin_may_cancel(place: DiscordWorld) -> None:
    bob = place.server.world.add_member(place.guild, "Bob")
    place.settings["admins"] = [f"discord:{bob.id}"]
    async with place.gallery(), place.easel():
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        message = await place.answer()
        place.server.click(bob, message, button(message, Action.CANCEL))
        await place.until(lambda: message.content == translate("en", "cancelled"))


# ---------------------------------------------------------------- tokens that age


async def test_a_job_of_twenty_minutes_ends_in_the_message_it_began_with(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        asked = place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        await upstream.fetched.wait()
        await place.answer()
        place.later(20 * MINUTES)
        upstream.open.set()
        message = await place.picture()
        assert asked.original is message
        assert len(place.channel.standing) == 1
        assert [one.status for one in place.server.requests if one.status in (401, 403)] == []


async def test_a_token_that_dies_early_is_noticed_once(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        await upstream.fetched.wait()
        await place.answer()
        place.server.later(20 * MINUTES)  # Discord's clock alone
        upstream.open.set()
        await place.picture()
        assert len([one for one in place.server.requests if one.status == 401]) == 1


async def test_a_user_installed_bot_works_in_a_group_of_friends(place: DiscordWorld) -> None:
    async with place.easel():
        bob = place.server.world.add_user("Bob")
        group = place.server.world.add_group_dm(place.ada, bob)
        asked = place.server.slash(place.ada, group, "imagine", {"prompt": "a red fox", "image": shot(50)})
        message = await place.picture(group)
        assert asked.original is message
        pressed = place.server.click(place.ada, message, button(message, Action.VARY))
        again = await place.picture(group, after=message)
        assert again in pressed.followups
        assert reference_sizes(place.sandbox)[1:] == [(50, 40)]
        opened = place.server.click(place.ada, again, button(again, Action.EDIT))
        await place.until(lambda: opened.modal)
        place.server.modal_submit(opened, {"prompt": "make it night"})
        await place.picture(group, after=again)
        assert [one.status for one in place.server.requests if one.status in (401, 403)] == []


@pytest.mark.parametrize("external_apps", [True, False])
async def test_a_user_installed_bot_works_in_a_foreign_guild(place: DiscordWorld, external_apps: bool) -> None:
    async with place.easel():
        abroad = place.server.world.add_guild("abroad", bot_in=False)
        place.server.world.add_member(abroad, place.ada)
        square = place.server.world.add_channel(abroad, external_apps=external_apps)
        asked = place.server.slash(place.ada, square, "imagine", {"prompt": "a red fox"})
        message = await place.until(lambda: asked.original if asked.original and done(asked.original) else None)
        assert message is not None
        assert message.ephemeral is not external_apps


async def test_where_only_the_dead_token_led_the_picture_comes_as_a_direct_message(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel() as easel:
        group = place.server.world.add_group_dm(place.ada, place.server.world.add_user("Bob"))
        place.server.slash(place.ada, group, "imagine", {"prompt": "a red fox"})
        await upstream.fetched.wait()
        await place.answer(group)
        place.later(20 * MINUTES)
        upstream.open.set()
        home = place.server.world.open_dm(place.ada)
        message = await place.picture(home)
        assert translate("en", "discord-moved") in message.content
        await place.settled(easel)
        history = await easel.app.store.history(f"discord:{place.ada.id}")
        assert history[0].charged == 1


async def test_who_takes_no_direct_messages_is_told_the_next_time_and_not_charged(place: DiscordWorld) -> None:
    place.ada.dms_open = False
    async with place.gallery() as upstream, place.easel() as easel:
        group = place.server.world.add_group_dm(place.ada, place.server.world.add_user("Bob"))
        place.server.slash(place.ada, group, "imagine", {"prompt": "a red fox"})
        await upstream.fetched.wait()
        await place.answer(group)
        place.later(20 * MINUTES)
        upstream.open.set()
        await place.settled(easel)
    async with place.easel():
        asked = place.server.slash(place.ada, group, "quota")
        assert await whispered(place, asked) == translate("en", "discord-owed")
        assert asked.original is not None
        await place.until(lambda: asked.original and not asked.original.loading)
        assert asked.original.content.startswith("50 credits left")


# ---------------------------------------------------------------- sizes


def noise(edge: int) -> bytes:
    """A picture that no PNG makes smaller: three bytes a pixel."""
    return encode_image(Image.frombytes("RGB", (edge, edge), random.Random(1).randbytes(3 * edge * edge)))


async def test_a_picture_of_twelve_megabytes_arrives_smaller_and_says_so(place: DiscordWorld) -> None:
    large = await asyncio.to_thread(noise, 2048)
    assert len(large) > 12_000_000
    async with place.gallery(large) as upstream, place.easel():
        upstream.open.set()
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "noise"})
        message = await place.picture()
        assert len(message.attachments[0].data) <= 10 * 1024 * 1024
        assert message.attachments[0].content_type == "image/jpeg"
        assert message.content.endswith(translate("en", "note-shrunk"))


async def test_a_boosted_guild_takes_it_as_it_is(place: DiscordWorld) -> None:
    large = await asyncio.to_thread(noise, 2048)
    guild = place.server.world.add_guild("boosted", tier=2)
    square = place.server.world.add_channel(guild)
    place.server.world.add_member(guild, place.ada)
    async with place.gallery(large) as upstream, place.easel():
        upstream.open.set()
        place.server.say(place.ada, square, f"{place.me} noise")
        message = await place.picture(square)
        assert message.attachments[0].data == large


async def test_a_limit_that_was_believed_too_high_is_found_by_trying(place: DiscordWorld) -> None:
    large = await asyncio.to_thread(noise, 2048)
    guild = place.server.world.add_guild("boosted", tier=2)
    square = place.server.world.add_channel(guild)
    place.server.world.add_member(guild, place.ada)
    async with place.gallery(large) as upstream, place.easel():
        guild.tier = 0  # and the bot was not told
        upstream.open.set()
        place.server.say(place.ada, square, f"{place.me} noise")
        message = await place.picture(square)
        assert len(message.attachments[0].data) <= 10 * 1024 * 1024
        assert message.content.endswith(translate("en", "note-shrunk"))
