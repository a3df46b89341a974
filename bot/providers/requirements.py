"""Requirements of a request, compared with the capabilities of providers. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.intake import sizes
from bot.intake.models import is_same_model
from bot.painting import Capabilities, Model, Options, PaintRequest
from bot.prices import PriceRange
from bot.providers.marks import MARKS_WORDS, MASK_WORDS

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What a request needs from a provider."""

    options: Options
    """The options of the request."""

    reference_count: int
    """Number of reference images; >= 0."""

    prompt_chars: int
    """Length of the prompt, characters; >= 0."""

    has_mask: bool = False
    """Whether there is a mask."""

    has_marks: bool = False
    """Whether the second reference is a copy of the first one with marks drawn on it by hand."""

    is_own_mask: bool = False
    """Whether that is the transparent part of the only reference, which no marked copy can stand for."""

    def of_model(self, name: str | None) -> "Requirements":
        """The same of another model; None: of any."""
        return replace(self, options=replace(self.options, model=name))

    def __str__(self) -> str:
        """The requirements as users type them, for a refusal: options, then pictures."""
        options = self.options
        size = "@".join(filter(None, (options.size, options.tier)))
        values = {"model": options.model, "size": size}
        values |= {"quality": options.quality, "background": options.background, "format": options.format}
        typed = [f"--{name} {value}" for name, value in values.items() if value]
        typed += [f"--compression {options.compression}"] if options.compression is not None else []
        typed += [f"--n {options.n}"] if options.n > 1 else []
        typed += ["🖼" * self.reference_count] if self.reference_count else []
        typed += [f"--{options.reframe}"] if options.grows else ["mask"] if self.has_mask else []
        return " ".join(typed)


def requirements_of(request: PaintRequest) -> Requirements:
    """The requirements of a request."""
    return Requirements(
        options=request.options,
        reference_count=len(request.references),
        prompt_chars=len(request.prompt),
        has_mask=request.mask is not None,
        has_marks=request.marks is not None,
        is_own_mask=request.is_own_mask,
    )


def can_satisfy(capabilities: Capabilities, needs: Requirements) -> bool:
    """Whether a provider can meet the whole request."""
    options, is_shown_copy = needs.options, needs.has_marks and not capabilities.supports_markup
    return (
        (options.model is None or any(is_same_model(options.model, each.name) for each in capabilities.models))
        and sizes.resolve_size(options.size, options.tier, capabilities) is not None
        and (options.quality is None or options.quality in capabilities.qualities)
        and (options.background is None or options.background in capabilities.backgrounds)
        and (options.format is None or options.format in capabilities.formats)
        and (options.compression is None or capabilities.supports_compression)
        and options.n in capabilities.allowed_counts
        and needs.reference_count - (needs.has_marks and not is_shown_copy) <= capabilities.max_references
        and needs.prompt_chars + len(MARKS_WORDS) * is_shown_copy <= capabilities.max_prompt_chars
        and (not needs.has_mask or masks_itself(capabilities, needs) or _can_be_shown_mask(capabilities, needs))
    )


def masks_itself(capabilities: Capabilities, needs: Requirements) -> bool:
    """Whether a provider takes the mask of a request as such."""
    return capabilities.supports_masks and needs.reference_count <= capabilities.max_masked_references


def _can_be_shown_mask(capabilities: Capabilities, needs: Requirements) -> bool:
    """Whether a request has room for a marked copy of the first reference, and the words about it."""
    return (
        not needs.is_own_mask
        and needs.reference_count < capabilities.max_references
        and needs.prompt_chars + len(MASK_WORDS) <= capabilities.max_prompt_chars
    )


def merge_capabilities(capabilities: Sequence[Capabilities]) -> Capabilities:
    """The union, by which users' options are parsed. The limits of reference files are the strictest of all that take
    any, so that one prepared set of references fits each of them; those of masks are of the providers that take one
    themselves."""
    counts = tuple(sorted({count for a in capabilities for count in a.allowed_counts}))
    taking = [a for a in capabilities if a.max_references] or capabilities
    masking = [a for a in capabilities if a.supports_masks] or capabilities
    return Capabilities(
        models=_merge_models(each for a in capabilities for each in a.models),
        sizes=_union(a.sizes for a in capabilities),
        size_rules=_union(a.size_rules for a in capabilities),
        tiers=_union(a.tiers for a in capabilities),
        tier_needs_size=any(a.tier_needs_size for a in capabilities),
        qualities=_union(a.qualities for a in capabilities),
        backgrounds=_union(a.backgrounds for a in capabilities),
        formats=_union(a.formats for a in capabilities),
        supports_compression=any(a.supports_compression for a in capabilities),
        counts=() if counts == tuple(range(1, len(counts) + 1)) else counts,
        max_n=max(a.max_n for a in capabilities),
        max_references=max(a.max_references for a in capabilities),
        max_prompt_chars=max(a.max_prompt_chars for a in capabilities),
        max_reference_bytes=min(a.max_reference_bytes for a in taking),
        max_reference_edge=min(a.max_reference_edge for a in taking),
        reference_types=tuple(t for t in taking[0].reference_types if all(t in a.reference_types for a in taking)),
        supports_masks=any(a.supports_masks for a in capabilities),
        max_mask_bytes=min(a.max_mask_bytes for a in masking),
        max_masked_references=max(a.max_masked_references for a in masking),
        supports_markup=any(a.supports_markup for a in capabilities),
    )


def _merge_models(models: Iterable[Model]) -> tuple[Model, ...]:
    """Each model once, by all its names, and at what any of its providers may cost."""
    merged: dict[str, Model] = {}
    for each in models:
        known = merged.setdefault(each.name.casefold(), each)
        aliases = tuple(dict.fromkeys(known.aliases + each.aliases))
        merged[each.name.casefold()] = replace(known, price=PriceRange.over((known.price, each.price)), aliases=aliases)
    return tuple(merged.values())


def _union(groups: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    """The distinct items of all groups, in order of first occurrence."""
    return tuple(dict.fromkeys(one for group in groups for one in group))
