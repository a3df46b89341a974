"""One call and its parameters, as every handler reads them. Nothing of a single method here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tests.servers.telegram import keyboards
from tests.servers.telegram.core import Core, RejectedCall
from tests.servers.telegram.entities import Chat, Upload
from tests.servers.telegram.errors import Json, bad, too_many

Result = Any  # whatever JSON the method returns
Handler = Callable[["Call"], Result | Awaitable[Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`params`: decoded. Accessors give None for what is absent, and for what is "" as Telegram does."""

    core: Core
    method: str
    params: Json
    files: Mapping[str, Upload]

    def string(self, name: str) -> str | None:
        value = self.params.get(name)
        return None if value is None or value == "" else str(value)

    def integer(self, name: str) -> int | None:
        value = self.params.get(name)
        return value if isinstance(value, int) else None

    def flag(self, name: str) -> bool:
        return self.params.get(name) is True

    def object(self, name: str) -> Json | None:
        value = self.params.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise bad(f"object expected as {name.replace('_', ' ')}")
        return cast("Json", value)

    def array(self, name: str) -> list[Any] | None:
        value = self.params.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, list):
            raise bad(f"array expected as {name.replace('_', ' ')}")
        return cast("list[Any]", value)

    def keyboard(self, chat: Chat | None, *, inline_only: bool = False) -> Json | None:
        """`reply_markup`; None without one."""
        given = self.object("reply_markup")
        return None if given is None else keyboards.validate_markup(given, chat, inline_only=inline_only)

    def charge(self, chat: Chat | None, count: int = 1) -> None:
        """Draws on the flood windows. Raises ApiError (429)."""
        core = self.core
        key = None if chat is None else chat.id
        private = chat is not None and chat.kind == "private"
        if wait := core.floods.reserve(key, private=private, count=count):
            core.refusals.append(RejectedCall(at=core.time(), method=self.method, chat_id=key, retry_after=wait))
            raise too_many(wait)
