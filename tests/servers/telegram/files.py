"""Stored files and their ids: photos re-encoded in several sizes, everything else unchanged. No HTTP, no messages."""

import io
import itertools
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cachetools import FIFOCache, cached
from PIL import Image, ImageOps

from tests.servers.telegram.entities import Media, MediaKind, Stored, Upload
from tests.servers.telegram.errors import ApiError, bad

MIB = 1024 * 1024
PHOTO_LIMIT = 10 * MIB  # bytes
DOWNLOAD_LIMIT = 20 * MIB  # bytes, of getFile
UPLOAD_LIMIT, LOCAL_UPLOAD_LIMIT = 50 * MIB, 2000 * MIB  # bytes a file
MAX_SIDES, MAX_RATIO = 10_000, 20
SIDES = (90, 320, 800, 1280)  # longest side of a photo's sizes, pixels
THUMBNAIL_SIDE = 320  # longest side of a document's thumbnail, pixels
PICTURES = 100  # whose sizes a process remembers: tests send and get the same ones again and again
QUALITY = 87  # of the JPEG that Telegram makes
FORMATS = frozenset({"JPEG", "PNG", "GIF", "WEBP", "BMP", "MPO"})
FOLDERS = {"photo": "photos", "sticker": "stickers", "thumbnail": "thumbnails", "animation": "animations"}
NAMES = {"photo": "Photo", "document": "Document", "sticker": "Sticker", "animation": "Animation", "video": "Video",
         "voice": "VoiceNote", "audio": "Audio", "thumbnail": "Thumbnail"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scaled:
    """A picture as JPEG."""

    data: bytes
    size: tuple[int, int]


class FileStorage:
    """All files by their ids."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._by_id: dict[str, tuple[Stored, Media | None]] = {}
        self._by_path: dict[str, Stored] = {}
        self.folder = Path()  # of a server of one's own; set when one is opened

    # ------------------------------------------------------------ taking in

    def photo(self, data: bytes) -> Media:
        """A picture as JPEG of at most 1280 pixels a side, in several sizes. Raises ApiError."""
        if not data:
            raise bad("file must be non-empty")
        if len(data) > PHOTO_LIMIT:
            raise bad(f"file of size {len(data)} bytes is too big for a photo; the maximum size is {PHOTO_LIMIT} bytes")
        sizes = [self._store_scaled("photo", each) for each in _scale_down(data, SIDES)]
        return self._keep(Media(kind="photo", sizes=tuple(sizes), original=data))

    def file(
        self,
        kind: MediaKind,
        upload: Upload,
        *,
        width: int = 0,
        height: int = 0,
        duration: int = 0,
        thumbnail: bytes | None = None,
        sticker: Literal["static", "animated", "video"] = "static",
    ) -> Media:
        """Anything but a photo, kept byte by byte. A document that is a picture gets a thumbnail."""
        if upload.size == 0:
            raise bad("file must be non-empty")
        mime = upload.content_type or mimetypes.guess_type(upload.filename)[0] or "application/octet-stream"
        stored = self._store(
            kind,
            extension=upload.filename.rpartition(".")[2],
            size=upload.size,
            data=upload.data,
            width=width,
            height=height,
            duration=duration,
            filename=upload.filename,
            mime_type=mime,
        )
        small = thumbnail or (upload.data if mime.startswith("image/") else None)
        media = Media(
            kind=kind,
            sizes=(stored,),
            thumbnail=self._thumbnail(small) if small else None,
            original=upload.data,
            sticker=sticker,
        )
        return self._keep(media)

    # ------------------------------------------------------------ giving out

    def get(self, file_id: str) -> Stored:
        """Raises ApiError, in the words of getFile."""
        found = self._by_id.get(file_id)
        if found is None:
            raise bad("invalid file_id")
        return found[0]

    def media(self, file_id: str, kind: MediaKind) -> Media:
        """What was sent before, to be sent again as the same kind. Raises ApiError."""
        found = self._by_id.get(file_id)
        if found is None:
            raise bad("wrong remote file identifier specified: can't unserialize it. Wrong last symbol")
        stored, media = found
        if media is None or media.kind != kind:
            raise bad(f"can't use file of type {NAMES[stored.kind]} as {NAMES[kind]}")
        return media

    def lay_out(self, stored: Stored) -> Path:
        """Where a file lies on the disk of a server of one's own."""
        path = self.folder / stored.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(stored.data or b"")
            file.truncate(stored.size)
        return path

    def at(self, path: str) -> Stored | None:
        return self._by_path.get(path)

    # ------------------------------------------------------------ inside

    def _store_scaled(self, kind: str, scaled: Scaled) -> Stored:
        size, (width, height) = len(scaled.data), scaled.size
        return self._store(kind, extension="jpg", size=size, data=scaled.data, width=width, height=height)

    def _thumbnail(self, data: bytes) -> Stored | None:
        try:
            (scaled,) = _scale_down(data, (THUMBNAIL_SIDE,))
        except ApiError:  # Telegram makes none of what it cannot read
            return None
        return self._store_scaled("thumbnail", scaled)

    def _store(
        self,
        kind: str,
        *,
        extension: str,
        size: int,
        data: bytes | None,
        width: int = 0,
        height: int = 0,
        duration: int = 0,
        filename: str | None = None,
        mime_type: str | None = None,
    ) -> Stored:
        number = next(self._count)
        path = f"{FOLDERS.get(kind, 'documents')}/file_{number}.{extension or 'bin'}"
        stored = Stored(
            file_id=f"{kind[:2].upper()}ACAgIAAxkBAAI{number:08d}{number * 2654435761 % 2**32:08x}AAE4BA",
            unique_id=f"AQAD{number * 40503 % 2**32:08x}{number:03d}",
            kind=kind,
            size=size,
            path=path,
            data=data,
            width=width,
            height=height,
            duration=duration,
            filename=filename,
            mime_type=mime_type,
        )
        self._by_path[path] = stored
        self._by_id[stored.file_id] = (stored, None)
        return stored

    def _keep(self, media: Media) -> Media:
        for stored in media.sizes:
            self._by_id[stored.file_id] = (stored, media)
        return media


@cached(FIFOCache[Any, tuple[Scaled, ...]](PICTURES))
def _scale_down(data: bytes, sides: tuple[int, ...]) -> tuple[Scaled, ...]:
    """The picture at most so long and wide, from the smallest on; no two alike. Raises ApiError."""
    picture, sizes = _opened(data), list[Scaled]()
    longest = max(picture.size)
    for side in sorted({min(side, longest) for side in sides}, reverse=True):  # each from the one before
        picture.thumbnail((side, side), Image.Resampling.NEAREST)  # a tenth of the time; nobody looks at them closely
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=QUALITY)
        sizes.append(Scaled(out.getvalue(), picture.size))
    return tuple(reversed(sizes))


def _opened(data: bytes) -> Image.Image:
    """The picture, upright and opaque. Raises ApiError."""
    try:
        with Image.open(io.BytesIO(data)) as found:
            if found.format not in FORMATS:
                raise bad("IMAGE_PROCESS_FAILED")
            width, height = found.size
            if width + height > MAX_SIDES or max(width, height) > MAX_RATIO * min(width, height):
                raise bad("PHOTO_INVALID_DIMENSIONS")
            upright = ImageOps.exif_transpose(found)
            if upright.mode in ("RGBA", "LA", "P"):  # JPEG knows no transparency: it turns white
                upright = upright.convert("RGBA")
                ground = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(ground, upright)
            return upright.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError):  # Pillow's words for "not a picture"
        raise bad("IMAGE_PROCESS_FAILED") from None
