"""Opens and closes the menu behind *More…*, for whoever may do anything of what stands in it.

Where the platform shows cards to one user alone, the menu is such a card; elsewhere it takes the place of the result's
buttons, until *Back* brings them again. Opening it spends nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from bot.chat import Action, Button, Card, ChatFeatures, MessageRef
from bot.errors import NotAnAdministrator, NotYours, Refusal, RoleUnknown
from bot.handlers.permissions import JobPermissions
from bot.job import Job
from bot.jobs.result_menu import MENU, MenuContext, Right, menu_buttons, result_buttons
from bot.ports import ButtonPress, ButtonReply, ChatPort
from bot.prices import PriceRange
from bot.runtime.background import BackgroundTasks
from bot.status.messages import StatusMessages
from bot.texts import translate


class ResultMenus:
    """The menus of results."""

    def __init__(
        self,
        *,
        permissions: JobPermissions,
        status_messages: StatusMessages,
        ports: Mapping[str, ChatPort],
        quotes: Mapping[Action, Callable[[Job], Awaitable[PriceRange | None]]],
    ) -> None:
        """`quotes`: of each priced row, credits of what it would do to a job; None: there is no use in
        it. They raise Refusal where nobody can paint it."""
        self._permissions = permissions
        self._status_messages = status_messages
        self._ports = ports
        self._quotes = quotes
        self._swaps = BackgroundTasks()

    async def open_menu(self, press: ButtonPress, job: Job, locale: str) -> ButtonReply:
        """Shows the menu of a result that the pressed button opens. Raises a Refusal to those who may do nothing of
        it, StoreFailed."""
        rights = await self._rights(press, job)
        features = self._features(press)
        prices = await self._prices(job)
        context = MenuContext(job=job, picture=press.picture, features=features, rights=rights, prices=prices)
        if features.private_replies:
            buttons = menu_buttons(context, locale, press.action)
            return ButtonReply(card=Card(text=translate(locale, "menu-title"), buttons=buttons, locale=locale))
        back = Button(
            action=Action.BACK, job_id=job.id, label=translate(job.locale, "button-back"), picture=press.picture
        )
        self._swap(press.message, (*menu_buttons(context, job.locale, press.action), back))
        return ButtonReply()

    async def close_menu(self, press: ButtonPress, job: Job) -> ButtonReply:
        """Shows the buttons of the result again. Raises as `open_menu`."""
        await self._rights(press, job)
        if not self._features(press).private_replies:
            self._swap(press.message, result_buttons(job, press.picture))
        return ButtonReply()

    async def close(self) -> None:
        """Waits for no message any more."""
        await self._swaps.cancel()

    async def _rights(self, press: ButtonPress, job: Job) -> frozenset[Right]:
        """What the user may do, at least something. Raises a Refusal."""
        moderates = press.message.chat if press.sender_moderates else None
        rights: set[Right] = set()
        refused: Refusal | None = None
        try:
            await self._permissions.check_deletion(press.sender, job, moderates=moderates)
            rights.add(Right.DELETE)
        except (NotYours, NotAnAdministrator, RoleUnknown) as reason:
            refused = reason
        try:
            await self._permissions.identify_actor(press.sender, job)
            rights.add(Right.GO_ON)
        except (NotYours, NotAnAdministrator, RoleUnknown):
            if refused is not None:
                raise refused from None
        return frozenset(rights)

    async def _prices(self, job: Job) -> dict[Action, PriceRange]:
        prices: dict[Action, PriceRange] = {}
        for row in MENU:
            if row.is_priced:
                with suppress(Refusal):
                    price = await self._quotes[row.action](job)
                    prices |= {} if price is None else {row.action: price}
        return prices

    def _features(self, press: ButtonPress) -> ChatFeatures:
        return self._ports[press.message.chat.platform].features(press.message.chat)

    def _swap(self, ref: MessageRef, buttons: tuple[Button, ...]) -> None:
        """In the background: the budget of a chat may be used up, and the user's next press is not to wait for it."""
        self._swaps.spawn(self._status_messages.replace_buttons(ref, buttons), f"buttons {ref.message_id}")
