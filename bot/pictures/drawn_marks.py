"""Marks that somebody has drawn on a picture, found by comparing the copy that came back with the original.

Pure: decoded pictures in, marks out. The copy may have been scaled, recompressed and slightly cropped on its way. A
mark is what a pen leaves: few colors, laid over the picture or mixed with it. What was painted anew is none, and a
filter over everything is none either.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageChops, ImageFilter, ImageStat

from bot.pictures.alignment import Placement, find_placement, transform
from bot.pictures.inks import THIN_INK_DISTANCE, find_inks, is_between, is_mixed_with_one_color
from bot.pictures.likeness import FLAT_DEVIATION, Likeness
from bot.pictures.morphology import Labels, Mask, filled, grown, labelled, shrunk
from bot.pictures.texture import has_other_texture, roughness

EDGE_PX = 800  # pixels, longest side, at which the two are compared: a thin pen on a phone has two of them
MAX_CROP = 0.16  # of a side, which a screenshot may leave out
MIN_DISTANCE = 14.0  # of 255, of any color, from what the original has there: recompression leaves less
NOISE_FACTOR = 3.0  # times the distance that is usual in the picture
WEAK_FACTOR = 0.6  # times that distance, for what hangs together with more distant pixels
CLEAR_FACTOR = 2.6  # times that distance, which some pixel of a mark must have
HALO_PX, HALO_SHARE = 3, 0.5  # what has less than half of the distance of a pixel so near is what JPEG spreads
STRONG_SHARE = 0.35  # of a mark, which must have that distance
MAX_NOISE = 4.0  # of 255, as usual distance; beyond, it is not the same picture
MIN_MARK_SHARE = 0.00015  # of the picture, which a mark must cover: smaller ones are flaws
MAX_SHARE = 0.6  # of the picture, which all marks may cover
MAX_GAIN, MAX_OFFSET = 0.15, 20.0  # by which colors of a screenshot may differ; beyond, it is a filter
MIN_SHARPNESS, MAX_SHARPNESS = 0.8, 1.3  # of the original's: recompression blurs, and nothing sharpens
BLOCK_PX = 8  # pixels, over which colors are averaged to be compared
SAME_DIFFERENCE = 4.0  # of 255, on average, within which a copy without marks is the same picture
CORE_SHARE = 0.15  # of a stroke, which its inner pixels are at least; else it is thin
INK_SHARE = 0.65  # of a mark, which must look like ink
SHARP_SHARE = 0.38  # of its height, by which the border of a mark rises within two pixels
MAX_STROKE_SHARE = 0.025  # of the longest side, half of which a stroke is thick at most
MAX_STROKE_LEFT = 0.05  # of what was drawn, that is thicker; beyond, something is covered
MIN_STROKE_SOLID = 0.7  # of a stroke, that is seen; what was painted anew differs here and there
MAX_REGIONS = 60  # that do not touch: a written line has as many; what was painted anew differs in more places
MARKS_SHARE = 0.7  # of all that differs, which must be marks
EDGE_FACTOR = 1.35  # times as sharp as in the original are the borders of what was surely drawn on the copy
LEAST_DEVIATION = 12.0  # of 255: colors that vary less are plain
GAP_SHARE = 0.018  # of the longest side: half of a gap over which an outline still counts as closed
MIN_HOLE_SHARE = 0.002  # of the picture, which an outline must enclose: letters enclose less
MIN_HOLE_FACTOR = 1.5  # times what its stroke covers, as before
SOLID_SHARE = 0.35  # of a mark that is left when it is shrunk by a gap: an area that is painted over
GROWTH_SHARE = 0.05  # of the longest side, by which an area is larger than its marks: a hat is wider than its circle

Floats = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What was drawn on a copy of a picture."""

    overlay: Pillow.Image
    """The marks alone (RGBA), in the original's size."""

    keep: Pillow.Image | None
    """Where the original stays (L, its size): 0 within what the marks enclose or cover, and around it, else 255. None:
    they say of no area that it alone is meant, such as an arrow or words."""


