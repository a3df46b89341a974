"""Which events of Discord are written down before they are acknowledged."""

import pytest

from adapters.discord.inbox import SHOWN_AT_ONCE, asks_for_something
from bot.chat import Action


def is_recorded(custom_id: object) -> bool:
    press = {"type": 3, "data": {"custom_id": custom_id, "component_type": 2}}
    return asks_for_something("INTERACTION_CREATE", press, "1")


@pytest.mark.parametrize("action", Action)
def test_a_press_that_begins_something_is(action: Action) -> None:
    assert is_recorded(f"easel:{action.value}:abcdefghijkl:2") is (action not in SHOWN_AT_ONCE)


@pytest.mark.parametrize("custom_id", ["easel-answer:words", "easel:paint:x", "easel", "other:retry:x", "", None, 5])
def test_other_components_are_not(custom_id: object) -> None:
    assert not is_recorded(custom_id)
