"""The HTTP server: health, readiness, metrics, and the routes that adapters mount.

Knows no adapter, no page and no database; mounted routes check for themselves who may use them.
"""

import asyncio
import errno
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http import HttpProcessingError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from adapters.http.connections import HEADER_TIMEOUT_S, ConnectionLimiter, LimitedSite, max_connections
from bot.errors import SettingsWrong

CHECK_TIMEOUT_S = 3.0  # of one readiness check; a probe that waits longer counts as failed anyway
IDLE_TIMEOUT_S = 75.0  # of a connection between two requests; proxies close theirs after 60 s
SHUTDOWN_TIMEOUT_S = 5.0  # for requests under way to finish
BACKLOG = 128  # connections waiting to be accepted
INSTANCE_HEADER = "X-Easel"  # of every answer: which process gave it, so that `easel check` knows its own from outside

Check = Callable[[], Awaitable[str | None]]  # None: ready; else the reason why not
log = structlog.get_logger()


class HttpServer:
    """Listens between `start` and `stop`."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        checks: Mapping[str, Check] | None = None,
        check_timeout_s: float = CHECK_TIMEOUT_S,
        connections: int | None = None,
        header_timeout_s: float = HEADER_TIMEOUT_S,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        """`port`: 0 takes a free one. `checks`: readiness checks by name. `check_timeout_s`: of one of them.
        `connections`: at once; None: as many as the process's descriptors allow."""
        self._host = host
        self._port = port
        self._checks = dict(checks or {})
        self._warnings: dict[str, Callable[[], str | None]] = {}
        self._check_timeout_s = check_timeout_s
        self._connections = connections
        self._header_timeout_s = header_timeout_s
        self._idle_timeout_s = idle_timeout_s
        self.instance = secrets.token_hex(8)
        """What this server calls itself in INSTANCE_HEADER."""
        self._app = web.Application(middlewares=[_refuse_malformed])
        self._app.on_response_prepare.append(self._sign)
        self._runner: web.AppRunner | None = None
        self._app.add_routes(
            [web.get("/healthz", _get_healthz), web.get("/readyz", self._get_readyz), web.get("/metrics", _get_metrics)]
        )

    def mount(self, routes: Iterable[web.AbstractRouteDef]) -> None:
        """Adds an adapter's routes. Only before `start`."""
        self._app.add_routes(routes)

    def add_check(self, name: str, check: Check) -> None:
        """Adds a readiness check."""
        self._checks[name] = check

    def add_warning(self, name: str, warning: Callable[[], str | None]) -> None:
        """Adds something that `/readyz` tells of and that makes nobody less ready; None: there is nothing to tell."""
        self._warnings[name] = warning

    async def start(self) -> None:
        """Listens. Raises SettingsWrong, naming `server.port` or `server.host`, when it cannot."""
        runner = web.AppRunner(
            self._app,
            access_log_class=_AccessLog,
            logger=_ServerLog(logging.getLogger(__name__), {}),
            keepalive_timeout=self._idle_timeout_s,
            shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            handle_signals=False,
        )
        await runner.setup()
        site = LimitedSite(
            runner,
            self._host,
            self._port,
            limiter=ConnectionLimiter(self._connections or max_connections()),
            backlog=BACKLOG,
            header_timeout_s=self._header_timeout_s,
        )
        try:
            await site.start()
        except (OSError, OverflowError) as error:
            await runner.cleanup()
            raise SettingsWrong([self._describe_error(error)]) from error
        self._runner = runner

    async def stop(self) -> None:
        """Accepts no new connection, waits up to SHUTDOWN_TIMEOUT_S for requests under way, and closes."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @property
    def port(self) -> int:
        """The port listened on; before `start`, the configured one."""
        return self._runner.addresses[0][1] if self._runner is not None else self._port

    @property
    def address(self) -> str:
        """`http://host:port`, without a slash at the end."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    def _describe_error(self, error: OSError | OverflowError) -> str:
        if isinstance(error, OSError):
            if error.errno == errno.EADDRINUSE:
                return f"server.port: {self._port} is in use by another program"
            if error.errno == errno.EACCES:
                return f"server.port: {self._port} may not be used by this user"
            return f"server.host: cannot listen on {self._host}: {error.strerror or error}"
        return f"server.port: {self._port} is no port"

    async def _sign(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers[INSTANCE_HEADER] = self.instance

    # ------------------------------------------------------------ routes of its own

    async def _get_readyz(self, _request: web.Request) -> web.Response:
        names = list(self._checks)
        results = await asyncio.gather(*(_run_check(name, self._checks[name], self._check_timeout_s) for name in names))
        reasons = {name: reason for name, reason in zip(names, results, strict=True) if reason is not None}
        body: dict[str, Any] = {"ready": not reasons, "reasons": reasons}
        if warnings := {name: warning for name, each in self._warnings.items() if (warning := each()) is not None}:
            body["warnings"] = warnings
        return web.json_response(body, status=503 if reasons else 200)


async def _run_check(name: str, check: Check, timeout_s: float) -> str | None:
    try:
        async with asyncio.timeout(timeout_s):
            return await check()
    except TimeoutError:
        return "no answer"
    except Exception as error:
        log.warning("readiness check failed", check=name, exc_info=True)
        return type(error).__name__  # the text could hold an address with a password


async def _get_healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _get_metrics(_request: web.Request) -> web.Response:
    body = await asyncio.to_thread(generate_latest)  # reads /proc
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


@web.middleware
async def _refuse_malformed(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.RequestPayloadError:
        raise web.HTTPBadRequest from None


class _ServerLog(logging.LoggerAdapter[logging.Logger]):
    """aiohttp's log of its server. What a client does wrong is a line for debugging, without a traceback; so is its
    leaving."""

    def log(self, level: int, msg: object, *args: object, exc_info: Any = None, **kwargs: Any) -> None:
        if isinstance(exc_info, HttpProcessingError | web.RequestPayloadError | ConnectionError):
            log.debug("http request not understood", failure=type(exc_info).__name__)
        else:
            super().log(level, msg, *args, exc_info=exc_info, **kwargs)


class _AccessLog(AbstractAccessLogger):
    """Logs method, first segment of the path, status and duration. The rest of a path may be a secret (webhooks)."""

    @property
    def enabled(self) -> bool:
        return True

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        first, _, rest = request.path.lstrip("/").partition("/")
        path = f"/{first}/…" if rest else f"/{first}"
        log.debug("http", method=request.method, path=path, status=response.status, ms=round(time * 1000, 1))
