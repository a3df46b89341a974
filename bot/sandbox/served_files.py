"""Files that the sandbox serves after a request: finished pictures, previews, re-hosted references.

In memory, bounded in number and bytes; an evicted file answers 404.
"""

from collections import OrderedDict
from dataclasses import dataclass

from bot.sandbox.faults import FaultEffect

MAX_FILES = 200  # files; older ones are gone
MAX_TOTAL_BYTES = 256_000_000
LOGIN_PAGE = b"<!doctype html><title>Sorry</title><h1>This link needs a login</h1>"
SVG_DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


@dataclass(frozen=True, slots=True)
class ServedFile:
    """Something that can be fetched."""

    data: bytes
    media_type: str


class FileCache:
    """The newest files, bounded in number and bytes."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, ServedFile] = OrderedDict()
        self._bytes = 0

    def add_file(self, name: str, data: bytes, media_type: str = "image/png") -> None:
        self._files[name] = ServedFile(data, media_type)
        self._bytes += len(data)
        while len(self._files) > MAX_FILES or (self._bytes > MAX_TOTAL_BYTES and len(self._files) > 1):
            _, oldest = self._files.popitem(last=False)
            self._bytes -= len(oldest.data)

    def get_file(self, name: str) -> ServedFile | None:
        return self._files.get(name)


def apply_file_fault(twist: FaultEffect, data: bytes) -> tuple[bytes, str] | None:
    """What stands behind the picture's link; None: nothing."""
    table = {
        "png": (data, "image/png"),
        "broken": (data[: len(data) // 2], "image/png"),
        "svg": (SVG_DRAWING, "image/svg+xml"),
        "html": (LOGIN_PAGE, "text/html"),
        "gone": None,
    }
    return table[twist.served_file]
