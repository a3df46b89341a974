"""Pictures as members mark them: drawn on with a pen, and recompressed by their apps."""

import io

from PIL import Image, ImageDraw


def encircled(picture: bytes, *, quality: int = 80) -> bytes:
    """A JPEG of the picture with a red circle around its middle."""
    marked = Image.open(io.BytesIO(picture)).convert("RGB")
    width, height = marked.size
    box = (width * 0.3, height * 0.25, width * 0.6, height * 0.55)
    ImageDraw.Draw(marked).ellipse(box, outline="red", width=max(3, width // 60))
    written = io.BytesIO()
    marked.save(written, "JPEG", quality=quality)
    return written.getvalue()


def differ(one: bytes, other: bytes, box: tuple[float, float, float, float]) -> bool:
    """Whether two pictures of one size differ anywhere in a box, given in shares of both sides."""
    pictures = [Image.open(io.BytesIO(each)).convert("RGB") for each in (one, other)]
    width, height = pictures[0].size
    assert pictures[1].size == (width, height)
    part = (int(box[0] * width), int(box[1] * height), int(box[2] * width), int(box[3] * height))
    before, after = (each.crop(part).tobytes() for each in pictures)
    return before != after


INSIDE, OUTSIDE = (0.4, 0.35, 0.5, 0.45), (0.75, 0.0, 1.0, 1.0)
"""Of what `encircled` marks: shares of both sides."""
