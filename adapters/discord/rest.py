"""One call to Discord's REST API, made at once: the calls whose turn the core's pacer has given.

discord.py's own door sleeps inside a call when a bucket is empty or a server stumbles, and a picture would wait
behind a progress line; here a refusal comes back as one, and whoever asked decides when to ask again.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import discord
from pydantic import SecretStr

from adapters.discord.errors import Refused, busy, unreachable

AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py {discord.__version__}) Easel"  # Discord wants this form
TIMEOUT = aiohttp.ClientTimeout(total=120.0, sock_connect=10.0, sock_read=30.0)  # ten large pictures, a slow line

Json = dict[str, Any]  # Any: Discord's bodies
Heard = Callable[[str, Mapping[str, str]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way out. `description`: the text for those who do not see it."""

    filename: str
    data: bytes = field(repr=False)
    description: str = ""


class Rest:
    """`base`: with the API's version, without a slash at the end. `heard` gets the path of each call that was answered,
    and the answer's headers."""

    def __init__(self, base: str, token: SecretStr, heard: Heard = lambda _path, _headers: None) -> None:
        self._heard = heard
        self._base = base.rstrip("/")
        self._token = token
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=TIMEOUT, headers={"User-Agent": AGENT}
        )

    async def close(self) -> None:
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None = None,
        files: Sequence[Upload] = (),
        *,
        signed: bool = True,
    ) -> Json:
        """The answer's JSON; {} where there is none. `signed`: with the bot's token; a path that carries an
        interaction's token needs none.

        Raises Refused, ChatBusy, ChatUnreachable.
        """
        headers = {"Authorization": f"Bot {self._token.get_secret_value()}"} if signed else {}
        body = _body(payload, files)
        try:
            async with self._session.request(
                method, self._base + path, headers=headers, allow_redirects=False, **body
            ) as response:
                self._heard(path, response.headers)
                return await _answer(response)
        except (TimeoutError, aiohttp.ClientError, OSError) as failed:
            raise unreachable(type(failed).__name__) from failed


def _body(payload: Mapping[str, Any] | None, files: Sequence[Upload]) -> dict[str, Any]:
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


async def _answer(response: aiohttp.ClientResponse) -> Json:
    if response.status >= 500:
        raise unreachable(f"status {response.status}")
    body = _read(await response.read() or b"{}")
    if body is None and response.status < 400:  # somebody else has answered in Discord's place
        raise unreachable(f"status {response.status} with an answer that nobody can read")
    body = body or {}
    if response.status == 429:
        raise busy(body.get("retry_after"), body.get("code"))
    if response.status >= 400:
        code = body.get("code")
        raise Refused(response.status, code if isinstance(code, int) else 0, str(body.get("message", ""))[:200])
    return body


def _read(said: bytes) -> Json | None:
    """None: no object of JSON."""
    try:
        told: Any = json.loads(said)
    except (ValueError, RecursionError):  # also of bytes that are no text; the second: nested too deeply
        return None
    return cast(Json, told) if isinstance(told, dict) else None
