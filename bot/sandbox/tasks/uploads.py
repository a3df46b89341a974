"""The upload services of the task dialects: pictures in, addresses out. Only such an address is taken as a reference.

The shapes follow EvoLink's files API and ToAPIs' upload page. Knows no routes.
"""

import base64
import binascii
import json
import re
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from bot.sandbox.http_errors import BadRequestError
from bot.sandbox.references import BrokenReferenceError, Reference, read_reference
from bot.sandbox.served_files import FileCache

KEPT = 200  # uploads
KEPT_DAYS = 3  # as EvoLink's page says
MAX_UPLOAD = 10_000_000  # bytes, as ToAPIs' page says
DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that was uploaded. `path` of the service, `filename` and `media_type` as they were given."""

    path: str
    filename: str
    media_type: str
    reference: Reference


class Uploads:
    """The newest uploads by their address, where they can be fetched as long as `shelf` keeps them."""

    def __init__(self, shelf: FileCache) -> None:
        self._shelf = shelf
        self._uploads: OrderedDict[str, Upload] = OrderedDict()

    @property
    def all(self) -> list[Upload]:
        """Oldest first, at most KEPT."""
        return list(self._uploads.values())

    def put(self, upload: Upload, *, origin: str) -> str:
        """Keeps an upload; returns its address."""
        name = f"{uuid.uuid4().hex}.{upload.reference.kind.lower()}"
        self._shelf.add_file(name, upload.reference.data, upload.reference.media_type)
        url = f"{origin}/references/{name}"
        self._uploads[url] = upload
        if len(self._uploads) > KEPT:
            self._uploads.popitem(last=False)
        return url

    def picture(self, url: str) -> Reference | None:
        """The picture at an address of ours."""
        upload = self._uploads.get(url)
        return upload.reference if upload else None


def decode_base64(raw: bytes, path: str) -> Upload:
    """A JSON body with `base64_data`, a data URL or the bare letters. For worker threads.

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
    return read_upload(data, path=path, filename=name, media_type="")


def read_upload(data: bytes, *, path: str, filename: str, media_type: str) -> Upload:
    """A picture as it came. For worker threads. Raises BadRequestError."""
    if len(data) > MAX_UPLOAD:
        raise BadRequestError("the file is larger than 10 MB")
    try:
        reference = read_reference(data)
    except BrokenReferenceError as exc:
        raise BadRequestError(str(exc)) from exc
    return Upload(path=path, filename=filename, media_type=media_type, reference=reference)


def told_evolink(upload: Upload, url: str) -> dict[str, object]:
    """The answer of EvoLink's files API."""
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
        "expires_at": (now + timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds"),
    }
    return {"success": True, "code": 200, "msg": "uploaded", "data": data}


def told_toapis(upload: Upload, url: str) -> dict[str, object]:
    """The answer of ToAPIs' upload page."""
    reference = upload.reference
    data = {
        "id": f"file_{uuid.uuid4().hex[:12]}",
        "url": url,
        "mime_type": reference.media_type,
        "size": reference.length,
    }
    return {"success": True, "message": "", "data": data}
