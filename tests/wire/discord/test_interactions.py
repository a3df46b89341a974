"""Interactions on Discord: slash commands, the message menu and its form, and buttons.

Each is acknowledged in time, answered in one message and understood after a restart.
"""

from bot.chat import Action
from bot.texts import translate
from tests.servers.discord import Answered, Message, Permission, Upload
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, button, photo
from tests.wire.discord.interactions import shot, whispered

# ---------------------------------------------------------------- slash commands


async def test_a_slash_command_is_deferred_and_becomes_the_picture(world: DiscordWorld) -> None:
    async with world.easel():
        asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox", "image": photo()})
        message = await world.wait_for_picture()
        assert asked.original is message
        assert asked.answered is Answered.DEFER
        assert len(world.channel.standing) == 1
        assert world.server.calls("PATCH", "/channels/{channel_id}/messages/{message_id}") == []


async def test_five_references_and_options_in_one_command(world: DiscordWorld) -> None:
    async with world.easel():
        pictures = {f"image{number or ''}": shot(50 + number) for number in (0, 2, 3, 4, 5)}
        options = {"prompt": "together", **pictures, "size": "3:2", "n": 2}
        world.server.slash(world.ada, world.channel, "imagine", options)
        message = await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(width, 40) for width in (50, 52, 53, 54, 55)]
        assert len(message.attachments) == 2
        first = message.attachments[0]
        assert (first.width or 0) > (first.height or 0)


async def test_the_prompt_of_a_command_may_begin_with_a_slash(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "/help me, a slash --size 3:2"})
        message = await world.wait_for_picture()
        assert "/help me, a slash" in message.content


