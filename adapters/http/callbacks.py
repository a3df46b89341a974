"""`POST /callbacks/<secret>`: upstreams say that a task has ended.

Reads nothing of what they say; who is woken asks the task itself (`bot.providers.tasks.callbacks`).
"""

from collections.abc import Iterable

from aiohttp import web

from bot.providers.tasks.callbacks import CALLBACK_PATH, Callbacks


def routes(callbacks: Callbacks) -> Iterable[web.AbstractRouteDef]:
    """The one route. Unknown paths are 404, like those of no route at all."""

    async def called(request: web.Request) -> web.Response:
        if not callbacks.receive_call(request.match_info["secret"]):
            raise web.HTTPNotFound
        return web.Response(status=204)

    return [web.post(f"{CALLBACK_PATH}/{{secret}}", called)]
