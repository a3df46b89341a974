"""Parses the JSON of chat completions, streamed or whole, into text, reasoning and image addresses. Pure.

Text is not interpreted here: `progress` does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from bot.painting import Link
from bot.providers.http.error_bodies import ErrorBody, find_error, find_item_errors, read_error
from bot.providers.image_urls import find_images, find_images_anywhere, is_draft

# Fields of a message with images
_IMAGE_LISTS = ("images", "image_urls", "imageUrls", "generated_images", "multi_mod_content", "parts", "attachments")
# Fields of a message that hold no image; most chunks of a stream have no others
_TEXT_FIELDS = frozenset(
    {"role", "content", "reasoning_content", "reasoning", "refusal", "tool_calls", "function_call"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePart:
    """One choice of an answer, or of a chunk of it."""

    index: int = 0
    """Number of the choice; >= 0."""

    text: str = ""
    """Its text, or the piece of it in this chunk."""

    reasoning: str = ""
    """The model's reasoning beside the text."""

    refusal: str = ""
    """The model's refusal, in its own words."""

    images: tuple[Link, ...] = ()
    """Images beside the text, data URLs among them."""

    drafts: tuple[Link, ...] = ()
    """Images that are marked as thoughts of the model on its way to the picture."""

    finish_reason: str | None = None
    """Why the choice ended, in the upstream's spelling; None: it has not."""

    native_finish_reason: str | None = None
    """Why the model behind a router (OpenRouter) ended, in its own spelling; None: not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMessage:
    """A whole answer, or one chunk of a streamed one."""

    id: str | None = None
    """The upstream's id of the answer; None: not in this document."""

    parts: tuple[MessagePart, ...] = ()
    """The choices in the document."""

    usage: Mapping[str, object] = field(default_factory=dict[str, object])
    """The upstream's `usage`, as reported; empty: not in this document."""

    error: ErrorBody | None = None
    """The error in the document; None: there is none."""

    said: ErrorBody | None = None
    """What a document says that has neither a choice nor an image nor an error; None: it has one of these."""


def parse_message(document: object) -> ParsedMessage:
    """The content of a JSON document. Unknown shapes are empty; none raises."""
    outer = _table(document)
    choices = _list(outer.get("choices"))
    parts = [_parse_choice(_table(choice)) for choice in choices]
    beside = _list(outer.get("data")) or _list(outer.get("images"))
    if beside and (images := find_images(beside)):
        parts.append(MessagePart(images=tuple(images)))
    errors = [error for each in (document, *choices) if (error := find_error(each))] + find_item_errors(beside)
    if not (choices or parts or errors) and (images := find_images_anywhere(document)):
        parts.append(MessagePart(images=tuple(images)))
    return ParsedMessage(
        id=_text(outer.get("id")) or None,
        parts=tuple(parts),
        usage=_table(outer.get("usage")),
        error=errors[0] if errors else None,
        said=None if choices or parts or errors else read_error(document),
    )


def _parse_choice(choice: Mapping[str, Any]) -> MessagePart:
    message = _table(choice.get("delta")) or _table(choice.get("message"))
    content = message.get("content")
    index = choice.get("index")
    part = MessagePart(
        index=index if isinstance(index, int) else 0,
        text=_text(content) or _text(choice.get("text")),
        reasoning=_text(message.get("reasoning_content")) or _text(message.get("reasoning")),
        refusal=_text(message.get("refusal")),
        finish_reason=_finish_reason(choice),
        native_finish_reason=_text(choice.get("native_finish_reason")) or None,
    )
    pieces = _list(content) or ((_table(content),) if _table(content) else ())
    return _add_pieces(part, message, pieces) if pieces or message.keys() - _TEXT_FIELDS else part


def _finish_reason(choice: Mapping[str, Any]) -> str | None:
    """Why a choice ended. Azure says beside an ordinary end what its filter has taken away."""
    filters = _table(choice.get("content_filter_results")).values()
    if any(_table(each).get("filtered") is True for each in filters):
        return "content_filter"
    details = _table(choice.get("finish_details")).get("type")
    return _text(choice.get("finish_reason")) or _text(choice.get("finishReason")) or _text(details) or None


def _add_pieces(part: MessagePart, message: Mapping[str, Any], pieces: Sequence[object]) -> MessagePart:
    """The part with what is in the message beside plain text: pieces of text, images, thoughts."""
    lists = (message.get(name) for name in _IMAGE_LISTS)
    drafts, images = _partition_images([*pieces, *(item for each in lists for item in (_list(each) or (each,)))])
    if not (drafts or images):
        images = find_images([message])  # in its `image`, as early LiteLLM has it
    text = part.text or _joined_text(piece for piece in pieces if not is_draft(piece))
    reasoning = part.reasoning or _joined_text(piece for piece in pieces if is_draft(piece))
    if is_draft(message):
        drafts, images, reasoning, text = [*drafts, *images], [], reasoning + text, ""
    return replace(part, text=text, reasoning=reasoning, images=tuple(images), drafts=tuple(drafts))


def _partition_images(items: Iterable[object]) -> tuple[list[Link], list[Link]]:
    """The drafts and the other images of a list of items."""
    both: tuple[list[object], list[object]] = ([], [])
    for item in items:
        both[not is_draft(item)].append(item)
    return find_images(both[0]), find_images(both[1])


def _joined_text(pieces: Iterable[object]) -> str:
    return "".join(_text(_table(piece).get("text")) for piece in pieces)


def _table(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return cast(Sequence[object], value) if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
