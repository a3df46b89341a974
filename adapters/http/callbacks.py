"""`POST /callbacks/<secret>`: an upstream announces that a task has ended.

Ignores the body: the provider that is woken polls the task itself (`bot.providers.tasks.callbacks`).
"""

from collections.abc import Iterable

from aiohttp import web

from bot.errors import StoreFailed
from bot.providers.tasks.callbacks import CALLBACK_PATH, Callbacks


def routes(callbacks: Callbacks) -> Iterable[web.AbstractRouteDef]:
    """The route. An unknown secret answers 404, like a path without a route."""

    async def handle_callback(request: web.Request) -> web.Response:
        try:
            is_known = await callbacks.receive_call(request.match_info["secret"])
        except StoreFailed as failed:  # it polls anyway
            raise web.HTTPServiceUnavailable from failed
        if not is_known:
            raise web.HTTPNotFound
        return web.Response(status=204)

    return [web.post(f"{CALLBACK_PATH}/{{secret}}", handle_callback)]
