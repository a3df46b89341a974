"""Telegram's HTML: a handful of tags, every one closed, in order. Pure."""

import html
import re
from dataclasses import replace

from tests.servers.telegram.errors import Json, unparsed
from tests.servers.telegram.markup.builder import Builder, Open

TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
ENTITY = re.compile(r"&(#x[0-9a-fA-F]+|#[0-9]+|lt|gt|amp|quot);")
TAG = re.compile(r"<\s*([a-zA-Z][a-zA-Z0-9-]*)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
END = re.compile(r"</\s*([a-zA-Z][a-zA-Z0-9-]*)?\s*>")
ATTRIBUTE = re.compile(r"([a-zA-Z_-]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?")


def parse(source: str) -> tuple[str, list[Json]]:
    out = Builder(source)
    at = 0
    while at < len(source):
        if source[at] == "<":
            at = _end_tag(out, at) if source.startswith("</", at) else _start_tag(out, at)
        elif source[at] == "&" and (found := ENTITY.match(source, at)):
            out.write(_character(found[1]))
            at = found.end()
        else:
            out.write(source[at])
            at += 1
    if out.stack:
        raise unparsed(f'Can\'t find end tag corresponding to start tag "{out.stack[-1].tag}"')
    return out.done()


def _character(name: str) -> str:
    return NAMED.get(name) or html.unescape(f"&{name};")


def _start_tag(out: Builder, at: int) -> int:
    found = TAG.match(out.source, at)
    if found is None:
        if re.match(r"<\s*[a-zA-Z]", out.source[at:]):
            raise unparsed(f"Unclosed start tag at byte offset {out.byte(at)}")
        raise unparsed(f'Unsupported start tag "{_word(out.source, at)}" at byte offset {out.byte(at)}')
    tag = found[1].lower()
    attributes = {
        name.lower(): html.unescape(value.strip("\"'")) for name, value in ATTRIBUTE.findall(found[2].strip("/ "))
    }
    spoiler = tag == "span" and attributes.get("class") == "tg-spoiler"
    if tag not in TYPES and not spoiler:
        if tag == "span":
            raise unparsed(f'Tag "span" must have class "tg-spoiler" at byte offset {out.byte(at)}')
        raise unparsed(f'Unsupported start tag "{tag}" at byte offset {out.byte(at)}')
    argument = attributes.get("href") or attributes.get("emoji-id") or attributes.get("class") or ""
    if tag == "blockquote" and "expandable" in attributes:
        argument = "expandable"
    out.begin("spoiler" if spoiler else TYPES[tag], at, argument=argument, tag=tag)
    return found.end()


def _word(source: str, at: int) -> str:
    return re.split(r"[\s>]", source[at + 1 :], maxsplit=1)[0]


def _end_tag(out: Builder, at: int) -> int:
    found = END.match(out.source, at)
    if found is None:
        raise unparsed(f"Unclosed end tag at byte offset {out.byte(at)}")
    if not out.stack:
        raise unparsed(f"Unexpected end tag at byte offset {out.byte(at)}")
    opened = out.stack.pop()
    tag = (found[1] or opened.tag).lower()
    if tag != opened.tag:
        raise unparsed(f'Unmatched end tag at byte offset {out.byte(at)}, expected "</{opened.tag}>", found "</{tag}>"')
    _close(out, opened)
    return found.end()


def _close(out: Builder, opened: Open) -> None:
    kind, argument = opened.type, opened.argument
    if kind == "text_link":
        address = argument or out.inside(opened)
        if argument or "." in address:
            out.end(opened, kind, url=address)
    elif kind == "custom_emoji":
        out.end(opened, kind, custom_emoji_id=argument)
    elif kind == "code" and out.stack and out.stack[-1].type == "pre":
        language = argument.removeprefix("language-")
        out.stack[-1] = replace(out.stack[-1], argument=language)  # a code's language goes to the pre around it
    elif kind == "pre" and argument:
        out.end(opened, kind, language=argument)
    elif kind == "blockquote" and argument == "expandable":
        out.end(opened, "expandable_blockquote")
    else:
        out.end(opened, kind)
