"""Easel as `easel run` runs it, but each job stops for ever at the step that its prompt ends with, and that is said on
stdout: `python -m tests.kill.process FILE`. With `--goes-on` nothing stops.

Without a stop everything is as in production: the same store, the same adapters, below the subclasses here.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from typing_extensions import override

import adapters.service
import bot.app
from adapters.discord.client import DiscordAdapter
from adapters.telegram.client import TelegramAdapter
from bot.chat import Card, Chat, Delivered, MessageRef
from bot.job import Failure, Job, NewJob, State
from bot.logs import configure_logging
from bot.painting import Image, PaintEvent, PaintRequest, Preview, Progress
from bot.providers.fallback import AttemptRejected, AttemptStarted, FallbackProvider
from bot.quota import QuotaRules
from bot.settings import load
from bot.store.store import Store
from tests.kill.steps import step_of

PROMPTS: dict[str, str] = {}  # of the jobs of this process, by their ids


def tell(**said: str) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


async def stop(step: str, prompt: str) -> None:
    """For ever, where the prompt says so."""
    if step_of(prompt) == step:
        tell(stopped=prompt)
        await asyncio.Event().wait()


class StoppingStore(Store):
    """Before or after a transaction; never inside of one, which a kill only undoes."""

    @override
    async def accept_job(self, new: NewJob, rules: QuotaRules, *, begun: bool = False) -> tuple[Job, bool]:
        PROMPTS[new.id] = new.prompt
        await stop("heard", new.prompt)
        accepted = await super().accept_job(new, rules, begun=begun)
        await stop("accepted", new.prompt)
        return accepted

    @override
    async def set_status_message(self, job_id: str, message_id: str) -> None:
        await stop("posted", PROMPTS.get(job_id, ""))
        await super().set_status_message(job_id, message_id)

    @override
    async def save_checkpoint(self, job: Job, name: str, value: Any, facts: Mapping[str, Any] | None = None) -> None:
        kind = name.partition(":")[0]
        if kind == "attempt-started":
            if step_of(job.prompt) == "posted":
                await asyncio.Event().wait()  # the job stands still while its message is posted
            await stop("begun", job.prompt)
        if kind == "accepted":
            await stop("answered", job.prompt)
        await super().save_checkpoint(job, name, value, facts)
        if kind in ("attempt-started", "attempt-rejected"):
            await stop(kind, job.prompt)

    @override
    async def save_results(self, job: Job, images: Sequence[Image], facts: Mapping[str, Any]) -> None:
        beside = [task for task in asyncio.all_tasks() if task.get_name() == f"checkpoint {job.id}"]
        await asyncio.gather(*beside)  # where the picture lies is written while it is fetched
        await stop("made", job.prompt)
        await super().save_results(job, images, facts)
        await stop("kept", job.prompt)

    @override
    async def settle_job(
        self,
        job: Job,
        state: State,
        *,
        charged: int,
        failure: Failure | None = None,
        delivered: Delivered | None = None,
        trace: str | None = None,
    ) -> bool:
        if state is State.DONE:
            await stop("unsettled", job.prompt)
        done = await super().settle_job(job, state, charged=charged, failure=failure, delivered=delivered, trace=trace)
        await stop("settled" if state is State.DONE else "untold", job.prompt)
        return done


class StoppingFailover(FallbackProvider):
    @override
    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent | AttemptStarted | AttemptRejected, None]:
        async with aclosing(super().paint(request)) as events:
            async for event in events:
                if isinstance(event, Progress | Preview):
                    await stop("halfway", request.prompt)
                yield event


async def delivered(key: str, result: Delivered) -> Delivered:
    """`key` is the job's id."""
    await stop("sent", PROMPTS.get(key, ""))
    return result


class StoppingDiscord(DiscordAdapter):
    @override
    async def deliver(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        images: Sequence[Image],
        *,
        reply_to: str | None,
        key: str,
    ) -> Delivered:
        return await delivered(key, await super().deliver(chat, ref, card, images, reply_to=reply_to, key=key))


class StoppingTelegram(TelegramAdapter):
    @override
    async def deliver(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        images: Sequence[Image],
        *,
        reply_to: str | None,
        key: str,
    ) -> Delivered:
        return await delivered(key, await super().deliver(chat, ref, card, images, reply_to=reply_to, key=key))


if __name__ == "__main__":
    configure_logging("json", "info")  # to stderr: what stands on stdout is for the test
    if "--goes-on" not in sys.argv:
        adapters.service.Store, bot.app.FallbackProvider = StoppingStore, StoppingFailover
        adapters.service.DiscordAdapter, adapters.service.TelegramAdapter = StoppingDiscord, StoppingTelegram
    asyncio.run(adapters.service.run(load(Path(sys.argv[1])), ready=lambda address: tell(ready=address)))
