"""*Reframe…* in Discord: a menu of its own that only the presser sees, with prices; the picture comes as a reply."""

import io

import pytest
from PIL import Image

from bot.chat import Action
from tests.servers.discord import Message
from tests.wire.discord.easel import DiscordWorld, button
from tests.wire.discord.interactions import whispered


async def opened(world: DiscordWorld, message: Message, action: Action) -> Message:
    pressed = world.server.click(world.ada, message, button(message, action))
    await whispered(world, pressed)
    return pressed.followups[0]


@pytest.mark.thorough
async def test_a_result_gets_a_larger_frame(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        message = await world.wait_for_picture()
        [picture] = message.attachments
        menu = await opened(world, await opened(world, message, Action.MORE), Action.REFRAME)
        assert menu.ephemeral
        world.server.click(world.ada, menu, button(menu, Action.ZOOM_15))
        [larger] = (await world.wait_for_picture(after=message)).attachments
        before, after = (Image.open(io.BytesIO(each.data)) for each in (picture, larger))
        assert after.size == (before.width * 3 // 2, before.height * 3 // 2)
        left, top = (after.width - before.width) // 2, (after.height - before.height) // 2
        kept = after.crop((left, top, left + before.width, top + before.height)).convert("RGB")
        assert kept.tobytes() == before.convert("RGB").tobytes()
        assert await world.available_credits() == 48
