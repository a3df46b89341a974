"""Masks and marks: what a request becomes at a provider that is shown a marked copy of the picture, or the marks. Pure.

The marked copy is the second reference; the words behind the prompt say so, in English, which all models read best.
What members see of their prompt stays theirs.
"""

from dataclasses import replace

from bot.painting import Image, PaintRequest

MASK_WORDS = (
    "\n\nThe second picture is a copy of the first one, where the area to change is tinted red and has a white outline."
    " Change the first picture only within that area. Keep all else exactly as it is, in the same frame, and leave no"
    " tint and no outline."
)
MARKS_WORDS = (
    "\n\nThe second picture is a copy of the first one with marks drawn on it by hand. Change the first picture as the"
    " words above and the marks say: a mark shows where. Keep all else as it is, in the same frame, and leave no marks."
)


def with_marks_explained(request: PaintRequest) -> PaintRequest:
    """A request whose second reference is a copy of the first one with marks drawn by hand, with words that say so."""
    return replace(request, prompt=request.prompt + MARKS_WORDS, marks=None)


def with_markup(request: PaintRequest) -> PaintRequest:
    """The same for a provider that takes the marks alone: without the copy, and without words about it."""
    assert request.marks is not None, "checked"
    first, _, *others = request.references
    return replace(request, references=(first, *others), markup=request.marks.overlay, marks=None)


def with_marked_copy(request: PaintRequest, marked: Image) -> PaintRequest:
    """A request with a mask as one without: `marked` shows the mask, drawn over the first reference."""
    first, *others = request.references
    return replace(request, prompt=request.prompt + MASK_WORDS, references=(first, marked, *others), mask=None)
