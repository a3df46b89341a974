"""Requests against OpenAI's published API description, which is read from the folder that EASEL_SPECS names.

Without that folder nothing is validated. Only what the sandbox understood comes here.
"""

import copy
import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from bot.sandbox import RecordedRequest
from tests.servers.json_schema import JsonSchemas

NAME = "openai-openapi.json"
SPEC = "urn:openai"
GENERATION, EDIT, CHAT, ANSWER = (
    "CreateImageRequest",
    "CreateImageEditRequest",
    "CreateChatCompletionRequest",
    "ImagesResponse",
)
CLOSED = (GENERATION, EDIT)  # a member that the description does not name is a mistake of ours
FILES = ("image", "mask", "markup")
NEWER = frozenset({"safety_identifier", "markup"})  # which OpenAI's own client 3.57 sends, and the description lacks
NOT_OPENAIS = frozenset({"modalities", "image_config"})  # what OpenRouter takes in a chat beside OpenAI's own fields


class Spec:
    """`document`: the description."""

    def __init__(self, document: dict[str, Any]) -> None:
        document = copy.deepcopy(document)
        for name in CLOSED:
            document["components"]["schemas"][name]["additionalProperties"] = False
        self._schemas = JsonSchemas({SPEC: document})

    def check(self, schema: str, payload: object) -> str | None:
        """What is wrong with a JSON document; None when nothing is."""
        return self._schemas.check(SPEC, f"/components/schemas/{schema}", payload)


@functools.cache
def _load(folder: str) -> Spec | None:
    path = Path(folder) / NAME
    return Spec(json.loads(path.read_bytes())) if path.is_file() else None


def spec() -> Spec | None:
    """The description; None where there is none at hand."""
    folder = os.environ.get("EASEL_SPECS")
    return _load(folder) if folder else None


def complaint(received: RecordedRequest) -> str | None:
    """What the description says against a request of the dialects that it describes; None: nothing."""
    known = spec()
    schema = _schema(received.path)
    if known is None or schema is None:
        return None
    body = received.body
    if schema in CLOSED:
        body = {name: value for name, value in body.items() if name not in NEWER}
    return known.check(schema, _form(body) if schema == EDIT else _plain(body))


def _schema(path: str) -> str | None:
    if path.startswith(("/evolink", "/toapis")):
        return None
    ends = {"/images/generations": GENERATION, "/images/edits": EDIT, "/chat/completions": CHAT}
    return next((schema for end, schema in ends.items() if path.endswith(end)), None)


def _plain(body: Mapping[str, object]) -> object:
    return json.loads(json.dumps({name: value for name, value in body.items() if name not in NOT_OPENAIS}))


def _form(body: Mapping[str, object]) -> object:
    """A form as the description writes it: `image[]` is how a list of files is sent, a file is a text."""
    said: dict[str, Any] = {}
    for name, value in body.items():
        plain = name.removesuffix("[]")
        single = plain in FILES and not name.endswith("[]") and isinstance(value, list)
        said[plain] = cast("list[object]", value)[0] if single else value
    return said
