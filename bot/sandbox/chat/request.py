"""The chat dialect's request: what it asks, or why it is not understood. Pure: no sockets, no clock.

The shape follows Ace Data's page on the 4o image API.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from bot.sandbox.http_errors import BadRequestError
from bot.sandbox.painting.painter import size_of
from bot.sandbox.references import BrokenReferenceError, Reference, read_reference

HAN_CHARACTER = re.compile(r"[\u3400-\u9fff]")
DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,")
MAX_PICTURES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A request that was understood. `size`: width and height in pixels. `body`: as received but for the
    bytes of data URLs. `linked`: references that came as http(s) addresses; they are named, never opened."""

    model: str
    prompt: str
    references: tuple[Reference, ...]
    linked_urls: tuple[str, ...]
    stream: bool
    picture_count: int
    size: tuple[int, int]
    body: Mapping[str, object]

    @property
    def is_chinese(self) -> bool:
        return HAN_CHARACTER.search(self.prompt) is not None


def parse_chat_request(raw: bytes, *, allow_links: bool) -> ChatRequest:
    """Reads a request body. For worker threads: five references are seventy megabytes of text.

    `links`: whether references may be http(s) addresses. Raises BadRequestError.
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
    wish = _requested_size(fields)
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
        size=size_of(prompt, wish),
        body={**fields, "messages": shortened},
    )


def _requested_size(fields: Mapping[str, object]) -> str | None:
    """A size in its own field, or where OpenRouter has it."""
    config = fields.get("image_config")
    nested = cast("dict[str, object]", config).get("aspect_ratio") if isinstance(config, dict) else None
    wish = fields.get("size", nested)
    return wish if isinstance(wish, str) else None


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


def _parse_references(urls: list[str], *, allow_links: bool) -> tuple[tuple[Reference, ...], tuple[str, ...], list[str]]:
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
            reference = read_reference(base64.b64decode(url[head.end() :], validate=True))
        except (binascii.Error, BrokenReferenceError) as exc:
            raise BadRequestError(f"reference {number}: {exc}") from exc
        references.append(reference)
        short.append(f"{head[0]}… ({reference.length} bytes)")
    return tuple(references), tuple(linked), short