async def test_a_value_that_is_not_offered_is_refused_in_words(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a fox", "size": "huge"})
        assert "--size can’t be “huge”" in (await world.wait_for_reply()).content
        assert world.sandbox.requests == []


async def test_a_mask_is_refused_before_anything_is_spent(world: DiscordWorld) -> None:
    world.settings["providers"] = [world.provider(max_references=1)]  # so no marked copy goes along either
    async with world.easel():
        world.server.slash(world.ada, world.channel, "edit", {"prompt": "a hat", "image": photo(), "mask": photo()})
        assert (await world.wait_for_reply()).content == translate("en", "refusal-unsupported", what="mask")
        assert world.sandbox.requests == []


async def test_sizes_are_completed_while_typing(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        asked = world.server.autocomplete(world.ada, world.channel, "imagine", "size", "3")
        choices = await world.until(lambda: asked.choices)
        offered = [each["value"] for each in choices or []]
        assert offered == [each for each in easel.app.events.capabilities.sizes if "3" in each]
        assert offered != []


async def test_fifty_commands_at_once_are_each_acknowledged(world: DiscordWorld) -> None:
    async with world.easel():
        members = [world.server.world.add_member(world.guild, f"member {number}") for number in range(50)]
        asked = [world.server.slash(each, world.channel, "quota") for each in members]
        await world.until(lambda: all(each.original and not each.original.loading for each in asked))
        assert {each.answered for each in asked} == {Answered.DEFER}
        assert not world.server.refused
        assert all(each.original is not None and each.original.ephemeral for each in asked)


async def test_answers_come_in_the_language_of_who_asks(world: DiscordWorld) -> None:
    async with world.easel():
        jade = world.server.world.add_member(world.guild, "Jade", locale="zh-CN")
        asked = world.server.slash(jade, world.channel, "quota")
        await world.until(lambda: asked.original and not asked.original.loading)
        assert asked.original is not None
        assert "积分" in asked.original.content
        world.server.say(jade, world.channel, f"{world.bot_mention} --size huge a fox")
        refused = await world.wait_for_reply(after=asked.original)
        assert "“huge”" in refused.content
        assert "can’t" not in refused.content


async def test_commands_are_localised_and_written_once(world: DiscordWorld) -> None:
    async with world.easel():
        names = {each["name"]: each for each in world.server.commands.all()}
        asking = {"quota", "history", "cancel", "help", "privacy", "forget"}
        assert set(names) == {"imagine", "edit", *asking, "admin", "Edit image", "Delete picture"}
        assert names["imagine"]["name_localizations"]["ru"] == "нарисуй"
        assert names["imagine"]["description_localizations"]["zh-CN"] == translate("zh", "hint-imagine")
        assert names["Edit image"]["name_localizations"]["zh-CN"] == "修改图片"
        assert names["Delete picture"]["name_localizations"]["ru"] == "Удалить картинку"
        assert names["imagine"]["integration_types"] == [0, 1]
        assert sorted(names["imagine"]["contexts"]) == [0, 1, 2]
        assert names["admin"]["default_member_permissions"] == str(1 << 5)
        options = [each["name"] for each in names["imagine"]["options"]]
        pictures = ["image", "image2", "image3", "image4", "image5"]
        assert [each for each in options if each not in ("size", "quality")] == ["prompt", *pictures, "mask", "n"]
        assert len(world.server.commands.writes) == 1
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        await world.wait_for_picture()
        assert len(world.server.commands.writes) == 1


async def test_admins_grant_and_others_do_not(world: DiscordWorld) -> None:
    world.settings["admins"] = [f"discord:{world.ada.id}"]
    async with world.easel():
        bob = world.server.world.add_member(world.guild, "Bob")
        granted = world.server.slash(world.ada, world.channel, "admin grant", {"user": f"<@{bob.id}>", "credits": 20})
        await world.until(lambda: granted.original and not granted.original.loading)
        assert granted.original is not None
        assert f"Gave discord:{bob.id} 20 credits" in granted.original.content
        tried = world.server.slash(bob, world.channel, "admin ban", {"user": "telegram:1"})
        await world.until(lambda: tried.original and not tried.original.loading)
        assert tried.original is not None
        assert tried.original.content == translate("en", "refusal-admins-only")


async def test_statistics_come_with_a_chart(world: DiscordWorld) -> None:
    world.settings["admins"] = [f"discord:{world.ada.id}"]
    async with world.easel():
        asked = world.server.slash(world.ada, world.channel, "admin stats")
        await world.until(lambda: asked.original and not asked.original.loading)
        assert asked.original is not None
        assert asked.original.content.startswith("Today (UTC): 0 people asked.")
        assert [each.filename for each in asked.original.attachments] == ["easel-1.png"]
        assert asked.followups == []
        world.channel.denied = Permission.ATTACH_FILES
        world.server.say(world.ada, world.channel, f"{world.bot_mention} /admin stats")
        said = await world.wait_for_reply(after=asked.original)
        assert said.content == asked.original.content
        assert said.attachments == []


async def test_the_history_leads_to_the_messages(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        message = await world.wait_for_picture()
        asked = world.server.slash(world.ada, world.channel, "history")
        await world.until(lambda: asked.original and not asked.original.loading)
        assert asked.original is not None
        link = f"https://discord.com/channels/{world.guild.id}/{world.channel.id}/{message.id}"
        assert link in asked.original.content


# ---------------------------------------------------------------- the message menu and its form


async def test_the_menu_of_any_message_opens_a_form_that_paints(world: DiscordWorld) -> None:
    async with world.easel():
        bob = world.server.world.add_member(world.guild, "Bob")
        theirs = world.server.say(bob, world.channel, "look", files=[shot(50), shot(51)])
        opened = world.server.message_menu(world.ada, "Edit image", theirs)
        await world.until(lambda: opened.modal)
        sent = world.server.modal_submit(opened, {"prompt": "make it night", "pictures": [shot(52), shot(53)]})
        message = await world.wait_for_picture()
        assert sent.original is message
        assert reference_sizes(world.sandbox) == [(50, 40), (51, 40), (52, 40), (53, 40)]


async def test_a_form_that_was_opened_before_a_restart_still_works(world: DiscordWorld) -> None:
    async with world.easel():
        bob = world.server.world.add_member(world.guild, "Bob")
        theirs = world.server.say(bob, world.channel, "look", files=[shot(50)])
        opened = world.server.message_menu(world.ada, "Edit image", theirs)
        await world.until(lambda: opened.modal)
    async with world.easel():
        sent = world.server.modal_submit(opened, {"prompt": "make it night"})
        assert sent.original is None
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(50, 40)]


async def test_the_menu_of_a_message_without_pictures_says_so(world: DiscordWorld) -> None:
    async with world.easel():
        theirs = world.server.say(world.ada, world.channel, "just words")
        opened = world.server.message_menu(world.ada, "Edit image", theirs)
        await world.until(lambda: opened.original)
        assert opened.original is not None
        assert opened.original.ephemeral
        assert opened.original.content == translate("en", "refusal-reply-has-no-picture")


# ---------------------------------------------------------------- buttons


async def painted(world: DiscordWorld, **given: Upload) -> Message:
    world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox", **given})
    return await world.wait_for_picture()


async def test_edit_opens_a_form_whose_result_starts_from_the_picture(world: DiscordWorld) -> None:
    async with world.easel():
        first = await painted(world)
        pressed = world.server.click(world.ada, first, button(first, Action.EDIT))
        await world.until(lambda: pressed.modal)
        world.server.modal_submit(pressed, {"prompt": "make it night", "pictures": [shot(50)]})
        await world.wait_for_picture(after=first)
        result = first.attachments[0]
        assert reference_sizes(world.sandbox) == [(result.width, result.height), (50, 40)]


async def test_retry_takes_the_original_references_though_the_upload_and_every_link_are_dead(
    world: DiscordWorld,
) -> None:
    async with world.easel():
        first = await painted(world, image=shot(50))
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a blue fox", files=[shot(51)])
        second = await world.wait_for_picture(after=first)
    world.advance_clock(2 * 86_400)
    world.server.cdn.lost |= {each.id for each in world.server.world.attachments.values() if each.ephemeral}
    async with world.easel():
        world.server.click(world.ada, first, button(first, Action.RETRY))
        third = await world.wait_for_picture(after=second)
        assert reference_sizes(world.sandbox) == [(50, 40)]
        world.server.click(world.ada, second, button(second, Action.RETRY))
        fourth = await world.wait_for_picture(after=third)
        assert reference_sizes(world.sandbox) == [(51, 40)]
        assert fourth.reference is not None
        assert fourth.reference.message is second
        world.server.click(world.ada, second, button(second, Action.VARY))
        await world.wait_for_picture(after=fourth)
        assert reference_sizes(world.sandbox)[1:] == [(51, 40)]
        assert len(reference_sizes(world.sandbox)) == 2


async def test_another_member_may_not_cancel_and_the_owner_may(world: DiscordWorld) -> None:
    async with world.gallery(), world.easel() as easel:
        bob = world.server.world.add_member(world.guild, "Bob")
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        message = await world.wait_for_reply()
        pressed = world.server.click(bob, message, button(message, Action.CANCEL))
        assert await whispered(world, pressed) == translate("en", "refusal-not-yours")
        assert pressed.answered is Answered.DEFER_UPDATE
        assert await easel.app.store.unfinished_jobs() != []
        pressed = world.server.click(world.ada, message, button(message, Action.CANCEL))
        assert await whispered(world, pressed) == translate("en", "answer-cancelled", count=1)
        await world.until(lambda: message.content == translate("en", "cancelled"))


async def test_an_admin_may_cancel(world: DiscordWorld) -> None:
    bob = world.server.world.add_member(world.guild, "Bob")
    world.settings["admins"] = [f"discord:{bob.id}"]
    async with world.gallery(), world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        message = await world.wait_for_reply()
        world.server.click(bob, message, button(message, Action.CANCEL))
        await world.until(lambda: message.content == translate("en", "cancelled"))
