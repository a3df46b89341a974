"""What each command answers. A command is a function of the caller and the words behind it; the reply is text.

Reads and changes credits only through the store; starts no job.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.chat import Chat, MessageRef, User
from bot.clock import Clock
from bot.errors import AdminsOnly, BadArguments, UnknownCharge, UnknownCommand
from bot.handlers.pending_images import PendingImages
from bot.intake.parser import Command
from bot.job import Job
from bot.ports import ChatPort, MessageLinks, Shop, StoredFiles
from bot.quota import MAX_CREDITS, QuotaRules, hours_to_refill
from bot.store.store import Store
from bot.texts import say

ADMIN_USAGE = "/admin grant|set USER N · ban|unban USER · refund CHARGE · stats (USER = platform:id)"

LONGEST_CHARGE = 100  # characters of an unknown charge that are quoted back


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, where, and in which language the answer goes. `event`: what makes a change of credits happen
    once, however often the platform tells of it."""

    user: User
    chat: Chat
    locale: str
    event: str


class CommandHandler:
    """The answers. `cancel(job_id)` ends a job and tells whether it did; `join(job_id)` waits a while for its end."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        rules: QuotaRules,
        admins: Sequence[str],
        ports: Mapping[str, ChatPort],
        shops: Mapping[str, Shop],
        tray: PendingImages,
        cancel: Callable[[str], Awaitable[bool]],
        join: Callable[[str], Awaitable[None]],
        retention_days: int | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._admins = frozenset(admins)
        self._ports = ports
        self._shops = shops
        self._cancel = cancel
        self._join = join
        self._tray = tray
        self._retention = retention_days

    def is_admin(self, user: User) -> bool:
        return user.key in self._admins

    async def answer(self, caller: Caller, command: Command) -> str:
        """The reply to a command.

        Raises UnknownCommand, BadArguments, AdminsOnly, UnknownCharge.
        """
        match command.name:
            case "quota":
                return await self._quota(caller)
            case "history":
                return await self._history(caller)
            case "cancel":
                return await self._cancel_all(caller)
            case "privacy":
                return self._privacy(caller)
            case "forget":
                return await self._forget(caller)
            case "help" | "start":
                return say(caller.locale, f"answer-{command.name}")
            case "admin":
                return await self._admin(caller, command.args)
            case _:
                raise UnknownCommand(command=f"/{command.name}"[:40])

    async def _quota(self, caller: Caller) -> str:
        balance = await self._store.balance(
            caller.user.key, self._rules.allowance(caller.user), self._rules.new_user_daily
        )
        running = await self._store.unfinished_jobs_of(caller.user.key)
        return say(
            caller.locale,
            "answer-quota",
            left=balance.available,
            held=balance.reserved,
            daily=balance.daily,
            refill=hours_to_refill(self._clock.now()),
            running=len(running),
        )

    async def _history(self, caller: Caller) -> str:
        here = caller.chat if caller.chat.kind == "group" else None  # what was asked in private stays there
        jobs = await self._store.history(caller.user.key, chat=here)
        if not jobs:
            return say(caller.locale, "answer-history-empty")
        return "\n".join(self._line(caller, number, job) for number, job in enumerate(jobs, start=1))

    def _line(self, caller: Caller, number: int, job: Job) -> str:
        line = say(
            caller.locale,
            "answer-history-line",
            number=number,
            time=f"{job.created:%Y-%m-%d %H:%M} UTC",
            state=say(caller.locale, f"state-{job.state.value}"),
            prompt=" ".join(job.prompt.split())[:60],
        )
        message_id = job.delivered_id or job.status_id
        port = self._ports.get(job.chat.platform)
        if message_id is None or not isinstance(port, MessageLinks):
            return line
        link = port.message_link(MessageRef(chat=job.chat, message_id=message_id))
        return f"{line} {link}" if link else line

    async def _cancel_all(self, caller: Caller) -> str:
        jobs = await self._store.unfinished_jobs_of(caller.user.key)
        ended = [job.id for job in reversed(jobs) if await self._cancel(job.id)]  # so that no waiting one starts
        if not ended:
            return say(caller.locale, "answer-nothing-to-cancel")
        return say(caller.locale, "answer-cancelled", count=len(ended))

    def _privacy(self, caller: Caller) -> str:
        return say(caller.locale, "answer-privacy", days=self._retention or 0)

    async def _forget(self, caller: Caller) -> str:
        """What runs is stopped first, so that nothing is left of it either; a picture on its way into the chat is
        waited for."""
        for job in reversed(await self._store.unfinished_jobs_of(caller.user.key)):
            if not await self._cancel(job.id):
                await self._join(job.id)
        count, pictures = await self._store.erase_user(caller.user.key)
        self._tray.forget(caller.user.key)
        port = self._ports.get(caller.user.platform)
        if isinstance(port, StoredFiles):
            await port.delete_stored(pictures)
        answer = say(caller.locale, "answer-forgotten", count=count)
        if await self._store.unfinished_jobs_of(caller.user.key):
            return f"{answer}\n{say(caller.locale, 'forget-again')}"
        return answer

    async def _admin(self, caller: Caller, args: Sequence[str]) -> str:
        if not self.is_admin(caller.user):
            raise AdminsOnly
        match [word.lower() for word in args]:
            case ["grant" | "set" as verb, user, credits] if is_user(user) and credits.isdecimal():
                return await self._credit(caller, verb, user, int(credits))
            case ["ban", user] if is_user(user):
                await self._store.ban(user)
                return say(caller.locale, "answer-banned", user=user)
            case ["unban", user] if is_user(user):
                await self._store.unban(user)
                return say(caller.locale, "answer-unbanned", user=user)
            case ["refund", _]:
                return await self._refund(caller, args[1])  # a charge's id minds its capitals
            case ["stats"]:
                stats = await self._store.stats()
                lines = [say(caller.locale, "answer-stats", **stats)]
                if stats["spent"]:
                    lines.append(say(caller.locale, "answer-stats-spent", spent=stats["spent"]))
                return "\n".join(lines)
            case _:
                raise BadArguments(usage=ADMIN_USAGE)

    async def _refund(self, caller: Caller, charge: str) -> str:
        """The money first: a refund that was cut short is taken up where it was when it is asked for again."""
        shop = self._shops.get(caller.user.platform)
        if shop is None:
            raise UnknownCharge(charge=charge[:LONGEST_CHARGE])
        sold = await shop.refund(charge)
        balance = await self._store.claw_back(f"refund:{charge}", sold.user_key, sold.credits, self._rules.user_daily)
        return say(caller.locale, "answer-refunded", user=sold.user_key, credits=sold.credits, left=balance.available)

    async def _credit(self, caller: Caller, verb: str, user: str, credits: int) -> str:
        if credits > MAX_CREDITS:
            raise BadArguments(usage=ADMIN_USAGE)
        change = self._store.grant if verb == "grant" else self._store.set_available
        await change(caller.event, user, credits, self._rules.user_daily)
        balance = await self._store.balance(user, self._rules.user_daily)
        return say(
            caller.locale,
            "answer-granted" if verb == "grant" else "answer-set",
            user=user,
            credits=credits,
            left=balance.available,
        )


def is_user(word: str) -> bool:
    """Whether a word has the form `platform:id`."""
    platform, colon, identity = word.partition(":")
    return bool(platform.isalpha() and colon and identity and not identity.isspace())
