"""The book of interactions: whose token still answers what, and for how long. Pure; time is a parameter.

From Discord's "Receiving and Responding": a token lives 15 minutes; messages made by it are then edited with the
bot's own token, where the bot has access, and not at all where it has none.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

LIFE = 14 * 60.0  # seconds; one less than Discord's 15 minutes, so that no call arrives too late
PAGE = 60.0  # seconds of births that are written down together
REMEMBERED = 24 * 3600.0  # seconds that a dead token of a place without access is known: it was the only way there


@dataclass(slots=True, kw_only=True)
class InteractionToken:
    """An interaction. `id`: the request's id for the core. `born`: seconds since 1970. `limit`: bytes a file.

    `original`: the message that answers it; `answered`: it no longer says "thinking". `alone`: its messages are
    reached by the token only. `private`: the answer is shown to the member alone, and soon of no interest.
    `user`: who asked. `messages`: all that it made or may change. `dead`: Discord has refused the token.
    """

    id: str
    token: str = field(repr=False)
    born: float
    limit: int
    user: str
    alone: bool
    private: bool = False
    original: str | None = None
    messages: list[str] = field(default_factory=list[str])
    answered: bool = False
    dead: bool = False

    @property
    def page(self) -> int:
        """Of the book, by birth."""
        return int(self.born // PAGE)

    def living(self, now: float) -> bool:
        return not self.dead and now < self.born + LIFE


class InteractionTokens:
    """All tickets that may still matter."""

    def __init__(self) -> None:
        self._tickets: dict[str, InteractionToken] = {}
        self._of: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._tickets)

    def add(self, ticket: InteractionToken) -> None:
        self._tickets[ticket.id] = ticket
        for message in ticket.messages:
            self._of[message] = ticket.id

    def bind(self, ticket: InteractionToken, message: str) -> None:
        """From now on that message is changed by this ticket."""
        if message not in ticket.messages:
            ticket.messages.append(message)
        self._of[message] = ticket.id

    def get(self, identity: str | None) -> InteractionToken | None:
        return None if identity is None else self._tickets.get(identity)

    def of(self, message: str) -> InteractionToken | None:
        """The ticket by which a message is changed."""
        return self.get(self._of.get(message))

    def prune(self, now: float) -> None:
        """Forgets what can no longer matter."""
        for ticket in list(self._tickets.values()):
            if now >= ticket.born + (REMEMBERED if ticket.alone and not ticket.private else LIFE):
                del self._tickets[ticket.id]
                for message in ticket.messages:
                    if self._of.get(message) == ticket.id:
                        del self._of[message]

    def pages(self) -> set[int]:
        """Those on which something stands."""
        return {ticket.page for ticket in self._tickets.values()}

    def dump(self, page: int) -> str:
        """One page, to be read by `load`."""
        there = [asdict(ticket) for ticket in self._tickets.values() if ticket.page == page]
        return json.dumps(there, separators=(",", ":"))

    def load(self, dumped: str) -> None:
        entries: Iterable[dict[str, object]] = json.loads(dumped)
        for entry in entries:
            self.add(InteractionToken(**entry))  # pyright: ignore[reportArgumentType] - written by `dump`
