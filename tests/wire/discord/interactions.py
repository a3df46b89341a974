"""Uploads and private replies that the tests of Discord's interactions share. Asserts only that a reply is private."""

from tests.servers.discord import Interaction, Upload
from tests.support.images import png
from tests.wire.discord.easel import DiscordWorld


def shot(width: int) -> Upload:
    return Upload(filename=f"{width}.png", data=png(size=(width, 40)))


async def whispered(world: DiscordWorld, pressed: Interaction) -> str:
    """The private reply to a click."""
    await world.until(lambda: pressed.followups)
    assert pressed.followups[0].ephemeral
    return pressed.followups[0].content
