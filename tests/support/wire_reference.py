"""Writes deploy/wires.md, the reference of the wires' fields, from their dataclasses.

`python -m tests.support.wire_reference` writes it; a test holds the page against them.
"""

import ast
import inspect
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from itertools import pairwise
from typing import Any, cast

from bot.providers.presets import wires
from bot.providers.presets.wires import ChatWire, ImagesWire, RequestWire, TasksWire, UploadWire
from tests.support import PROJECT

PAGE = PROJECT / "deploy" / "wires.md"
MAX_DEFAULT_CHARS = 60  # of a default in the table; longer ones are in the source

OPENROUTER_IMAGES = """[[providers]]
name = "openrouter-images"
dialect = "images"
base_url = "https://openrouter.ai/api/v1"
api_key = "your-key"
model = "openai/gpt-image-2"
sizes = ["auto", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]
tiers = ["1K", "2K", "4K"]

[providers.wire]
generations = "/images"
edits = "/images"
edits_form = "json"
image_field = "input_references"
reference_item = { type = "image_url", image_url = { url = "{url}" } }
mask_field = ""
markup_field = "markup"                          # gpt-image-2.6 takes marks so; of other models it is ignored
size_field = "aspect_ratio"
tier_field = "resolution"
partial_images = 0
credits_path = "usage.cost"
"""
"""Settings of OpenRouter's dedicated Image API (`POST /api/v1/images`), by ImageGenerationRequest of its own SDK."""

HEAD = """# What can be set about an upstream's wire

Every field below can be set in a provider's `wire`, in place of what its preset says: names of fields, paths, status
words. It replaces the preset's value; tables (`states`, `query`, `headers`, `defaults`, `spellings`) are added to it. A
key that the dialect does not have, or a value of another type, ends the start with exit code 2 and one line that names
the key. `easel check` lists what stands in the place of the preset's.

```toml
[[providers]]
dialect = "tasks"                                # a relay that has no preset
base_url = "https://relay.example"
api_key = "your-key"
model = "gpt-image-2"

[providers.wire]
submit = "/api/v1/jobs"
task = "/api/v1/jobs?id={id}"
size_field = "input.aspect_ratio"                # dots lead into tables
result_paths = ["data.images", "data.url"]       # the first one that leads to something counts
states = { ready = "done" }

[providers.extra]                                # further fields of the body, sent as they are
seed = 7
```

Names of fields have dots between a table and what is inside it (`input.prompt`). Paths in answers are written alike,
numbers are positions in lists (`data.0.url`), and a text on the way is read as JSON. Empty means that the upstream has
no such field: what only that field could carry is then not offered to members.

`extra` and `extra_edits` stand in the provider's own table. A further field whose name Easel sends itself is refused
at the start. In a form, tables and lists are written as OpenAI's own client does: `table[name]`, `list[]`.

An entry of `models` may have `wire`, `extra` and `extra_edits` of its own, which are added to the provider's, and stand
before them:

```toml
models = ["gpt-image-2", { name = "flux-2", wire = { size_field = "image_size" }, extra = { steps = 28 } }]
```

The defaults are those of a relay without a preset's own value. Relays written as settings, with what they answer, are
in [`tests/wire/providers/test_relays_as_settings.py`](../tests/wire/providers/test_relays_as_settings.py): Vercel's AI
Gateway, kie.ai, SiliconFlow. OpenRouter's Image API, which takes more options than its chat completions:

```toml
"""


def reference() -> str:
    """The whole page."""
    common = {each.name for each in fields(RequestWire)}
    parts = [f"{HEAD}{OPENROUTER_IMAGES}```\n", "## Every dialect\n", *_table(RequestWire, common)]
    for title, kind in (("chat", ChatWire), ("tasks", TasksWire), ("images", ImagesWire)):
        names = {each.name for each in fields(kind)}
        parts += [f"## `{title}`\n", *_table(kind, (names - common) | _docstrings(kind).keys())]
    return "\n".join(parts)


def _table(kind: type[Any], names: Collection[str]) -> Iterator[str]:
    """The rows of the fields with these names."""
    yield "| key | default | meaning |"
    yield "| --- | --- | --- |"
    classes = [each for each in reversed(kind.__mro__) if each is not object]
    meanings = {name: text for each in classes for name, text in _docstrings(each).items()}
    for each in fields(kind):
        if each.name in names:
            yield f"| `{each.name}` | {_default(each)} | {meanings[each.name]} |"
        if each.name == "upload":
            inner = _docstrings(UploadWire)
            yield from (f"| `upload.{one.name}` | {_default(one)} | {inner[one.name]} |" for one in fields(UploadWire))
    yield ""


def _docstrings(kind: type[Any]) -> Mapping[str, str]:
    """The docstring of each field that a class has itself."""
    [node] = [each for each in ast.parse(inspect.getsource(wires)).body if getattr(each, "name", "") == kind.__name__]
    body = cast(ast.ClassDef, node).body
    return {
        each.target.id: " ".join(after.value.value.split())
        for each, after in pairwise(body)
        if isinstance(each, ast.AnnAssign)
        and isinstance(each.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


def _default(each: Field[Any]) -> str:
    if each.default is MISSING and each.default_factory is MISSING:
        return "needed"
    value = each.default if each.default_factory is MISSING else each.default_factory()
    text = "false" if value is None else json.dumps(value, default=dict)
    return (
        "" if value in ("", ()) or text == "{}" else f"`{text}`" if len(text) <= MAX_DEFAULT_CHARS else "the usual ones"
    )


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
