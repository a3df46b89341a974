"""The upload services of the task dialects: a picture in, an address out that a submit may name as a reference.

The shapes follow EvoLink's files API and ToAPIs' upload page. Knows no routes.
"""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from cachetools import FIFOCache

from bot.sandbox.http_errors import BadRequestError, Object
from bot.sandbox.references import InvalidReferenceError, Reference, parse_reference
from bot.sandbox.served_files import FileCache

MAX_UPLOADS = 200  # remembered; the address of an older one is refused as a reference
UPLOAD_LIFETIME_DAYS = 3  # as EvoLink's page says
MAX_UPLOAD_BYTES = 10_000_000  # as ToAPIs' page says
DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One uploaded picture."""

    path: str
    """URL path of the upload service."""
    filename: str
    """As the client named it; may be empty."""
    media_type: str
    """As the client named it; empty for base64 uploads."""
    reference: Reference
    """The picture, with the media type that its bytes show."""


class Uploads:
    """The MAX_UPLOADS newest uploads by address."""

    def __init__(self, files: FileCache) -> None:
        """`files`: where the bytes are served from, as long as it holds them."""
        self._files = files
        self._uploads: FIFOCache[str, Upload] = FIFOCache(MAX_UPLOADS)

    def list_uploads(self) -> list[Upload]:
        """Oldest first."""
        return list(self._uploads.values())

    def add_upload(self, upload: Upload, *, origin: str) -> str:
        """Stores an upload; returns its address, which begins with `origin`."""
        name = f"{uuid.uuid4().hex}.{upload.reference.kind.lower()}"
        self._files.add_file(name, upload.reference.data, upload.reference.media_type)
        url = f"{origin}/references/{name}"
        self._uploads[url] = upload
        return url

    def find_reference(self, url: str) -> Reference | None:
        """The picture that was uploaded to this address; None when nothing was."""
        upload = self._uploads.get(url)
        return upload.reference if upload else None


def parse_base64_upload(raw: bytes, path: str) -> Upload:
    """Parses a JSON body whose `base64_data` is a data URL or bare base64. For worker threads.

    Raises BadRequestError.
    """
    try:
        document: object = json.loads(raw)
    except ValueError as exc:
        raise BadRequestError("the body is not JSON") from exc
    body: Mapping[str, object] = cast("Mapping[str, object]", document) if isinstance(document, dict) else {}
    encoded, name = body.get("base64_data"), body.get("file_name", "")
    if not isinstance(encoded, str) or not isinstance(name, str):
        raise BadRequestError("base64_data is missing")
    try:
        data = base64.b64decode(DATA_URL.sub("", encoded, count=1), validate=True)
    except binascii.Error as exc:
        raise BadRequestError("base64_data is no base64") from exc
    return parse_upload(data, path=path, filename=name, media_type="")


def parse_upload(data: bytes, *, path: str, filename: str, media_type: str) -> Upload:
    """Checks the size and the format of an uploaded picture. For worker threads. Raises BadRequestError."""
    if len(data) > MAX_UPLOAD_BYTES:
        raise BadRequestError("the file is larger than 10 MB")
    try:
        reference = parse_reference(data)
    except InvalidReferenceError as exc:
        raise BadRequestError(str(exc)) from exc
    return Upload(path=path, filename=filename, media_type=media_type, reference=reference)


def encode_evolink_upload(upload: Upload, url: str) -> Object:
    """The response of EvoLink's files API."""
    now = datetime.now(UTC)
    data = {
        "file_id": f"file_{uuid.uuid4().hex[:12]}",
        "file_name": url.rpartition("/")[2],
        "original_name": upload.filename,
        "file_size": upload.reference.length,
        "mime_type": upload.reference.media_type,
        "upload_path": "images",
        "file_url": url,
        "download_url": url,
        "upload_time": now.isoformat(timespec="seconds"),
        "expires_at": (now + timedelta(days=UPLOAD_LIFETIME_DAYS)).isoformat(timespec="seconds"),
    }
    return {"success": True, "code": 200, "msg": "uploaded", "data": data}


def encode_toapis_upload(upload: Upload, url: str) -> Object:
    """The response of ToAPIs' upload service."""
    reference = upload.reference
    data = {
        "id": f"file_{uuid.uuid4().hex[:12]}",
        "url": url,
        "mime_type": reference.media_type,
        "size": reference.length,
    }
    return {"success": True, "message": "", "data": data}
