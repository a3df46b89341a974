"""What the region page asks of the core, as a Protocol with its promises: a member paints by hand what is to change.

Nothing here has a body, apart from the values that are handed over.
"""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

REGION_PATH = "/region"  # of the page on Easel's HTTP server; the token is the fragment of the address


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPage:
    """What the page shows at first."""

    locale: str
    """One of `bot.texts.LOCALES`: of all its words."""

    prompt: str
    """Words that the member has written already; may be empty."""

    price: str
    """Credits for the picture as things stand, in words; empty: nobody can paint it as it stands."""

    max_prompt_chars: int
    """Longest prompt, characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPicture:
    """The picture to paint over, as a browser shows it."""

    data: bytes = field(repr=False)
    """The file."""

    media_type: str
    """Of its bytes, such as `image/png`."""


class RegionPages(Protocol):
    """Serves region pages, each by a token that is good for one member, one picture and one job. `launch`: what the
    platform has handed to the page, which proves whose it is; None: nothing.

    Every method raises a Refusal in words, ChatFailed, StoreFailed; a token that does not lead anywhere raises
    RegionLinkUnknown, RegionLinkExpired, RegionLinkUsed or RegionOfOtherUser.
    """

    async def open_page(self, token: str, launch: str | None) -> RegionPage:
        """What the page shows at first."""
        ...

    async def load_picture(self, token: str, launch: str | None) -> RegionPicture:
        """The picture to paint over."""
        ...

    async def estimate_price(self, token: str, launch: str | None, prompt: str) -> str:
        """As `RegionPage.price`, for other words."""
        ...

    async def paint(self, token: str, launch: str | None, prompt: str, drawing: bytes) -> str:
        """Turns what was painted into a job; returns a sentence that says so. May be repeated: it is one job.
        `drawing`: JSON, as `bot.pictures.strokes` reads it."""
        ...


@runtime_checkable
class LaunchVerification(Protocol):
    """A port whose platform proves to a page who has opened it."""

    def launched_by(self, launch: str) -> str | None:
        """The platform's id of the user to whom a page was shown, by what the platform has handed to it; None: that
        proves nothing, or is too old."""
        ...
