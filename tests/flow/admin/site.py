"""The admin page's server on a database, and a browser that keeps its cookies by hand, those for HTTPS too."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import Morsel, SimpleCookie
from typing import Any

import aiohttp

from adapters.admin.guard import CHANGE_HEADER, Core
from adapters.admin.routes import AdminRoutes
from adapters.http.server import HttpServer
from bot.administration.sign_in import AdminSignIn
from bot.ports import Administration
from bot.runtime.clock import Clock
from bot.store.store import Store

PUBLIC = "https://easel.example"
BELOW_A_PATH = "https://easel.example/bot"
BOSS = "memory:boss"


@dataclass(slots=True)
class Browser:
    """One browser: its cookies, and the token that its page was told."""

    http: aiohttp.ClientSession
    address: str
    """Of the server."""
    origin: str | None = PUBLIC
    """Of the page that asks; None: no browser's."""
    cookies: dict[str, Morsel[str]] = field(default_factory=dict[str, Morsel[str]])
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Further ones of every request."""

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> aiohttp.ClientResponse:
        """Asks for an answer of the page."""
        return await self._send("GET", path, None, headers or {})

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        """Asks for a change, as the page does."""
        sent = (
            {CHANGE_HEADER: self.token} | ({} if self.origin is None else {"Origin": self.origin}) | dict(headers or {})
        )
        return await self._send("POST", path, body or {}, sent)

    async def open_link(self, link: str) -> aiohttp.ClientResponse:
        """Signs in with a link's token."""
        answer = await self.post("sign-in", {"link": link})
        if answer.status == 200:
            self.token = (await answer.json())["token"]
        return answer

    async def user(self) -> str | None:
        """Who is signed in."""
        return (await (await self.get("session")).json())["user"]

    async def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        sent = self.headers | ({"Cookie": cookies} if cookies else {}) | dict(headers)
        answer = await self.http.request(method, f"{self.address}/admin/api/{path}", json=body, headers=sent)
        await answer.read()
        for line in answer.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel
        return answer


@dataclass(slots=True)
class Site:
    """The page's server."""

    sign_in: AdminSignIn
    http: aiohttp.ClientSession
    address: str

    def browser(self, origin: str | None = PUBLIC, *, headers: Mapping[str, str] | None = None) -> Browser:
        """One that has never been here. `headers`: of every request."""
        return Browser(self.http, self.address, origin, headers=dict(headers or {}))

    async def signed_in(self, origin: str = PUBLIC) -> Browser:
        """A browser in which the admin is signed in."""
        browser = self.browser(origin)
        answer = await browser.open_link(await self.sign_in.make_link(BOSS))
        assert answer.status == 200
        return browser


@asynccontextmanager
async def admin_site(
    store: Store,
    clock: Clock,
    administration: Administration | None = None,
    *,
    public_url: str | None = PUBLIC,
    admins: tuple[str, ...] = (BOSS,),
) -> AsyncGenerator[Site]:
    """The page's server for the length of the block. `administration`: None where only sign-ins are asked for."""
    routes = AdminRoutes(public_url, clock)
    server = HttpServer("127.0.0.1", 0)
    server.mount(routes.routes())
    await server.start()
    sign_in = AdminSignIn(store.admin_sessions, clock, admins)
    routes.serve(Core(sign_in=sign_in, errors=store.error_groups, administration=administration))
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield Site(sign_in, http, server.address)
    finally:
        await server.stop()
