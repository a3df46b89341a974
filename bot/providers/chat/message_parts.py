"""The JSON of chat completions, streamed or whole, into what it carries: text, thoughts, picture addresses.

Pure but for `aside`, which keeps work on megabytes away from the event loop. Text is not read here.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast

from bot.errors import BadResult
from bot.providers.http.error_bodies import Complaint, find_complaint
from bot.providers.http.json_safe import load

_P = ParamSpec("_P")
_T = TypeVar("_T")

BIG = 256 * 1024  # characters; what is longer takes some milliseconds to read

_SCHEMES = ("http://", "https://", "data:")
_BARE_BASE64 = "data:;base64,"  # stands before base64 that came without its data URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one choice of a message or chunk carries. `pictures`: addresses, data URLs among them."""

    index: int = 0
    text: str = ""
    thoughts: str = ""
    refusal: str = ""
    pictures: tuple[str, ...] = ()
    finish: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A whole answer or one chunk of a streamed one."""

    id: str | None = None
    parts: tuple[Part, ...] = ()
    usage: Mapping[str, object] = field(default_factory=dict[str, object])
    complaint: Complaint | None = None


async def aside(size: int, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """`work(*args)`: in a thread when it is about more than BIG characters or bytes, else at once."""
    return await asyncio.to_thread(work, *args, **kwargs) if size > BIG else work(*args, **kwargs)


def parse(text: str) -> list[object]:
    """The JSON documents in `text`: one, or one a line. Text that is no JSON gives none."""
    try:
        return [load(text)]
    except ValueError:
        documents: list[object] = []
    for line in text.splitlines() if "\n" in text else ():
        try:
            documents.append(load(line.removeprefix("data:")))
        except ValueError:
            continue
    return documents


def read(document: object) -> Reading:
    """What a document carries. Unknown shapes carry nothing; none raises."""
    outer = _table(document)
    choices = _list(outer.get("choices"))
    parts = [_part(_table(choice)) for choice in choices]
    if loose := tuple(url for item in _list(outer.get("data")) for url in addresses(item)):
        parts.append(Part(pictures=loose))
    complaints = [found for each in (outer, *choices) if (found := find_complaint(each))]
    return Reading(
        id=_text(outer.get("id")) or None,
        parts=tuple(parts),
        usage=_table(outer.get("usage")),
        complaint=complaints[0] if complaints else None,
    )


def _part(choice: Mapping[str, Any]) -> Part:
    said = _table(choice.get("delta")) or _table(choice.get("message"))
    content = said.get("content")
    pieces = _list(content)
    carried = [*pieces, *_list(said.get("images")), *_list(said.get("multi_mod_content"))]
    index = choice.get("index")
    return Part(
        index=index if isinstance(index, int) else 0,
        text=_text(content) or "".join(_text(_table(piece).get("text")) for piece in pieces),
        thoughts=_text(said.get("reasoning_content")) or _text(said.get("reasoning")),
        refusal=_text(said.get("refusal")),
        pictures=tuple(url for item in (*carried, said) for url in addresses(item)),
        finish=_text(choice.get("finish_reason")) or None,
    )


def addresses(item: object) -> Iterator[str]:
    """The picture that an item of a list of parts carries, in any of the known ways: a link or a data URL."""
    if isinstance(item, str):
        if item.startswith(_SCHEMES):
            yield item
        return
    table = _table(item)
    image = table.get("image_url")
    url = _text(image) or _text(_table(image).get("url")) or _text(table.get("url"))
    if url.startswith(_SCHEMES):
        yield url
    if encoded := _text(table.get("b64_json")):
        yield encoded if encoded.startswith("data:") else _BARE_BASE64 + encoded
    inline = _table(table.get("inline_data")) or _table(table.get("inlineData"))
    if encoded := _text(inline.get("data")):
        yield _BARE_BASE64 + encoded


def decode(url: str) -> bytes:
    """The bytes of a data URL.

    Raises BadResult when it is no base64.
    """
    header, comma, encoded = url.partition(",")
    if not comma or not header.endswith(";base64"):
        raise BadResult(detail="a data URL without base64")
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4))  # some relays leave the padding out
    except (binascii.Error, ValueError) as exc:
        raise BadResult(detail="broken base64") from exc
    if not data:
        raise BadResult(detail="an empty data URL")
    return data


def _table(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return cast(Sequence[object], value) if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
