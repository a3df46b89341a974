"""The JSON of chat completions, streamed or whole, as what it carries: text, thoughts, picture addresses. Pure.

Text is not read here: that is for `progress`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from bot.providers.http.error_bodies import ErrorBody, find_error
from bot.providers.image_urls import find_image_urls


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePart:
    """What one choice of a message or chunk carries. `pictures`: addresses, data URLs among them."""

    index: int = 0
    text: str = ""
    thoughts: str = ""
    refusal: str = ""
    pictures: tuple[str, ...] = ()
    finish: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMessage:
    """A whole answer or one chunk of a streamed one."""

    id: str | None = None
    parts: tuple[MessagePart, ...] = ()
    usage: Mapping[str, object] = field(default_factory=dict[str, object])
    error: ErrorBody | None = None


def parse_message(document: object) -> ParsedMessage:
    """What a document carries. Unknown shapes carry nothing; none raises."""
    outer = _table(document)
    choices = _list(outer.get("choices"))
    parts = [_parse_choice(_table(choice)) for choice in choices]
    if loose := tuple(url for item in _list(outer.get("data")) for url in find_image_urls(item)):
        parts.append(MessagePart(pictures=loose))
    complaints = [found for each in (outer, *choices) if (found := find_error(each))]
    return ParsedMessage(
        id=_text(outer.get("id")) or None,
        parts=tuple(parts),
        usage=_table(outer.get("usage")),
        error=complaints[0] if complaints else None,
    )


def _parse_choice(choice: Mapping[str, Any]) -> MessagePart:
    said = _table(choice.get("delta")) or _table(choice.get("message"))
    content = said.get("content")
    pieces = _list(content)
    carried = [*pieces, *_list(said.get("images")), *_list(said.get("multi_mod_content"))]
    index = choice.get("index")
    return MessagePart(
        index=index if isinstance(index, int) else 0,
        text=_text(content) or "".join(_text(_table(piece).get("text")) for piece in pieces),
        thoughts=_text(said.get("reasoning_content")) or _text(said.get("reasoning")),
        refusal=_text(said.get("refusal")),
        pictures=tuple(url for item in (*carried, said) for url in find_image_urls(item)),
        finish=_text(choice.get("finish_reason")) or None,
    )


def _table(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return cast(Sequence[object], value) if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
