"""Traces of jobs as the operator's settings ask for them."""

import os
import socket
from contextlib import AbstractAsyncContextManager

from bot.observability.otel import export_traces
from bot.settings import Otel


def trace_jobs(otel: Otel) -> AbstractAsyncContextManager[None]:
    """Exports traces within the block, if they are asked for. Raises SettingsWrong where the SDK is not installed."""
    return export_traces(
        otel.endpoint,
        headers={name: value.get_secret_value() for name, value in otel.headers.items()},
        service=otel.service_name,
        instance=f"{socket.gethostname()}:{os.getpid()}",
        propagates=otel.propagate,
    )
