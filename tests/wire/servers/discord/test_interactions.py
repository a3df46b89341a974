"""The Discord of the tests: commands, forms, clicks, and how long their tokens live."""

import asyncio
import io
from typing import Any

import discord
import pytest

from tests.servers.discord import DiscordServer, Interaction, Upload
from tests.servers.discord.sample_bot import SampleBot, Scene, channel_of, png, register_commands, running


async def test_a_slash_command_is_deferred_edited_and_outlives_its_token(place: Scene) -> None:
    server = place.server
    async with running(server) as bot:
        await register_commands(bot)
        picture = Upload(filename="in.png", data=png("blue"))
        sent = server.slash(place.ada, place.channel, "paint", {"prompt": "a cat", "image": picture})
        asked = await bot.interactions.get()
        assert asked.locale is discord.Locale.german
        assert asked.filesize_limit == place.guild.file_limit
        assert asked.namespace.prompt == "a cat"
        assert await asked.namespace.image.read() == png("blue")
        deferred = await asked.response.defer(thinking=True)
        assert deferred is not None
        assert sent.original is not None
        assert deferred.message_id == sent.original.id
        assert sent.original.loading
        await asked.edit_original_response(content="half")
        file = discord.File(io.BytesIO(png()), "cat.png")
        await asked.edit_original_response(content="done", attachments=[file])
        assert not sent.original.loading
        assert sent.original.versions == ["", "half", "done"]
        server.advance_clocks(15 * 60)
        with pytest.raises(discord.HTTPException) as failure:
            await asked.edit_original_response(content="late")
        assert (failure.value.status, failure.value.code) == (401, 50027)
        await channel_of(bot, place.channel).get_partial_message(sent.original.id).edit(content="by token")
        assert sent.original.content == "by token"
        assert sent.original.attachments[0].data == png()


async def test_an_interaction_is_answered_once_and_within_three_seconds(place: Scene) -> None:
    server = place.server
    async with running(server) as bot:
        await register_commands(bot)
        server.slash(place.ada, place.channel, "paint", {"prompt": "x"})
        first = await bot.interactions.get()
        await first.response.send_message("hello", ephemeral=True)
        second = discord.Interaction(data=first_data(server, first), state=bot._connection)  # pyright: ignore[reportPrivateUsage] - the same event twice
        with pytest.raises(discord.HTTPException) as failure:
            await second.response.send_message("again")
        assert failure.value.code == 40060
        message = place.channel.last
        assert message.ephemeral
        with pytest.raises(discord.NotFound) as failure:
            await channel_of(bot, place.channel).fetch_message(message.id)
        assert failure.value.code == 10008
        server.slash(place.ada, place.channel, "paint", {"prompt": "x"})
        slow = await bot.interactions.get()
        server.advance_clocks(3.1)
        with pytest.raises(discord.NotFound) as failure:
            await slow.response.defer()
        assert failure.value.code == 10062


def first_data(server: DiscordServer, interaction: discord.Interaction[Any]) -> Any:
    """The event of an interaction, as it was sent."""
    session = next(iter(server.gateway.sessions.values()))
    events = [packet["d"] for packet in session.sent if packet["t"] == "INTERACTION_CREATE"]
    return next(data for data in events if data["id"] == str(interaction.id))


async def test_an_option_that_the_command_does_not_take_is_the_tests_own_mistake(place: Scene) -> None:
    async with running(place.server) as bot:
        await register_commands(bot)
        for wrong in ({}, {"prompt": 1}, {"prompt": "x", "colour": "red"}):
            with pytest.raises(AssertionError):
                place.server.slash(place.ada, place.channel, "paint", wrong)
        with pytest.raises(AssertionError, match="no command 'erase'"):
            place.server.slash(place.ada, place.channel, "erase")


async def test_autocomplete_gets_its_choices(place: Scene) -> None:
    async with running(place.server) as bot:
        await register_commands(bot)
        typing = place.server.autocomplete(place.ada, place.channel, "paint", "size", "10")
        choices = await place.server.until(lambda: typing.choices)
        assert [choice["name"] for choice in choices] == ["101", "102"]


async def test_a_message_command_shows_the_whole_message(place: Scene) -> None:
    server = place.server
    async with running(server) as bot:
        await register_commands(bot)
        friends = server.say(place.ada, place.channel, "mine", files=[Upload(filename="a.png", data=png())])
        server.message_menu(place.ada, "Edit", friends)
        asked = await bot.interactions.get()
        data: Any = asked.data
        resolved = data["resolved"]["messages"][str(friends.id)]
        assert resolved["content"] == "mine"
        assert len(resolved["attachments"]) == 1


