"""Planned faults: the next calls of a method fail, lose their connection, wait or are limited. Only the plan."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from tests.servers.gate import Gate

When = Literal["before", "after"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """What happens to the next `times` calls. `when`: before or after the work is done; `drop`: the connection
    ends without an answer; `delay`: real seconds; `body`: is sent in place of the answer; `refusal`: the description of
    a "Bad Request"."""

    method: str
    times: int
    when: When = "before"
    status: int | None = None
    body: bytes | None = None
    drop: bool = False
    gate: Gate | None = None
    delay: float = 0.0
    retry_after: int | None = None
    refusal: str | None = None

    async def wait(self) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.gate is not None:
            await self.gate.wait_until_open()


@dataclass(slots=True)
class Faults:
    """`method` as in Telegram's documents ("sendMessage"), "file" for downloads, "*" for any of them."""

    planned: list[Fault] = field(default_factory=list[Fault])
    gates: list[Gate] = field(default_factory=list[Gate])

    def fail(self, method: str, *, status: int = 502, when: When = "before", times: int = 1) -> None:
        """A gateway's error page with that status; `when` "after": though the work was done."""
        body = f"<html><body><h1>{status}</h1></body></html>".encode()
        self.planned.append(Fault(method=method, times=times, when=when, status=status, body=body))

    def garble(self, method: str, *, body: bytes = b'{"ok":tru', when: When = "before", times: int = 1) -> None:
        """200 with a body that nobody can read."""
        self.planned.append(Fault(method=method, times=times, when=when, status=200, body=body))

    def drop(self, method: str, *, when: When = "before", times: int = 1) -> None:
        """The connection is reset."""
        self.planned.append(Fault(method=method, times=times, when=when, drop=True))

    def hold(self, method: str, *, when: When = "before", times: int = 1) -> Gate:
        """The calls wait until the gate is opened (leaving the server opens it)."""
        gate = Gate()
        self.gates.append(gate)
        self.planned.append(Fault(method=method, times=times, when=when, gate=gate))
        return gate

    def delay(self, method: str, seconds: float, *, when: When = "before", times: int = 1) -> None:
        """The answers come late, by real seconds."""
        self.planned.append(Fault(method=method, times=times, when=when, delay=seconds))

    def limit(self, method: str, *, retry_after: int, times: int = 1) -> None:
        """429 though no window is full."""
        self.planned.append(Fault(method=method, times=times, retry_after=retry_after))

    def refuse(self, method: str, description: str, *, times: int = 1) -> None:
        """400 with that description."""
        self.planned.append(Fault(method=method, times=times, refusal=description))

    def next_fault(self, method: str) -> Fault | None:
        """The fault that meets this call, used up once."""
        for fault in self.planned:
            if fault.method in ("*", method):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                return fault
        return None
