"""Says what a message would be and cost, if it were sent as it stands, and what could be chosen for it.

Changes nothing and counts against nothing: a page asks while its member types.
"""

from collections.abc import Callable
from dataclasses import replace

from bot.chat import Message, User
from bot.errors import Refusal, StoreFailed
from bot.handlers.admission import Admission
from bot.handlers.model_choices import ModelChoices
from bot.intake.choices import RequestEstimate, list_choices
from bot.intake.commands import COMMANDS, Audience, Menu, in_menu
from bot.intake.models import offered_models
from bot.intake.options import understood_options
from bot.intake.parser import Command, Paint, parse_request
from bot.painting import Options
from bot.prices import PriceRange
from bot.providers.catalog import ProviderCatalog
from bot.providers.requirements import Requirements
from bot.store.store import Store


class RequestEstimates:
    """Estimates messages; `bot.ports.EventSink.estimate` has the promise."""

    def __init__(
        self,
        *,
        catalog: ProviderCatalog,
        model_choices: ModelChoices,
        admission: Admission,
        store: Store,
        is_admin: Callable[[User], bool],
    ) -> None:
        self._catalog = catalog
        self._model_choices = model_choices
        self._admission = admission
        self._store = store
        self._is_admin = is_admin

    async def estimate(self, message: Message) -> RequestEstimate:
        """The estimate of a message that nobody has sent."""
        capabilities = self._catalog.capabilities
        request = parse_request(message, capabilities)
        options = request.options if isinstance(request, Paint) else understood_options(message.text, capabilities)
        kept = await self._model_choices.apply(message.sender.key, Options(), capabilities.models)
        chosen = await self._model_choices.apply(message.sender.key, options, capabilities.models)
        references = len(request.references) if isinstance(request, Paint) else len(message.attachments)
        needs = Requirements(
            options=chosen.options,
            reference_count=references,
            prompt_chars=len(request.prompt) if isinstance(request, Paint) else 1,
            has_mask=isinstance(request, Paint) and (request.mask is not None or request.options.grows),
        )

        def quote(options: Options) -> PriceRange | None:
            return self._quote(replace(needs, options=options))

        paints = request is not None and not isinstance(request, Command)
        return RequestEstimate(
            paints=paints,
            price=quote(needs.options) if paints else None,
            options=list_choices(needs.options, capabilities, quote, kept_model=kept.options.model or ""),
            commands=await self._commands(message),
        )

    def _quote(self, needs: Requirements) -> PriceRange | None:
        """Credits of a whole request; None: nobody can meet it."""
        try:
            image = self._catalog.price_range(needs)
        except Refusal:
            return None
        return PriceRange(least=image.least * needs.options.n, most=image.most * needs.options.n)

    async def _commands(self, message: Message) -> tuple[str, ...]:
        """What its sender may give: everybody what anybody may, whoever is let in what the menu has, admins theirs."""
        user, chat = message.sender, message.chat
        menu = Menu.DIRECT if chat.kind == "direct" else Menu.GROUP
        names = in_menu(menu, has_models=bool(offered_models(self._catalog.capabilities.models)))
        if not self._admission.lets_in(user, chat) or await self._is_banned(user):
            return tuple(each for each in names if COMMANDS[each].audience is Audience.ANYBODY)
        if not self._is_admin(user):
            return names
        return (*names, *(spec.name for spec in COMMANDS.values() if spec.audience is Audience.ADMINS))

    async def _is_banned(self, user: User) -> bool:
        try:
            return await self._store.is_banned(user.key)
        except StoreFailed:
            return False  # they are refused in words when they ask
