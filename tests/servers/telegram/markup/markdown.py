"""The old Markdown, kept by Telegram for old bots: nothing nests, `_*`[` begin an entity. Pure."""

from tests.servers.telegram.errors import Json, unparsed
from tests.servers.telegram.markup.builder import Builder

CLOSERS = {"_": ("_", "italic"), "*": ("*", "bold"), "`": ("`", "code"), "```": ("```", "pre"), "[": ("]", "text_link")}


def parse(source: str) -> tuple[str, list[Json]]:
    out = Builder(source)
    at = 0
    while at < len(source):
        mark = "```" if source.startswith("```", at) else source[at]
        if source[at] == "\\" and source[at + 1 : at + 2] in ("_", "*", "`", "["):
            out.write(source[at + 1])
            at += 2
        elif mark in CLOSERS:
            at = _entity(out, at, mark)
        else:
            out.write(source[at])
            at += 1
    return out.done()


def _entity(out: Builder, at: int, mark: str) -> int:
    closer, kind = CLOSERS[mark]
    end = out.source.find(closer, at + len(mark))
    if end < 0:
        raise unparsed(f"Can't find end of the entity starting at byte offset {out.byte(at)}")
    out.begin(kind, at)
    opened = out.stack.pop()
    out.write(out.source[at + len(mark) : end])
    end += len(closer)
    if kind != "text_link":
        out.end(opened, kind)
        return end
    if not out.source.startswith("(", end):
        return end
    closed = out.source.find(")", end)
    if closed < 0:
        raise unparsed(f"Can't find end of a URL at byte offset {out.byte(at)}")
    out.end(opened, kind, url=out.source[end + 1 : closed])
    return closed + 1