class Form(discord.ui.Modal, title="Edit"):
    prompt: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Prompt", custom_id="prompt")
    pictures: discord.ui.Label[Any] = discord.ui.Label(
        text="Pictures",
        component=discord.ui.FileUpload(custom_id="pictures", min_values=0, max_values=5, required=False),
    )

    def __init__(self) -> None:
        super().__init__(custom_id="form")
        self.sent: asyncio.Future[discord.Interaction[Any]] = asyncio.get_running_loop().create_future()

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        self.sent.set_result(interaction)


async def test_a_form_is_opened_by_a_click_and_sent_with_files(place: Scene) -> None:
    server = place.server
    async with running(server) as bot:
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Edit", custom_id="edit:1"))
        await channel_of(bot, place.channel).send("done", view=view)
        message = place.channel.last
        assert message.custom_ids == ["edit:1"]
        click = server.click(place.ada, message, "edit:1")
        asked = await bot.interactions.get()
        assert asked.data is not None
        assert asked.data.get("custom_id") == "edit:1"
        form = Form()
        await asked.response.send_modal(form)
        uploads = [Upload(filename=f"{name}.png", data=png(name)) for name in ("red", "blue")]
        sent = server.modal_submit(click, {"prompt": "bluer", "pictures": uploads})
        submitted = await form.sent
        assert form.prompt.value == "bluer"
        assert isinstance(form.pictures.component, discord.ui.FileUpload)
        got = {one.filename: await one.read() for one in form.pictures.component.values}
        assert got == {upload.filename: upload.data for upload in uploads}
        await submitted.response.send_message("working")
        assert sent.original is not None
        assert sent.original.content == "working"
        with pytest.raises(AssertionError, match="required"):
            server.modal_submit(click, {"pictures": uploads})


async def test_a_click_may_update_its_message_or_be_put_off(place: Scene) -> None:
    server = place.server
    async with running(server) as bot:
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Stop", custom_id="stop"))
        await channel_of(bot, place.channel).send("working", view=view)
        message = place.channel.last
        server.click(place.ada, message, "stop")
        asked = await bot.interactions.get()
        await asked.response.edit_message(content="stopped", view=None)
        assert message.content == "stopped"
        with pytest.raises(AssertionError, match="no button"):
            server.click(place.ada, message, "stop")


async def test_where_only_the_user_installed_the_bot_the_token_is_the_only_way(place: Scene) -> None:
    server, world = place.server, place.server.world
    group = world.add_group_dm(place.ada, world.add_user("Bea"))
    async with running(server) as bot:
        await register_commands(bot)
        sent = server.slash(place.ada, group, "paint", {"prompt": "x"})
        asked = await bot.interactions.get()
        assert asked.is_user_integration()
        assert not asked.is_guild_integration()
        await asked.response.send_message("working")
        assert sent.original is group.last
        with pytest.raises(discord.Forbidden) as failure:
            await bot.get_partial_messageable(group.id).send("x")
        assert failure.value.code == 50001
        for number in range(5):
            await asked.followup.send(f"{number}")
        with pytest.raises(discord.HTTPException) as failure:
            await asked.followup.send("one more")
        assert failure.value.code == 40094
        foreign = world.add_guild("elsewhere", bot_in=False)
        strict = world.add_channel(foreign, "strict", external_apps=False)
        world.add_member(foreign, place.ada)
        hushed = server.slash(place.ada, strict, "paint", {"prompt": "x"})
        await (await bot.interactions.get()).response.send_message("only for her")
        assert hushed.original is not None
        assert hushed.original.ephemeral


async def test_a_deleted_answer_is_gone_and_a_follow_up_fills_a_deferred_one(place: Scene) -> None:
    server = place.server

    async def deferred(bot: SampleBot) -> tuple[Interaction, discord.Interaction[Any]]:
        sent = server.slash(place.ada, place.channel, "paint", {"prompt": "x"})
        asked = await bot.interactions.get()
        await asked.response.defer()
        return sent, asked

    async with running(server) as bot:
        await register_commands(bot)
        sent, asked = await deferred(bot)
        assert sent.original is not None
        server.delete(sent.original)
        with pytest.raises(discord.NotFound) as failure:
            await asked.edit_original_response(content="x")
        assert failure.value.code == 10008
        sent, asked = await deferred(bot)
        await asked.followup.send("filled")
        assert sent.original is not None
        assert sent.original.content == "filled"
        assert sent.followups == []


async def test_registering_the_same_commands_again_creates_and_changes_nothing(place: Scene) -> None:
    async with running(place.server) as bot:
        await register_commands(bot)
        await bot.tree.sync()
        first, second = place.server.commands.writes
        assert first.created == ("paint", "Edit")
        assert (second.created, second.changed) == ((), ())
