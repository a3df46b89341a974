"""A website on loopback whose pages are pictures, and everything that is none."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.support.images import png

PAGE = b"<!doctype html><html><body>a fox</body></html>"


@dataclass(slots=True)
class Website:
    """`/50.png` is a PNG 50 pixels wide, `/page` HTML, `/gone` a 404, `/endless` grows for ever, `/slow` waits until
    `go`, `/to/PATH` redirects to PATH."""

    address: str = ""
    asked: list[str] = field(default_factory=list[str])
    """Paths, in order."""
    go: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once `/slow` was asked for."""

    @property
    def host(self) -> str:
        return self.address.removeprefix("http://")

    async def serve(self, call: Call) -> None:
        path = call.target.partition("?")[0]
        self.asked.append(path)
        match path.strip("/").split("/"):
            case ["page"]:
                await call.respond(PAGE, "Content-Type: text/html")
            case ["endless"]:
                await call.head("Content-Type: image/png")
                await call.send(png())
                while not call.closed_by_client.is_set():
                    await call.send(bytes(1_000_000))
            case ["slow"]:
                self.arrived.set()
                await self.go.wait()
                await call.respond(png(), "Content-Type: image/png")
            case ["to", *rest]:
                await call.respond(b"", f"Location: /{'/'.join(rest)}", status="302 Found")
            case [*_, name] if name.partition(".")[0].isdecimal():
                await call.respond(png(size=(int(name.partition(".")[0]), 40)), "Content-Type: image/png")
            case _:
                await call.respond(b"nothing", status="404 Not Found")


@asynccontextmanager
async def website() -> AsyncGenerator[Website]:
    made = Website()
    async with scripted_upstream(made.serve) as upstream:
        made.address = upstream.url
        try:
            yield made
        finally:
            made.go.set()
