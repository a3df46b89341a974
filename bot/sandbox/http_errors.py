"""HTTP failures shared by every dialect: error responses, error bodies, broken connections.

Knows aiohttp and the error envelopes of a relay and of OpenAI; successful responses are each dialect's own.
"""

import socket
import struct
import uuid

from aiohttp import web

from bot.sandbox.faults import FaultEffect

Object = dict[str, object]


class BadRequestError(ValueError):
    """The request is not understood; the text is the reason, for the error body."""


def error_response(effect: FaultEffect) -> web.Response:
    """The response of a request that is refused with an HTTP status."""
    headers = {"Retry-After": f"{effect.retry_after_s:g}"} if effect.retry_after_s is not None else {}
    status = effect.status or 500
    if effect.body_format == "html":
        page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        return web.Response(status=status, text=page, content_type="text/html")
    return web.json_response(error_body(effect), status=status, headers=headers)


def error_body(effect: FaultEffect) -> Object:
    """The relay's error envelope, or OpenAI's."""
    if effect.body_format in {"openai", "azure"}:
        kind = "image_generation_user_error" if effect.code == "moderation_blocked" else effect.code
        return {"error": {"message": effect.message, "type": kind, "param": None, "code": effect.code}}
    error = {"code": effect.code, "message": effect.message}
    return {"success": False, "error": error, "trace_id": str(uuid.uuid4())}


def reset_connection(request: web.Request) -> None:
    """Ends the connection with a TCP RST instead of a FIN."""
    if request.transport is not None:
        sock: socket.socket = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


def close_connection(request: web.Request) -> None:
    """Closes the connection in the middle of a response, after the bytes already written have been sent."""
    if request.transport is not None:
        request.transport.close()
