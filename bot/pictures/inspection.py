"""Looks at an untrusted file before it is decoded: what it is, what it would take, and whether that is acceptable.

Blocking only for what it takes to walk its structure. Nothing is decoded.
"""

from dataclasses import dataclass

from bot.errors import BrokenPicture, NotAPicture, PictureTooComplex
from bot.pictures.headers import SNIFF_BYTES, TooManyParts, UnreadableHeader, read_header, sniff_media_type
from bot.pictures.price import Limits, Price, Task, check_price, largest_megapixels, price_of, shrink_task
from bot.pictures.work import Source

SUPPORTED_FORMATS = "PNG, JPEG, WebP, HEIC"  # as named to users; a still GIF and AVIF are accepted as well


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file that may be decoded."""

    source: Source
    """The file with its header."""

    task: Task
    """What is to be done, shrunk to what memory allows where it may be."""

    price: Price
    """What the task takes."""


def inspect_image(data: bytes, name: str, task: Task, limits: Limits) -> Inspected:
    """The file with its price. `name` is for the errors.

    Raises NotAPicture, BrokenPicture, PictureTooManyPixels, PictureTooComplex.
    """
    media_type = sniff_media_type(data[:SNIFF_BYTES])
    if media_type is None:
        raise NotAPicture(name=name, kinds=SUPPORTED_FORMATS)
    try:
        header = read_header(data, media_type)
    except TooManyParts as exc:
        raise PictureTooComplex(name=name, detail=f"too many {exc}") from exc
    except UnreadableHeader as exc:
        raise BrokenPicture(name=name, detail=str(exc)) from exc
    task = shrink_task(header, task, limits)
    price = price_of(header, len(data), task, limits)
    check_price(header, price, limits, name)
    megapixels = largest_megapixels(header, price, limits)
    return Inspected(Source(data=data, header=header, name=name, megapixels=megapixels), task, price)
