"""The command menus keep Telegram's limits, in every language. Source: BotCommand of the Bot API."""

import re

import pytest

from adapters.telegram.commands import command_menus
from bot.texts import LOCALES


@pytest.mark.parametrize("shop", [False, True])
def test_menus_keep_telegrams_limits(shop: bool) -> None:
    made = list(command_menus(["telegram:1", "discord:2", "telegram:x"], payments=shop))
    assert len(made) == 3 * len(LOCALES)
    for menu in made:
        assert re.fullmatch("|[a-z]{2}", menu.language)
        assert 1 <= len(menu.commands) <= 100
        assert len({each.command for each in menu.commands}) == len(menu.commands)
        for each in menu.commands:
            assert re.fullmatch("[a-z0-9_]{1,32}", each.command)
            assert 1 <= len(each.description) <= 256
