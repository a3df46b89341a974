"""Encodes plain pixels as bytes that an upstream or a chat takes: which format, at which quality, at which size.

Blocking; called in worker threads and processes only. Nothing here reads bytes from outside.
"""

import io
from math import sqrt

from PIL import Image as Pillow

from bot.errors import PictureTooLarge
from bot.painting import Image
from bot.pictures.candidates import candidate_encodings
from bot.pictures.decoding import resize
from bot.pictures.price import MAX_ALPHA_WEBP_PIXELS, MIN_EDGE_PX, fit_within

MAX_STEP = 3 / 4  # of the longest side, where a size did not fit
MAX_EDGE_PX = 16_383  # pixels; the longest side of a WebP


def encode_to_limit(image: Pillow.Image, name: str, *, types: tuple[str, ...], limit: int, lossless: bool) -> Image:
    """Encodes RGB or RGBA pixels in at most `limit` bytes as one of `types`: lowers the quality first, then the size.

    `lossless`: the pixels are worth a PNG. `name` is for the error. Raises PictureTooLarge.
    """
    candidates = candidate_encodings(types, transparent=image.mode == "RGBA", lossless=lossless)
    while True:
        too_large: list[int] = []
        for media_type, quality in candidates:
            if media_type == "image/webp" and _takes_too_much(image):
                continue
            encoded = encode_image(image, media_type, quality)
            if len(encoded.data) <= limit:
                return encoded
            too_large.append(len(encoded.data))
        if max(image.size) <= MIN_EDGE_PX:
            raise PictureTooLarge(name=name, limit=f"{limit / 1_000_000:.3g} MB")
        scale = min(MAX_STEP, sqrt(limit / min(too_large, default=limit)))  # bytes go with the area, more or less
        image = resize(image, fit_within(image.size, max(MIN_EDGE_PX, int(max(image.size) * scale))))


def _takes_too_much(image: Pillow.Image) -> bool:
    """Whether a WebP of the image would take too much memory."""
    return image.mode == "RGBA" and image.width * image.height > MAX_ALPHA_WEBP_PIXELS


def encode_image(image: Pillow.Image, media_type: str, quality: int) -> Image:
    """Encodes pixels as PNG, WebP or JPEG. `quality`: 1 to 100, ignored for PNG. A JPEG gets a white background."""
    written = io.BytesIO()
    if media_type == "image/png":
        image.save(written, "PNG")
    elif media_type == "image/webp":
        try:
            image.save(written, "WEBP", quality=quality)
        except ValueError as exc:  # the plain pixels are valid: libwebp got no memory
            raise MemoryError(str(exc)) from exc
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
