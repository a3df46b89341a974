"""Two calls of Pillow whose types name numpy, which is not installed here; typed once for the whole sandbox.

Nothing else lives here.
"""

from collections.abc import Callable

from PIL import Image


def resize(image: Image.Image, size: tuple[int, int], how: Image.Resampling = Image.Resampling.BICUBIC) -> Image.Image:
    """The image stretched to `size`, in pixels."""
    return image.resize(size, how)  # pyright: ignore[reportUnknownMemberType] - a numpy type in its signature


def apply_curve(image: Image.Image, curve: Callable[[int], float]) -> Image.Image:
    """A grey image with `curve` applied to each value from 0 to 255, the outcome kept within that range."""
    table = [min(255, max(0, round(curve(value)))) for value in range(256)]
    return image.point(table)  # pyright: ignore[reportUnknownMemberType] - a numpy type in its signature
