"""Planned faults: the next calls of a route fail, lose their connection, wait or are limited. Only the plan."""

from dataclasses import dataclass, field
from typing import Literal

from tests.servers.gate import Gate


@dataclass(slots=True, kw_only=True)
class Fault:
    """What happens to the next `times` calls. `drop`: the connection ends before or after the work is done; `delay`:
    real seconds; `body`: is sent in place of the answer, though the work is done. `edge_page`: Discord's edge answers
    in its place, with a page of HTML and without `Via`."""

    method: str
    route: str
    times: int
    status: int | None = None
    drop: Literal["before", "after"] | None = None
    delay: float = 0.0
    body: bytes | None = None
    gate: Gate | None = None
    retry_after: float | None = None
    scope: Literal["user", "shared", "global"] = "user"
    told_by: Literal["body and headers", "body", "headers"] = "body and headers"
    edge_page: bool = False


@dataclass(slots=True)
class Faults:
    """`method` and `route` as in Discord's documents (`"PATCH"`, `"/channels/{channel_id}/messages/{message_id}"`);
    `"*"` means any."""

    planned: list[Fault] = field(default_factory=list[Fault])
    gates: list[Gate] = field(default_factory=list[Gate])

    def fail(self, method: str, route: str, *, status: int = 502, times: int = 1) -> None:
        self.planned.append(Fault(method=method, route=route, times=times, status=status))

    def drop(self, method: str, route: str, *, when: Literal["before", "after"] = "before", times: int = 1) -> None:
        self.planned.append(Fault(method=method, route=route, times=times, drop=when))

    def garble(self, method: str, route: str, *, body: bytes = b'{"id": "12', times: int = 1) -> None:
        """Carried out, and answered with 200 and something that nobody can read."""
        self.planned.append(Fault(method=method, route=route, times=times, body=body))

    def delay(self, method: str, route: str, seconds: float, *, times: int = 1) -> None:
        """The answers come late, by real seconds."""
        self.planned.append(Fault(method=method, route=route, times=times, delay=seconds))

    def hold(self, method: str, route: str, *, times: int = 1) -> Gate:
        """The calls wait until the gate is opened (leaving the server opens it)."""
        gate = Gate()
        self.gates.append(gate)
        self.planned.append(Fault(method=method, route=route, times=times, gate=gate))
        return gate

    def limit(
        self,
        method: str,
        route: str,
        *,
        retry_after: float,
        scope: Literal["user", "shared", "global"] = "shared",
        told_by: Literal["body and headers", "body", "headers"] = "body and headers",
        times: int = 1,
    ) -> None:
        """429 though the bucket has slots left. `told_by`: where it says whose limit it is."""
        self.planned.append(
            Fault(method=method, route=route, times=times, retry_after=retry_after, scope=scope, told_by=told_by)
        )

    def ban(self, method: str, route: str, *, retry_after: float = 120.0, status: int = 429, times: int = 1) -> None:
        """The page with which Discord's edge answers addresses that have called too often."""
        self.planned.append(
            Fault(method=method, route=route, times=times, retry_after=retry_after, status=status, edge_page=True)
        )

    def next_fault(self, method: str, route: str) -> Fault | None:
        """The fault that meets this call, used up once."""
        for fault in self.planned:
            if fault.method in ("*", method) and fault.route in ("*", route):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                return fault
        return None
