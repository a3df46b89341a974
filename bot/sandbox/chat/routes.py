"""The chat dialect over HTTP: `POST …/chat/completions`.

Reads the request and refuses it, or hands it to playback.py.
"""

from aiohttp import web

from bot.sandbox.chat.playback import ChatPlayback
from bot.sandbox.chat.request import parse_chat_request
from bot.sandbox.chat.response import StreamedResponse, WholeResponse
from bot.sandbox.faults import Fault, FaultEffect
from bot.sandbox.http_errors import BadRequestError, error_response, reset_connection
from bot.sandbox.renderer import Renderer
from bot.sandbox.server_context import ServerContext

PREFIXES = ("", "/v1", "/openai", "/openai/v1")


class ChatRoutes:
    """Chat completions at every address of PREFIXES."""

    def __init__(self, server: ServerContext, renderer: Renderer, *, allow_links: bool) -> None:
        """`allow_links`: whether references may be http(s) addresses."""
        self._server = server
        self._renderer = renderer
        self._allow_links = allow_links

    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"{prefix}/chat/completions", self._handle_chat) for prefix in PREFIXES]

    async def _handle_chat(self, http_request: web.Request) -> web.StreamResponse:
        if not self._server.is_authorized(http_request):
            return error_response(Fault("401").effect)
        body = await http_request.read()
        try:
            request = await self._renderer.run_in_thread(parse_chat_request, body, allow_links=self._allow_links)
        except BadRequestError as exc:
            return error_response(FaultEffect(status=400, code="token_mismatched", message=str(exc)))
        effect, rng = self._server.begin_request(http_request, request)
        if effect.status is not None:
            return error_response(effect)
        if effect.ending in {"reset", "no-answer"}:
            if effect.ending == "no-answer":
                await self._renderer.sleep(effect.silence_s)
            reset_connection(http_request)
            return web.Response()
        if request.stream:
            response = StreamedResponse(http_request, request.model, fragmented=effect.fragmented)
        else:
            response = WholeResponse(http_request, request.model)
        origin = f"{http_request.scheme}://{http_request.host}"
        await ChatPlayback(self._renderer, response, request, effect, origin=origin, rng=rng).send_response()
        return response.response
