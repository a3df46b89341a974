"""The vocabulary of painting: what is asked of an upstream, and what it tells while it works.

Frozen values only; no behaviour that could fail, no import of anything that does I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a member may choose beside the prompt. None: whatever the provider does by default."""

    size: str | None = None
    quality: str | None = None
    n: int = 1
    file: bool = False  # the picture as a file, byte for byte, where a platform would re-encode it


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a provider can do. Empty `sizes` or `qualities`: the option does not exist there.

    `max_prompt` in characters, `max_reference_bytes` an image, `max_reference_edge` in pixels. `masks`: a picture
    can mark where another is to change.
    """

    sizes: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    max_n: int = 4
    max_references: int = 5
    max_prompt: int = 4000
    max_reference_bytes: int = 10_000_000
    max_reference_edge: int = 4096
    reference_types: tuple[str, ...] = ("image/png", "image/jpeg", "image/webp")
    masks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Picture bytes whose kind was sniffed. `repr` leaves the bytes out."""

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintRequest:
    """One painting, ready for any provider: references are bytes, already fit for its limits."""

    prompt: str
    references: tuple[Image, ...] = ()
    options: Options = Options()


# ---------------------------------------------------------------- events, in the order they tend to come


class Stage(StrEnum):
    """Where a job is. The order is the order of life; the words stand in the texts as `stage-<value>`."""

    WAITING = "waiting"  # in our own line
    PREPARING = "preparing"  # fetching and reading the references
    SENDING = "sending"  # the request is on its way
    RETRYING = "retrying"  # that provider was busy or down; the next try is coming
    QUEUED = "queued"  # accepted, in the upstream's line
    PAINTING = "painting"
    SAVING = "saving"  # the picture exists; we are fetching it


@dataclass(frozen=True, slots=True)
class Staged:
    """The job has come to a stage."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Accepted:
    """The upstream took the request, and may take money from here on. `upstream_id` where it gave one."""

    upstream_id: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """0 to 100, never falling within one request."""

    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address the upstream gave. Untrusted: only `bot.fetch` opens it."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes the upstream sent inline. Untrusted: only `bot.pictures` looks inside."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Preview:
    """An unfinished picture. Never counted, never charged."""

    source: Link | Blob


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished picture, as the upstream handed it over."""

    source: Link | Blob


@dataclass(frozen=True, slots=True)
class Usage:
    """What the upstream says it counted, unchanged (token counts, credits)."""

    counts: Mapping[str, object]


Event = Staged | Accepted | Progress | Preview | Picture | Usage
