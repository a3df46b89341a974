"""One HTTP exchange with an upstream, as a span of the job that it is for.

The span names the upstream's host and never a path, a query or a header: those may hold keys and files' addresses.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from bot.observability import tracing
from bot.observability.tracing import NO_SPAN, Span
from bot.providers.http.client import HttpResponse, UpstreamClient, exchange
from bot.providers.http.payload import Payload


def traced_exchange(
    client: UpstreamClient, url: str, payload: Payload | None, headers: Mapping[str, str], **how: Any
) -> AbstractAsyncContextManager[HttpResponse]:
    """As `exchange`, with its parameters."""
    method = how.get("method", "POST")
    span = tracing.open_span("upstream request", kind="client", **{"http.request.method": method, **_server(url)})
    if span is NO_SPAN:
        return exchange(client, url, payload, headers, **how)
    return _exchange_within(span, client, url, payload, headers, **how)


@asynccontextmanager
async def _exchange_within(
    span: Span, client: UpstreamClient, url: str, payload: Payload | None, headers: Mapping[str, str], **how: Any
) -> AsyncGenerator[HttpResponse, None]:
    if (traceparent := span.traceparent) is not None:
        headers = {**headers, "traceparent": traceparent}
    try:
        async with exchange(client, url, payload, headers, **how) as response:
            span.note(**{"http.response.status_code": response.status_code})
            yield response
    except BaseException as failed:
        span.end(failed)
        raise
    span.end()


def _server(url: str) -> dict[str, str]:
    try:
        return {"server.address": urlsplit(url).hostname or ""}
    except ValueError:  # an address that nothing can be sent to
        return {}
