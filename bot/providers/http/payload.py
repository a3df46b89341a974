"""Bodies of requests, in pieces that are never joined. Values only; `client` writes them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Base64:
    """Bytes that are encoded as base64 while they are written, slice by slice: without a copy in memory or a pause."""

    data: bytes = field(repr=False)
    """The bytes before encoding."""

    def __len__(self) -> int:
        """Bytes after encoding."""
        return (len(self.data) + 2) // 3 * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Body of a request."""

    media_type: str
    """Value of its Content-Type header."""

    pieces: tuple[bytes | Base64, ...] = field(repr=False)
    """Its parts, written one after another, so that large files are never joined in memory."""

    @property
    def length(self) -> int:
        """Bytes of the whole body."""
        return sum(map(len, self.pieces))
