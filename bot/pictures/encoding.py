"""Encodes plain pixels as bytes that an upstream or a chat takes: which format, at which quality, at which size.

Blocking; called in worker threads only. Nothing here reads bytes from outside.
"""

import io

from PIL import Image as Pillow

from bot.errors import PictureTooLarge
from bot.painting import Image
from bot.pictures.decoding import fit_within, resize

QUALITIES = (90, 82, 72, 60)  # of JPEG and WebP (1 to 100), tried in turn until the bytes fit
MAX_EDGE_PX = 16_383  # pixels; the longest side of a WebP
MIN_EDGE_PX = 64  # pixels; no smaller size is tried


def encode_to_limit(image: Pillow.Image, name: str, *, types: tuple[str, ...], limit: int, lossless: bool) -> Image:
    """Encodes RGB or RGBA pixels in at most `limit` bytes as one of `types`: lowers the quality first, then the size.

    `lossless`: the pixels are worth a PNG. `name` is for the error. Raises PictureTooLarge.
    """
    candidates = _candidate_encodings(types, transparent=image.mode == "RGBA", lossless=lossless)
    while True:
        for media_type, quality in candidates:
            encoded = encode_image(image, media_type, quality)
            if len(encoded.data) <= limit:
                return encoded
        if max(image.size) <= MIN_EDGE_PX:
            raise PictureTooLarge(name=name, limit=f"{limit / 1_000_000:.3g} MB")
        image = resize(image, fit_within(image.size, max(image.size) * 3 // 4))


def encode_image(image: Pillow.Image, media_type: str, quality: int) -> Image:
    """Encodes pixels as PNG, WebP or JPEG. `quality`: 1 to 100, ignored for PNG. A JPEG gets a white background."""
    written = io.BytesIO()
    if media_type == "image/png":
        image.save(written, "PNG")
    elif media_type == "image/webp":
        image.save(written, "WEBP", quality=quality)
    else:
        flatten_on_white(image).save(written, "JPEG", quality=quality)
    return Image(data=written.getvalue(), media_type=media_type, width=image.width, height=image.height)


def flatten_on_white(image: Pillow.Image) -> Pillow.Image:
    """The image without transparency, on a white background."""
    if image.mode != "RGBA":
        return image
    background = Pillow.new("RGB", image.size, "white")
    background.paste(image, mask=image.getchannel("A"))
    return background


def _candidate_encodings(types: tuple[str, ...], *, transparent: bool, lossless: bool) -> list[tuple[str, int]]:
    """(media type, quality) pairs to try, the best first. Keeps transparency wherever possible: it may be a mask."""
    lossy = [each for each in ("image/jpeg", "image/webp") if each in types]
    png = [("image/png", 100)] if "image/png" in types else []
    if transparent and (png or "image/webp" in lossy):
        lossy = [each for each in lossy if each == "image/webp"]
    elif lossy and not lossless:
        png = []
    return png + [(each, quality) for each in lossy[:1] for quality in QUALITIES]
