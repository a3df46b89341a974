"""Cells of the kill matrix of what is done with results: one kind at one kill point, of a member of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from tests.kill.kill_points import (
    KILL_POINTS,
    KILL_POINTS_BY_NAME,
    KillPoint,
)
from tests.kill.members import Member
from tests.kill.world import BotMessage
from tests.support.easel_process import EaselProcess

Prepare = Callable[["Cell"], Awaitable[None]]
Act = Callable[["Cell", EaselProcess], Awaitable[None]]
PLATFORMS = ("telegram", "discord")
REFUSAL = "refusal"  # the kind that moderation refuses
MENTION = "Ada, "  # how a message begins that mentions a member
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Something that is done with a result."""

    name: str
    prepare: Prepare
    act: Act
    is_free: bool = False
    messages: tuple[int, int] = (1, 1)
    """How many it leaves in the end, on Telegram and in Discord."""
    pictures: int = 1
    """In those."""
    points: tuple[str, ...] = tuple(each.name for each in KILL_POINTS if "chat" in each.dialects)


@dataclass(slots=True, kw_only=True)
class Cell:
    """One kind at one kill point, of a member of its own."""

    kind: Kind
    point: str
    platform: str
    member: Member
    number: int = field(default_factory=lambda: next(_numbers))
    before: tuple[str, ...] = ()
    """Ids of the messages that stood there when the second process began."""
    requests: int = 0
    """Received by then."""
    available: int = 0
    """Credits, by then."""
    entries: int = 0
    """Of the ledger, by then."""

    @property
    def tag(self) -> str:
        """What its prompts end with: for the kill points, and for the requests."""
        return f"number {self.number} at {self.point}"

    @property
    def point_data(self) -> KillPoint | None:
        return KILL_POINTS_BY_NAME.get(self.point)

    def new_messages(self) -> list[BotMessage]:
        """But for the words that tell somebody after two minutes that their picture is ready."""
        new = [each for each in self.member.messages() if each.id not in self.before]
        return [each for each in new if not each.text.startswith(MENTION)]

    def received(self) -> int:
        """Requests for it that have reached the upstream."""
        return sum(
            f"{self.tag} " in f"{each.prompt} ".replace("\n", " ") for each in self.member.world.sandbox.requests
        )
