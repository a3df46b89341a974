"""What the sandbox keeps of a painting request that it understood: never its key, never its megabytes.

Values only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from aiohttp import web

from bot.sandbox.chat.request import ChatRequest
from bot.sandbox.images.request import ImagesRequest
from bot.sandbox.references import Reference
from bot.sandbox.tasks.task import Errand

SECRETS = frozenset({"authorization", "api-key", "x-api-key", "cookie"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A painting request that was understood. `headers`: lower-case names, without the key. `body`: as
    received but for the bytes of data URLs and files; `references` and `mask` tell of those, in order, by digest
    (their `data` is empty). `query`: of the address."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object]
    prompt: str
    references: tuple[Reference, ...]
    mask: Reference | None = None
    stream: bool
    query: Mapping[str, str] = field(default_factory=dict[str, str])


def received(request: web.Request, ask: ChatRequest | Errand | ImagesRequest) -> Received:
    """The record of a request, in whatever dialect it was."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    mask = None if isinstance(ask, ChatRequest) else ask.mask
    return Received(
        path=request.path,
        headers=MappingProxyType({name: value for name, value in headers.items() if name not in SECRETS}),
        body=MappingProxyType(dict(ask.body)),
        prompt=ask.prompt,
        references=tuple(replace(reference, data=b"") for reference in ask.references),
        mask=replace(mask, data=b"") if mask else None,
        stream=False if isinstance(ask, Errand) else ask.stream,
        query=MappingProxyType(dict(request.query)),
    )
