"""The images dialect over HTTP: generations and edits, whole or streamed, in three variants of the API.

Reads the request and refuses it, or hands it to playback.py; what a request means stands in request.py.

    /images/…, /v1/images/…, /openai/…          OpenAI: base64 always, no response_format
    /hk/v1/images/…                              openai-hk: links, or base64 behind a data: prefix
    /openai/deployments/{model}/images/…         Azure: api-version in the query, the key in api-key
"""

import functools
from collections.abc import Mapping
from typing import Literal

from aiohttp import BodyPartReader, web

from bot.sandbox.faults import Fault, FaultEffect
from bot.sandbox.http_errors import reset_connection
from bot.sandbox.images.playback import ImagesPlayback
from bot.sandbox.images.request import (
    ApiVariant,
    FormFile,
    ImagesRequest,
    InvalidParameterError,
    parse_edit,
    parse_generation,
)
from bot.sandbox.images.response import fault_response, invalid_parameter_response
from bot.sandbox.renderer import Renderer
from bot.sandbox.server_context import ServerContext

OPENAI = ApiVariant()
HK = ApiVariant(accepts_response_format=True, default_format="url", base64_prefix="data:image/png;base64,")
AZURE = ApiVariant(requires_model=False)
AZURE_PREFIX = "/openai/deployments/{deployment}"
PREFIXES: Mapping[str, ApiVariant] = {
    "": OPENAI,
    "/v1": OPENAI,
    "/openai": OPENAI,
    "/openai/v1": OPENAI,
    "/hk/v1": HK,
    AZURE_PREFIX: AZURE,
}

Endpoint = Literal["generations", "edits"]
ENDPOINTS: tuple[Endpoint, ...] = ("generations", "edits")


class ImagesRoutes:
    """Generations and edits at every address of PREFIXES."""

    def __init__(self, server: ServerContext, renderer: Renderer) -> None:
        self._server = server
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(
                f"{prefix}/images/{endpoint}",
                functools.partial(self._handle_images, variant=variant, endpoint=endpoint),
            )
            for prefix, variant in PREFIXES.items()
            for endpoint in ENDPOINTS
        ]

    async def _handle_images(
        self, http_request: web.Request, *, variant: ApiVariant, endpoint: Endpoint
    ) -> web.StreamResponse:
        if (refusal := self._check_access(http_request, variant)) is not None:
            return refusal
        try:
            request = await self._parse_request(http_request, variant, endpoint)
        except InvalidParameterError as exc:
            return invalid_parameter_response(exc)
        effect, rng = self._server.begin_request(http_request, request)
        if effect.status is not None:
            return fault_response(effect)
        if effect.ending in {"reset", "no-answer"}:
            if effect.ending == "no-answer":
                await self._renderer.sleep(effect.silence_s)
            reset_connection(http_request)
            return web.Response()
        playback = ImagesPlayback(self._renderer, http_request, request, effect, variant, rng, endpoint)
        return await playback.send_response()

    def _check_access(self, http_request: web.Request, variant: ApiVariant) -> web.Response | None:
        """The refusal of a request without the right key, or without Azure's api-version."""
        if variant is AZURE and not http_request.query.get("api-version"):
            return fault_response(FaultEffect(status=404, code="404", message="Resource not found"))
        header = "api-key" if variant is AZURE else "Authorization"
        return None if self._server.is_authorized(http_request, header) else fault_response(Fault("401").effect)

    async def _parse_request(self, http_request: web.Request, variant: ApiVariant, endpoint: Endpoint) -> ImagesRequest:
        """Raises InvalidParameterError."""
        if endpoint == "generations":
            return await self._renderer.run_in_thread(parse_generation, await http_request.read(), variant)
        if not http_request.content_type.startswith("multipart/"):
            raise InvalidParameterError("An edit is sent as multipart/form-data.", code="unsupported_content_type")
        texts: list[tuple[str, str]] = []
        files: list[FormFile] = []
        try:
            async for part in await http_request.multipart():
                await _read_form_part(part, texts, files)
        except ValueError as exc:
            raise InvalidParameterError("The form is broken.", code=None) from exc
        return await self._renderer.run_in_thread(parse_edit, texts, files, variant)


async def _read_form_part(part: object, texts: list[tuple[str, str]], files: list[FormFile]) -> None:
    """Appends the part to `texts` or, when it has a file name, to `files`. Raises InvalidParameterError."""
    if not isinstance(part, BodyPartReader) or part.name is None:
        raise InvalidParameterError("The form is broken.", code=None)
    data = bytes(await part.read())
    if part.filename is None:
        texts.append((part.name, data.decode("utf-8", "replace")))
        return
    media_type = part.headers.get("Content-Type", "application/octet-stream")
    files.append(FormFile(part=part.name, name=part.filename, media_type=media_type, data=data))
