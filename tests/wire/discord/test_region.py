"""*Region* in Discord: a link button that only whoever pressed sees; the picture replies to the one painted over."""

import json

from bot.chat import Action
from bot.pictures.strokes import MAX_BYTES
from bot.texts import translate
from tests.servers.discord import Message
from tests.wire.discord.easel import DiscordWorld, button
from tests.wire.discord.interactions import whispered
from tests.wire.discord.test_deletion import painted

PUBLIC = "https://easel.example"
HALF = json.dumps(
    {"width": 1024, "height": 1024, "strokes": [{"tool": "rectangle", "points": [0, 0, 512, 1024]}]}
).encode()


async def menu_of(world: DiscordWorld, message: Message) -> Message:
    """What opens behind *More…*."""
    opened = world.server.click(world.ada, message, button(message, Action.MORE))
    await whispered(world, opened)
    return opened.followups[0]


async def test_region_leads_the_presser_alone_to_the_page_and_paints_below_the_picture(world: DiscordWorld) -> None:
    assert len(HALF) < MAX_BYTES
    world.settings["server"] = {"public_url": PUBLIC}
    world.settings["providers"] = [world.provider(dialect="images")]
    async with world.easel() as easel:
        message = await painted(world)
        menu = await menu_of(world, message)
        pressed = world.server.click(world.ada, menu, button(menu, Action.REGION))
        assert await whispered(world, pressed) == translate("en", "region-how")
        [row] = pressed.followups[0].components
        [link] = row["components"]
        assert (link["style"], link["label"]) == (5, translate("en", "region-open"))
        address, _, token = link["url"].partition("#")
        assert address == f"{PUBLIC}/region"
        assert len(link["url"]) <= 512
        said = await easel.app.regions.paint(token, None, "a red sail --loose", HALF)
        assert said == translate("en", "region-accepted")
        second = await world.wait_for_picture(after=message)
        assert second.reference is not None
        assert second.reference.message is message
        assert world.sandbox.requests[-1].mask is not None
        assert await world.available_credits() == 48


async def test_without_a_public_address_the_menu_has_no_region(world: DiscordWorld) -> None:
    async with world.easel():
        menu = await menu_of(world, await painted(world))
        assert not [each for each in menu.custom_ids if ":region:" in each]
