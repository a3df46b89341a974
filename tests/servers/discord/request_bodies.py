"""Request bodies, parsed: JSON, or multipart with `payload_json` and `files[n]`; malformed parts are recorded."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.servers.discord.entities import Upload

FILE = re.compile(r"files\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBody:
    """A parsed body."""

    payload: Any = None
    """The JSON; None without a body."""

    files: dict[int, Upload] = field(default_factory=dict[int, Upload])
    """Uploads by their number in `files[n]`."""

    faults: tuple[str, ...] = ()
    """Violations of Discord's documents, as sentences."""


async def parse_body(request: web.Request) -> RequestBody:
    if request.content_type.startswith("multipart/"):
        return await _multipart(request)
    raw = await request.read()
    if not raw:
        return RequestBody()
    if request.content_type != "application/json":
        return RequestBody(faults=(f"a body of type {request.content_type}",))
    return _decoded(raw)


def _decoded(raw: bytes | str) -> RequestBody:
    try:
        return RequestBody(payload=json.loads(raw))
    except ValueError:
        return RequestBody(faults=("a body that is not JSON",))


async def _multipart(request: web.Request) -> RequestBody:
    form = RequestBody(payload={})
    files: dict[int, Upload] = {}
    faults: list[str] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            faults.append("a nested multipart")
            continue
        name = part.name or ""
        if name == "payload_json":
            form = _decoded(await part.text())
        elif (number := FILE.fullmatch(name)) is None:
            faults.append(f"a part named {name!r}")
        elif not part.filename:
            faults.append(f"{name} without a filename")
        else:
            files[int(number[1])] = Upload(filename=part.filename, data=bytes(await part.read()))
    return RequestBody(payload=form.payload, files=files, faults=(*form.faults, *faults))
