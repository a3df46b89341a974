"""Exports spans by OpenTelemetry's own SDK, over OTLP/HTTP. The only module that imports it, and only if it is wanted.

A collector that is away, slow or refuses costs spans, which are counted, and nothing else: the queue is bounded, and a
thread of the SDK's own sends it.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import structlog

from bot.errors import SettingsWrong
from bot.observability import tracing
from bot.observability.metrics import TRACE_SPANS_DROPPED
from bot.observability.tracing import FinishedSpan

log = structlog.get_logger()

MISSING = "otel.endpoint: OpenTelemetry is not installed; install it with: pip install 'easel-bot[otel]'"
TRACES_PATH = "/v1/traces"  # of OTLP/HTTP; appended to the endpoint of a collector
MAX_QUEUE = 4096  # spans that wait to be sent; some thirty a job
MAX_BATCH = 512
SEND_EVERY_MS = 2000
TIMEOUT_S = 10.0  # for one request to the collector, its own retries included
CLOSE_S = 3.0  # for what is still queued at the end


def traces_url(endpoint: str) -> str:
    """Where traces are posted; `endpoint`: the address of a collector, or of its traces."""
    base = endpoint.rstrip("/")
    return base if base.endswith(TRACES_PATH) else base + TRACES_PATH


@asynccontextmanager
async def export_traces(
    endpoint: str | None, *, headers: Mapping[str, str], service: str, instance: str, propagates: bool
) -> AsyncGenerator[None]:
    """Exports the spans of this process within the block; nothing where `endpoint` is None. `headers`: of each request
    to it; `service`, `instance`: what this Easel and this process are called; `propagates`: whether upstreams get a
    `traceparent`.

    Raises SettingsWrong where the SDK is not installed.
    """
    if endpoint is None:
        yield
        return
    try:
        exporter = await asyncio.to_thread(_SpanExporting, traces_url(endpoint), headers, service, instance)
    except ImportError:
        raise SettingsWrong([MISSING]) from None
    tracing.export_to(exporter.export, propagates=propagates)
    try:
        yield
    finally:
        tracing.export_to(None)
        closing = threading.Thread(target=exporter.close, name="traces are sent", daemon=True)
        closing.start()  # the SDK waits for half a minute, and nobody else is to
        await asyncio.to_thread(closing.join, CLOSE_S)


class _SpanExporting:
    """The SDK, set up. Its own classes are known here alone; their stubs are not complete, hence `Any`."""

    def __init__(self, url: str, headers: Mapping[str, str], service: str, instance: str) -> None:
        """Raises ImportError."""
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
        from opentelemetry.sdk.trace.id_generator import IdGenerator
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # what fails is told here, without addresses
        self._trace: Any = trace
        self._waiting = 0  # of the SDK's queue: added to by the event loop, taken from by its thread
        self._ids = ids = _Ids()
        owner = self

        class Counting(SpanExporter):
            """Counts what does not reach the collector."""

            def __init__(self) -> None:
                self._inner = OTLPSpanExporter(endpoint=url, headers=dict(headers), timeout=TIMEOUT_S)

            def export(self, spans: Sequence[Any]) -> SpanExportResult:
                owner.note_taken(len(spans))
                try:
                    result = self._inner.export(spans)
                except Exception as failed:
                    owner.note_lost(len(spans), type(failed).__name__)
                    return SpanExportResult.FAILURE
                if result is not SpanExportResult.SUCCESS:
                    owner.note_lost(len(spans), "the collector does not take them")
                return result

            def shutdown(self) -> None:
                self._inner.shutdown()

        class Given(IdGenerator):
            """Spans keep the ids that they have."""

            def generate_span_id(self) -> int:
                return ids.span_id

            def generate_trace_id(self) -> int:
                return ids.trace_id

        resource = Resource.create(
            {"service.name": service, "service.instance.id": instance, "service.version": version("easel-bot")}
        )
        provider = TracerProvider(resource=resource, id_generator=Given(), sampler=ALWAYS_ON, shutdown_on_exit=False)
        self._processor = BatchSpanProcessor(
            Counting(), max_queue_size=MAX_QUEUE, max_export_batch_size=MAX_BATCH, schedule_delay_millis=SEND_EVERY_MS
        )
        provider.add_span_processor(self._processor)
        self._tracer: Any = provider.get_tracer("easel")

    def export(self, span: FinishedSpan) -> None:
        """Queues a span, unless the queue is full. Raises nothing, and does not wait."""
        if self._waiting >= MAX_QUEUE:
            TRACE_SPANS_DROPPED.inc()
            return
        try:
            self._waiting += 1
            self._make(span)
        except Exception as failed:
            self._waiting -= 1
            self.note_lost(1, type(failed).__name__)

    def note_taken(self, count: int) -> None:
        """So many have left the queue."""
        self._waiting -= count

    def note_lost(self, count: int, reason: str) -> None:
        """So many will not reach the collector."""
        TRACE_SPANS_DROPPED.inc(count)
        log.warning("traces not exported", spans=count, reason=reason)

    def close(self) -> None:
        """Sends what is queued. Blocking."""
        self._processor.shutdown()

    def _make(self, span: FinishedSpan) -> None:
        trace = self._trace
        self._ids.trace_id, self._ids.span_id = span.trace_id, span.span_id
        context = trace.set_span_in_context(trace.INVALID_SPAN)
        if span.parent_id is not None:
            flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
            parent = trace.SpanContext(span.trace_id, span.parent_id, is_remote=False, trace_flags=flags)
            context = trace.set_span_in_context(trace.NonRecordingSpan(parent))
        made = self._tracer.start_span(
            span.name,
            context=context,
            kind=getattr(trace.SpanKind, span.kind.upper()),
            attributes=span.attributes,
            start_time=span.start_ns,
        )
        if span.failure is not None:
            made.set_status(trace.Status(trace.StatusCode.ERROR, span.failure))
        made.end(end_time=span.end_ns)


class _Ids:
    """The ids of the span that is made next."""

    trace_id = 0
    span_id = 0
