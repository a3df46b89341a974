"""Files that the sandbox serves after a request: finished pictures, previews, re-hosted references.

In memory, bounded in number and bytes; an evicted file answers 404.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from bot.sandbox.faults import FaultEffect

MAX_FILES = 200
MAX_TOTAL_BYTES = 256_000_000  # a single file may exceed it; then it is the only one
LOGIN_PAGE = b"<!doctype html><title>Sorry</title><h1>This link needs a login</h1>"
SVG_DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


@dataclass(frozen=True, slots=True)
class ServedFile:
    """The body and the media type of one file."""

    data: bytes = field(repr=False)
    media_type: str


class FileCache:
    """The newest files by name; the oldest are evicted first.

    By hand, since a cache of cachetools has one bound, and refuses a value that is larger than it.
    """

    def __init__(self) -> None:
        self._files: OrderedDict[str, ServedFile] = OrderedDict()
        self._bytes = 0

    def add_file(self, name: str, data: bytes, media_type: str = "image/png") -> None:
        """Stores a file under a name that was not used before."""
        self._files[name] = ServedFile(data, media_type)
        self._bytes += len(data)
        while len(self._files) > MAX_FILES or (self._bytes > MAX_TOTAL_BYTES and len(self._files) > 1):
            _, oldest = self._files.popitem(last=False)
            self._bytes -= len(oldest.data)

    def get_file(self, name: str) -> ServedFile | None:
        """The file of that name; None when it never was there or was evicted."""
        return self._files.get(name)


def apply_file_fault(effect: FaultEffect, data: bytes) -> tuple[bytes, str] | None:
    """Body and media type that the picture's link serves under a fault; None: the link answers 404."""
    table = {
        "png": (data, "image/png"),
        "broken": (data[: len(data) // 2], "image/png"),
        "svg": (SVG_DRAWING, "image/svg+xml"),
        "html": (LOGIN_PAGE, "text/html"),
        "gone": None,
    }
    return table[effect.served_file]
