"""From plain pixels to bytes an upstream takes: which encoding, at which quality, at which size.

Blocking; called in worker threads only. Nothing here reads bytes from outside.
"""

import io

from PIL import Image as Pillow

from bot.errors import PictureTooLarge
from bot.painting import Image
from bot.pictures.decoding import fit_within, resize

QUALITIES = (90, 82, 72, 60)  # of JPEG and WebP, tried until the bytes fit
MAX_EDGE_PX = 16_383  # pixels; WebP can hold no more
MIN_EDGE_PX = 64  # pixels; below it nothing more is tried


def encode_to_limit(image: Pillow.Image, name: str, *, types: tuple[str, ...], limit: int, lossless: bool) -> Image:
    """RGB or RGBA pixels in at most `limit` bytes of one of `types`: first by quality, then by smaller edges.

    `lossless`: they are worth a PNG. Raises PictureTooLarge.
    """
    ways = _candidate_encodings(types, transparent=image.mode == "RGBA", lossless=lossless)
    while True:
        for media_type, quality in ways:
            made = encode_image(image, media_type, quality)
            if len(made.data) <= limit:
                return made
        if max(image.size) <= MIN_EDGE_PX:
            raise PictureTooLarge(name=name, limit=f"{limit / 1_000_000:.3g} MB")
        image = resize(image, fit_within(image.size, max(image.size) * 3 // 4))


def encode_image(image: Pillow.Image, media_type: str, quality: int) -> Image:
    """`quality` from 1 to 100; PNG knows none. A JPEG shows what is transparent as white."""
    written = io.BytesIO()
    if media_type == "image/png":
        image.save(written, "PNG")
    elif media_type == "image/webp":
        image.save(written, "WEBP", quality=quality)
    else:
        flatten_on_white(image).save(written, "JPEG", quality=quality)
    return Image(data=written.getvalue(), media_type=media_type, width=image.width, height=image.height)


def flatten_on_white(image: Pillow.Image) -> Pillow.Image:
    """The picture without transparency."""
    if image.mode != "RGBA":
        return image
    ground = Pillow.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _candidate_encodings(types: tuple[str, ...], *, transparent: bool, lossless: bool) -> list[tuple[str, int]]:
    """The encodings to try, the best first. Transparency is kept wherever it can be: it may be a mask."""
    lossy = [each for each in ("image/jpeg", "image/webp") if each in types]
    png = [("image/png", 100)] if "image/png" in types else []
    if transparent and (png or "image/webp" in lossy):
        lossy = [each for each in lossy if each == "image/webp"]
    elif lossy and not lossless:
        png = []
    return png + [(each, quality) for each in lossy[:1] for quality in QUALITIES]
