"""What a reply without a picture in its place may still hold: JSON, an image in a fence, base64, an address. Pure.

Asked only where nothing else was found and no failure was reported: what was painted has been paid for.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import Any, cast

from bot.painting import Link
from bot.providers.chat.markdown_images import find_markdown_images
from bot.providers.chat.patterns import REFUSAL, URL
from bot.providers.http.error_bodies import find_error
from bot.providers.http.json_safe import parse_json
from bot.providers.image_urls import clean_address, find_images_anywhere, parse_image_url

MAX_DOCUMENTS = 20  # fenced blocks of a reply that are looked at
MAX_WORDS = 6  # beside the only address of a reply that is taken for the picture's
_FENCED = re.compile(r"```\w*\s*\n?(.*?)```", re.DOTALL)
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/=_-]+")
_WORD = re.compile(r"\w+")


def find_last_resort(text: str, is_reference: Callable[[str], bool]) -> list[Link]:
    """The images of a whole reply, from the likeliest place that has any. `is_reference`: whether an address is one of
    the request's own pictures."""
    for document in _documents(text):
        if images := _own(find_images_anywhere(document), is_reference):
            return images
    lines = [each.lstrip("> `\t").rstrip("` \t") for each in text.split("\n")]
    marked = _own([found.image for line in lines for found in find_markdown_images(line)], is_reference)
    return marked or _base64(lines) or _own(_only_address(text), is_reference)


def find_error_document(text: str) -> str | None:
    """The JSON of an error that a reply consists of; None: there is none."""
    return next((text for document in _documents(text) if find_error(document)), None)


def _own(images: list[Link], is_reference: Callable[[str], bool]) -> list[Link]:
    return [each for each in dict.fromkeys(images) if not is_reference(each.url)]


def _documents(text: str) -> Iterator[object]:
    """The JSON documents in a text, in fences or between its first and last bracket; none that repeats the prompt."""
    fenced = [found[1] for _, found in zip(range(MAX_DOCUMENTS), _FENCED.finditer(text), strict=False)]
    for part in [*fenced, *(text[text.find(begin) : text.rfind(end) + 1] for begin, end in ("{}", "[]"))]:
        try:
            document = parse_json(part.strip())
        except ValueError:
            continue
        if not (isinstance(document, Mapping) and "prompt" in cast("Mapping[str, Any]", document)):
            yield document


def _base64(lines: list[str]) -> list[Link]:
    """An image that is nothing but base64, over one line or many."""
    for at, line in enumerate(lines):
        if line.startswith("data:image/"):
            return [Link(url=line + "".join(takewhile(_BASE64_LINE.fullmatch, lines[at + 1 :])))]
        if len(line) >= 20 and (url := parse_image_url(line + "A" * 64)) and url.startswith("data:"):
            encoded = "".join(takewhile(_BASE64_LINE.fullmatch, lines[at:]))
            whole = parse_image_url(encoded)
            return [Link(url=whole)] if whole else []
    return []


def _only_address(text: str) -> list[Link]:
    """The address of a reply that consists of little else."""
    found = dict.fromkeys(clean_address(each.rstrip(".,;:!?*_")) for each in URL.findall(text))
    words = len(_WORD.findall(URL.sub(" ", text)))
    if len(found) != 1 or words > MAX_WORDS or "](" in text or "{" in text or REFUSAL.search(text):
        return []
    return [Link(url=each) for each in found]
