"""`easel run`, but each job waits for ever at the kill point that its prompt ends with, and reports that.

Started by `tests.support.forked`. All else is as in production: the store, the provider and the adapters are those of
Easel, under the subclasses here.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

from typing_extensions import override

import adapters.service
import bot.app.reconfiguration
import bot.store.store
from adapters.discord.client import DiscordAdapter
from adapters.telegram.client import TelegramAdapter
from bot.chat import Attachment, Card, Chat, Delivered, MessageRef
from bot.job import Failure, Job, NewJob, State
from bot.painting import Image, PaintEvent, PaintRequest, Preview, Progress
from bot.providers.candidates import Mark
from bot.providers.fallback import AttemptRejected, AttemptStarted, FallbackProvider, Shrink
from bot.quota import QuotaRules
from bot.store.deletions import Deletions
from bot.store.store import Store
from bot.strikes import StrikeRules
from tests.kill.kill_points import kill_point_name
from tests.support.easel_process import run_easel, write_report

PROMPTS_BY_JOB_ID: dict[str, str] = {}  # jobs that this process has accepted, or looked at


async def block_at(kill_point: str, prompt: str) -> None:
    """Waits for ever when the prompt names that kill point."""
    if kill_point_name(prompt) == kill_point:
        write_report(blocked=prompt)
        await asyncio.Event().wait()


class BlockingStore(Store):
    """Blocks before or after a transaction, never inside one: a kill there is a rollback."""

    @override
    async def accept_job(self, new: NewJob, rules: QuotaRules, **how: Any) -> tuple[Job, bool]:
        PROMPTS_BY_JOB_ID[new.id] = new.prompt
        await block_at("received", new.prompt)
        accepted = await super().accept_job(new, rules, **how)
        await block_at("accepted", new.prompt)
        return accepted

    @override
    async def get_job(self, job_id: str) -> Job | None:
        if (job := await super().get_job(job_id)) is not None:
            PROMPTS_BY_JOB_ID[job_id] = job.prompt
            await block_at("pressed", job.prompt)
        return job

    @override
    async def add_copy(self, job: Job, message_id: str) -> bool:
        is_shown = await super().add_copy(job, message_id)
        await block_at("noted", job.prompt)
        return is_shown

    @override
    async def reserve_credits(self, job: Job, rules: QuotaRules) -> None:
        await block_at("moderated", job.prompt)
        await super().reserve_credits(job, rules)
        await block_at("cleared", job.prompt)

    @override
    async def set_status_message(self, job_id: str, message_id: str) -> None:
        await block_at("posted", PROMPTS_BY_JOB_ID.get(job_id, ""))
        await super().set_status_message(job_id, message_id)

    @override
    async def save_checkpoint(self, job: Job, name: str, value: Any, facts: Mapping[str, Any] | None = None) -> None:
        kind = name.partition(":")[0]
        if kind == "attempt-started":
            if kill_point_name(job.prompt) == "posted":
                await asyncio.Event().wait()  # the job waits here until its message is posted
            await block_at("started", job.prompt)
        if kind == "accepted":
            await block_at("answered", job.prompt)
        await super().save_checkpoint(job, name, value, facts)
        if kind in ("attempt-started", "attempt-rejected"):
            await block_at(kind, job.prompt)

    @override
    async def save_results(self, job: Job, images: Sequence[Image], facts: Mapping[str, Any]) -> None:
        background = [task for task in asyncio.all_tasks() if task.get_name() == f"checkpoint {job.id}"]
        await asyncio.gather(*background)  # the picture's address is stored while it is downloaded
        await block_at("downloaded", job.prompt)
        await super().save_results(job, images, facts)
        await block_at("stored", job.prompt)

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
        strikes: StrikeRules | None = None,
    ) -> bool:
        await block_at("delivered" if state is State.DONE else "refused", job.prompt)
        done = await super().settle_job(
            job, state, charged=charged, failure=failure, delivered=delivered, trace=trace, strikes=strikes
        )
        await block_at("settled" if state is State.DONE else "unnotified", job.prompt)
        return done


class BlockingFallback(FallbackProvider):
    @override
    async def paint(
        self, request: PaintRequest, *, shrink: Shrink | None = None, mark: Mark | None = None
    ) -> AsyncGenerator[PaintEvent | AttemptStarted | AttemptRejected, None]:
        async with aclosing(super().paint(request, shrink=shrink, mark=mark)) as events:
            async for event in events:
                if isinstance(event, Progress | Preview):
                    await block_at("halfway", request.prompt)
                yield event


class BlockingDeletions(Deletions):
    @override
    async def finish_deletion(self, job_id: str) -> None:
        await super().finish_deletion(job_id)
        await block_at("noted", PROMPTS_BY_JOB_ID[job_id])


T = TypeVar("T")


async def block_around(key: str, call: Awaitable[T]) -> T:
    """Blocks at `sent` after a delivery; before and after what a press posts or takes away. `key`: the job's id, of a
    press with more behind it."""
    job_id, _, pressed = key.partition(":")
    prompt = PROMPTS_BY_JOB_ID.get(job_id, "")
    if pressed:
        await block_at("posting", prompt)
    result = await call
    await block_at("shown" if pressed else "sent", prompt)
    return result


class BlockingDiscord(DiscordAdapter):
    @override
    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        posting = super().post(chat, card, reply_to=reply_to, key=key)
        return await (block_around(key, posting) if ":press:" in key else posting)

    @override
    async def remove(
        self, chat: Chat, message_ids: Sequence[str], card: Card, *, key: str, keep: Sequence[Attachment]
    ) -> None:
        await block_around(f"{key}:remove", super().remove(chat, message_ids, card, key=key, keep=keep))

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
        return await block_around(key, super().deliver(chat, ref, card, images, reply_to=reply_to, key=key))


class BlockingTelegram(TelegramAdapter):
    @override
    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        posting = super().post(chat, card, reply_to=reply_to, key=key)
        return await (block_around(key, posting) if ":press:" in key else posting)

    @override
    async def post_album(
        self, chat: Chat, card: Card, images: Sequence[Image], *, reply_to: str | None, key: str
    ) -> Delivered:
        return await block_around(key, super().post_album(chat, card, images, reply_to=reply_to, key=key))

    @override
    async def remove(
        self, chat: Chat, message_ids: Sequence[str], card: Card, *, key: str, keep: Sequence[Attachment]
    ) -> None:
        await block_around(f"{key}:remove", super().remove(chat, message_ids, card, key=key, keep=keep))

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
        return await block_around(key, super().deliver(chat, ref, card, images, reply_to=reply_to, key=key))


def run_blocking(config: Path) -> None:
    """Each job waits at the kill point that its prompt names."""
    bot.store.store.Deletions = BlockingDeletions
    adapters.service.Store, bot.app.reconfiguration.FallbackProvider = BlockingStore, BlockingFallback
    adapters.service.DiscordAdapter, adapters.service.TelegramAdapter = BlockingDiscord, BlockingTelegram
    run_easel(config)
