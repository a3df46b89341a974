"""What a request asks of whoever paints it, held against what providers can do. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.intake import sizes
from bot.painting import Capabilities, Options, PaintRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What a request asks of whoever paints it. `references` and `prompt` are counts: pictures, characters."""

    options: Options
    references: int
    prompt: int
    mask: bool = False

    def __str__(self) -> str:
        """In the words members typed, for a refusal: options, then pictures."""
        options = self.options
        size = "@".join(filter(None, (options.size, options.tier)))
        said = {"size": size, "quality": options.quality, "background": options.background, "format": options.format}
        typed = [f"--{name} {value}" for name, value in said.items() if value]
        typed += [f"--compression {options.compression}"] if options.compression is not None else []
        typed += [f"--n {options.n}"] if options.n > 1 else []
        typed += ["🖼" * self.references] if self.references else []
        typed += ["mask"] if self.mask else []
        return " ".join(typed)


def requirements_of(request: PaintRequest) -> Requirements:
    """A ready request's needs."""
    return Requirements(
        options=request.options,
        references=len(request.references),
        prompt=len(request.prompt),
        mask=request.mask is not None,
    )


def can_satisfy(capabilities: Capabilities, needs: Requirements) -> bool:
    """Whether a provider can meet the whole request."""
    options = needs.options
    most = (
        min(capabilities.max_references, capabilities.max_masked_references)
        if needs.mask
        else capabilities.max_references
    )
    return (
        sizes.resolve_size(options.size, options.tier, capabilities) is not None
        and (options.quality is None or options.quality in capabilities.qualities)
        and (options.background is None or options.background in capabilities.backgrounds)
        and (options.format is None or options.format in capabilities.formats)
        and (options.compression is None or capabilities.supports_compression)
        and options.n in capabilities.allowed_counts
        and needs.references <= most
        and needs.prompt <= capabilities.max_prompt_chars
        and (capabilities.supports_masks or not needs.mask)
    )


def merge_capabilities(each: Sequence[Capabilities]) -> Capabilities:
    """The union, for reading what members type. The limits of reference files are the strictest of all, so that
    one prepared set of references fits whoever paints; those of masks are of the providers that take one."""
    counts = tuple(sorted({count for a in each for count in a.allowed_counts}))
    masking = [a for a in each if a.supports_masks] or each
    return Capabilities(
        sizes=_union(a.sizes for a in each),
        size_rules=_union(a.size_rules for a in each),
        tiers=_union(a.tiers for a in each),
        qualities=_union(a.qualities for a in each),
        backgrounds=_union(a.backgrounds for a in each),
        formats=_union(a.formats for a in each),
        supports_compression=any(a.supports_compression for a in each),
        counts=() if counts == tuple(range(1, len(counts) + 1)) else counts,
        max_n=max(a.max_n for a in each),
        max_references=max(a.max_references for a in each),
        max_prompt_chars=max(a.max_prompt_chars for a in each),
        max_reference_bytes=min(a.max_reference_bytes for a in each),
        max_reference_edge=min(a.max_reference_edge for a in each),
        reference_types=tuple(t for t in each[0].reference_types if all(t in a.reference_types for a in each)),
        supports_masks=any(a.supports_masks for a in each),
        max_mask_bytes=min(a.max_mask_bytes for a in masking),
        max_masked_references=max(a.max_masked_references for a in masking),
    )


def _union(groups: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    """In the order of first mention."""
    return tuple(dict.fromkeys(one for group in groups for one in group))
