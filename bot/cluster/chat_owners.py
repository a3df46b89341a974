"""Which process handles the updates of a chat: one at a time, also while processes come and go. Pure.

Every process reckons for itself. A chat's owner is the one that rendezvous hashing gives it among the processes that
serve, so that only the chats of whoever came or went change hands. Each process says what it knows of the others after
each change, and two rules keep two of them from handling one chat: who begins to serve waits until every other has said
that it knows so, and a chat that moves is left alone while whoever had it says that it is busy with it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Self, cast

MAX_BUSY = 150  # chats in one announcement; ids have up to 15 characters, and a message on the bus 7,000 bytes
MAX_EARLY = 100  # announcements kept of processes that are no members yet; the oldest is dropped first


def owner_of(chat: str, members: Collection[str]) -> str | None:
    """The member that a chat falls to, by rendezvous hashing: the highest hash of both names wins. None: no members."""
    return max(members, key=lambda member: (_score(chat, member), member), default=None)


def _score(chat: str, member: str) -> bytes:
    return blake2b(f"{member}\n{chat}".encode(), digest_size=8).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a process says of itself, whole each time."""

    sender: str
    """Id of the member."""
    serves: bool
    """Whether chats may fall to it."""
    knows: frozenset[str]
    """The others of which it knows that they serve."""
    busy: frozenset[str] | None
    """Chats that it still works on and that have fallen to others; None: too many to be named."""
    asks: bool = False
    """Whether the others are to announce themselves again."""

    def to_json(self) -> dict[str, Any]:
        """For the bus; the inverse of `from_json`."""
        return {
            "sender": self.sender,
            "serves": self.serves,
            "knows": sorted(self.knows),
            "busy": None if self.busy is None else sorted(self.busy),
            "asks": self.asks,
        }

    @classmethod
    def from_json(cls, fields: object) -> Self:
        """Raises ValueError for anything that `to_json` did not make."""
        match fields:
            case {
                "sender": str(sender),
                "serves": bool(serves),
                "knows": list(),
                "busy": list() | None,
                "asks": bool(asks),
            }:
                body = cast("Mapping[str, Any]", fields)
                busy = body["busy"]
                return cls(
                    sender=sender,
                    serves=serves,
                    knows=frozenset(map(str, body["knows"])),
                    busy=None if busy is None else frozenset(map(str, busy)),
                    asks=asks,
                )
            case _:
                raise ValueError("no announcement")


class ChatOwners:
    """What one process knows. `me`: its id; `others`: the ids of the others that may serve, alive as of now."""

    def __init__(self, me: str, others: Iterable[str] = ()) -> None:
        self.me = me
        self._others = set(others)
        self._heard: dict[str, Announcement] = {}  # the latest of each that serves, or works on chats still
        self._early: dict[str, Announcement] = {}  # of processes that are not known as members: not yet, or no more
        self._serves = False
        self._awaited: set[str] = set()  # who has not said yet that they know that this process serves
        self._work: Counter[str] = Counter()  # pieces of work under way, by chat
        self._serving = frozenset[str]()  # all that serve, this process included

    # ------------------------------------------------------------ what follows from it

    @property
    def is_alone(self) -> bool:
        """Whether every chat is this process's, and nobody else works on any."""
        return self._serves and not self._awaited and not self._heard

    @property
    def serving(self) -> frozenset[str]:
        """All that serve, as far as this process knows."""
        return self._serving

    @property
    def awaited(self) -> frozenset[str]:
        """Who has not acknowledged yet that this process serves: no chat is handled before."""
        return frozenset(self._awaited)

    def may_handle(self, chat: str) -> bool:
        """Whether a chat is this process's, and nobody else works on it any more."""
        if self.is_alone:
            return True
        if not self._serves or self._awaited or self.owner(chat) != self.me:
            return False
        return not any(each.busy is None or chat in each.busy for each in self._heard.values())

    def owner(self, chat: str) -> str | None:
        """Whom a chat falls to, as far as this process knows; None: nobody serves."""
        return owner_of(chat, self._serving)

    def announcement(self, *, asks: bool = False) -> Announcement:
        """What is to be said after each change."""
        moved = frozenset(chat for chat in self._work if not self._serves or self.owner(chat) != self.me)
        return Announcement(
            sender=self.me,
            serves=self._serves,
            knows=self._serving - {self.me},
            busy=moved if len(moved) <= MAX_BUSY else None,
            asks=asks,
        )

    # ------------------------------------------------------------ what happens; True: it is to be announced

    def start_serving(self) -> bool:
        """From now on chats may fall to this process. False: it served already."""
        if self._serves:
            return False
        self._serves = True
        self._awaited = set(self._others)
        self._find_serving()
        return True

    def stop_serving(self) -> bool:
        """No chat falls to this process any more. False: none did."""
        if not self._serves:
            return False
        self._serves = False
        self._awaited.clear()
        self._find_serving()
        return True

    def hear(self, said: Announcement) -> bool:
        """Another process has announced itself. It counts from when it is known as a member."""
        if said.sender not in self._others:
            self._early[said.sender] = said
            if len(self._early) > MAX_EARLY:
                del self._early[next(iter(self._early))]
            return False
        before = self._serving
        self._heard[said.sender] = said
        if not said.serves and said.busy == frozenset():
            del self._heard[said.sender]  # nothing to be remembered
        if self.me in said.knows:
            self._awaited.discard(said.sender)
        self._find_serving()
        return said.asks or self._serving != before

    def add_other(self, member: str) -> bool:
        """Another process came; it announces itself, or has done so already."""
        self._others.add(member)
        early = self._early.pop(member, None)
        return early is not None and self.hear(early)

    def remove_other(self, member: str) -> bool:
        """A process went, or was given up: what it worked on is nobody's."""
        before = self._serving
        self._others.discard(member)
        self._awaited.discard(member)
        self._heard.pop(member, None)
        self._find_serving()
        return self._serving != before

    def begin(self, chat: str) -> None:
        """Work on a chat begins here, or another piece of it."""
        self._work[chat] += 1

    def end(self, chat: str) -> bool:
        """A piece of work on a chat has ended."""
        self._work[chat] -= 1
        if self._work[chat] > 0:
            return False
        del self._work[chat]
        return not self.is_alone and not (self._serves and self.owner(chat) == self.me)

    def _find_serving(self) -> None:
        serving = {each.sender for each in self._heard.values() if each.serves}
        self._serving = frozenset(serving | {self.me} if self._serves else serving)
