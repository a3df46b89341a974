"""Secrets that stand in files of their own: `token_file` in the place of `token`, as Docker, Kubernetes and systemd
hand them over. Reads those files alone; a mistake names the key and the file, never what is in it.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.errors import SettingsWrong
from bot.settings.tables import Settings

MAX_SECRET_BYTES = 16_384  # of one file; keys and tokens have some hundreds, and a wrong path may lead to a database
SUFFIX = "_file"
WIRE, HEADERS = "wire", "headers"  # of a provider: a table without fields of ours, whose headers may be secret
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # set by systemd; the one variable that a path may begin with

T = TypeVar("T", bound=BaseModel)


class _Unusable(Exception):
    """Why a file gives no secret."""


def read_secret_file(key: str, file: Path) -> str:
    """The secret in a file that settings are to name. `key`: that will name it. Raises SettingsWrong."""
    try:
        return SecretFiles(os.environ).read(file)
    except _Unusable as why:
        raise SettingsWrong([f"{key}: {why}"]) from None


class SecretFiles:
    """Reads the files that settings name, and keeps which they were, and what was wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.files: list[Path] = []
        """Those that were named: who changes one, changes the settings."""
        self.problems: list[str] = []
        """One line for each secret that cannot be had, beginning with its key."""

    def fill_in(self, settings: Settings) -> Settings:
        """The settings with every secret whose file they name."""
        return self._fill_table(settings, "")

    def _fill_table(self, table: T, prefix: str) -> T:
        changes: dict[str, Any] = {}
        for name in type(table).model_fields:
            value, key = getattr(table, name), f"{prefix}{name}"
            secret = name.removesuffix(SUFFIX)
            if isinstance(value, BaseModel):
                changes[name] = self._fill_table(value, f"{key}.")
            elif isinstance(value, tuple):
                changes[name] = self._fill_entries(cast("tuple[object, ...]", value), key)
            elif name == WIRE:
                changes[name] = self._fill_wire(value, f"{key}.{HEADERS}")
            elif secret != name and secret in type(table).model_fields and value:
                changes[secret] = self._secret(table, secret, value, f"{prefix}{secret}")
        changes = {name: value for name, value in changes.items() if value is not getattr(table, name)}
        return table.model_copy(update=changes) if changes else table

    def _fill_entries(self, entries: tuple[object, ...], key: str) -> tuple[object, ...]:
        filled = tuple(
            self._fill_table(each, f"{key}.{at}.") if isinstance(each, BaseModel) else each
            for at, each in enumerate(entries)
        )
        return entries if all(new is old for new, old in zip(filled, entries, strict=True)) else filled

    def _secret(self, table: BaseModel, name: str, named: Path | dict[str, Path], key: str) -> object:
        """The value of a field from its file, or of a table of secrets from theirs; the field's own after a mistake."""
        given = getattr(table, name)
        if isinstance(named, dict):
            return self._validated(table, name, given | self._read_each(named, given, key), key)
        if given and name in table.model_fields_set:
            self.problems.append(f"{key}{SUFFIX}: {key} is set as well; set one of them")
            return given
        try:
            return self._validated(table, name, self.read(named), key)
        except _Unusable as why:
            self.problems.append(f"{key}{SUFFIX}: {why}")
            return given

    def _fill_wire(self, wire: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A provider's `wire` with the values of its `headers_file` among its headers. `key`: of these."""
        named = wire.get(HEADERS + SUFFIX)
        if named is None:
            return wire
        files = cast("dict[str, object]", named) if isinstance(named, dict) else {"": named}
        if not all(name and isinstance(file, str) and file for name, file in files.items()):
            self.problems.append(f"{key}{SUFFIX}: must be a table of headers, each with the path of a file")
            return wire
        paths = {name: Path(str(file)) for name, file in files.items()}
        given: object = wire.get(HEADERS, {})
        headers = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        return {name: value for name, value in wire.items() if name != HEADERS + SUFFIX} | {
            HEADERS: headers | self._read_each(paths, headers, key)
        }

    def _read_each(self, files: Mapping[str, Path], given: Mapping[str, Any], key: str) -> dict[str, str]:
        found: dict[str, str] = {}
        known = {each.lower() for each in given}
        for name, file in files.items():
            if name.lower() in known:
                self.problems.append(f"{key}{SUFFIX}: {name} is set in {key} as well; set one of them")
                continue
            try:
                found[name] = self.read(file)
            except _Unusable as why:
                self.problems.append(f"{key}{SUFFIX}: {name}: {why}")
        return found

    def _validated(self, table: BaseModel, name: str, value: object, key: str) -> object:
        """As the table takes it; the field's own value after a mistake."""
        field = type(table).model_fields[name]
        kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        try:
            return TypeAdapter[object](kind).validate_python(value)
        except ValidationError as error:
            reason = str(error.errors(include_url=False, include_input=False)[0]["msg"]).removeprefix("Value error, ")
            self.problems.append(f"{key}{SUFFIX}: what stands in it {reason}")
            return getattr(table, name)

    def read(self, named: Path) -> str:
        """The secret in a file. Raises _Unusable."""
        file = self._expand(named)
        self.files.append(file)
        try:
            # a pipe would be waited for, and is empty when the settings are read again
            descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with open(descriptor, "rb") as opened:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise _Unusable(f"{file}: is no file")
                content = opened.read(MAX_SECRET_BYTES + 1)
        except FileNotFoundError:
            raise _Unusable(f"{file}: no such file") from None
        except IsADirectoryError:
            raise _Unusable(f"{file}: is no file") from None
        except OSError as error:
            raise _Unusable(f"{file}: cannot be read ({error.strerror})") from None
        except ValueError:  # a NUL in it
            raise _Unusable("is no path") from None
        return _as_secret(file, content)

    def _expand(self, file: Path) -> Path:
        """`$CREDENTIALS_DIRECTORY` and `~` at the beginning, as a shell would; left as it is where that is not set."""
        first, *others = file.parts or ("",)
        folder = self._environ.get(CREDENTIALS)
        if folder and first in (f"${CREDENTIALS}", f"${{{CREDENTIALS}}}"):
            return Path(folder, *others)
        try:
            return file.expanduser()
        except RuntimeError:  # nobody's home
            return file


def _as_secret(file: Path, content: bytes) -> str:
    """Raises _Unusable."""
    if len(content) > MAX_SECRET_BYTES:
        raise _Unusable(f"{file}: is larger than {MAX_SECRET_BYTES:,} bytes; a secret is one line")
    try:
        secret = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _Unusable(f"{file}: is not UTF-8 text") from None
    if not secret:
        raise _Unusable(f"{file}: is empty")
    if not secret.isprintable():
        raise _Unusable(f"{file}: must hold the secret alone, in one line")
    return secret
