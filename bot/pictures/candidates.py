"""Which encodings of an image are tried, the best first.

Pure.
"""

QUALITIES = (90, 82, 72, 60)  # of JPEG and WebP (1 to 100), tried in turn until the bytes fit


def candidate_encodings(types: tuple[str, ...], *, transparent: bool, lossless: bool) -> list[tuple[str, int]]:
    """(media type, quality) pairs to try, the best first. Keeps transparency wherever possible: it may be a mask.

    `lossless`: the pixels are worth a PNG.
    """
    lossy = [each for each in ("image/jpeg", "image/webp") if each in types]
    png = [("image/png", 100)] if "image/png" in types else []
    if transparent and (png or "image/webp" in lossy):
        lossy = [each for each in lossy if each == "image/webp"]
    elif lossy and not lossless:
        png = []
    return png + [(each, quality) for each in lossy[:1] for quality in QUALITIES]
