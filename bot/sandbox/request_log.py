"""Records of the painting requests that the sandbox understood, without their key and their megabytes.

Values only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from aiohttp import web

from bot.sandbox.chat.request import ChatRequest
from bot.sandbox.images.request import ImagesRequest
from bot.sandbox.references import Reference
from bot.sandbox.tasks.task import TaskRequest

SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "cookie"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One painting request of any dialect that was understood."""

    path: str
    """Path of the URL, without the query."""
    headers: Mapping[str, str]
    """Header values by lower-case name, without SECRET_HEADERS."""
    body: Mapping[str, object]
    """The fields as received; data URLs and files are replaced by a description with their length."""
    prompt: str
    references: tuple[Reference, ...]
    """The reference pictures in order, identified by digest; their `data` is empty."""
    mask: Reference | None = None
    """The mask of an edit, its `data` empty; None without one, and always None in the chat dialect."""
    markup: Reference | None = None
    """The marks of an edit, alike; of the images dialect only."""
    stream: bool
    """Whether a streamed response was requested."""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters of the URL."""


def record_request(http_request: web.Request, parsed: ChatRequest | TaskRequest | ImagesRequest) -> RecordedRequest:
    """The record of a parsed request of any dialect."""
    headers = {name.lower(): value for name, value in http_request.headers.items()}
    mask = None if isinstance(parsed, ChatRequest) else parsed.mask
    markup = parsed.markup if isinstance(parsed, ImagesRequest) else None
    return RecordedRequest(
        path=http_request.path,
        headers=MappingProxyType({name: value for name, value in headers.items() if name not in SECRET_HEADERS}),
        body=MappingProxyType(dict(parsed.body)),
        prompt=parsed.prompt,
        references=tuple(replace(reference, data=b"") for reference in parsed.references),
        mask=replace(mask, data=b"") if mask else None,
        markup=replace(markup, data=b"") if markup else None,
        stream=False if isinstance(parsed, TaskRequest) else parsed.stream,
        query=MappingProxyType(dict(http_request.query)),
    )
