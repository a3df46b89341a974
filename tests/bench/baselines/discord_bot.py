"""The bare Discord bot: discord.py and httpx. Waits for slots are left to discord.py, which sleeps inside the calls."""

import asyncio
import io
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.bench.baselines.pace import LatestPercent
from tests.bench.baselines.painting import client, paint

GIVEN = json.loads(sys.argv[1])
EVERY = 1.0  # seconds between two edits of one message

Edit = Callable[..., Awaitable[Any]]


class Bot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True, guild_messages=True))
        self.http_up = client()
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(app_commands.Command(name="imagine", description="Paints", callback=self.imagine))
        self.tree.add_command(app_commands.Command(name="help", description="Helps", callback=self.help))

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_ready(self) -> None:
        print("ready", flush=True)

    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot or self.user not in message.mentions:
            return
        photos = [await each.read() for each in message.attachments]
        latest = LatestPercent(EVERY)
        painting = asyncio.create_task(paint(self.http_up, GIVEN["upstream"], message.content, latest.set, photos))
        status = await message.reply("painting …")
        await self.bring(painting, latest, status.edit)

    async def imagine(self, interaction: discord.Interaction[Any], prompt: str) -> None:
        latest = LatestPercent(EVERY)
        painting = asyncio.create_task(paint(self.http_up, GIVEN["upstream"], prompt, latest.set))
        await interaction.response.defer()
        await interaction.edit_original_response(content="painting …")
        await self.bring(painting, latest, interaction.edit_original_response)

    async def help(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("/imagine PROMPT", ephemeral=True)

    async def bring(self, painting: asyncio.Task[bytes], latest: LatestPercent, edit: Edit) -> None:
        showing = asyncio.create_task(self.show(latest, edit))
        picture = await painting
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        await edit(content=None, attachments=[discord.File(io.BytesIO(picture), "picture.png")])

    async def show(self, latest: LatestPercent, edit: Edit) -> None:
        while True:
            await latest.changes()
            await edit(content=f"painting … {latest.percent:.0f} %")
            await latest.pause()


def start(bot: Bot) -> None:
    Route.BASE = GIVEN["api_base"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(GIVEN["gateway_url"])
    bot.run(GIVEN["token"], log_handler=None)


if __name__ == "__main__":
    start(Bot())
