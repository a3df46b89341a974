"""Where an edited picture stands against its original: some models paint what should stay a little moved or scaled.

Pure: grey values in, a placement out. Only what is to stay is compared, so the edit itself moves nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

COARSE_EDGE_PX = 256  # pixels, longest side, at which scales are compared
FINE_EDGE_PX = 640  # pixels, longest side, at which the shift is measured: a tenth of its pixel is half of one of 4K
SCALES = (1.0, 0.98, 1.02, 0.96, 1.04, 0.94, 1.06, 0.92, 1.08, 0.9, 1.1)  # of the edited picture; beyond, it is another
STEPS = (2.0, 0.5)  # pixels at the border, by which a placement is varied, the coarse ones first
MIN_CORRELATION = 0.6  # of the grey values that should stay, from -1 to 1; below, the picture shows something else
FLAT_DEVIATION = 3.0  # of 255; a picture that varies less has nothing to be aligned by
SAME_CORRELATION = 0.005  # a placement must be better by this to be worth resampling the picture
MIN_COVERED_SHARE = 0.5  # of what is kept, which a placement must cover: little of it is alike by chance
MIN_KEPT_SHARE = 0.02  # of the picture; where less is kept, nothing can be compared

Grey = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How the edited picture lies over the original, both of one size: first scaled about the centre, then shifted."""

    scale: float = 1.0
    """Size of what is shown, relative to the edited picture; > 0."""

    shift_x: float = 0.0
    """To the right, as a share of the width."""

    shift_y: float = 0.0
    """Downwards, as a share of the height."""

    @property
    def is_identity(self) -> bool:
        return self == Placement()

    def transform(self, size: tuple[int, int]) -> tuple[float, float, float, float, float, float]:
        """The coefficients of Pillow's AFFINE transform that takes the edited picture of `size` to its placement."""
        (width, height), zoom = size, 1 / self.scale
        across = width / 2 - (width / 2 + self.shift_x * width) * zoom
        down = height / 2 - (height / 2 + self.shift_y * height) * zoom
        return (zoom, 0.0, across, 0.0, zoom, down)


def find_placement(original: Pillow.Image, edited: Pillow.Image, kept: Pillow.Image) -> Placement | None:
    """The placement of `edited` in which it shows best what `original` shows where `kept` is 255; all are grey (L) and
    of one shape. None: it shows something else, or in another frame."""
    coarse = _compare(original, edited, kept, COARSE_EDGE_PX)
    if coarse.is_blind:
        return Placement()
    found = coarse.refine(max((each for scale in SCALES for each in coarse.place(scale)), key=coarse.correlation))
    fine = _compare(original, edited, kept, FINE_EDGE_PX)
    found = fine.refine(found)
    if fine.correlation(found) - fine.correlation(Placement()) < SAME_CORRELATION:
        found = Placement()
    return found if fine.correlation(found) >= MIN_CORRELATION else None


