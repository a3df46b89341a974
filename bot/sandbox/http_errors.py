"""HTTP failures shared by every dialect: error responses, error bodies, broken connections.

Knows aiohttp and the error envelopes of a relay and of OpenAI; each dialect has its own module for successes.
"""

import socket
import struct
import uuid

from aiohttp import web

from bot.sandbox.faults import FaultEffect

Object = dict[str, object]


class BadRequestError(ValueError):
    """The request is not understood; the text says why, for the error body."""


def error_response(twist: FaultEffect) -> web.Response:
    """The answer to a request that is not even begun."""
    headers = {"Retry-After": f"{twist.retry_after_s:g}"} if twist.retry_after_s is not None else {}
    status = twist.status or 500
    if twist.body_format == "html":
        page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        return web.Response(status=status, text=page, content_type="text/html")
    return web.json_response(error_body(twist), status=status, headers=headers)


def error_body(twist: FaultEffect) -> Object:
    """The relay's error envelope, or OpenAI's."""
    if twist.body_format in {"openai", "azure"}:
        kind = "image_generation_user_error" if twist.code == "moderation_blocked" else twist.code
        return {"error": {"message": twist.message, "type": kind, "param": None, "code": twist.code}}
    error = {"code": twist.code, "message": twist.message}
    return {"success": False, "error": error, "trace_id": str(uuid.uuid4())}


def reset_connection(request: web.Request) -> None:
    """Ends the connection with a TCP reset instead of a goodbye."""
    if request.transport is not None:
        sock: socket.socket = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


def close_connection(request: web.Request) -> None:
    """Ends the connection in the middle, after what was written has gone out."""
    if request.transport is not None:
        request.transport.close()
