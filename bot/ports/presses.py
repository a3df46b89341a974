"""A press of a button, and what whoever pressed it is shown. Frozen values only.

A press names an action and a job, and a picture of its result at most, so that buttons work after a restart.
"""

from dataclasses import dataclass, field

from bot.chat import Action, Attachment, Card, MessageRef, User

MAX_DIGITS = 3  # of the number of a picture


def read_target(target: str) -> tuple[str, int | None]:
    """Job and picture of a `Button.target`; a number that names no picture is none. Comes from outside."""
    job_id, _, number = target.partition(":")
    return job_id, int(number) if number.isdecimal() and 0 < len(number) <= MAX_DIGITS and int(number) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress:
    """A user's press of a button."""

    id: str
    """The platform's id of this press."""

    message: MessageRef
    """The message that carries the button."""

    sender: User
    """Who pressed it."""

    action: Action
    """`Button.action` of the button."""

    job_id: str
    """`Button.job_id` of the button. Comes from outside: there may be no such job."""

    sender_moderates: bool = False
    """Whether the platform says with the press that the presser may delete others' messages in its chat."""

    picture: int | None = None
    """Number of the one picture of the job's result that *Vary* and *Edit* are about, from 1; None: the platform lets
    nobody choose, so it is the first. Comes from outside: there may be no such picture."""

    from_menu: bool = False
    """Whether `message` is a card that only the presser sees: what is done then replies to the result itself."""

    no_form: bool = False
    """The platform opens no form for the prompt that Edit needs: in a private chat the user's next text is it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A link to the region page (`bot.ports.REGION_PATH`), for one member alone."""

    token: str = field(repr=False)
    """What the page proves with whose it is, to be its address's fragment: at most 64 characters of A-Z, a-z, 0-9, _
    and -. A secret."""

    label: str
    """Words on the button that opens it, in the member's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two pictures to be looked at in one place."""

    before: Attachment
    """What the other was made from."""

    after: Attachment
    """The result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonReply:
    """The answer to a button press, shown to the one who pressed it alone."""

    text: str = ""
    """One short sentence; empty: nothing to say."""

    page: PageLink | None = None
    """A page of Easel's to open, for the one who pressed it alone; None: none."""

    open_reply: bool = False
    """The adapter opens its way of replying to the message with the button: a form, or a quoted reply."""

    comparison: Comparison | None = None
    """Pictures to compare; only where the platform has `ChatFeatures.compares_pictures`."""

    handled: bool = True
    """False: Easel stopped before; where the platform can, the press is handed over again after the next start."""

    card: Card | None = None
    """What is shown instead of `text`, with buttons of its own; only where the platform has
    `ChatFeatures.private_replies`."""
