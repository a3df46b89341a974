"""The parser of a submit request of the task dialects. Pure: no sockets, no clock.

The rules follow EvoLink's and ToAPIs' pages on GPT-4o Image, what differs between the two is a TaskDialect's data;
those of all other models EvoLink's page on GPT Image 2.
"""

import json
import re
from collections.abc import Callable
from typing import cast

from bot.sandbox.http_errors import BadRequestError, Object
from bot.sandbox.painting.picture_spec import picture_size
from bot.sandbox.references import Reference
from bot.sandbox.tasks.dialects import TaskDialect
from bot.sandbox.tasks.task import TaskRequest

SIZES = ("1:1", "2:3", "3:2", "1024x1024", "1024x1536", "1536x1024")
MAX_REFERENCES = 5
GPT_4O = "gpt-4o"  # in the name of a model with the limits above
OTHER_SIZES = re.compile(r"auto|\d{1,2}:\d{1,2}|\d{3,4}x\d{3,4}")
OTHER_COUNTS = range(1, 11)
OTHER_MAX_REFERENCES = 16
OTHER_MAX_PROMPT_CHARACTERS = 32_000
MAX_MASK_BYTES = 4_000_000
MAX_CALLBACK_URL_CHARACTERS = 2048

FindReference = Callable[[str], Reference | None]


def parse_task_request(dialect: TaskDialect, raw: bytes, find_reference: FindReference) -> TaskRequest:
    """Parses a submit. `find_reference`: the picture at an address of our own upload service, None for any other.

    Raises BadRequestError.
    """
    try:
        document: object = json.loads(raw)
    except ValueError as exc:
        raise BadRequestError("the body is not JSON") from exc
    if not isinstance(document, dict):
        raise BadRequestError("the body is not an object")
    body = cast("Object", document)
    model, prompt = _required_text(body, "model"), _required_text(body, "prompt")
    is_gpt_4o = GPT_4O in model
    longest = dialect.max_prompt_characters if is_gpt_4o else OTHER_MAX_PROMPT_CHARACTERS
    if longest is not None and len(prompt) > longest:
        raise BadRequestError(f"prompt is longer than {longest}")
    count, size = body.get("n", 1), body.get("size", "1:1")
    counts = dialect.allowed_counts if is_gpt_4o else OTHER_COUNTS
    if isinstance(count, bool) or count not in counts:
        raise BadRequestError(f"n is one of {', '.join(map(str, counts))}")
    if size not in SIZES and (is_gpt_4o or OTHER_SIZES.fullmatch(str(size)) is None):
        raise BadRequestError(f"size is one of {', '.join(SIZES)}")
    references = _parse_references(dialect, body, find_reference, MAX_REFERENCES if is_gpt_4o else OTHER_MAX_REFERENCES)
    return TaskRequest(
        model=model,
        prompt=prompt,
        references=references,
        mask=_parse_mask(body, references, find_reference),
        picture_count=cast("int", count),
        size=picture_size(prompt, cast("str", size)),
        callback_url=_parse_callback_url(dialect, body),
        body=body,
    )


def _required_text(body: Object, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequestError(f"{name} is missing")
    return value


def _parse_references(
    dialect: TaskDialect, body: Object, find_reference: FindReference, most: int
) -> tuple[Reference, ...]:
    names = [name for name in dialect.reference_fields if name in body]
    if len(names) > 1:
        raise BadRequestError(f"{names[0]} and {names[1]} are the same; send one of them")
    if not names:
        return ()
    urls = body[names[0]]
    if not isinstance(urls, list) or len(cast("list[object]", urls)) > most:
        raise BadRequestError(f"{names[0]} is a list of up to {most} addresses")
    return tuple(_require_reference(names[0], url, find_reference) for url in cast("list[object]", urls))


def _require_reference(name: str, url: object, find_reference: FindReference) -> Reference:
    if isinstance(url, dict):
        url = cast("Object", url).get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise BadRequestError(f"{name} holds something that is no address; base64 is not taken here")
    if (found := find_reference(url)) is None:
        raise BadRequestError(f"{name}: an address that nobody uploaded here, and nothing else is fetched")
    return found


def _parse_mask(body: Object, references: tuple[Reference, ...], find_reference: FindReference) -> Reference | None:
    if "mask_url" not in body:
        return None
    if len(references) != 1:
        raise BadRequestError("mask_url goes with exactly one reference image")
    mask, picture = _require_reference("mask_url", body["mask_url"], find_reference), references[0]
    if {mask.kind, picture.kind} != {"PNG"}:
        raise BadRequestError("mask and reference image must be PNG")
    if (mask.width, mask.height) != (picture.width, picture.height):
        raise BadRequestError("mask and reference image must have the same dimensions")
    if mask.length > MAX_MASK_BYTES:
        raise BadRequestError("the mask is larger than 4 MB")
    return mask


def _parse_callback_url(dialect: TaskDialect, body: Object) -> str | None:
    url = body.get("callback_url")
    if url is None or not dialect.supports_callbacks:
        return None
    if not isinstance(url, str) or not url.startswith("https://") or len(url) > MAX_CALLBACK_URL_CHARACTERS:
        raise BadRequestError("callback_url is an HTTPS address of up to 2048 characters")
    return url
