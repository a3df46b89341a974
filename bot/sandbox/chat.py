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

from bot.sandbox.painter import size_of
from bot.sandbox.references import BrokenReferenceError, Reference, read_reference

HAN = re.compile(r"[\u3400-\u9fff]")
DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,")
MAX_PICTURES = 4


class BadRequestError(ValueError):
    """The request is not understood; the text says why, for the error body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that was understood. `size`: width and height in pixels. `body`: as received but for the
    bytes of data URLs. `linked`: references that came as http(s) addresses; they are named, never opened."""

    model: str
    prompt: str
    references: tuple[Reference, ...]
    linked: tuple[str, ...]
    stream: bool
    pictures: int
    size: tuple[int, int]
    body: Mapping[str, object]

    @property
    def chinese(self) -> bool:
        return HAN.search(self.prompt) is not None


def decode(raw: bytes, *, links: bool) -> Ask:
    """Reads a request body. For worker threads: five references are seventy megabytes of text.

    `links`: whether references may be http(s) addresses. Raises BadRequestError.
    """
    try:
        body: object = json.loads(raw)
    except ValueError as exc:
        raise BadRequestError("the body is not JSON") from exc
    fields = _mapping(body, "the body")
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
    message = _mapping(cast("list[object]", messages)[0], "a message")
    if message.get("role") != "user":
        raise BadRequestError("messages holds one user message")
    prompt, urls = _content(message.get("content"))
    references, linked, short = _references(urls, links=links)
    wish = _wish(fields)
    content = [
        {"type": "text", "text": prompt},
        *({"type": "image_url", "image_url": {"url": s}} for s in short),
    ]
    shortened = [{**message, "content": content if urls else message.get("content")}]
    return Ask(
        model=model,
        prompt=prompt,
        references=references,
        linked=linked,
        stream=stream,
        pictures=count,
        size=size_of(prompt, wish),
        body={**fields, "messages": shortened},
    )


def _wish(fields: Mapping[str, object]) -> str | None:
    """A size in its own field, or where OpenRouter has it."""
    config = fields.get("image_config")
    nested = cast("dict[str, object]", config).get("aspect_ratio") if isinstance(config, dict) else None
    wish = fields.get("size", nested)
    return wish if isinstance(wish, str) else None


def _mapping(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise BadRequestError(f"{what} is not an object")
    return cast("dict[str, object]", value)


def _content(content: object) -> tuple[str, list[str]]:
    """The prompt, and the addresses of the references in their order."""
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list) or not content:
        raise BadRequestError("content is a text, or a text part and image_url parts")
    first, *rest = (_mapping(part, "a part") for part in cast("list[object]", content))
    prompt = first.get("text")
    if first.get("type") != "text" or not isinstance(prompt, str) or not prompt.strip():
        raise BadRequestError("the first part is a text that is not empty")
    urls: list[str] = []
    for part in rest:
        url = _mapping(part.get("image_url"), "image_url").get("url")
        if part.get("type") != "image_url" or not isinstance(url, str):
            raise BadRequestError("after the text come image_url parts, each with a url")
        urls.append(url)
    return prompt, urls


def _references(urls: list[str], *, links: bool) -> tuple[tuple[Reference, ...], tuple[str, ...], list[str]]:
    references: list[Reference] = []
    linked: list[str] = []
    short: list[str] = []
    for number, url in enumerate(urls, start=1):
        if links and url.startswith(("https://", "http://")):
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
