"""The image processor as the operator has set it up. Opens nothing."""

from bot.pictures.price import MEGAPIXEL, Limits
from bot.pictures.processing import ImageProcessor
from bot.settings import Settings


def make_processor(settings: Settings) -> ImageProcessor:
    """Decodes images within the operator's limits; to be closed by the caller."""
    pictures = settings.pictures
    limits = Limits(max_megapixels=pictures.max_megapixels, memory_bytes=pictures.memory_mb * MEGAPIXEL)
    return ImageProcessor(limits)
