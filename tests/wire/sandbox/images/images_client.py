"""Files, masks and parameters for requests of the images dialect."""

import base64
import io

from PIL import Image

from tests.support.images import plain_image

SIZE = "1024x640"  # the fewest pixels that the API paints
MODEL = "gpt-image-2"
KEY = "sandbox"


def make_png(colour: str | tuple[int, ...] = "red", size: tuple[int, int] = (60, 40), mode: str = "RGB") -> bytes:
    return plain_image(colour, "PNG", size, mode)


def file(data: bytes, name: str = "fox.png", media_type: str = "image/png") -> tuple[str, bytes, str]:
    return name, data, media_type


def transparent_mask(size: tuple[int, int] = (60, 40)) -> bytes:
    """A mask whose left half may change."""
    image = Image.new("RGBA", size, (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def decode_image(encoded: str | None) -> Image.Image:
    assert encoded is not None
    image = Image.open(io.BytesIO(base64.b64decode(encoded, validate=True)))
    image.load()
    return image
