"""What to paint, and how size and quality are read from a request. Pure."""

import re
from dataclasses import dataclass

from bot.sandbox.references import Reference

CLASSIC_SIZES = {"1:1": (1024, 1024), "3:2": (1536, 1024), "2:3": (1024, 1536)}  # pixels by ratio
LONG_EDGE = 1536  # pixels, for every other ratio
EDGE_RANGE = (64, 2048)  # pixels; a size outside is ignored
PIXELS = re.compile(r"(?<!\d)(\d{2,4})\s*[xX×*]\s*(\d{2,4})(?!\d)\D{0,16}$")
RATIO = re.compile(r"(?<![\d.])(\d{1,2})\s*[:：]\s*(\d{1,2})(?!\d)\D{0,16}$")
QUALITY = re.compile(r"\s*\bimage quality\s*[:：]\s*(low|medium|high)\s*$", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpec:
    """Everything that determines a picture."""

    prompt: str
    references: tuple[Reference, ...] = ()
    mask: Reference | None = None
    """The first reference changes only where the mask is transparent."""
    markup: Reference | None = None
    """Marks drawn by hand over the first reference, which changes only where they are; of its size."""
    width: int = 1024
    """Pixels."""
    height: int = 1024
    """Pixels."""
    variation: int = 0
    """0 for the first picture of a repeated request, then 1, 2 …; each looks different."""
    quality: str | None = None
    """Named on the label; changes nothing else."""


def picture_size(
    prompt: str, requested: str | None = None, *, like: tuple[int, int] = CLASSIC_SIZES["1:1"]
) -> tuple[int, int]:
    """Width and height for a `size` field, else for a size or ratio that ends the prompt, else `like`.

    Understood: `1536x1024` with edges from 64 to 2048, ratios up to 3:1 such as `3:2`. A quality may follow.
    """
    for text in (requested or "", split_quality(prompt)[0].strip()):
        if found := PIXELS.search(text):
            width, height = int(found[1]), int(found[2])
            if EDGE_RANGE[0] <= min(width, height) and max(width, height) <= EDGE_RANGE[1]:
                return width, height
        if found := RATIO.search(text):
            across, down = int(found[1]), int(found[2])
            if classic := CLASSIC_SIZES.get(f"{across}:{down}"):
                return classic
            if 0 < across <= 3 * down and 0 < down <= 3 * across:
                scale = LONG_EDGE / max(across, down)
                return round(across * scale / 16) * 16, round(down * scale / 16) * 16
    return like


def size_like(reference: Reference) -> tuple[int, int]:
    """Width and height of a reference, at most LONG_EDGE."""
    scale = min(1.0, LONG_EDGE / max(reference.width, reference.height))
    return max(1, round(reference.width * scale)), max(1, round(reference.height * scale))


def split_quality(prompt: str) -> tuple[str, str | None]:
    """The prompt without the quality that ends it (`Image quality: high`), and that quality."""
    found = QUALITY.search(prompt)
    return (prompt, None) if found is None else (prompt[: found.start()], found[1].lower())
