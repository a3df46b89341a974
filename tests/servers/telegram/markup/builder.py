"""Output of the markup parsers: the plain text, and entities with their start and end. Pure."""

from dataclasses import dataclass

from tests.servers.telegram import utf16
from tests.servers.telegram.errors import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An entity that has begun. `at`: its byte offset in the source; `offset`: UTF-16 in the bare text."""

    type: str
    at: int
    offset: int
    start: int
    argument: str = ""
    tag: str = ""


class Builder:
    """The stack of what is open, and the entities that were closed."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.text: list[str] = []
        self.stack: list[Open] = []
        self.entities: list[Json] = []
        self._offset = 0

    def byte(self, index: int) -> int:
        """The byte offset of a character of the source, as Telegram's errors give it."""
        return len(self.source[:index].encode())

    def write(self, characters: str) -> None:
        self.text.append(characters)
        self._offset += utf16.length(characters)

    def begin(self, type_: str, index: int, *, argument: str = "", tag: str = "") -> None:
        self.stack.append(
            Open(
                type=type_,
                at=self.byte(index),
                offset=self._offset,
                start=len(self.text),
                argument=argument,
                tag=tag,
            )
        )

    def inside(self, opened: Open) -> str:
        """What was written since an entity began."""
        return "".join(self.text[opened.start :])

    def end(self, opened: Open, type_: str, **more: str) -> None:
        """Closes an entity; an empty one vanishes."""
        size = self._offset - opened.offset
        if size:
            self.entities.append({"type": type_, "offset": opened.offset, "length": size, **more})

    def done(self) -> tuple[str, list[Json]]:
        return "".join(self.text), sorted(self.entities, key=lambda one: (one["offset"], -one["length"]))
