"""What can be done with a result: the buttons below it, and the rows of the menu behind *More…*. Pure.

A further action is a row of MENU, a label `button-ACTION` in the texts, and its handler in `bot.app.wiring`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.chat import Action, Button, ChatFeatures
from bot.job import Job
from bot.jobs.lineage import source_of
from bot.jobs.reframes import REFRAMES, is_of_use
from bot.prices import PriceRange
from bot.texts import translate

MAX_RESULT_BUTTONS = 5  # below a result: what a phone shows at a glance, and one row of Discord


class Right(Enum):
    """What a user may do with a result (`bot.handlers.permissions`)."""

    GO_ON = auto()
    """Go on from it, and look at how it came about."""

    DELETE = auto()
    """Take it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuContext:
    """What the conditions of the rows look at."""

    job: Job
    """The job whose result it is."""

    picture: int | None = None
    """Number of the one picture of the result that it is about, from 1; None: of all."""

    features: ChatFeatures = field(default_factory=ChatFeatures)
    """Of the chat in which the menu is opened."""

    rights: frozenset[Right] = frozenset(Right)
    """Of whoever opens it."""

    prices: Mapping[Action, PriceRange] = field(default_factory=dict[Action, PriceRange])
    """Credits of what the priced rows would do; one without is not offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuRow:
    """One entry of the menu."""

    action: Action
    """What a press does; its label is the text `button-ACTION`, with its price if it is priced."""

    menu: Action = Action.MORE
    """The button that opens the menu in which it stands."""

    right: Right = Right.GO_ON
    """Who may press it."""

    of_forgotten: bool = False
    """Whether it is offered for a job whose user has asked Easel to forget them, too."""

    is_priced: bool = False
    """Whether it paints, so that its label says what it costs."""

    is_offered: Callable[[MenuContext], bool] = lambda _: True
    """Whether there is any use in it."""


MENU: tuple[MenuRow, ...] = (
    MenuRow(action=Action.DETAILS),
    MenuRow(action=Action.COMPARE, is_offered=lambda context: _can_compare(context)),
    MenuRow(action=Action.TREE, is_offered=lambda context: _has_ancestors(context)),
    MenuRow(action=Action.ORIGINAL, is_priced=True),
    MenuRow(action=Action.REGION, is_offered=lambda context: context.features.opens_pages),
    MenuRow(
        action=Action.REFRAME,
        is_offered=lambda context: bool(context.job.delivered) and not context.prices.keys().isdisjoint(REFRAMES),
    ),
    *(
        MenuRow(
            action=action,
            menu=Action.REFRAME,
            is_priced=True,
            is_offered=lambda context, action=action: is_of_use(context.job.options, action),
        )
        for action in REFRAMES
    ),
    MenuRow(action=Action.DELETE, right=Right.DELETE, of_forgotten=True),
)
"""In the order in which they are shown."""


def result_buttons(job: Job, picture: int | None = None, locale: str | None = None) -> tuple[Button, ...]:
    """The buttons below a result, at most MAX_RESULT_BUTTONS. `picture`: as of `Button`; `locale`: of the labels; None:
    that of its owner."""
    undo = () if source_of(job) is None else (Action.UNDO,)
    actions = (Action.RETRY, Action.VARY, Action.EDIT, *undo, Action.MORE)
    return tuple(_button(action, job, locale or job.locale, picture) for action in actions)


def offered_rows(context: MenuContext, menu: Action = Action.MORE) -> tuple[MenuRow, ...]:
    """The rows of a menu that whoever opens it may press."""
    return tuple(
        row
        for row in MENU
        if row.menu is menu
        and row.right in context.rights
        and (not row.is_priced or row.action in context.prices)
        and (context.job.prompt or row.of_forgotten)
        and row.is_offered(context)
    )


def menu_buttons(context: MenuContext, locale: str, menu: Action = Action.MORE) -> tuple[Button, ...]:
    """The rows of a menu as buttons."""
    return tuple(
        _button(row.action, context.job, locale, context.picture, context.prices.get(row.action))
        for row in offered_rows(context, menu)
    )


def _button(action: Action, job: Job, locale: str, picture: int | None, price: PriceRange | None = None) -> Button:
    label = translate(locale, f"button-{action.value}")
    if price is not None:
        label = translate(locale, "option-price", option=label, price=str(price), credits=price.most)
    return Button(action=action, job_id=job.id, label=label, picture=picture)


def _can_compare(context: MenuContext) -> bool:
    return source_of(context.job) is not None and not context.features.one_message


def _has_ancestors(context: MenuContext) -> bool:
    return context.job.parent is not None and not context.features.one_message
