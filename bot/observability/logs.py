"""Configures logging, once, from the command line. Libraries log to the same handler; verbose ones from WARNING up."""

import json
import logging
import sys
import threading
from types import TracebackType
from typing import Any, Literal

import structlog

from bot.observability.error_capture import ErrorCapture
from bot.observability.folding import RepeatFilter
from bot.observability.secrets import SECRETS
from bot.observability.tracing import trace_id_in_log

# Below WARNING httpx logs whole addresses, tokens included; aiosqlite every value of every statement, prompts included.
LINE_BREAKS = {ord(each): f"\\u{ord(each):04x}" for each in "\x85\u2028\u2029"}  # which JSON leaves as they are
MAX_PLAIN_CHARS = 1000  # of a fact that JSON does not take as it is
QUIET_LOGGERS = ("alembic", "httpx", "httpcore", "aiohttp.access", "aiosqlite", "asyncio", "sqlalchemy", "PIL")


def configure_logging(log_format: Literal["console", "json"], level: str) -> None:
    """Logs lines for people (`console`) or machines (`json`) to standard error, from `level` up."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(to_json_line)]
        if log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last, _hide_secrets],
        )
    )
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    kept = [each for each in root.handlers if isinstance(each, ErrorCapture)]  # configured anew while Easel runs
    root.handlers = [handler, *kept]
    root.setLevel(level.upper())
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_everything_else() -> None:
    """What Python itself would write to standard error becomes lines of the log: warnings, and exceptions that nobody
    catches."""
    logging.captureWarnings(True)
    log = structlog.get_logger()

    def of_process(kind: type[BaseException], exc: BaseException, traceback: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, exc, traceback)
        else:
            log.critical("uncaught exception", exc_info=exc)

    def of_thread(given: threading.ExceptHookArgs) -> None:
        log.error("thread failed", thread=given.thread and given.thread.name, exc_info=given.exc_value)

    sys.excepthook = of_process
    threading.excepthook = of_thread


def to_json_line(facts: Any, **how: Any) -> str:
    """One line of strict JSON, whatever the facts: what JSON has no number for becomes a text."""
    try:
        line = json.dumps(facts, ensure_ascii=False, allow_nan=False, **how)
    except (ValueError, RecursionError):  # NaN and infinities; what holds itself, or is nested too deeply
        line = json.dumps({str(name): _plain(value) for name, value in facts.items()}, ensure_ascii=False)
    return line.translate(LINE_BREAKS)


def _add_trace(_logger: object, _method: str, facts: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The trace of a line about a job, while traces are exported; `trace_id` is the upstream's own."""
    job = facts.get("job")
    if isinstance(job, str) and (trace := trace_id_in_log(job)) is not None:
        facts["otel_trace_id"] = trace
    return facts


def _plain(value: object) -> object:
    """A fact as JSON takes it whatever it is."""
    return value if isinstance(value, str | int | bool | None) else str(value)[:MAX_PLAIN_CHARS]


def _hide_secrets(_logger: object, _method: str, line: Any) -> Any:
    return SECRETS.hide(line)
