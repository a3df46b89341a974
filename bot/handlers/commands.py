"""What each command answers. A command is a function of the context and the words behind it; the reply is text.

Reads and changes credits only through the store; starts no job.
"""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from bot.chat import Card, Chat, DeletedMessage, Message, MessageRef, User
from bot.errors import AdminLinkInGroup, AdminPageOff, AdminsOnly, BadArguments, UnknownCharge, UnknownCommand
from bot.handlers.deletion import ResultDeletion
from bot.handlers.model_choices import ModelChoices, describe_choice
from bot.handlers.pending_requests import PendingRequests
from bot.intake.commands import COMMANDS, Audience
from bot.intake.models import offered_models
from bot.intake.parser import Command
from bot.intake.prices import PriceList
from bot.job import Job
from bot.jobs.linked_images import LinkedImages
from bot.painting import Capabilities, Model
from bot.ports import ButtonRemoval, ChatPort, MessageLinks, Shop, StoredFiles
from bot.prices import PriceRange
from bot.quota import MAX_CREDITS, CurrentRules, hours_to_refill
from bot.runtime.clock import Clock
from bot.store.store import Store
from bot.strikes import hours_left, refuse_until
from bot.texts import shorten, translate, translate_error

ADMIN = COMMANDS["admin"]

HISTORY_PROMPT_CHARS = 61  # characters of a prompt in a line of /history: twenty of them fit one message
MAX_SHOWN_PAUSES = 10  # members in a pause that the statistics name, and of those whom moderation has refused less
MAX_QUOTED_CHARGE_CHARS = 100  # characters of an unknown charge that are quoted back


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """Who gave a command, where, and how it is answered."""

    user: User
    chat: Chat
    locale: str
    """Language of the answer, one of ours."""
    reply_to: Message | DeletedMessage | None = None
    """The message that the command replies to."""
    sender_moderates: bool = False
    """As of `Message`."""
    event: str
    """Idempotency key of a change of credits: the platform may deliver the same command again."""


