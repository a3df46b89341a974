"""One call to Discord's REST API, made at once: the calls whose turn the core's pacer has given.

discord.py's own HTTP client sleeps inside a call when a bucket is empty or a server stumbles, and an image would wait
behind a progress edit; here a rate limit is an exception, and the caller decides when to call again.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import discord
import structlog
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection
from pydantic import SecretStr

from adapters.discord.call_gate import CallGate, RateLimit, read_rate_limit
from adapters.discord.errors import CallRejected, chat_busy, chat_unreachable
from bot.errors import ChatBusy
from bot.observability.metrics import INVALID_REQUESTS, RECENT_INVALID_REQUESTS
from bot.runtime import descriptors
from bot.runtime.clock import Clock
from bot.runtime.on_wire import signal_on_wire

log = structlog.get_logger()

# Discord wants this form
USER_AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py {discord.__version__}) Easel"
TIMEOUT = aiohttp.ClientTimeout(total=120.0, sock_connect=10.0, sock_read=30.0)  # ten large images, a slow line
LOGIN_REFUSED = "discord.token: Discord does not accept it"
MAX_MESSAGE_CHARS = 200  # of an error response's message, for the log

Json = dict[str, Any]  # Any: Discord's bodies
ResponseObserver = Callable[[str, Mapping[str, str]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to send."""

    filename: str
    data: bytes = field(repr=False)
    description: str = ""
    """The alternative text, at most 1024 characters; empty for none."""


class _SignallingRequest(aiohttp.ClientRequest):
    """Tells whoever has made the call that it is on the wire."""

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        await super().write_bytes(writer, conn, content_length)
        signal_on_wire()


class RestClient:
    """The REST API with the bot's token. Must be closed."""

    def __init__(
        self,
        base_url: str,
        token: SecretStr,
        *,
        clock: Clock,
        gate: CallGate,
        on_response: ResponseObserver = lambda _path, _headers: None,
        may_call: Callable[[], bool] = lambda: True,
    ) -> None:
        """`base_url`: with the API's version. `gate`: tells when nobody may call; the one that all calls of the token
        share. `on_response` gets the path of each call that was answered, and the response's headers. `may_call`: asked
        right before each call; without it none is made."""
        self._may_call = may_call
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._clock = clock
        self._gate = gate
        self._on_response = on_response
        self._is_refused = False
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=descriptors.chat_connections(descriptors.limit())),
            timeout=TIMEOUT,
            request_class=_SignallingRequest,
            headers={"User-Agent": USER_AGENT},
        )

    async def close(self) -> None:
        await self._session.close()

    def problem(self) -> str | None:
        """Why calls fail; None when the last one that the bot's token authorised did not fail for the token."""
        return LOGIN_REFUSED if self._is_refused else None

    async def call(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None = None,
        files: Sequence[Upload] = (),
        *,
        bot_auth: bool = True,
    ) -> Json:
        """Calls once and returns the response's JSON object; {} for an empty body. `bot_auth`: authorised by the
        bot's token; a path that holds an interaction's token needs none.

        Raises CallRejected, ChatBusy (also without a call, while nobody may call), ChatUnreachable.
        """
        if not self._may_call():
            raise chat_unreachable("this process may make no calls now")
        if (wait_s := self._gate.wait_s()) > 0:
            raise ChatBusy(retry_after=wait_s, everywhere=True, detail="discord lets nobody call")
        headers = {"Authorization": f"Bot {self._token.get_secret_value()}"} if bot_auth else {}
        body = _request_body(payload, files)
        try:
            async with self._session.request(
                method, self._base_url + path, headers=headers, allow_redirects=False, **body
            ) as response:
                self._on_response(path, response.headers)
                if bot_auth:
                    self._is_refused = response.status == 401
                return await self._parse_response(response)
        except (TimeoutError, aiohttp.ClientError, OSError) as failed:
            raise chat_unreachable(type(failed).__name__) from failed

    async def observe(self, response: aiohttp.ClientResponse) -> RateLimit | None:
        """Closes the gate where a response, also one to a call of discord.py, tells that everybody has to wait.
        Returns the rate limit that it tells of, if any. Raises aiohttp.ClientError."""
        body = _parse_object(await response.read() or b"{}") if response.status >= 400 else {}
        limit = read_rate_limit(response.status, response.headers, body, self._clock.now())
        if limit is not None and limit.everywhere:
            log.warning("discord lets nobody call", scope=limit.scope.value, retry_after=limit.retry_after_s)
        if self._gate.record_response(response.status, limit):
            INVALID_REQUESTS.labels(response.status).inc()
            if self._gate.invalid_requests() == self._gate.slow_from + 1:
                calls = self._gate.slow_from
                log.error("many calls of the last ten minutes were invalid, so all are slowed down", calls=calls)
        RECENT_INVALID_REQUESTS.set(self._gate.invalid_requests())
        return limit

    async def _parse_response(self, response: aiohttp.ClientResponse) -> Json:
        """Raises CallRejected, ChatBusy, ChatUnreachable."""
        limit = await self.observe(response)
        if response.status >= 500:
            raise chat_unreachable(f"status {response.status}")
        body = _parse_object(await response.read() or b"{}")
        if limit is not None:
            raise chat_busy(limit, None if body is None else body.get("code"))
        if body is None and response.status < 400:  # a proxy has answered in Discord's place
            raise chat_unreachable(f"status {response.status} with an answer that nobody can read")
        body = body or {}
        if response.status >= 400:
            code = body.get("code")
            message = str(body.get("message", ""))[:MAX_MESSAGE_CHARS]
            raise CallRejected(response.status, code if isinstance(code, int) else 0, message)
        return body


def _request_body(payload: Mapping[str, Any] | None, files: Sequence[Upload]) -> dict[str, Any]:
    """The keyword arguments of aiohttp's request: JSON, or a multipart form where there are files."""
    if not files:
        return {} if payload is None else {"json": payload}
    form = aiohttp.FormData(quote_fields=False)  # Discord does not know escaped brackets
    form.add_field("payload_json", json.dumps(payload), content_type="application/json")
    for number, upload in enumerate(files):
        form.add_field(
            f"files[{number}]",
            io.BytesIO(upload.data),
            filename=upload.filename,
            content_type="application/octet-stream",
        )
    return {"data": form}


def _parse_object(body: bytes) -> Json | None:
    """The JSON object; None for anything else."""
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):  # also of bytes that are no text; the second: nested too deeply
        return None
    return cast(Json, document) if isinstance(document, dict) else None