def find_marks(original: Pillow.Image, copy: Pillow.Image) -> Marks | Likeness:
    """What was drawn on `copy` that `original` does not have, both RGB."""
    frame = _common_frame(original.size, copy.size)
    if frame is None:
        return Likeness.OTHER
    size = _working_size((frame[2] - frame[0], frame[3] - frame[1]), max(copy.size))
    one, other = original.resize(size, Pillow.Resampling.BOX, frame), copy.resize(size, Pillow.Resampling.BOX)
    pair = _Pair.of(one, other)
    if not pair.is_quiet:
        placement = find_placement(one.convert("L"), other.convert("L"), Pillow.new("L", size, 255))
        if placement is None or not (pair := _Pair.of(one, other, placement)).is_quiet:
            return Likeness.OTHER
    labels = pair.differing_regions()
    drawn = _ink(pair, labels)
    if not labels.any():
        return Likeness.SAME if pair.is_same else pair.likeness
    if drawn is None:
        return pair.likeness
    if not pair.was_drawn_on_copy(drawn):
        return Likeness.OTHER
    area = _marked_area(drawn)
    keep = None if area is None else _placed(_grey(~area), frame, original.size, 255)
    return Marks(overlay=_overlay(original.size, frame, copy, pair.placement, drawn), keep=keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two pictures of one scene at one size, the second laid over the first."""

    original: Floats
    copy: Floats
    placement: Placement
    distance: Floats
    """Of each pixel of the copy from what the original has there and right beside it: 0 to 255."""
    noise: float
    """The usual distance."""
    gain: Floats
    """Contrast of the copy, by color, before it was made like the original's."""
    offset: Floats
    """How much brighter it was, by color."""

    @classmethod
    def of(cls, original: Pillow.Image, copy: Pillow.Image, placement: Placement | None = None) -> "_Pair":
        placement = placement or Placement()
        covered = np.ones((original.height, original.width), dtype=bool)
        if not placement.is_identity:
            coefficients = placement.transform(copy.size)
            covered = np.asarray(transform(Pillow.new("L", copy.size, 255), coefficients)) == 255
            copy = transform(copy, coefficients)
        one, other = np.asarray(original, dtype=np.float32), np.asarray(copy, dtype=np.float32)
        gain, offset = _light(one, other, covered)
        other = np.where(covered[..., None], (other - offset) / gain, one).astype(np.float32)
        distance = np.where(shrunk(covered, 2), _distance(one, other), 0.0).astype(np.float32)
        noise = float(np.median(distance[covered])) if covered.any() else 255.0
        return cls(
            original=one, copy=other, placement=placement, distance=distance, noise=noise, gain=gain, offset=offset
        )

    @property
    def is_quiet(self) -> bool:
        """Whether most of the copy is as in the original."""
        is_light_alike = np.abs(self.gain - 1).max() <= MAX_GAIN and np.abs(self.offset).max() <= MAX_OFFSET
        differing = float((self.distance > MIN_DISTANCE).mean())
        return bool(is_light_alike) and self.noise <= MAX_NOISE and differing <= MAX_SHARE and self._is_as_sharp()

    def _is_as_sharp(self) -> bool:
        """Whether what is the same in both is as sharp in both: no filter has gone over it."""
        alike = ~grown(self.distance > MIN_DISTANCE, 2)
        one, other = _sharpness(self.original, alike), _sharpness(self.copy, alike)
        return MIN_SHARPNESS * one <= other + 1 and other <= MAX_SHARPNESS * one + 4

    @property
    def is_same(self) -> bool:
        """Whether the copy, on which no marks are, is the original as far as can be seen."""
        return self.likeness is Likeness.CHANGED and not has_other_texture(self.original, self.copy)

    @property
    def likeness(self) -> Likeness:
        """Of a copy that differs in what is no marks."""
        return Likeness.CHANGED if self.is_same_light and not self.is_plain else Likeness.OTHER

    @property
    def is_plain(self) -> bool:
        """Whether the original shows nothing by which it could be known again."""
        return bool(self.original.std(axis=(0, 1)).max() < FLAT_DEVIATION)

    @property
    def is_same_light(self) -> bool:
        """Whether the colors of the copy, as it came, are those of the original: from afar, where no noise is seen."""
        as_it_came = self.copy * self.gain + self.offset
        one, other = (_picture(each).reduce(BLOCK_PX) for each in (self.original, as_it_came))
        return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3 <= SAME_DIFFERENCE

    def differing_regions(self) -> Labels:
        """Where the copy shows something else, by region."""
        least = MIN_DISTANCE + NOISE_FACTOR * self.noise
        seen = (self.distance > WEAK_FACTOR * least) & (self.distance >= HALO_SHARE * _heights(self.distance))
        labels = labelled(_opened(seen))
        sizes = np.bincount(labels.ravel())
        strong = np.bincount(labels.ravel(), self.distance.ravel() > least)
        is_clear = np.bincount(labels.ravel(), self.distance.ravel() > CLEAR_FACTOR * least) > 0
        are_marks = (sizes >= MIN_MARK_SHARE * labels.size) & (strong >= STRONG_SHARE * sizes) & is_clear
        are_marks[0] = False
        return np.where(are_marks[labels], labels, 0)

    def differs(self, least: float) -> Mask:
        """Where the two differ by more than that, of any color, not looking beside each pixel."""
        return np.abs(self.copy - self.original).max(axis=2) > least

    def was_drawn_on_copy(self, drawn: Mask) -> bool:
        """Whether the copy rather than the original has borders there, and covers what the other shows: else it was
        drawn on the original, and is missing in the copy."""
        least = CLEAR_FACTOR * (MIN_DISTANCE + NOISE_FACTOR * self.noise)
        clear = self.differs(least) & grown(drawn, 3)  # the same, whichever of both is the copy
        border, inner = grown(clear, 3) & ~shrunk(clear, 1), shrunk(clear, 1)
        inner = inner if inner.any() else drawn
        sharper = _sharpness(self.copy, border) / max(1.0, _sharpness(self.original, border))
        shown = (float(each[inner].std(axis=0).max()) for each in (self.original, self.copy))
        one, other = (max(LEAST_DEVIATION, each) for each in shown)
        return sharper > EDGE_FACTOR or sharper * one > other


def _common_frame(original: tuple[int, int], copy: tuple[int, int]) -> Box | None:
    """The middle of the original that has the shape of the copy; None: most of one side would be left out."""
    width, height = original
    shape = copy[0] / copy[1]
    across, down = min(width, round(height * shape)), min(height, round(width / shape))
    if across < width * (1 - MAX_CROP) or down < height * (1 - MAX_CROP) or not across or not down:
        return None
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down


def _working_size(size: tuple[int, int], copy_edge: int) -> tuple[int, int]:
    """The size at which both are compared: neither is enlarged."""
    scale = min(1.0, min(EDGE_PX, copy_edge) / max(size))
    return max(3, round(size[0] * scale)), max(3, round(size[1] * scale))


def _light(original: Floats, copy: Floats, covered: Mask) -> tuple[Floats, Floats]:
    """Contrast and brightness of the copy by color, of what is alike in both: least squares over that."""
    gain, offset = np.ones(3, dtype=np.float32), np.zeros(3, dtype=np.float32)
    for color in range(3):
        one, other = original[..., color][covered], copy[..., color][covered]
        difference = other - one
        middle = np.median(difference)
        spread = np.median(np.abs(difference - middle))
        alike = np.abs(difference - middle) <= max(6.0, 3 * float(spread))
        one, other = one[alike], other[alike]
        deviation = float(one.std())
        if deviation > 1:
            gain[color] = max(0.1, float(((one - one.mean()) * (other - other.mean())).mean()) / deviation**2)
        offset[color] = other.mean() - gain[color] * one.mean() if one.size else 0.0
    return gain, offset


def _distance(original: Floats, copy: Floats) -> Floats:
    """Of each pixel of the copy, of any color, from the range that the original has there and right beside it: what was
    scaled, or moved by a pixel, has none."""
    least = greatest = original
    for axis in (0, 1):
        before, after = np.roll(least, 1, axis), np.roll(least, -1, axis)
        least = np.minimum(np.minimum(least, before), after)
        before, after = np.roll(greatest, 1, axis), np.roll(greatest, -1, axis)
        greatest = np.maximum(np.maximum(greatest, before), after)
    beyond = np.maximum(copy - greatest, least - copy)
    return np.maximum(beyond, 0).max(axis=2)


def _opened(mask: Mask) -> Mask:
    """Without what is thinner than two pixels: three of each square of four stay."""
    squares = mask[:-1, :-1] & mask[1:, :-1] & mask[:-1, 1:] & mask[1:, 1:]
    padded = np.pad(squares, 1)
    return padded[:-1, :-1] | padded[1:, :-1] | padded[:-1, 1:] | padded[1:, 1:]


def _ink(pair: _Pair, labels: Labels) -> Mask | None:
    """Where ink was laid over the picture; None: what differs is not ink, for the most part."""
    inside = labels > 0
    if not inside.any():
        return None
    core = inside & shrunk(inside, 1)
    sizes = np.bincount(labels.ravel())
    is_thin = np.bincount(labels[core], minlength=len(sizes)) < CORE_SHARE * sizes
    core |= inside & is_thin[labels] & (pair.distance >= _means(pair.distance, labels)[labels])
    numbers = labels[core]
    before, after = pair.original[core], pair.copy[core]
    is_stroke = _is_stroke(inside)
    ink, inks = find_inks(after, is_thin[numbers])
    ink |= is_mixed_with_one_color(before, after, numbers)
    if is_stroke:
        ink |= is_between(before, after, inks)
    total = np.bincount(numbers, minlength=len(sizes))
    inked = np.bincount(numbers, ink, minlength=len(sizes)) >= INK_SHARE * np.maximum(total, 1)
    if total[inked].sum() < MARKS_SHARE * total.sum() or (total > 0).sum() > MAX_REGIONS:
        return None
    drawn = inside & inked[labels]
    if not is_stroke and not _has_sharp_borders(pair.distance, drawn):
        return None
    return _with_gaps(pair, drawn, inks)


def _means(values: Floats, labels: Labels) -> npt.NDArray[np.float64]:
    """The mean of each region."""
    return np.bincount(labels.ravel(), values.ravel()) / np.maximum(np.bincount(labels.ravel()), 1)


def _is_stroke(drawn: Mask) -> bool:
    """Whether what differs is lines, which may be soft or glow; what was painted anew is thicker, past its gaps."""
    whole = _closed(drawn)
    left = shrunk(whole, round(MAX_STROKE_SHARE * max(drawn.shape)))
    is_solid = int(drawn.sum()) >= MIN_STROKE_SOLID * int(whole.sum())
    return is_solid and int(left.sum()) <= MAX_STROKE_LEFT * int(whole.sum())


def _closed(drawn: Mask) -> Mask:
    """With gaps over which it still counts as one."""
    gap = max(1, round(GAP_SHARE * max(drawn.shape)))
    margin = gap + 1
    return shrunk(grown(np.pad(drawn, margin), gap), gap)[margin:-margin, margin:-margin] | drawn


def _with_gaps(pair: _Pair, drawn: Mask, inks: Sequence[Floats]) -> Mask:
    """With what hangs together with it in the color of a pen, where the picture has that color nearby as well."""
    inked = np.zeros_like(drawn)
    for ink in inks:
        inked |= np.abs(pair.copy - ink).max(axis=2) <= THIN_INK_DISTANCE
    labels = labelled(
        drawn
        | (
            pair.differs(MIN_DISTANCE + NOISE_FACTOR * pair.noise)
            & inked
            & grown(drawn, round(GAP_SHARE * 2 * max(drawn.shape)))
        )
    )
    return np.isin(labels, np.unique(labels[drawn]))


def _has_sharp_borders(distance: Floats, drawn: Mask) -> bool:
    """Whether the distance rises at the borders of marks within few pixels; what a model has painted fades in."""
    border = drawn & ~shrunk(drawn, 1)
    down = np.abs(np.roll(distance, 1, 0) - np.roll(distance, -1, 0))
    across = np.abs(np.roll(distance, 1, 1) - np.roll(distance, -1, 1))
    steps = np.maximum(down, across)[border] / np.maximum(_heights(distance)[border], 1)
    return bool(np.median(steps) >= SHARP_SHARE)


def _heights(distance: Floats) -> Floats:
    """Of each pixel the greatest distance within HALO_PX."""
    return np.asarray(_picture(distance).filter(ImageFilter.MaxFilter(2 * HALO_PX + 1)), dtype=np.float32)


def _sharpness(picture: Floats, border: Mask) -> float:
    """How much colors change at the border, on average."""
    return float(roughness(picture)[border].mean()) if border.any() else 0.0


def _marked_area(drawn: Mask) -> Mask | None:
    """What the marks enclose or cover, and what is near to it; None where any of them does neither."""
    gap = max(1, round(GAP_SHARE * max(drawn.shape)))
    labels = labelled(_closed(drawn))
    area = np.zeros_like(drawn)
    open_marks = np.zeros_like(drawn)
    for number in range(1, int(labels.max()) + 1):
        mark = labels == number
        whole = filled(mark)
        hole, stroke = int((whole & ~mark).sum()), int(mark.sum())
        is_outline = hole >= max(MIN_HOLE_SHARE * drawn.size, MIN_HOLE_FACTOR * stroke)
        is_solid = int(shrunk(mark, gap).sum()) >= SOLID_SHARE * stroke
        if is_outline or is_solid:
            area |= whole
        else:
            open_marks |= mark
    area = grown(area, round(GROWTH_SHARE * max(drawn.shape))) if area.any() else area
    return area if area.any() and not (open_marks & ~area).any() else None


def _overlay(size: tuple[int, int], frame: Box, copy: Pillow.Image, placement: Placement, drawn: Mask) -> Pillow.Image:
    """The marks alone, in the colors of the copy."""
    inner = (frame[2] - frame[0], frame[3] - frame[1])
    colors = copy.resize(inner)
    if not placement.is_identity:
        colors = transform(colors, placement.transform(inner))
    overlay = Pillow.new("RGBA", size)
    overlay.paste(colors, frame[:2])
    overlay.putalpha(_placed(_grey(grown(drawn, 1)), frame, size, 0))
    return overlay


def _placed(mask: Pillow.Image, frame: Box, size: tuple[int, int], around: int) -> Pillow.Image:
    """A mask (L) of the frame, scaled, within a picture of `size`."""
    whole = Pillow.new("L", size, around)
    whole.paste(mask.resize((frame[2] - frame[0], frame[3] - frame[1]), Pillow.Resampling.BILINEAR), frame[:2])
    return whole


def _grey(mask: Mask) -> Pillow.Image:
    return Pillow.fromarray(mask.astype(np.uint8) * 255)


def _picture(colors: Floats) -> Pillow.Image:
    return Pillow.fromarray(np.clip(colors, 0, 255).astype(np.uint8))
