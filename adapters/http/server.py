"""One HTTP server for health, metrics and whatever adapters mount. Knows no adapter, no page, no database.

What its routes allow to whom is theirs to guard.
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.errors import SettingsWrong

CHECK_TIME = 3.0  # seconds a check may take; a probe that waits longer counts as failed anyway
STOP_TIME = 5.0  # seconds that requests under way get to finish
BACKLOG = 128  # connections waiting to be accepted

Check = Callable[[], Awaitable[str | None]]
log = structlog.get_logger()


class HttpServer:
    """Listens between `start` and `stop`.

    `checks` by name: each returns None when all is well, else why not. `port` 0 takes a free one.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        checks: Mapping[str, Check] | None = None,
        check_time: float = CHECK_TIME,
    ) -> None:
        self._host = host
        self._port = port
        self._checks = dict(checks or {})
        self._check_time = check_time
        self._app = web.Application()
        self._runner: web.AppRunner | None = None
        self._app.add_routes(
            [web.get("/healthz", _healthz), web.get("/readyz", self._readyz), web.get("/metrics", _metrics)]
        )

    def mount(self, routes: Iterable[web.AbstractRouteDef]) -> None:
        """Adds an adapter's routes. Only before `start`."""
        self._app.add_routes(routes)

    def check(self, name: str, check: Check) -> None:
        """Adds a condition of being ready."""
        self._checks[name] = check

    async def start(self) -> None:
        """Listens. Raises SettingsWrong, naming `server.port` or `server.host`, when it cannot."""
        runner = web.AppRunner(self._app, access_log_class=_AccessLog, shutdown_timeout=STOP_TIME, handle_signals=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port, backlog=BACKLOG).start()
        except (OSError, OverflowError) as error:
            await runner.cleanup()
            raise SettingsWrong([self._problem(error)]) from error
        self._runner = runner

    async def stop(self) -> None:
        """Accepts nothing new, lets requests under way finish within STOP_TIME, and closes."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @property
    def port(self) -> int:
        """The port listened on; before `start`, the one asked for."""
        return self._runner.addresses[0][1] if self._runner is not None else self._port

    @property
    def address(self) -> str:
        """`http://host:port`, without a slash at the end."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    def _problem(self, error: OSError | OverflowError) -> str:
        if isinstance(error, OSError):
            if error.errno == errno.EADDRINUSE:
                return f"server.port: {self._port} is in use by another program"
            if error.errno == errno.EACCES:
                return f"server.port: {self._port} may not be used by this user"
            return f"server.host: cannot listen on {self._host}: {error.strerror or error}"
        return f"server.port: {self._port} is no port"

    # ------------------------------------------------------------ routes of its own

    async def _readyz(self, _request: web.Request) -> web.Response:
        names = list(self._checks)
        answers = await asyncio.gather(*(_ask(name, self._checks[name], self._check_time) for name in names))
        reasons = {name: answer for name, answer in zip(names, answers, strict=True) if answer is not None}
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


async def _ask(name: str, check: Check, seconds: float) -> str | None:
    try:
        async with asyncio.timeout(seconds):
            return await check()
    except TimeoutError:
        return "no answer"
    except Exception as error:
        log.warning("readiness check failed", check=name, exc_info=True)
        return type(error).__name__  # the text could hold an address with a password


async def _healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _metrics(_request: web.Request) -> web.Response:
    shown = await asyncio.to_thread(generate_latest)  # reads /proc
    return web.Response(body=shown, headers={"Content-Type": CONTENT_TYPE_LATEST})


class _AccessLog(AbstractAccessLogger):
    """Method, first part of the path, status, time. The rest of a path may be a secret (webhooks)."""

    @property
    def enabled(self) -> bool:
        return True

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        first, _, rest = request.path.lstrip("/").partition("/")
        path = f"/{first}/…" if rest else f"/{first}"
        log.debug("http", method=request.method, path=path, status=response.status, ms=round(time * 1000, 1))
