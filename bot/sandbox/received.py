"""What the sandbox keeps of a request that it understood, and how a dialect tells the house of one.

Values and one Protocol; no sockets.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from aiohttp import web

from bot.sandbox.faults import Twist
from bot.sandbox.references import Reference
from bot.sandbox.studio import Studio

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
    stream: bool
    mask: Reference | None = None
    query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class House(Protocol):
    """The sandbox as its dialects see it."""

    @property
    def studio(self) -> Studio: ...

    def knows(self, key: str) -> bool:
        """Whether this is the key."""
        ...

    def take(self, received: Received) -> tuple[Twist, random.Random]:
        """Records a request; gives the faults that hold for it, and its dice."""
        ...


def received(
    request: web.Request,
    *,
    prompt: str,
    body: Mapping[str, object],
    references: tuple[Reference, ...] = (),
    mask: Reference | None = None,
    stream: bool = False,
) -> Received:
    """The record of a request, without its key and its megabytes."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Received(
        path=request.path,
        headers=MappingProxyType({name: value for name, value in headers.items() if name not in SECRETS}),
        body=MappingProxyType(dict(body)),
        prompt=prompt,
        references=tuple(replace(reference, data=b"") for reference in references),
        stream=stream,
        mask=replace(mask, data=b"") if mask else None,
        query=MappingProxyType(dict(request.query)),
    )
