"""Who is in the room and where they talk: constants, and the core's words for them. Pure."""

from dataclasses import dataclass
from typing import Literal

from bot.chat import Chat, User

PLATFORM = "playground"
EASEL = "easel"
STUDIO = "studio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Someone the person at the page can be. `color` is CSS, dark enough for white letters (4.5 to 1)."""

    id: str
    name: str
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A chat; `member` is whose private chat with the bot it is."""

    id: str
    kind: Literal["group", "direct"]
    member: str | None = None


MEMBERS = (
    Member(id="amber", name="Amber", color="#955300"),
    Member(id="jade", name="Jade", color="#00704a"),
    Member(id="violet", name="Violet", color="#6b46c1"),
)
PLACES = (
    Place(id=STUDIO, kind="group"),
    *(Place(id=f"direct-{member.id}", kind="direct", member=member.id) for member in MEMBERS),
)
_NAMES = {member.id: member.name for member in MEMBERS} | {EASEL: "Easel"}
_PLACES = {place.id: place for place in PLACES}


def place(chat: str) -> Place | None:
    return _PLACES.get(chat)


def may_write(member: str, chat: str) -> bool:
    """Whether that chat exists and the member is in it."""
    found = place(chat)
    return found is not None and found.member in (None, member)


def writers(chat: str) -> tuple[str, ...]:
    """The members whose credits what happens in a chat may change."""
    return tuple(member.id for member in MEMBERS if may_write(member.id, chat))


def user(member: str, locale: str | None = None) -> User:
    return User(platform=PLATFORM, id=member, name=_NAMES[member], locale=locale)


def chat(place_id: str) -> Chat:
    return Chat(platform=PLATFORM, id=place_id, kind=_PLACES[place_id].kind)
