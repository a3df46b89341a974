"""The images dialect over HTTP: generations and edits, whole or streamed, in the manners of three houses.

What a request means stands in images.py, how it is played in images_play.py.

    /images/…, /v1/images/…, /openai/…          OpenAI: base64 always, no response_format
    /hk/v1/images/…                              openai-hk: links, or base64 behind a data: prefix
    /openai/deployments/{model}/images/…         Azure: api-version in the query, the key in api-key
    GET …/models                                 which models there are
"""

import functools
import random
from collections.abc import Mapping
from typing import Protocol

from aiohttp import BodyPartReader, web

from bot.sandbox.faults import Fault, Twist
from bot.sandbox.images import BrokenRuleError, File, ImagesAsk, Manners, read_edit, read_generation
from bot.sandbox.images_play import Painting
from bot.sandbox.images_reply import broken_rule, refused
from bot.sandbox.reply import reset
from bot.sandbox.studio import Studio

OPENAI = Manners()
HK = Manners(response_format=True, gives="url", prefix="data:image/png;base64,")
AZURE = Manners(needs_model=False)
PREFIXES: Mapping[str, Manners] = {
    "": OPENAI,
    "/v1": OPENAI,
    "/openai": OPENAI,
    "/openai/v1": OPENAI,
    "/hk/v1": HK,
    "/openai/deployments/{deployment}": AZURE,
}
MODELS = ("gpt-image-2", "gpt-image-1.5", "gpt-4o-image")


class House(Protocol):
    """What the images dialect shares with the rest of the sandbox."""

    def knows(self, request: web.Request, header: str = "Authorization") -> bool:
        """Whether the request carries the key: as a Bearer token, or bare in another header."""
        ...

    def begin(self, request: web.Request, errand: ImagesAsk) -> tuple[Twist, random.Random]:
        """Records a request; returns how its answer departs from the honest one, and the dice of its pace."""
        ...


class ImagesApi:
    """Generations and edits at every address of PREFIXES."""

    def __init__(self, house: House, studio: Studio) -> None:
        self._house = house
        self._studio = studio

    def routes(self) -> list[web.RouteDef]:
        made: list[web.RouteDef] = []
        for prefix, manners in PREFIXES.items():
            for endpoint in ("generations", "edits"):
                answer = functools.partial(self._answer, manners=manners, endpoint=endpoint)
                made.append(web.post(f"{prefix}/images/{endpoint}", answer))
        made += [web.get(f"{prefix}/models", self._models) for prefix in PREFIXES]
        return made

    async def _models(self, request: web.Request) -> web.Response:
        """Which models there are, for whoever has the key in either header."""
        if not (self._house.knows(request) or self._house.knows(request, "api-key")):
            return refused(Fault("401").twist)
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "sandbox"} for name in MODELS]
        return web.json_response({"object": "list", "data": listed})

    async def _answer(self, request: web.Request, *, manners: Manners, endpoint: str) -> web.StreamResponse:
        if (stranger := self._unknown(request, manners)) is not None:
            return stranger
        try:
            ask = await self._read(request, manners, endpoint)
        except BrokenRuleError as exc:
            return broken_rule(exc)
        twist, dice = self._house.begin(request, ask)
        if twist.status is not None:
            return refused(twist)
        if twist.ending in {"reset", "no-answer"}:
            if twist.ending == "no-answer":
                await self._studio.sleep(twist.seconds)
            reset(request)
            return web.Response()
        return await Painting(self._studio, request, ask, twist, manners, dice, endpoint).play()

    def _unknown(self, request: web.Request, manners: Manners) -> web.Response | None:
        """The refusal of a request without the right key, or without Azure's api-version."""
        if manners is AZURE and not request.query.get("api-version"):
            return refused(Twist(status=404, code="404", message="Resource not found"))
        known = self._house.knows(request, "api-key" if manners is AZURE else "Authorization")
        return None if known else refused(Fault("401").twist)

    async def _read(self, request: web.Request, manners: Manners, endpoint: str) -> ImagesAsk:
        """Raises BrokenRuleError."""
        if endpoint == "generations":
            return await self._studio.in_thread(read_generation, await request.read(), manners)
        if not request.content_type.startswith("multipart/"):
            raise BrokenRuleError("An edit is sent as multipart/form-data.", code="unsupported_content_type")
        texts: list[tuple[str, str]] = []
        files: list[File] = []
        try:
            async for part in await request.multipart():
                await _take(part, texts, files)
        except ValueError as exc:
            raise BrokenRuleError("The form is broken.", code=None) from exc
        return await self._studio.in_thread(read_edit, texts, files, manners)


async def _take(part: object, texts: list[tuple[str, str]], files: list[File]) -> None:
    if not isinstance(part, BodyPartReader) or part.name is None:
        raise BrokenRuleError("The form is broken.", code=None)
    data = bytes(await part.read())
    if part.filename is None:
        texts.append((part.name, data.decode("utf-8", "replace")))
        return
    media_type = part.headers.get("Content-Type", "application/octet-stream")
    files.append(File(part=part.name, name=part.filename, media_type=media_type, data=data))
