"""Small pictures in one, each with its number. Blocking, for moments; the pictures were made small before."""

from collections.abc import Sequence

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from bot.painting import Image
from bot.pictures.encoding import encode_image

CELL_PX = 256  # pixels, each side of the square that a picture is fitted into
GAP_PX = 8  # pixels between two squares, and at the edges
COLUMNS = 4
BADGE_PX = 44  # pixels, each side of the square behind a number
PAPER, EMPTY, INK, BADGE = "#f4f1ea", "#dcd6ca", "#ffffff", "#26221c"
QUALITY = 88  # of a JPEG, 1 to 100


def make_contact_sheet(thumbnails: Sequence[Pillow.Image | None]) -> Image:
    """A JPEG of pictures numbered from 1, at least one; None: that one is not there any more, and its square is
    empty."""
    columns = min(COLUMNS, len(thumbnails))
    rows = -(-len(thumbnails) // columns)
    step = CELL_PX + GAP_PX
    sheet = Pillow.new("RGB", (columns * step + GAP_PX, rows * step + GAP_PX), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(26)
    for at, thumbnail in enumerate(thumbnails):
        left, top = GAP_PX + at % columns * step, GAP_PX + at // columns * step
        draw.rectangle((left, top, left + CELL_PX - 1, top + CELL_PX - 1), fill=EMPTY)
        if thumbnail is not None:
            inset = ((CELL_PX - thumbnail.width) // 2, (CELL_PX - thumbnail.height) // 2)
            sheet.paste(thumbnail, (left + inset[0], top + inset[1]))
        draw.rounded_rectangle((left + 6, top + 6, left + 6 + BADGE_PX, top + 6 + BADGE_PX), 10, fill=BADGE)
        draw.text((left + 6 + BADGE_PX / 2, top + 6 + BADGE_PX / 2), str(at + 1), fill=INK, font=font, anchor="mm")
    return encode_image(sheet, "image/jpeg", QUALITY)
