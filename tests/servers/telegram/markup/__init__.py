"""Telegram's three markup languages, read as strictly as Telegram reads them. Pure; knows no message."""

from tests.servers.telegram.errors import Json, bad
from tests.servers.telegram.markup import html, markdown, markdown_v2

PARSERS = {"markdownv2": markdown_v2.parse, "html": html.parse, "markdown": markdown.parse}


def parse(text: str, mode: str) -> tuple[str, list[Json]]:
    """The text without its markup, and the entities. Raises ApiError."""
    parser = PARSERS.get(mode.lower())
    if parser is None:
        raise bad("unsupported parse_mode")
    return parser(text)
