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

from bot.sandbox.faults import Fault, FaultEffect
from bot.sandbox.http_errors import reset_connection
from bot.sandbox.images.playback import ImagesPlayback
from bot.sandbox.images.request import InvalidParameterError, FormFile, ImagesRequest, ApiVariant, parse_edit, parse_generation
from bot.sandbox.images.response import invalid_parameter_response, fault_response
from bot.sandbox.renderer import Studio

OPENAI = ApiVariant()
HK = ApiVariant(accepts_response_format=True, default_format="url", base64_prefix="data:image/png;base64,")
AZURE = ApiVariant(requires_model=False)
PREFIXES: Mapping[str, ApiVariant] = {
    "": OPENAI,
    "/v1": OPENAI,
    "/openai": OPENAI,
    "/openai/v1": OPENAI,
    "/hk/v1": HK,
    "/openai/deployments/{deployment}": AZURE,
}
MODELS = ("gpt-image-2", "gpt-image-1.5", "gpt-4o-image")


class ServerContext(Protocol):
    """What the images dialect shares with the rest of the sandbox."""

    def is_authorized(self, request: web.Request, header: str = "Authorization") -> bool:
        """Whether the request carries the key: as a Bearer token, or bare in another header."""
        ...

    def record_request(self, request: web.Request, errand: ImagesRequest) -> tuple[FaultEffect, random.Random]:
        """Records a request; returns how its answer departs from the honest one, and the dice of its pace."""
        ...


class ImagesRoutes:
    """Generations and edits at every address of PREFIXES."""

    def __init__(self, house: ServerContext, studio: Studio) -> None:
        self._server = house
        self._renderer = studio

    def routes(self) -> list[web.RouteDef]:
        made: list[web.RouteDef] = []
        for prefix, manners in PREFIXES.items():
            for endpoint in ("generations", "edits"):
                answer = functools.partial(self._handle_images, manners=manners, endpoint=endpoint)
                made.append(web.post(f"{prefix}/images/{endpoint}", answer))
        made += [web.get(f"{prefix}/models", self._list_models) for prefix in PREFIXES]
        return made

    async def _list_models(self, request: web.Request) -> web.Response:
        """Which models there are, for whoever has the key in either header."""
        if not (self._server.is_authorized(request) or self._server.is_authorized(request, "api-key")):
            return fault_response(Fault("401").effect)
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "sandbox"} for name in MODELS]
        return web.json_response({"object": "list", "data": listed})

    async def _handle_images(self, request: web.Request, *, manners: ApiVariant, endpoint: str) -> web.StreamResponse:
        if (stranger := self._check_access(request, manners)) is not None:
            return stranger
        try:
            ask = await self._parse_request(request, manners, endpoint)
        except InvalidParameterError as exc:
            return invalid_parameter_response(exc)
        twist, dice = self._server.record_request(request, ask)
        if twist.status is not None:
            return fault_response(twist)
        if twist.ending in {"reset", "no-answer"}:
            if twist.ending == "no-answer":
                await self._renderer.sleep(twist.silence_s)
            reset_connection(request)
            return web.Response()
        return await ImagesPlayback(self._renderer, request, ask, twist, manners, dice, endpoint).send_response()

    def _check_access(self, request: web.Request, manners: ApiVariant) -> web.Response | None:
        """The refusal of a request without the right key, or without Azure's api-version."""
        if manners is AZURE and not request.query.get("api-version"):
            return fault_response(FaultEffect(status=404, code="404", message="Resource not found"))
        known = self._server.is_authorized(request, "api-key" if manners is AZURE else "Authorization")
        return None if known else fault_response(Fault("401").effect)

    async def _parse_request(self, request: web.Request, manners: ApiVariant, endpoint: str) -> ImagesRequest:
        """Raises BrokenRuleError."""
        if endpoint == "generations":
            return await self._renderer.in_thread(parse_generation, await request.read(), manners)
        if not request.content_type.startswith("multipart/"):
            raise InvalidParameterError("An edit is sent as multipart/form-data.", code="unsupported_content_type")
        texts: list[tuple[str, str]] = []
        files: list[FormFile] = []
        try:
            async for part in await request.multipart():
                await _read_form_part(part, texts, files)
        except ValueError as exc:
            raise InvalidParameterError("The form is broken.", code=None) from exc
        return await self._renderer.in_thread(parse_edit, texts, files, manners)


async def _read_form_part(part: object, texts: list[tuple[str, str]], files: list[FormFile]) -> None:
    if not isinstance(part, BodyPartReader) or part.name is None:
        raise InvalidParameterError("The form is broken.", code=None)
    data = bytes(await part.read())
    if part.filename is None:
        texts.append((part.name, data.decode("utf-8", "replace")))
        return
    media_type = part.headers.get("Content-Type", "application/octet-stream")
    files.append(FormFile(part=part.name, name=part.filename, media_type=media_type, data=data))
