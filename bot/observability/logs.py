"""Configures logging, once, from the command line. Libraries log to the same handler; verbose ones from WARNING up."""

import logging
import sys
from typing import Literal

import structlog

from bot.observability.error_capture import ErrorCapture
from bot.observability.folding import RepeatFilter

# Below WARNING httpx logs whole addresses, tokens included; aiosqlite every value of every statement, prompts included.
QUIET_LOGGERS = ("alembic", "httpx", "httpcore", "aiohttp.access", "aiosqlite", "asyncio", "sqlalchemy", "PIL")


def configure_logging(log_format: Literal["console", "json"], level: str) -> None:
    """Logs lines for people (`console`) or machines (`json`) to standard error, from `level` up."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    kept = [each for each in root.handlers if isinstance(each, ErrorCapture)]  # configured anew while Easel runs
    root.handlers = [handler, *kept]
    root.setLevel(level.upper())
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
