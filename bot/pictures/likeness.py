"""Whether two pictures could show one scene, from afar: so that few pairs are looked at closely. Pure."""

from enum import Enum

MIN_CORRELATION = 0.45  # of the grey values, from -1 to 1; below, marks would cover most of the scene
FLAT_DEVIATION = 3.0  # of 255; what varies less may be the same as anything that varies as little


class Likeness(Enum):
    """How two pictures without marks are alike."""

    SAME = "same"
    """One picture, as far as can be seen."""

    CHANGED = "changed"
    """One picture, with a part that differs: something was laid over it that is not known as marks."""

    OTHER = "other"
    """Another picture, one that was filtered or painted anew as a whole, or one whose marks the first one has."""


def is_alike_from_afar(one: bytes, other: bytes) -> bool:
    """`one`, `other`: grey values of two pictures in one size, at least one."""
    count = len(one)
    mean_one, mean_other = sum(one) / count, sum(other) / count
    variance_one = sum((value - mean_one) ** 2 for value in one) / count
    variance_other = sum((value - mean_other) ** 2 for value in other) / count
    if min(variance_one, variance_other) < FLAT_DEVIATION**2:
        return True
    together = sum((a - mean_one) * (b - mean_other) for a, b in zip(one, other, strict=True)) / count
    return together >= MIN_CORRELATION * (variance_one * variance_other) ** 0.5