class _Comparison:
    """An original and an edited picture at one size, seen through what is kept."""

    def __init__(self, original: Pillow.Image, edited: Pillow.Image, kept: Pillow.Image) -> None:
        self._original = _grey(original)
        self._edited = edited
        self._kept = _grey(kept) / 255.0
        height, width = self._original.shape
        self._window = np.outer(np.hanning(height), np.hanning(width))
        self._correlations: dict[Placement, float] = {}

    @property
    def is_blind(self) -> bool:
        """Whether there is nothing to compare: hardly anything is kept, or it is all of one colour."""
        if float(self._kept.mean()) < MIN_KEPT_SHARE:
            return True
        return float(np.sqrt(_weighted_mean(_centred(self._original, self._kept) ** 2, self._kept))) < FLAT_DEVIATION

    def place(self, scale: float) -> tuple[Placement, ...]:
        """Placements of that scale, by phase correlation: of what is kept, whose border is the same in both and may
        hide what has moved, and of everything, where the edit may."""
        scaled = self._placed(Placement(scale=scale))[0]
        height, width = self._original.shape
        shifts = (_phase_shift(self._original, scaled, each) for each in (self._window * self._kept, self._window))
        found = (Placement(scale=scale, shift_x=across / width, shift_y=down / height) for down, across in shifts)
        return (Placement(scale=scale), *found)

    def refine(self, placement: Placement) -> Placement:
        """The best placement near one: each part of it in turn goes to the top of a parabola."""
        height, width = self._original.shape
        for step in STEPS:
            for name, unit in (("shift_x", width), ("shift_y", height), ("scale", max(width, height) / 2)):
                placement = self._refine_one(placement, name, step / unit)
        return placement

    def _refine_one(self, placement: Placement, name: str, step: float) -> Placement:
        def moved(by: float) -> Placement:
            change: dict[str, float] = {name: getattr(placement, name) + by}
            return replace(placement, **change)

        placements = [moved(-step), placement, moved(step)]
        before, here, after = (self.correlation(each) for each in placements)
        curvature = before - 2 * here + after
        if curvature < 0:
            placements.append(moved(max(-1.0, min(1.0, 0.5 * (before - after) / curvature)) * step))
        return max(placements, key=self.correlation)

    def correlation(self, placement: Placement) -> float:
        """Of the grey values that should stay, from -1 to 1."""
        if placement not in self._correlations:
            placed, covered = self._placed(placement)
            weights = self._kept * covered
            one, other = _centred(self._original, weights), _centred(placed, weights)
            energy = float(np.sqrt(_weighted_mean(one**2, weights) * _weighted_mean(other**2, weights)))
            is_known = energy > 0 and weights.sum() >= MIN_COVERED_SHARE * self._kept.sum()
            self._correlations[placement] = _weighted_mean(one * other, weights) / energy if is_known else 0.0
        return self._correlations[placement]

    def _placed(self, placement: Placement) -> tuple[Grey, Grey]:
        """The edited picture in its placement, and where it covers the original: 0 to 1."""
        coefficients = placement.transform(self._edited.size)
        everywhere = Pillow.new("L", self._edited.size, 255)
        return _grey(transform(self._edited, coefficients)), _grey(transform(everywhere, coefficients)) / 255.0


def transform(
    image: Pillow.Image, coefficients: tuple[float, ...], size: tuple[int, int] | None = None
) -> Pillow.Image:
    """The image under an affine transform of Pillow's; zero where it does not reach."""
    bicubic = Pillow.Resampling.BICUBIC
    return image.transform(size or image.size, Pillow.Transform.AFFINE, coefficients, bicubic)


def _phase_shift(original: Grey, edited: Grey, window: Grey) -> tuple[float, float]:
    """By how many pixels (down, across) `edited` is to be moved, with fractions, by the phases of both spectra."""
    spectra = [np.fft.rfft2(_centred(each, window) * window) for each in (original, edited)]
    cross = spectra[0] * np.conj(spectra[1])
    surface = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-6), s=original.shape)
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    return (
        _peak(lambda at: float(surface[at % surface.shape[0], column]), int(row), surface.shape[0]),
        _peak(lambda at: float(surface[row, at % surface.shape[1]]), int(column), surface.shape[1]),
    )


def _peak(value: Callable[[int], float], at: int, length: int) -> float:
    """The top of the parabola through a maximum and its neighbours, as a signed distance from zero."""
    before, top, after = value(at - 1), value(at), value(at + 1)
    curvature = before - 2 * top + after
    exact = at + (0.5 * (before - after) / curvature if curvature < 0 else 0.0)
    return exact - length if exact > length / 2 else exact


def _centred(values: Grey, weights: Grey) -> Grey:
    return values - _weighted_mean(values, weights)


def _weighted_mean(values: Grey, weights: Grey) -> float:
    return float((values * weights).sum() / max(float(weights.sum()), 1e-6))


def _grey(image: Pillow.Image) -> Grey:
    return np.asarray(image, dtype=np.float32)


def _compare(original: Pillow.Image, edited: Pillow.Image, kept: Pillow.Image, edge: int) -> "_Comparison":
    scale = min(1.0, edge / max(original.size))
    size = (max(1, round(original.width * scale)), max(1, round(original.height * scale)))
    return _Comparison(*(each.resize(size, Pillow.Resampling.BOX) for each in (original, edited, kept)))
