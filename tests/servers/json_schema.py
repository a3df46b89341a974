"""JSON documents against the schemas of published API descriptions. Knows no API."""

import functools
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

from jsonschema import Draft202012Validator, exceptions
from jsonschema_rs import Draft202012Validator as CompiledValidator
from jsonschema_rs import Registry as CompiledRegistry
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]


class JsonSchemas:
    """`descriptions`: documents that hold schemas, by the URN that references name."""

    def __init__(self, descriptions: Mapping[str, Json]) -> None:
        self._descriptions = descriptions
        self._compiled = CompiledRegistry(list(descriptions.items()))
        self._validators: dict[str, Any] = {}

    def check(self, name: str, pointer: str, payload: object) -> str | None:
        """What is wrong with a JSON document; None when nothing is. `pointer`: a JSON pointer to the schema."""
        ref = f"{name}#{quote(pointer, safe='/~')}"
        validator = self._validators.get(ref)
        if validator is None:
            validator = self._validators[ref] = CompiledValidator({"$ref": ref}, registry=self._compiled)
        return None if validator.is_valid(payload) else self._explain(ref, payload)

    def _explain(self, ref: str, payload: object) -> str:
        """Finds the error that tells most: in many alternatives, which takes long."""
        validator: Any = Draft202012Validator({"$ref": ref}, registry=self._registry)  # Any: the types are partial
        error = cast("Any", exceptions).best_match(validator.iter_errors(payload))
        return f"{error.json_path}: {error.message[:300]}" if error else "not as described"

    @functools.cached_property
    def _registry(self) -> Registry[Any]:
        resources = [
            (name, Resource(contents=contents, specification=DRAFT202012))
            for name, contents in self._descriptions.items()
        ]
        return Registry[Any]().with_resources(resources)
