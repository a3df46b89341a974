"""The vocabulary of painting: what is asked of an upstream, and what it tells while it works.

Frozen values only; no behaviour that could fail, no import of anything that does I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a member may choose beside the prompt. None: whatever the provider does by default.

    `size`: a shape (`3:2`), pixels (`1024x1536`) or `auto`; `tier`: how large, such as `2K`. What a provider makes
    of the two: `bot.intake.sizes.decide`. `format`: png, jpeg, webp; `compression`: 0 to 100.
    """

    size: str | None = None
    tier: str | None = None
    quality: str | None = None
    background: str | None = None
    format: str | None = None
    compression: int | None = None
    n: int = 1
    file: bool = False  # the picture as a file, byte for byte, where a platform would re-encode it


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRule:
    """Which pixel sizes are legal where they are a rule and not a list.

    Both sides are multiples of `step` and at most `max_edge` pixels; the long side is at most `max_ratio` times
    the short one; width times height lies from `min_pixels` to `max_pixels`. `table`: the sizes that the upstream
    recommends, as (shape, tier, size), the tiers in rising order: `("16:9", "2K", "2048x1152")`.
    """

    step: int
    max_edge: int
    max_ratio: int
    min_pixels: int
    max_pixels: int
    table: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do. Empty `sizes`, `qualities`, `backgrounds`, `formats`: the option does not exist there.

    `size_rules`: one where sizes are a rule, `sizes` then says what else there is (`auto`). `tiers`: taken beside a
    size of `sizes`, as a field of its own. `compression`: 0 to 100 may be asked for. `counts`: how many pictures a
    request may ask for; empty: 1 to `max_n`. `max_prompt` in characters, `max_reference_bytes` an image,
    `max_reference_edge` in pixels. `masks`: a picture can mark where another is to change, in at most
    `max_mask_bytes`, beside at most `max_masked_references` pictures.
    """

    sizes: tuple[str, ...] = ()
    size_rules: tuple[SizeRule, ...] = ()
    tiers: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    backgrounds: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    compression: bool = False
    counts: tuple[int, ...] = ()
    max_n: int = 4
    max_references: int = 5
    max_prompt: int = 4000
    max_reference_bytes: int = 10_000_000
    max_reference_edge: int = 4096
    reference_types: tuple[str, ...] = ("image/png", "image/jpeg", "image/webp")
    masks: bool = False
    max_mask_bytes: int = 4_000_000
    max_masked_references: int = 16

    @property
    def allowed_counts(self) -> tuple[int, ...]:
        """How many pictures one request may ask for, rising."""
        return self.counts or tuple(range(1, self.max_n + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Picture bytes whose kind was sniffed. `repr` leaves the bytes out."""

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintRequest:
    """One painting, ready for any provider: references are bytes, already fit for its limits.

    `mask`: a PNG as large in pixels as the first reference, which is a PNG then too; what is wholly transparent
    in it (alpha 0) is to change, what is opaque stays.
    """

    prompt: str
    references: tuple[Image, ...] = ()
    mask: Image | None = None
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
class StageChanged:
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
    """What the upstream says it counted, unchanged (token counts, credits).

    `credits`: what it takes for the painting, in its own credits, where it says so or its preset has the formula.
    """

    counts: Mapping[str, object]
    credits: float | None = None


Event = StageChanged | Accepted | Progress | Preview | Picture | Usage
