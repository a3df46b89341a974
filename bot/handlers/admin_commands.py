"""What `/admin …` answers: each subcommand reads or changes through the port of administration, and says what it did.

Whoever gives one was found to be an administrator before; who did what stands in the audit log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.administration.chart import draw_chart
from bot.administration.nearest import nearest
from bot.chat import Chat, User
from bot.errors import AdminLinkInGroup, AdminPageOff, BadArguments, StoreFailed, UnknownJob, UnknownMember
from bot.intake.commands import COMMANDS
from bot.painting import Image
from bot.ports import Administration
from bot.ports.admin_views import JobRow
from bot.quota import MAX_CREDITS
from bot.runtime.clock import Clock
from bot.store.store import Store
from bot.strikes import hours_left
from bot.texts import shorten, translate

log = structlog.get_logger()

ADMIN = COMMANDS["admin"]

MAX_SHOWN_PAUSES = 10  # members in a pause that the statistics name, and of those whom moderation has refused less
CHART_DAYS = 30  # up to today
MAX_SHOWN_JOBS = 8  # of a member, the latest
MAX_FACTS_CHARS = 120  # of a step of a job, in its line
MAX_QUOTED_CHARS = 100  # of what was typed, quoted back
MIN_SHARED = 3  # characters that an id has in common with those of which the nearest is offered
MAX_SIMILAR = 50  # of these
BOT = "bot"  # in the place of a provider's name: all of Easel


class AdminCommands:
    """Answers administrators."""

    def __init__(
        self,
        administration: Administration,
        store: Store,
        clock: Clock,
        *,
        make_link: Callable[[str], Awaitable[str]] | None,
    ) -> None:
        """`make_link(user_key)`: address that signs an administrator in; None: there is no admin page."""
        self._make_link = make_link
        self._administration = administration
        self._store = store
        self._clock = clock

    async def answer(self, user: User, chat: Chat, locale: str, args: Sequence[str], *, event: str) -> str:
        """The reply to `/admin` with these words. `event`: idempotency key of a change of credits.

        Raises BadArguments, UnknownCharge, UnknownMember, UnknownJob, UnknownProvider, AdminPageOff, AdminLinkInGroup,
        StoreFailed.
        """
        subcommand = ADMIN.find_subcommand(args)
        if subcommand is None:
            raise BadArguments(usage=ADMIN.usage)
        words = [subcommand.name, *args[1:]]
        match words:
            case ["link"]:
                return await self._link(user, chat, locale)
            case ["stats"]:
                return await self._stats(locale)
            case ["user" | "job" | "pause" | "resume", *_]:
                return await self._show_or_pause(user, locale, words)
            case _:
                return await self._change(user, locale, words, event)

    async def chart(self, args: Sequence[str]) -> Image | None:
        """The picture that goes with the reply to `/admin` with these words; None: none does, or its figures cannot be
        had now."""
        subcommand = ADMIN.find_subcommand(args)
        if subcommand is None or subcommand.name != "stats":
            return None
        try:
            days = await self._administration.daily(CHART_DAYS)
        except StoreFailed as failed:
            log.warning("statistics without a chart", detail=failed.detail)
            return None
        return await asyncio.to_thread(draw_chart, days)

    async def _show_or_pause(self, user: User, locale: str, words: Sequence[str]) -> str:
        match words:
            case ["user", member]:
                return await self._member(locale, member.lower())
            case ["job", job_id]:
                return await self._job(locale, job_id.lower())
            case ["pause", *rest]:
                return await self._pause(user, locale, rest)
            case [_, *rest]:
                return await self._resume(user, locale, rest)
            case _:
                raise BadArguments(usage=ADMIN.usage)

    async def _change(self, user: User, locale: str, words: Sequence[str], event: str) -> str:
        match words:
            case ["grant" | "set" as change, member, credits]:
                return await self._change_credits(user, locale, change, member.lower(), int(credits), event)
            case ["ban", member]:
                await self._administration.ban(user.key, member.lower())
                return translate(locale, "answer-banned", user=member.lower())
            case ["unban", member]:
                await self._administration.unban(user.key, member.lower())
                return translate(locale, "answer-unbanned", user=member.lower())
            case ["unpause", member]:
                await self._administration.unpause(user.key, member.lower())
                return translate(locale, "answer-unpaused", user=member.lower())
            case ["refund", charge]:
                sold, balance = await self._administration.refund(user.key, user.platform, charge)
                facts = {"user": sold.user_key, "credits": sold.credits, "left": balance.available}
                return translate(locale, "answer-refunded", **facts)
            case _:
                raise BadArguments(usage=ADMIN.usage)

    async def _stats(self, locale: str) -> str:
        stats = await self._store.stats()
        lines = [translate(locale, "answer-stats", **stats)]
        if stats["spent"]:
            lines.append(translate(locale, "answer-stats-spent", spent=stats["spent"]))
        refused, pauses = await self._store.strikes.pauses(MAX_SHOWN_PAUSES)
        if refused:
            lines.append(translate(locale, "answer-stats-refused", count=refused))
        now = self._clock.now()
        for pause in pauses:
            left = hours_left(pause.until, now)
            user, count = pause.user_key, pause.strikes
            lines.append(translate(locale, "answer-stats-paused", user=user, count=count, hours=left))
        standings = await self._store.strikes.standings(MAX_SHOWN_PAUSES)
        lines += [
            translate(locale, "answer-stats-strikes", user=each.user_key, count=each.strikes) for each in standings
        ]
        return "\n".join(lines)

    async def _pause(self, user: User, locale: str, words: Sequence[str]) -> str:
        target = words[0] if words else BOT
        if target.lower() == BOT:
            await self._administration.pause_bot(user.key, " ".join(words[1:]) or None)
            return translate(locale, "answer-bot-paused")
        await self._administration.pause_provider(user.key, target)
        return translate(locale, "answer-provider-paused", name=target)

    async def _resume(self, user: User, locale: str, words: Sequence[str]) -> str:
        if not words or words[0].lower() == BOT:
            await self._administration.resume_bot(user.key)
            return translate(locale, "answer-bot-resumed")
        await self._administration.resume_provider(user.key, words[0])
        return translate(locale, "answer-provider-resumed", name=words[0])

    async def _member(self, locale: str, key: str) -> str:
        found = await self._administration.member(key)
        if found is None:
            similar = await self._store.administration.similar_members(key.partition(":")[2][:MIN_SHARED], MAX_SIMILAR)
            raise UnknownMember(user=shorten(key, MAX_QUOTED_CHARS), nearest=nearest(key, similar))
        balance = found.balance
        facts = {"left": balance.available, "held": balance.reserved, "daily": balance.daily}
        lines = [f"{key} · {found.name}" if found.name else key, translate(locale, "answer-member", **facts)]
        counts = {state: found.today.get(state, 0) for state in ("done", "failed", "cancelled")}
        lines.append(translate(locale, "answer-member-today", **counts, refused=found.strikes))
        if found.is_banned:
            lines.append(translate(locale, "answer-member-banned", user=key))
        if found.paused_until is not None:
            left = hours_left(found.paused_until, self._clock.now())
            lines.append(translate(locale, "answer-stats-paused", user=key, count=found.strikes, hours=left))
        lines += [_job_line(locale, row) for row in found.jobs[:MAX_SHOWN_JOBS]]
        return "\n".join(lines)

    async def _job(self, locale: str, job_id: str) -> str:
        found = await self._administration.job(job_id)
        if found is None:
            similar = await self._store.administration.similar_jobs(job_id[:MIN_SHARED], MAX_SIMILAR)
            raise UnknownJob(id=shorten(job_id, MAX_QUOTED_CHARS), nearest=nearest(job_id, similar))
        job = found.job
        state = translate(locale, f"state-{job.state.value}")
        lines = [f"{job.id} · {state} · {job.user.key} · {job.chat.key}"]
        for step in found.steps:
            facts = " ".join(f"{name}={value}" for name, value in step.facts.items() if name != "usage")
            after = max(0.0, (step.at - job.created).total_seconds())
            lines.append(f"+{after:.1f} s {step.name} {shorten(facts, MAX_FACTS_CHARS)}".rstrip())
        traces = {"upstream": job.upstream_id, "trace": job.trace}
        lines += [f"{name}: {value}" for name, value in traces.items() if value]
        lines += [message.link for message in found.messages if message.link]
        return "\n".join(lines)

    async def _link(self, user: User, chat: Chat, locale: str) -> str:
        if self._make_link is None:
            raise AdminPageOff
        if chat.kind != "direct":
            raise AdminLinkInGroup
        link = await self._make_link(user.key)
        is_local = link.startswith("http://")
        return translate(locale, "answer-admin-link-local" if is_local else "answer-admin-link", link=link)

    async def _change_credits(self, user: User, locale: str, change: str, member: str, credits: int, event: str) -> str:
        if credits > MAX_CREDITS:
            raise BadArguments(usage=ADMIN.usage)
        granted = change == "grant"
        apply = self._administration.grant_credits if granted else self._administration.set_credits
        balance = await apply(user.key, member, credits, entry=event)
        text_id = "answer-granted" if granted else "answer-set"
        return translate(locale, text_id, user=member, credits=credits, left=balance.available)


def _job_line(locale: str, row: JobRow) -> str:
    """A job of a member in one line."""
    parts = [row.id, f"{row.created:%Y-%m-%d %H:%M} UTC", translate(locale, f"state-{row.state.value}")]
    parts += [each for each in (row.provider, row.failure) if each]
    return " · ".join(parts)
