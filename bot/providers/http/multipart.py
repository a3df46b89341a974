"""Encodes a multipart form with files (RFC 7578) as a payload whose large parts are never copied.

Pure except for the boundary, which is random, so that no file contains it.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.painting import Image
from bot.providers.http.payload import Payload

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFile:
    """A file of a form."""

    field: str
    """Name of the form field."""

    image: Image
    """The content; its media type becomes the part's content type, without which upstreams refuse an image."""

    stem: str
    """File name without the suffix; ASCII."""

    @property
    def filename(self) -> str:
        """File name for the upstream; never the user's own."""
        return f"{self.stem}.{_SUFFIXES.get(self.image.media_type, 'bin')}"


def encode_form(fields: Iterable[tuple[str, str]], files: Sequence[FormFile]) -> Payload:
    """The payload: the fields, then the files, in order."""
    boundary = secrets.token_hex(16)
    pieces: list[bytes] = []
    for name, value in fields:
        pieces.append(_part_head(boundary, name) + b"\r\n" + value.encode() + b"\r\n")
    for file in files:
        head = (
            _part_head(boundary, file.field, file.filename) + f"Content-Type: {file.image.media_type}\r\n\r\n".encode()
        )
        pieces += [head, file.image.data, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return Payload(media_type=f"multipart/form-data; boundary={boundary}", pieces=tuple(pieces))


def _part_head(boundary: str, name: str, filename: str | None = None) -> bytes:
    file = f'; filename="{filename}"' if filename else ""
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n'.encode()
