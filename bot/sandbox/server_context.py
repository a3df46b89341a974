"""What the routes of every dialect need of the server: the key check, and the log of requests with their faults.

A protocol only; Sandbox in server.py implements it.
"""

import random
from typing import Protocol

from aiohttp import web

from bot.sandbox.chat.request import ChatRequest
from bot.sandbox.faults import FaultEffect
from bot.sandbox.images.request import ImagesRequest
from bot.sandbox.tasks.task import TaskRequest

ParsedRequest = ChatRequest | TaskRequest | ImagesRequest


class ServerContext(Protocol):
    """Authorization and the request log of one sandbox."""

    def is_authorized(self, http_request: web.Request, header: str = "Authorization") -> bool:
        """Whether the request carries the key: as a Bearer token, or bare in another header."""
        ...

    def begin_request(self, http_request: web.Request, parsed: ParsedRequest) -> tuple[FaultEffect, random.Random]:
        """Records a painting request; returns the combined effect of its faults, and the random numbers of its
        pace."""
        ...
