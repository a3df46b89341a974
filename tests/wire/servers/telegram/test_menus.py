"""Commands, names and the menu button that the bot sets at the test server; copied messages."""

import pytest
import telegram
from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeChat
from telegram.error import BadRequest

from tests.servers.telegram.scenes import Scene, png


async def test_commands_by_scope_and_language(place: Scene, bot: Bot) -> None:
    usual, russian, grouped = ([BotCommand(name, f"about {name}")] for name in ("paint", "risuj", "group"))
    await bot.set_my_commands(usual)
    await bot.set_my_commands(russian, language_code="ru")
    await bot.set_my_commands(grouped, BotCommandScopeAllGroupChats())
    dmitri = place.server.add_user("Dmitri", language_code="ru")
    menu = place.server.menu
    assert menu(place.ada, place.chat) == [("paint", "about paint")]
    assert menu(dmitri, place.server.private(dmitri)) == [("risuj", "about risuj")]
    assert menu(dmitri, place.group) == [("group", "about group")]
    assert [one.command for one in await bot.get_my_commands(language_code="ru")] == ["risuj"]
    await bot.set_my_commands(usual, BotCommandScopeChat(place.group.id))
    assert menu(dmitri, place.group) == [("paint", "about paint")]
    await bot.delete_my_commands(BotCommandScopeChat(place.group.id))
    await bot.delete_my_commands(BotCommandScopeAllGroupChats())
    assert menu(dmitri, place.group) == [("risuj", "about risuj")]
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Paint!", "x")])


async def test_names_descriptions_and_the_menu_button(place: Scene, bot: Bot) -> None:
    assert (await bot.get_my_name()).name == "Easel"
    await bot.set_my_description("It paints")
    await bot.set_my_description("Рисует", language_code="ru")
    await bot.set_my_short_description("Paints")
    assert (await bot.get_my_description("ru")).description == "Рисует"
    assert (await bot.get_my_description("zh")).description == "It paints"
    assert (await bot.get_my_short_description()).short_description == "Paints"
    await bot.set_chat_menu_button(menu_button=telegram.MenuButtonCommands())
    assert isinstance(await bot.get_chat_menu_button(), telegram.MenuButtonCommands)
    with pytest.raises(BadRequest, match="Short description is too long"):
        await bot.set_my_short_description("x" * 121)


async def test_a_copy_is_a_message_of_the_bot(place: Scene, bot: Bot) -> None:
    photo = place.server.photo(place.ada, place.chat, png(), caption="a cat")
    copied = await bot.copy_message(place.group.id, place.chat.id, photo.id, caption="a copy")
    assert (place.group.last.id, place.group.last.caption) == (copied.message_id, "a copy")
    assert place.group.last.photo == photo.photo
