"""Keeps secrets out of the log's lines, whoever writes them there: a library's exception may quote a whole address.

Knows the values that the settings hold, and nothing of what they are for. Lines are looked through once they are
written; a secret in one becomes an ellipsis.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast
from urllib.parse import quote

from pydantic import BaseModel, SecretStr

MIN_CHARS = 8  # of a secret that is looked for; a shorter one would garble lines, as the sandbox's key would
HIDDEN = "…"


class SecretFilter:
    """Hides what it was told of; what was told once stays hidden, for a key that was replaced is still one."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secrets: Iterable[str]) -> None:
        """Hides these from now on, also as JSON and addresses spell them."""
        long = [secret for secret in secrets if len(secret) >= MIN_CHARS]
        spellings = {spelled for secret in long for spelled in (secret, json.dumps(secret)[1:-1], quote(secret, ""))}
        if spellings <= self._known:
            return
        self._known |= spellings
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def hide(self, line: str) -> str:
        """The line without secrets."""
        return line if self._pattern is None else self._pattern.sub(HIDDEN, line)


SECRETS = SecretFilter()
"""Of this process."""


def secrets_in(settings: object) -> Iterator[str]:
    """The secrets of settings: of every `SecretStr`, of every further header, and the passwords in addresses."""
    match settings:
        case SecretStr():
            yield settings.get_secret_value()
        case BaseModel():
            for name in type(settings).model_fields:
                yield from secrets_in(getattr(settings, name))
        case Mapping():
            for name, value in cast("Mapping[object, object]", settings).items():
                yield from _header_values(value) if name == "headers" else secrets_in(value)
        case list() | tuple():
            for each in cast("Iterable[object]", settings):
                yield from secrets_in(each)
        case str() if (found := re.match(r"\w+://[^/@\s:]*:([^/@\s]+)@", settings)) is not None:
            yield found[1]
        case _:
            pass


def _header_values(headers: object) -> Iterator[str]:
    """A provider's `wire.headers`, which are plain text there."""
    if isinstance(headers, Mapping):
        yield from (str(value) for value in cast("Mapping[str, object]", headers).values())
