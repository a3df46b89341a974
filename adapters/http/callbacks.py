"""`POST /callbacks/<secret>`: an upstream announces that a task has ended.

Ignores the body: the provider that is woken polls the task itself (`bot.providers.tasks.callbacks`).
"""

from collections.abc import Iterable

from aiohttp import web

from bot.providers.tasks.callbacks import CALLBACK_PATH, Callbacks


def routes(callbacks: Callbacks) -> Iterable[web.AbstractRouteDef]:
    """The route. An unknown secret answers 404, like a path without a route."""

    async def handle_callback(request: web.Request) -> web.Response:
        if not callbacks.receive_call(request.match_info["secret"]):
            raise web.HTTPNotFound
        return web.Response(status=204)

    return [web.post(f"{CALLBACK_PATH}/{{secret}}", handle_callback)]
