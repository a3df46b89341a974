"""Requests and responses against Discord's published OpenAPI description. Knows no route by itself.

The description is read from the folder that EASEL_SPECS names; without it nothing is validated.
"""

import copy
import functools
import json
import os
from pathlib import Path
from typing import Any, cast

from tests.servers.discord.errors import Json
from tests.servers.json_schema import JsonSchemas

NAME = "discord-openapi.json"
STRICT, LENIENT = "urn:discord:requests", "urn:discord:answers"
KEPT = frozenset({"id", "filename", "description", "duration_secs", "waveform", "title", "is_spoiler", "is_remix"})


class Spec:
    """`document`: the description. Requests are held strictly (no undocumented members), answers loosely."""

    def __init__(self, document: Json) -> None:
        self._paths: dict[str, Json] = document["paths"]
        strict = copy.deepcopy(document)
        _close(strict["components"]["schemas"])
        self._schemas = JsonSchemas({STRICT: strict, LENIENT: document})

    def request(self, method: str, route: str, query: set[str], payload: Any) -> str | None:
        """What is wrong with a request; None when nothing is."""
        operation = self._operation(method, route)
        if operation is None:
            return "no such operation"
        parameters: list[Json] = operation.get("parameters") or []
        known = {one["name"] for one in parameters if one.get("in") == "query"}
        if unknown := query - known:
            return f"query parameters {sorted(unknown)}"
        body = operation.get("requestBody")
        if payload is None:
            return "a body is missing" if body and body.get("required") else None
        if body is None:
            return "a body where none belongs"
        pointer = f"{_pointer(method, route)}/requestBody/content/application~1json/schema"
        return self._schemas.check(STRICT, pointer, _without_extras(route, payload))

    def answer(self, method: str, route: str, status: int, payload: Any) -> str | None:
        """What is wrong with an answer of 2xx; None when nothing is."""
        operation = self._operation(method, route) or {}
        described = operation.get("responses", {}).get(str(status))
        if described is None:
            return f"status {status} is not described"
        if payload is None or "content" not in described:
            return None if payload is None else "a body where none belongs"
        pointer = f"{_pointer(method, route)}/responses/{status}/content/application~1json/schema"
        return self._schemas.check(LENIENT, pointer, payload)

    def _operation(self, method: str, route: str) -> Json | None:
        return self._paths.get(route, {}).get(method.lower())


@functools.cache
def load(folder: str) -> Spec | None:
    """The description in a folder, read once; None when there is none."""
    path = Path(folder) / NAME
    return Spec(json.loads(path.read_bytes())) if path.is_file() else None


def from_environment() -> Spec | None:
    folder = os.environ.get("EASEL_SPECS")
    return load(folder) if folder else None


def _pointer(method: str, route: str) -> str:
    return f"/paths/{route.replace('~', '~0').replace('/', '~1')}/{method.lower()}"


def _close(schemas: Json) -> None:
    """Forbids members that the description does not name."""
    for schema in _objects(schemas):
        if "properties" in schema and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)


def _objects(node: Any) -> list[Json]:
    found: list[Json] = []
    if isinstance(node, dict):
        found.append(cast("Json", node))
        for value in cast("Json", node).values():
            found += _objects(value)
    elif isinstance(node, list):
        for value in cast("list[Any]", node):
            found += _objects(value)
    return found


def _without_extras(route: str, payload: Any) -> Any:
    """Leaves out what discord.py 2.7 is known to send beyond the description, and what Discord takes anyway:
    numbers for ids, the metadata of attachments that stay, `tts` in edits, `nsfw` of commands."""
    payload = copy.deepcopy(payload)
    if isinstance(payload, list):
        commands = cast("list[Json]", payload)
        return [{name: value for name, value in one.items() if name != "nsfw"} for one in commands]
    if "/messages/" in route:
        payload.pop("tts", None)
    data = payload.get("data")
    if isinstance(data, dict):
        _plain_message(cast("Json", data))
        if payload.get("type") == 7:
            cast("Json", data).pop("tts", None)
    _plain_message(payload)
    if "recipient_id" in payload:
        payload["recipient_id"] = str(payload["recipient_id"])
    return payload


def _plain_message(payload: Json) -> None:
    if payload.get("attachments"):
        payload["attachments"] = [
            {name: value for name, value in one.items() if name in KEPT} | {"id": str(one["id"])}
            for one in payload["attachments"]
        ]
    if reference := payload.get("message_reference"):
        for name in {"message_id", "channel_id", "guild_id"} & set(reference):
            reference[name] = str(reference[name])
    if allowed := payload.get("allowed_mentions"):
        for name in {"users", "roles"} & set(allowed):
            allowed[name] = [str(one) for one in allowed[name]]
