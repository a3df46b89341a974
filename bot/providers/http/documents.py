"""Reads a response that is one JSON document, as far as it comes: what is whole in it has been paid for.

What the document says is decided by its callers.
"""

from collections.abc import Container
from contextlib import aclosing

from bot.errors import Lost
from bot.providers.http.client import HttpResponse
from bot.providers.http.cut_json import close_cut_json
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.turns import decode_text


async def read_available(response: HttpResponse) -> tuple[bytes, Lost | None]:
    """The body as far as it came, and the failure that cut it short; None: it came to its end.

    Raises BadResult as `HttpResponse.iter_chunks` does.
    """
    chunks: list[bytes] = []
    try:
        async with aclosing(response.iter_chunks()) as arriving:
            async for chunk in arriving:
                chunks.append(chunk)  # noqa: PERF401 - an exception would take a comprehension's chunks with it
    except Lost as lost:
        return b"".join(chunks), lost
    return b"".join(chunks), None


def parse_available(body: bytes, *, open_texts: Container[str | None] = ()) -> tuple[list[object], bool]:
    """The documents of a body, and whether they are whole; else what is whole in the one that breaks off, with
    `open_texts` as of `close_cut_json`."""
    text = decode_text(body)
    if documents := parse_json_documents(text):
        return documents, True
    closed = close_cut_json(text, open_texts=open_texts)
    return (parse_json_documents(closed) if closed else []), False
