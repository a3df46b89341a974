"""The parser of a submit request of the task dialects. Pure: no sockets, no clock.

The rules follow EvoLink's and ToAPIs' pages on GPT-4o Image; what differs between the two is a TaskDialect's data.
"""

import json
from collections.abc import Callable
from typing import cast

from bot.sandbox.http_errors import BadRequestError
from bot.sandbox.painting.painter import size_of
from bot.sandbox.references import Reference
from bot.sandbox.tasks.dialects import Family
from bot.sandbox.tasks.task import Errand, Object

SIZES = ("1:1", "2:3", "3:2", "1024x1024", "1024x1536", "1536x1024")
MAX_REFERENCES = 5
MAX_MASK = 4_000_000  # bytes


def decode(family: Family, raw: bytes, uploaded: Callable[[str], Reference | None]) -> Errand:
    """Reads a submit. `uploaded`: the picture behind an address of our own upload service, None for others.

    Raises BadRequestError.
    """
    try:
        document: object = json.loads(raw)
    except ValueError as exc:
        raise BadRequestError("the body is not JSON") from exc
    if not isinstance(document, dict):
        raise BadRequestError("the body is not an object")
    body = cast("Object", document)
    model, prompt = _text(body, "model"), _text(body, "prompt")
    if family.max_prompt is not None and len(prompt) > family.max_prompt:
        raise BadRequestError(f"prompt is longer than {family.max_prompt}")
    count, size = body.get("n", 1), body.get("size", "1:1")
    if isinstance(count, bool) or count not in family.counts:
        raise BadRequestError(f"n is one of {', '.join(map(str, family.counts))}")
    if size not in SIZES:
        raise BadRequestError(f"size is one of {', '.join(SIZES)}")
    references = _references(family, body, uploaded)
    return Errand(
        model=model,
        prompt=prompt,
        references=references,
        mask=_mask(body, references, uploaded),
        pictures=cast("int", count),
        size=size_of(prompt, cast("str", size)),
        callback=_callback(family, body),
        body=body,
    )


def _text(body: Object, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequestError(f"{name} is missing")
    return value


def _references(family: Family, body: Object, uploaded: Callable[[str], Reference | None]) -> tuple[Reference, ...]:
    given = [name for name in family.references if name in body]
    if len(given) > 1:
        raise BadRequestError(f"{given[0]} and {given[1]} are the same; send one of them")
    if not given:
        return ()
    urls = body[given[0]]
    if not isinstance(urls, list) or len(cast("list[object]", urls)) > MAX_REFERENCES:
        raise BadRequestError(f"{given[0]} is a list of up to {MAX_REFERENCES} addresses")
    return tuple(_opened(given[0], url, uploaded) for url in cast("list[object]", urls))


def _opened(name: str, url: object, uploaded: Callable[[str], Reference | None]) -> Reference:
    if isinstance(url, dict):
        url = cast("Object", url).get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise BadRequestError(f"{name} holds something that is no address; base64 is not taken here")
    if (found := uploaded(url)) is None:
        raise BadRequestError(f"{name}: an address that nobody uploaded here, and nothing else is fetched")
    return found


def _mask(
    body: Object, references: tuple[Reference, ...], uploaded: Callable[[str], Reference | None]
) -> Reference | None:
    if "mask_url" not in body:
        return None
    if len(references) != 1:
        raise BadRequestError("mask_url goes with exactly one reference image")
    mask, picture = _opened("mask_url", body["mask_url"], uploaded), references[0]
    if {mask.kind, picture.kind} != {"PNG"}:
        raise BadRequestError("mask and reference image must be PNG")
    if (mask.width, mask.height) != (picture.width, picture.height):
        raise BadRequestError("mask and reference image must have the same dimensions")
    if mask.length > MAX_MASK:
        raise BadRequestError("the mask is larger than 4 MB")
    return mask


def _callback(family: Family, body: Object) -> str | None:
    url = body.get("callback_url")
    if url is None or not family.callbacks:
        return None
    if not isinstance(url, str) or not url.startswith("https://") or len(url) > 2048:
        raise BadRequestError("callback_url is an HTTPS address of up to 2048 characters")
    return url
