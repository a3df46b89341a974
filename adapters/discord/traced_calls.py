"""discord.py's own calls, held back and watched like ours: the first responses to interactions, commands, logins.

Changes no call; the library's HTTP client lets its requests be traced, and a trace may wait.
"""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import aiohttp

from adapters.discord.call_gate import CallGate
from bot.runtime.clock import Clock

CALLBACK_PATIENCE_S = 2.0  # Discord wants the first response to an interaction within three

ObserveResponse = Callable[[aiohttp.ClientResponse], Awaitable[object]]


class CallsPaused(aiohttp.ClientConnectionError):
    """The response to an interaction would come too late, so it is not sent."""


def trace_calls(gate: CallGate, clock: Clock, base_url: str, on_response: ObserveResponse) -> aiohttp.TraceConfig:
    """A trace for discord.py's client. Calls below `base_url` wait until the gate is open, but for first responses to
    interactions, which fail with CallsPaused when they would come too late. `on_response` gets each response."""

    async def wait_for_gate(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        if not str(params.url).startswith(base_url):
            return
        is_callback = "/interactions/" in params.url.path
        while (wait_s := gate.wait_s()) > 0:
            if is_callback and wait_s > CALLBACK_PATIENCE_S:
                raise CallsPaused("Discord lets nobody call now")
            await clock.sleep(wait_s)

    async def observe(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        if str(params.url).startswith(base_url):
            await on_response(params.response)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(wait_for_gate)
    trace.on_request_end.append(observe)
    return trace