class CommandHandler:
    """Answers commands with text."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        rules: CurrentRules,
        admins: Container[str],
        ports: Mapping[str, ChatPort],
        shops: Mapping[str, Shop],
        pending_requests: PendingRequests,
        linked_images: LinkedImages,
        deletion: ResultDeletion,
        cancel_job: Callable[[str], Awaitable[bool]],
        wait_for_end: Callable[[str], Awaitable[None]],
        retention_days: int | None,
        capabilities: Callable[[], Capabilities],
        model_choices: ModelChoices,
        prices: Callable[[], PriceList],
        make_admin_link: Callable[[str], Awaitable[str]] | None,
    ) -> None:
        """`cancel_job(job_id)` returns whether it did; `wait_for_end(job_id)` waits a while for the job to end.
        `make_admin_link(user_key)`: address that signs an admin in; None: there is no admin page."""
        self._store = store
        self._clock = clock
        self._rules = rules
        self._admins = admins
        self._ports = ports
        self._shops = shops
        self._cancel_job = cancel_job
        self._wait_for_end = wait_for_end
        self._pending_requests = pending_requests
        self._linked_images = linked_images
        self._deletion = deletion
        self._retention_days = retention_days
        self._make_admin_link = make_admin_link
        self._answers: Mapping[str, Callable[[CommandContext], Awaitable[str]]] = {
            "quota": self._quota,
            "history": self._history,
            "cancel": self._cancel_all,
            "delete": self._delete,
            "privacy": self._privacy,
            "forget": self._forget,
            "help": self._help,
            "start": self._start,
        }
        self._capabilities = capabilities
        self._model_choices = model_choices
        self._prices = prices

    def is_admin(self, user: User) -> bool:
        return user.key in self._admins

    async def answer(self, context: CommandContext, command: Command) -> Card:
        """The reply to a command.

        Raises UnknownCommand, BadArguments, AdminsOnly, UnknownCharge, OneModelOnly, ChooseModel, AdminPageOff,
        AdminLinkInGroup, StoreFailed.
        """
        if command.name == "model" and not command.text:
            return self._model_choices.menu(context.user.key, self._capabilities().models, context.locale)
        return Card(text=await self._answer_text(context, command), locale=context.locale)

    async def _answer_text(self, context: CommandContext, command: Command) -> str:
        """As `answer`, of a command that is answered by text alone."""
        spec = COMMANDS.get(command.name)
        if spec is not None and spec.audience is Audience.ADMINS and not self.is_admin(context.user):
            raise AdminsOnly
        if command.name == "admin":
            return await self._admin(context, command.args)
        if command.name == "model":
            chosen = await self._model_choices.choose(context.user.key, command.text, self._capabilities().models)
            return describe_choice(chosen, context.locale)
        if (answer := self._answers.get(command.name)) is None:
            raise UnknownCommand(command=f"/{command.name}"[:40])
        return await answer(context)

    async def _quota(self, context: CommandContext) -> str:
        balance = await self._store.balance(
            context.user.key, self._rules.now.daily_allowance(context.user), self._rules.now.new_user_daily
        )
        running = await self._store.unfinished_jobs_of(context.user.key)
        answer = translate(
            context.locale,
            "answer-quota",
            left=balance.available,
            held=balance.reserved,
            daily=balance.daily,
            refill=hours_to_refill(self._clock.now()),
            running=len(running),
        )
        if (pause := await self._store.strikes.pause_of(context.user.key)) is None:
            return answer
        said = translate_error(context.locale, refuse_until(pause.until, self._clock.now()))
        return f"{said}\n{answer}"

    async def _history(self, context: CommandContext) -> str:
        here = context.chat if context.chat.kind == "group" else None  # what was asked in private stays there
        jobs = await self._store.history(context.user.key, chat=here)
        if not jobs:
            return translate(context.locale, "answer-history-empty")
        return "\n".join(self._line(context, number, job) for number, job in enumerate(jobs, start=1))

    def _line(self, context: CommandContext, number: int, job: Job) -> str:
        line = translate(
            context.locale,
            "answer-history-line",
            number=number,
            time=f"{job.created:%Y-%m-%d %H:%M} UTC",
            state=translate(context.locale, "state-deleted" if job.deleted else f"state-{job.state.value}"),
            prompt=shorten(" ".join(job.prompt.split()), HISTORY_PROMPT_CHARS),
        )
        message_id = job.delivered_id or job.status_id
        port = self._ports.get(job.chat.platform)
        if message_id is None or job.deleted is not None or not isinstance(port, MessageLinks):
            return line
        link = port.message_link(MessageRef(chat=job.chat, message_id=message_id))
        return f"{line} {link}" if link else line

    async def _cancel_all(self, context: CommandContext) -> str:
        jobs = await self._store.unfinished_jobs_of(context.user.key)
        ended = [job.id for job in reversed(jobs) if await self._cancel_job(job.id)]  # so that no waiting one starts
        if not ended:
            return translate(context.locale, "answer-nothing-to-cancel")
        return translate(context.locale, "answer-cancelled", count=len(ended))

    async def _delete(self, context: CommandContext) -> str:
        moderates = context.chat if context.sender_moderates else None
        return await self._deletion.delete_replied(
            context.user, context.chat, context.reply_to, context.locale, moderates=moderates
        )

    async def _help(self, context: CommandContext) -> str:
        return help_text(context.locale, self._capabilities().models, self._prices())

    async def _start(self, context: CommandContext) -> str:
        return translate(context.locale, "answer-start")

    async def _privacy(self, context: CommandContext) -> str:
        return translate(context.locale, "answer-privacy", days=self._retention_days or 0)

    async def _forget(self, context: CommandContext) -> str:
        """What runs is stopped first, so that nothing is left of it either; a picture on its way into the chat is
        waited for."""
        for job in reversed(await self._store.unfinished_jobs_of(context.user.key)):
            if not await self._cancel_job(job.id):
                await self._wait_for_end(job.id)
        jobs, pictures = await self._store.deletions.erase_user(context.user.key)
        self._pending_requests.drop_user(context.user.key)
        await self._model_choices.drop(context.user.key)
        port = self._ports.get(context.user.platform)
        if isinstance(port, StoredFiles):
            await port.delete_stored(pictures)
        await self._linked_images.delete_stored(pictures)
        if isinstance(port, ButtonRemoval):
            await port.remove_buttons(jobs)
        answer = translate(context.locale, "answer-forgotten", count=len(jobs))
        if await self._store.unfinished_jobs_of(context.user.key):
            return f"{answer}\n{translate(context.locale, 'forget-again')}"
        return answer

    async def _admin(self, context: CommandContext, args: Sequence[str]) -> str:
        subcommand = ADMIN.find_subcommand(args)
        match [] if subcommand is None else [subcommand.name, *args[1:]]:
            case ["grant" | "set" as change, user, credits]:
                return await self._change_credits(context, change, user.lower(), int(credits))
            case ["ban", user]:
                await self._store.ban(user.lower())
                return translate(context.locale, "answer-banned", user=user.lower())
            case ["unban", user]:
                await self._store.unban(user.lower())
                return translate(context.locale, "answer-unbanned", user=user.lower())
            case ["unpause", user]:
                await self._store.strikes.lift_pause(user.lower())
                return translate(context.locale, "answer-unpaused", user=user.lower())
            case ["refund", charge]:
                return await self._refund(context, charge)
            case ["link"]:
                return await self._link(context)
            case ["stats"]:
                return await self._stats(context.locale)
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

    async def _link(self, context: CommandContext) -> str:
        if self._make_admin_link is None:
            raise AdminPageOff
        if context.chat.kind != "direct":
            raise AdminLinkInGroup
        link = await self._make_admin_link(context.user.key)
        is_local = link.startswith("http://")
        return translate(context.locale, "answer-admin-link-local" if is_local else "answer-admin-link", link=link)

    async def _refund(self, context: CommandContext, charge: str) -> str:
        """The money first: a refund that was cut short is taken up where it was when it is asked for again."""
        shop = self._shops.get(context.user.platform)
        if shop is None:
            raise UnknownCharge(charge=charge[:MAX_QUOTED_CHARGE_CHARS])
        sold = await shop.refund(charge)
        balance = await self._store.claw_back(
            f"refund:{charge}", sold.user_key, sold.credits, self._rules.now.user_daily
        )
        return translate(
            context.locale, "answer-refunded", user=sold.user_key, credits=sold.credits, left=balance.available
        )

    async def _change_credits(self, context: CommandContext, change: str, user: str, credits: int) -> str:
        if credits > MAX_CREDITS:
            raise BadArguments(usage=ADMIN.usage)
        apply = self._store.grant if change == "grant" else self._store.set_available
        await apply(context.event, user, credits, self._rules.now.user_daily)
        balance = await self._store.balance(user, self._rules.now.user_daily)
        return translate(
            context.locale,
            "answer-granted" if change == "grant" else "answer-set",
            user=user,
            credits=credits,
            left=balance.available,
        )


def help_text(locale: str, models: Sequence[Model] = (), prices: PriceList | None = None) -> str:
    """The answer to /help: a line for each command that the table shows there, what else can be done, and what it costs
    where that is not one credit an image; the `models` where there are several to choose from."""
    lines = [translate(locale, spec.help_line) for spec in COMMANDS.values() if spec.in_help]
    lines += ["", translate(locale, "help-tips")]
    priced = {} if prices is None else {"help-qualities": prices.qualities, "help-sizes": prices.tiers}
    lines += [translate(locale, key, choices=_priced(locale, choices)) for key, choices in priced.items() if choices]
    if offered := offered_models(models):
        choices = {each.name: each.price for each in offered}
        lines.append(translate(locale, "help-models", models=_priced(locale, choices)))
    elif prices is not None and not prices.is_usual:
        lines.append(translate(locale, "help-price", price=str(prices.image), credits=prices.image.most))
    return "\n".join(lines)


def _priced(locale: str, choices: Mapping[str, PriceRange]) -> str:
    """Values of an option with their prices, in one line."""
    return ", ".join(
        translate(locale, "option-price", option=name, price=str(price), credits=price.most)
        for name, price in choices.items()
    )
