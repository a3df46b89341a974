"""Interactions that discord.py or Easel cannot handle: whoever started one is told."""

from typing import Any

import pytest

from bot.chat import Action
from bot.texts import translate
from tests.servers.discord.gateway import MISSING
from tests.wire.discord.easel import DiscordWorld, button
from tests.wire.discord.interactions import whispered

PROMPT = {"type": 3, "name": "prompt", "value": "a red fox"}
OF_ANOTHER_VERSION: list[dict[str, Any]] = [
    {"id": "1", "type": 1, "name": "paint", "options": [PROMPT]},
    {"id": "1", "type": 1, "name": "imagine", "options": [{**PROMPT, "name": "words"}]},
    {"id": "1", "type": 1, "name": "admin", "options": [{"type": 1, "name": "promote", "options": []}]},
    {"id": "1", "type": 3, "name": "Make it night", "target_id": "5", "resolved": {"messages": {}}},
]


ODD_FIELDS: dict[str, Any] = {
    "locale": 5,
    "version": MISSING,
    "attachment_size_limit": None,
    "app_permissions": MISSING,
    "entitlements": None,
    "authorizing_integration_owners": "none",
    "channel": [],
}
ODD_MESSAGES: list[dict[str, Any]] = [
    {"flags": None, "embeds": None, "mentions": "x", "edited_timestamp": 5},
    {"components": [], "poll": {}, "embeds": [{"timestamp": "yesterday"}]},
]


async def is_broken(*_: object) -> Any:
    raise KeyError


async def test_a_command_of_another_version_is_answered(world: DiscordWorld) -> None:
    async with world.easel():
        for data in OF_ANOTHER_VERSION:
            world.server.gateway.odd["INTERACTION_CREATE"] = {"data": data}
            asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
            told = await world.until(lambda asked=asked: asked.original)
            assert told is not None
            assert told.ephemeral
            assert told.content == translate("en", "discord-command-changed")
        assert world.sandbox.requests == []


async def test_what_a_command_lacks_is_put_in(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.gateway.odd["INTERACTION_CREATE"] = ODD_FIELDS
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        await world.wait_for_picture()


async def test_a_button_is_known_by_its_id_alone(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        picture = await world.wait_for_picture()
        for odd in ODD_MESSAGES:
            shown = world.server.core.messages.full(picture)
            world.server.gateway.odd["INTERACTION_CREATE"] = {"message": shown | odd}
            world.server.click(world.ada, picture, button(picture, Action.VARY))
            picture = await world.wait_for_picture(after=picture)
        assert len(world.sandbox.requests) == 1 + len(ODD_MESSAGES)


@pytest.mark.forms(1)
@pytest.mark.parametrize("action", [Action.VARY, Action.EDIT])
async def test_a_button_that_breaks_is_answered(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    async with world.easel() as easel:
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        picture = await world.wait_for_picture()
        monkeypatch.setattr(easel.app.events, "press_button", is_broken)
        pressed = world.server.click(world.ada, picture, button(picture, action))
        if action is Action.VARY:
            assert await whispered(world, pressed) == translate("en", "error-internal")
        else:
            told = await world.until(lambda: pressed.original)
            assert told is not None
            assert told.content == translate("en", "error-internal")


async def test_a_command_that_breaks_before_it_is_acknowledged_is_answered(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.easel():
        monkeypatch.setattr("adapters.discord.interactions.names_of_missing", is_missing)
        asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        told = await world.until(lambda: asked.original)
        assert told is not None
        assert told.content == translate("en", "error-internal")


def is_missing(*_: object) -> list[str]:
    raise KeyError
