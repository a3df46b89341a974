"""The parser of chat requests. Pure: no sockets, no clock.

The shape follows Ace Data's page on the 4o image API.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

from bot.sandbox.http_errors import BadRequestError
from bot.sandbox.painting.marked_area import SAYS_SO
from bot.sandbox.painting.picture_spec import CLASSIC_SIZES, picture_size, size_like
from bot.sandbox.references import InvalidReferenceError, Reference, parse_reference

HAN_CHARACTER = re.compile(r"[\u3400-\u9fff]")
DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,")
MAX_PICTURES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A valid request."""

    dialect: ClassVar[Literal["chat"]] = "chat"
    model: str
    prompt: str
    references: tuple[Reference, ...]
    """Pictures that came as data URLs, in order."""
    linked_urls: tuple[str, ...]
    """References that came as http(s) addresses; they are named, never fetched."""
    stream: bool
    picture_count: int
    """1 to MAX_PICTURES."""
    size: tuple[int, int]
    """Width and height, pixels."""
    body: Mapping[str, object]
    """The JSON object as received; data URLs are shortened to their length."""

    @property
    def is_chinese(self) -> bool:
        """Whether the reply's progress lines are Chinese by default."""
        return HAN_CHARACTER.search(self.prompt) is not None


def parse_chat_request(raw: bytes, *, allow_links: bool) -> ChatRequest:
    """Parses a request body. For worker threads: five references are seventy megabytes of text.

    `allow_links`: whether references may be http(s) addresses. Raises BadRequestError.
    """
    try:
        body: object = json.loads(raw)
    except ValueError as exc:
        raise BadRequestError("the body is not JSON") from exc
    fields = _require_object(body, "the body")
    model, stream, count = fields.get("model"), fields.get("stream", False), fields.get("n", 1)
    if not isinstance(model, str) or not model:
        raise BadRequestError("model is missing")
    if not isinstance(stream, bool):
        raise BadRequestError("stream is true or false")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_PICTURES:
        raise BadRequestError(f"n is 1 to {MAX_PICTURES}")
    messages = fields.get("messages")
    if not isinstance(messages, list) or len(cast("list[object]", messages)) != 1:
        raise BadRequestError("messages holds one user message")
    message = _require_object(cast("list[object]", messages)[0], "a message")
    if message.get("role") != "user":
        raise BadRequestError("messages holds one user message")
    prompt, urls = _parse_content(message.get("content"))
    references, linked, short = _parse_references(urls, allow_links=allow_links)
    is_marked = len(references) > 1 and SAYS_SO.search(prompt) is not None
    like = [size_like(each) for each in references] if is_marked else [CLASSIC_SIZES["1:1"]]
    content = [
        {"type": "text", "text": prompt},
        *({"type": "image_url", "image_url": {"url": s}} for s in short),
    ]
    shortened = [{**message, "content": content if urls else message.get("content")}]
    return ChatRequest(
        model=model,
        prompt=prompt,
        references=references,
        linked_urls=linked,
        stream=stream,
        picture_count=count,
        size=picture_size(prompt, _requested_size(fields), like=like[0]),
        body={**fields, "messages": shortened},
    )


def _requested_size(fields: Mapping[str, object]) -> str | None:
    """The size field, or OpenRouter's `image_config.aspect_ratio`; None without either."""
    config = fields.get("image_config")
    nested = cast("dict[str, object]", config).get("aspect_ratio") if isinstance(config, dict) else None
    size = fields.get("size", nested)
    return size if isinstance(size, str) else None


def _require_object(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise BadRequestError(f"{what} is not an object")
    return cast("dict[str, object]", value)


def _parse_content(content: object) -> tuple[str, list[str]]:
    """The prompt, and the addresses of the references in their order."""
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list) or not content:
        raise BadRequestError("content is a text, or a text part and image_url parts")
    first, *rest = (_require_object(part, "a part") for part in cast("list[object]", content))
    prompt = first.get("text")
    if first.get("type") != "text" or not isinstance(prompt, str) or not prompt.strip():
        raise BadRequestError("the first part is a text that is not empty")
    urls: list[str] = []
    for part in rest:
        url = _require_object(part.get("image_url"), "image_url").get("url")
        if part.get("type") != "image_url" or not isinstance(url, str):
            raise BadRequestError("after the text come image_url parts, each with a url")
        urls.append(url)
    return prompt, urls


def _parse_references(
    urls: list[str], *, allow_links: bool
) -> tuple[tuple[Reference, ...], tuple[str, ...], list[str]]:
    references: list[Reference] = []
    linked: list[str] = []
    short: list[str] = []
    for number, url in enumerate(urls, start=1):
        if allow_links and url.startswith(("https://", "http://")):
            linked.append(url)
            short.append(url)
            continue
        head = DATA_URL.match(url)
        if head is None:
            raise BadRequestError(f"reference {number} is no data URL, and nothing is fetched here")
        try:
            reference = parse_reference(base64.b64decode(url[head.end() :], validate=True))
        except (binascii.Error, InvalidReferenceError) as exc:
            raise BadRequestError(f"reference {number}: {exc}") from exc
        references.append(reference)
        short.append(f"{head[0]}… ({reference.length} bytes)")
    return tuple(references), tuple(linked), short
