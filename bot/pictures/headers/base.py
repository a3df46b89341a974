"""What every format's header comes to, and how a header that cannot be read is reported.

Pure values.
"""

from dataclasses import dataclass

MAX_PARTS = 20_000
"""Most parts (chunks, segments, boxes) of a file that are looked at. A decoder spends microseconds on each, however
empty; a 32 MB PNG written in libpng's pieces of 8 kB has 4,000."""

MAX_FRAMES = 1000
"""Most frames that are counted; more are as good as these."""


class UnreadableHeader(ValueError):
    """The structure of the file is broken."""


class TooManyParts(UnreadableHeader):
    """A still image has more than MAX_PARTS parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHeader:
    """What a file claims about itself. Where it says one thing in several places, the largest counts."""

    media_type: str
    """One of the types that `sniff_media_type` finds."""

    width: int
    """Pixels, as stored; > 0."""

    height: int
    """Pixels, as stored; > 0."""

    frames: int = 1
    """Frames of the animation, 1 for a still image; at most MAX_FRAMES are counted."""

    parts: int = 0
    """Number of its parts; of an animation at most MAX_PARTS are counted."""

    scans: int = 1
    """How often a JPEG goes over its pixels; 1 for all other formats."""

    coefficients: float = 0.0
    """Bytes of coefficients a pixel that the decoder of a progressive JPEG holds; 0 for all other images."""

    transparent: bool = False
    """Whether its pixels may be transparent."""

    converted: bool = False
    """Whether its pixels are converted before use: from a palette, from 16 bits of grey, from a transparent colour."""

    interlaced: bool = False
    """Whether a PNG is interlaced."""

    oriented: bool = False
    """Whether a PNG has an EXIF block, which may tell an orientation."""

    @property
    def pixels(self) -> int:
        """Pixels of one frame."""
        return self.width * self.height

    @property
    def animated(self) -> bool:
        """Whether it has more than one frame."""
        return self.frames > 1
