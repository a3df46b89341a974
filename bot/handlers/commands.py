"""What each command answers. A command is a function of the context and the words behind it; the reply is text, and a
chart where the command shows figures.

Reads and changes credits only through the store; starts no job.
"""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.chat import Card, Chat, DeletedMessage, Message, MessageRef, User
from bot.errors import AdminsOnly, UnknownCommand
from bot.handlers.admin_commands import CHART_DAYS, AdminCommands
from bot.handlers.deletion import ResultDeletion
from bot.handlers.model_choices import ModelChoices, describe_choice
from bot.handlers.pending_requests import PendingRequests
from bot.handlers.replies import Reply
from bot.intake.commands import COMMANDS, Audience
from bot.intake.models import offered_models
from bot.intake.parser import Command
from bot.intake.prices import PriceList
from bot.job import Job
from bot.jobs.linked_images import LinkedImages
from bot.painting import Capabilities, Model
from bot.ports import ButtonRemoval, ChatPort, MessageLinks, StoredFiles
from bot.prices import PriceRange
from bot.quota import CurrentRules, hours_to_refill
from bot.runtime.clock import Clock
from bot.store.store import Store
from bot.strikes import refuse_until
from bot.texts import shorten, translate, translate_error

HISTORY_PROMPT_CHARS = 61  # characters of a prompt in a line of /history: twenty of them fit one message


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
    """Answers commands."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        rules: CurrentRules,
        admins: Container[str],
        admin_commands: AdminCommands,
        ports: Mapping[str, ChatPort],
        pending_requests: PendingRequests,
        linked_images: LinkedImages,
        deletion: ResultDeletion,
        cancel_job: Callable[[str], Awaitable[bool]],
        wait_for_end: Callable[[str], Awaitable[None]],
        retention_days: int | None,
        capabilities: Callable[[], Capabilities],
        model_choices: ModelChoices,
        prices: Callable[[], PriceList],
    ) -> None:
        """`cancel_job(job_id)` returns whether it did; `wait_for_end(job_id)` waits a while for the job to end."""
        self._store = store
        self._clock = clock
        self._rules = rules
        self._admins = admins
        self._ports = ports
        self._admin_commands = admin_commands
        self._cancel_job = cancel_job
        self._wait_for_end = wait_for_end
        self._pending_requests = pending_requests
        self._linked_images = linked_images
        self._deletion = deletion
        self._retention_days = retention_days
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

    async def answer(self, context: CommandContext, command: Command) -> Reply:
        """The reply to a command.

        Raises UnknownCommand, BadArguments, AdminsOnly, UnknownCharge, OneModelOnly, ChooseModel, AdminPageOff,
        AdminLinkInGroup, StoreFailed.
        """
        if command.name == "model" and not command.text:
            return Reply(card=self._model_choices.menu(context.user.key, self._capabilities().models, context.locale))
        card = Card(text=await self._answer_text(context, command), locale=context.locale)
        if command.name != "admin" or (chart := await self._admin_commands.chart(command.args)) is None:
            return Reply(card=card)
        described = translate(context.locale, "answer-stats-chart", days=CHART_DAYS)
        return Reply(card=replace(card, alt_text=described), image=chart)

    async def _answer_text(self, context: CommandContext, command: Command) -> str:
        """The words of `answer`; raises the same."""
        spec = COMMANDS.get(command.name)
        if spec is not None and spec.audience is Audience.ADMINS and not self.is_admin(context.user):
            raise AdminsOnly
        if command.name == "admin":
            return await self._admin_commands.answer(
                context.user, context.chat, context.locale, command.args, event=context.event
            )
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
