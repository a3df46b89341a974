"""Values of the upstream side: a request to paint, a provider's capabilities, and the events of a running request.

Frozen values only; no behaviour that could fail, no import of anything that does I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.prices import PriceRange

MAX_SURPLUS_IMAGES = 2  # that a job may get beyond what was asked for, as some relays' habit is; the rest is dropped


CUTOUT = "cutout"
UPSCALE = "upscale"
REPAINTS = (CUTOUT, UPSCALE)
"""Ways to paint a picture again as it is: on a transparent background, or in a higher resolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user may choose beside the prompt. None leaves the choice to the provider."""

    size: str | None = None
    """A shape (`3:2`), pixels (`1024x1536`) or `auto`; `bot.intake.sizes` decides what a provider makes of it."""

    tier: str | None = None
    """Resolution tier, such as `2K`; may stand beside a shape."""

    model: str | None = None
    """Name of one of `Capabilities.models`. Empty: none is to be chosen, not the one either that the user keeps."""

    quality: str | None = None
    """One of `Capabilities.qualities`."""

    background: str | None = None
    """One of `Capabilities.backgrounds`, such as `transparent`."""

    format: str | None = None
    """File format of the result: `png`, `jpeg` or `webp`."""

    compression: int | None = None
    """Compression of a JPEG or WebP result, 0 to 100, in the unit of OpenAI's `output_compression`."""

    n: int = 1
    """Number of images, >= 1."""

    replaced_model: str | None = None
    """Name of the model that was chosen before and is no longer offered, so that another one paints."""

    as_file: bool = False
    """Results are delivered as files, byte for byte, where the platform would re-encode them."""

    reframe: str | None = None
    """What else becomes of the first reference: its canvas grows in one of the ways of `bot.pictures.frames.FRAMES`
    (`zoom 1.5`, `pan left`, `shape`), or it is painted again as one of `REPAINTS`. None: neither."""

    loose: bool = False
    """Results of an edit with a mask stay as the upstream painted them, also outside the mask."""

    @property
    def grows(self) -> bool:
        """Whether the canvas of the first reference grows, which makes a mask of what is new."""
        return self.reframe is not None and self.reframe not in REPAINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRule:
    """The legal pixel sizes of a provider, where they are a rule and not a list."""

    step: int
    """Both sides are multiples of it, pixels; > 0."""

    max_edge: int
    """Longest side, pixels; > 0."""

    max_ratio: int
    """The long side is at most this many times the short one; >= 1."""

    min_pixels: int
    """Least width times height."""

    max_pixels: int
    """Greatest width times height; >= `min_pixels`."""

    recommended: tuple[tuple[str, str, str], ...] = ()
    """Sizes that the upstream recommends, as (shape, tier, size), tiers ascending: `("16:9", "2K", "2048x1152")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that users may choose."""

    name: str
    """Its label or the upstream's name of it, as the operator configured it."""

    price: PriceRange
    """Credits for one image whose quality and size are left open, over the providers that have it."""

    aliases: tuple[str, ...] = ()
    """Other names that users may type: the upstreams' own, and those of providers that have no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do. An empty tuple of sizes, qualities, backgrounds or formats: it has no such option."""

    models: tuple[Model, ...] = ()
    """Models that it paints with, the preferred one first."""

    sizes: tuple[str, ...] = ()
    """Sizes it lists, in its own spelling; beside `size_rules` only what no rule covers (`auto`)."""

    size_rules: tuple[SizeRule, ...] = ()
    """Rules for pixel sizes; a size that satisfies one of them is legal."""

    tiers: tuple[str, ...] = ()
    """Resolution tiers that it takes in a field of their own, beside one of `sizes`."""

    tier_needs_size: bool = False
    """Whether a tier has no effect beside `auto` or without a size: then the shape is sent that is nearest to the first
    reference, or a square."""

    qualities: tuple[str, ...] = ()
    """Values of its quality option."""

    backgrounds: tuple[str, ...] = ()
    """Values of its background option."""

    formats: tuple[str, ...] = ()
    """File formats that it can be asked for (`png`, `jpeg`, `webp`)."""

    supports_compression: bool = False
    """Whether a compression of 0 to 100 can be asked for."""

    counts: tuple[int, ...] = ()
    """Numbers of images that one request may ask for, ascending; empty: 1 to `max_n`."""

    max_n: int = 4
    """Most images of one request, where `counts` is empty; >= 1."""

    max_references: int = 5
    """Most reference images of one request; 0: it takes none."""

    max_prompt_chars: int = 4000
    """Longest prompt, characters."""

    max_reference_bytes: int = 10_000_000
    """Largest reference image, bytes."""

    max_reference_edge: int = 4096
    """Longest side of a reference image, pixels."""

    reference_types: tuple[str, ...] = ("image/png", "image/jpeg", "image/webp")
    """Media types of reference images, the preferred one first."""

    supports_masks: bool = False
    """Whether it takes a mask for the first reference itself; where not, it is shown a marked copy."""

    max_mask_bytes: int = 4_000_000
    """Largest mask, bytes."""

    max_masked_references: int = 16
    """Most reference images of a request with a mask that it takes itself; >= 1."""

    supports_markup: bool = False
    """Whether it takes marks drawn by hand as a layer over the first reference; where not, it is shown the marked copy
    and told so in words."""

    unchosen: Options = Options()
    """Quality, and size or tier, that it is asked for where a user chooses none; None: that is left to it."""

    @property
    def allowed_counts(self) -> tuple[int, ...]:
        """Numbers of images that one request may ask for, ascending."""
        return self.counts or tuple(range(1, self.max_n + 1))

    @property
    def max_references_with_mask(self) -> int:
        """Most reference images of a request with a mask, >= 0: beside a marked copy, which is a reference as well, or
        beside the mask itself. 0: it takes no masks."""
        beside_mask = min(self.max_references, self.max_masked_references) if self.supports_masks else 0
        return max(beside_mask, self.max_references - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image whose media type was found by looking at its bytes. `repr` leaves the bytes out."""

    data: bytes = field(repr=False)
    """The file."""

    media_type: str
    """One of the types that `bot.pictures` reads, such as `image/png`."""

    width: int
    """Pixels, when upright; > 0."""

    height: int
    """Pixels, when upright; > 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnMarks:
    """What somebody has drawn by hand on a copy of a picture."""

    overlay: Image
    """The marks alone: a transparent PNG of the picture's size."""

    keep: Image | None
    """A mask of the picture: opaque where it stays, since the marks enclose or cover what is to change. None: they say
    of no area that it alone is meant, such as an arrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintRequest:
    """One request to paint, ready for any provider."""

    prompt: str
    """What to paint, as plain text."""

    references: tuple[Image, ...] = ()
    """Reference images in the user's order, already within the provider's limits."""

    mask: Image | None = None
    """A PNG of the same pixel size as the first reference, which is then a PNG as well: wholly transparent pixels
    (alpha 0) are to change, opaque ones stay."""

    is_own_mask: bool = False
    """Whether the mask is the transparent part of the first reference itself: then nothing else can stand for it."""

    marks: DrawnMarks | None = None
    """What was drawn on the second reference, which is a copy of the first one; None: nothing, as far as is known."""

    has_unread_copy: bool = False
    """Whether the second reference is a copy of the first one that was changed by what is not known as marks."""

    markup: Image | None = None
    """Marks on the first reference for a provider that takes them so: a transparent PNG of its size. None: there are
    none, or they are shown on a copy."""

    @property
    def keeps_a_part(self) -> bool:
        """Whether some of the first reference is to stay as it was."""
        return self.mask is not None or (self.marks is not None and self.marks.keep is not None)

    options: Options = Options()
    """What the user chose."""

    safety_identifier: str | None = field(default=None, repr=False)
    """Stands for the user at upstreams that want to tell users apart, and says nothing of who it is; at most 128
    characters. None: none is sent."""


# ---------------------------------------------------------------- events, in the order they tend to come


class Stage(StrEnum):
    """Stages of a job, in the order of its life; their words stand in the texts as `stage-<value>`."""

    WAITING = "waiting"
    """In Easel's own queue."""

    PREPARING = "preparing"
    """Downloading and decoding the reference images."""

    SENDING = "sending"
    """The request is on its way to the upstream."""

    RETRYING = "retrying"
    """The provider was busy or down; the next try follows."""

    QUEUED = "queued"
    """Accepted, in the upstream's queue."""

    PAINTING = "painting"
    """The upstream paints."""

    SAVING = "saving"
    """The image exists and is being downloaded."""


@dataclass(frozen=True, slots=True)
class StageChanged:
    """The job entered a stage."""

    stage: Stage
    """The stage it entered."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The upstream took the request, and may charge for it from here on."""

    upstream_id: str | None = None
    """The upstream's id of the task, for `Provider.resume`; None where it gave none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The upstream reported progress."""

    percent: float
    """0 to 100; never falls within one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address that the upstream gave. Untrusted: only `bot.downloads` opens it."""

    url: str
    """The address, as it was given."""

    mirrors: tuple[str, ...] = ()
    """Other addresses where the same image may be, as likely: an upstream does not say what a path is relative to."""

    fallback: "Link | None" = None
    """The same image, or a smaller copy of it, for when this one cannot be had; None: there is no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes that the upstream sent inline. Untrusted: only `bot.pictures` looks inside."""

    data: bytes = field(repr=False)
    """The file, already decoded from base64."""

    fallback: Link | None = None
    """Where the same image is as well, for when these bytes are no image; None: nowhere."""


@dataclass(frozen=True, slots=True)
class Preview:
    """An unfinished image. Never counted, never charged."""

    source: Link | Blob
    """Where its bytes are."""


@dataclass(frozen=True, slots=True)
class FinishedImage:
    """A finished image, as the upstream handed it over."""

    source: Link | Blob
    """Where its bytes are."""

    quality: str | None = None
    """The quality that the upstream says it has; None: it does not say."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the upstream says it counted."""

    reported: Mapping[str, object]
    """Its counts, unchanged, by its own names (tokens, credits)."""

    credits: float | None = None
    """What it takes for the request, in its own credits; >= 0. None where neither its answer nor a formula of its
    preset tells."""


@dataclass(frozen=True, slots=True)
class ImageMissing:
    """Fewer images come than were asked for; at least one has come."""

    reason: str
    """Id of the Fluent message of the failure (`PaintFailed.key`)."""

    failure: str = ""
    """Name of the failure's class, for the log."""

    trace: str | None = None
    """The upstream's id of the request; None: not named."""

    detail: str | None = None
    """What the upstream said, for the log; None: nothing."""


PaintEvent = StageChanged | Accepted | Progress | Preview | FinishedImage | Usage | ImageMissing
"""What `Provider.paint` yields."""
