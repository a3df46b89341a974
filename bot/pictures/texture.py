"""Whether a copy of a picture has another texture somewhere: noise or a blur that no pen leaves, nor recompression.

Pure. Recompression and scaling smooth the whole picture alike, and roughen few places a little; what was laid over a
part of it stands out there alone.
"""

import numpy as np
import numpy.typing as npt

from bot.pictures.morphology import Mask, labelled

BLOCK_PX = 16  # pixels, over which texture is averaged
TEXTURED = 20.0  # of 765, as change from pixel to pixel; what changes less may be smoothed wholly by recompression
ADDED = 30.0  # of 765, beyond which a block was roughened: twice what JPEG leaves beside edges at a quality of 40
SMOOTHED_SHARE = 0.5  # of the change that blocks keep as a rule; below, a block was blurred
MIN_BLOCKS = 4  # that touch: so many together are no accident

Floats = npt.NDArray[np.float32]


def roughness(picture: Floats) -> Floats:
    """How much the colors change at each pixel (0 to about 1100), of a picture of shape (height, width, 3)."""
    down = np.abs(np.roll(picture, 1, 0) - np.roll(picture, -1, 0)).sum(axis=2)
    across = np.abs(np.roll(picture, 1, 1) - np.roll(picture, -1, 1)).sum(axis=2)
    return np.hypot(down, across).astype(np.float32)


def has_other_texture(original: Floats, copy: Floats) -> bool:
    """Whether `copy` is rougher or smoother in an area of its own. Both of one shape (height, width, 3), 0 to 255."""
    if min(original.shape[:2]) < BLOCK_PX:
        return False
    before, after = _blocks(roughness(original)), _blocks(roughness(copy))
    textured = before > TEXTURED
    kept = after / np.maximum(before, 1)
    usual = float(np.median(kept[textured])) if textured.any() else 1.0
    return _hangs_together(after - before > ADDED) or _hangs_together(textured & (kept < SMOOTHED_SHARE * usual))


def _blocks(values: Floats) -> Floats:
    """The mean of each whole block."""
    rows, columns = values.shape[0] // BLOCK_PX, values.shape[1] // BLOCK_PX
    whole = values[: rows * BLOCK_PX, : columns * BLOCK_PX]
    return whole.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(1, 3))


def _hangs_together(blocks: Mask) -> bool:
    sizes = np.bincount(labelled(blocks).ravel())
    return bool((sizes[1:] >= MIN_BLOCKS).any())
