"""The body of a download that may break off: what has come of it, and how the rest is asked for (RFC 9110, 13 and 14).

Pure: `bot.downloads` makes the requests.
"""

import re
from collections.abc import Mapping

from bot.errors import FetchTooLarge, FetchUnavailable

_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,19})-(\d{1,19})/(\d{1,19}|\*)\s*$", re.IGNORECASE)
_MAX_DIGITS = 20  # that are read of a length: more than any limit has. Python refuses to read thousands


class PartialBody:
    """Collects one body over several answers."""

    def __init__(self, limit: int) -> None:
        """`limit`: bytes of the whole body; > 0."""
        self._limit = limit
        self._most = 0  # bytes that the best answer so far has brought
        self._can_resume = True
        self._forget()

    def _forget(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0
        self._total: int | None = None  # bytes of the whole body; None: not announced
        self._etag = ""  # a strong one: equal bytes
        self._validator = ""  # for If-Range; empty: the server names none
        self.encoding = ""
        """Value of its Content-Encoding; empty: it has none."""

    def take(self) -> bytes:
        """What has come so far, which is kept here no longer: whoever asked for it may live on for a while."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)

    @property
    def request_headers(self) -> dict[str, str]:
        """Headers of the next request: for the rest of the body, where the server says enough to know it again."""
        if not self._size or not self._can_resume or not (self._validator or self._total):
            return {}
        return {"Range": f"bytes={self._size}-"} | ({"If-Range": self._validator} if self._validator else {})

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Takes the status (2xx, or 416) and the headers of an answer; its body is what is missing, or the whole.

        Raises FetchUnavailable where it is neither, so that the whole must be asked for; FetchTooLarge.
        """
        if status == 416 or (status == 206 and (self._size or "Content-Range" in headers)):
            self._continue(headers)
        else:
            self._forget()
            length = headers.get("Content-Length", "")
            self._total = int(length[:_MAX_DIGITS]) if length.isdecimal() else None
        self.encoding = headers.get("Content-Encoding", "")
        if (self._total or 0) > self._limit:
            raise FetchTooLarge(detail=f"{self._total} bytes announced, {self._limit} allowed")
        etag = headers.get("ETag", "")
        self._etag = etag if etag.startswith('"') else self._etag
        self._validator = self._etag or headers.get("Last-Modified", "") or self._validator
        if headers.get("Accept-Ranges", "").strip().lower() == "none":
            self._can_resume = False

    def _continue(self, headers: Mapping[str, str]) -> None:
        """Checks that a part goes on where the last one broke off, in the same body."""
        found = _CONTENT_RANGE.match(headers.get("Content-Range", ""))
        etag = headers.get("ETag", "")
        total = int(found[3]) if found and found[3] != "*" else self._total
        if (
            not found
            or int(found[1]) != self._size
            or total != (self._total or total)
            or (self._etag and etag and etag != self._etag)
        ):
            self._forget()
            self._can_resume = False
            raise FetchUnavailable(detail="another part than the one asked for")
        self._total = total

    def add(self, chunk: bytes) -> None:
        """Adds the next bytes. Raises FetchTooLarge."""
        self._size += len(chunk)
        if self._size > self._limit:
            raise FetchTooLarge(detail=f"more than {self._limit} bytes")
        self._chunks.append(chunk)

    def end(self) -> None:
        """Ends an answer. Raises FetchUnavailable when its part was not the last one."""
        if self._total is not None and self._size < self._total:
            raise FetchUnavailable(detail=f"{self._size} of {self._total} bytes")

    def has_grown(self) -> bool:
        """Whether more has come than ever before; asked once after each answer."""
        grown, self._most = self._size > self._most, max(self._size, self._most)
        return grown
