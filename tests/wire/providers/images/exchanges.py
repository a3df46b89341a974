"""Scripted answers of an upstream that speaks the images dialect, and what was sent and received."""

from email.parser import BytesParser

from bot.painting import Blob, FinishedImage, Link, PaintEvent
from tests.servers.upstream.scripted import JSON, SSE, Call, Script

SHORT = 0.2  # seconds; what a test with a real deadline waits


def answers(*parts: str | bytes, head: tuple[str, ...] = (JSON,), status: str = "200 OK") -> Script:
    async def script(call: Call) -> None:
        await call.head(*head, status=status)
        for part in parts:
            await call.send(part)

    return script


def streams(*parts: str) -> Script:
    return answers(*parts, head=(SSE, "x-request-id: req_7"))


def pictures(events: list[PaintEvent]) -> list[Link | Blob]:
    return [each.source for each in events if isinstance(each, FinishedImage)]


def form(call: Call) -> list[tuple[str, str | None, str, bytes]]:
    """Name, file name, content type and bytes of each part, read by the standard library's own parser."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + call.body)
    parts: list[tuple[str, str | None, str, bytes]] = []
    for part in message.walk():
        if part.get_content_maintype() == "multipart":
            continue
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(data, bytes)
        parts.append((name, part.get_filename(), part.get_content_type(), data))
    return parts
