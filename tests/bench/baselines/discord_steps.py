"""The bare Discord bot that also writes down each step of a job, through the store of Easel: what that alone costs."""

import asyncio

import discord

from bot.chat import Chat, User
from bot.job import Job, NewJob, State, new_id
from bot.painting import Image
from bot.quota import QuotaRules
from bot.runtime.clock import SystemClock
from bot.store.store import Store
from tests.bench.baselines.discord_bot import EVERY, GIVEN, Bot, start
from tests.bench.baselines.pace import LatestPercent
from tests.bench.baselines.painting import paint

MANY = 1_000_000
RULES = QuotaRules(user_daily=MANY, chat_daily=None, user_concurrent=MANY, user_waiting=MANY, roles={})
UPSTREAM = {"provider": "relay", "price": 1, "model": "gpt-4o-image"}


class Durable(Bot):
    store: Store

    async def setup_hook(self) -> None:
        self.store = await Store.open(GIVEN["database"], clock=SystemClock(), migrate=True)
        await super().setup_hook()

    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot or self.user not in message.mentions:
            return
        job, _ = await self.store.accept_job(_asked(message), RULES, begun=True)
        latest = LatestPercent(EVERY)
        painting = asyncio.create_task(self.painted(job, message.content, latest))
        status = await message.reply("painting …")
        await self.store.set_status_message(job.id, str(status.id))
        await self.bring(painting, latest, status.edit)
        await self.store.settle_job(job, State.DONE, charged=1)

    async def painted(self, job: Job, prompt: str, latest: LatestPercent) -> bytes:
        await self.store.save_checkpoint(job, "attempt-started:1", UPSTREAM, {**UPSTREAM, "upstream_id": None})
        picture = await paint(self.http_up, GIVEN["upstream"], prompt, latest.set)
        image = Image(data=picture, media_type="image/png", width=1024, height=1024)
        await self.store.save_results(job, [image], {**UPSTREAM, "count": 1})
        return picture


def _asked(message: discord.Message) -> NewJob:
    return NewJob(
        id=new_id(),
        event=str(message.id),
        user=User(platform="discord", id=str(message.author.id), name=message.author.name, locale="en"),
        chat=Chat(platform="discord", id=str(message.channel.id), kind="group"),
        request_id=str(message.id),
        locale="en",
        prompt=message.content,
        cost=1,
    )


if __name__ == "__main__":
    start(Durable())
