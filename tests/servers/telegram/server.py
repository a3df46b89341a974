"""The server that tests talk to: opens the port, combines the parts, raises recorded violations at the end."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.servers.telegram import call_handling, menus, validate
from tests.servers.telegram.attachment_actions import AttachmentActions
from tests.servers.telegram.chat_actions import ChatActions
from tests.servers.telegram.core import Action, Core, RejectedCall, Request, Switches, utc
from tests.servers.telegram.entities import Chat, Message, User
from tests.servers.telegram.errors import Json
from tests.servers.telegram.limits import Limits
from tests.servers.telegram.updates import Update
from tests.servers.telegram.user_actions import UserActions
from tests.servers.telegram.validate import Spec

MAX_BODY = 2048 * 1024 * 1024  # bytes of a request
TOKEN = "700001:AAE_test-token_of_the_bot"
T = TypeVar("T")


class ViolationsError(AssertionError):
    """The client did what Telegram's documents do not allow."""


class TelegramServer(ChatActions, AttachmentActions, UserActions):
    """Telegram's Bot API on 127.0.0.1, for one bot.

    `limits`: flood control in force. `now`: the wall clock of dates and lives. `time`: monotonic seconds for
    flood windows; by default the event loop's. `spec`: the description to validate against; by default the
    one that EASEL_SPECS names, if any. `switches`: as in Switches.

    Leaving raises ViolationsError when there were violations; empty `violations` to accept them.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        username: str = "easel_bot",
        name: str = "Easel",
        limits: Limits | None = None,
        now: Callable[[], datetime] = utc,
        time: Callable[[], float] | None = None,
        spec: Spec | None = None,
        **switches: Any,
    ) -> None:
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._given_spec = spec
        self.token = token
        bot = User(id=int(token.partition(":")[0]), name=name, username=username, language_code=None, bot=True)
        self.core = Core(
            token=token,
            bot=bot,
            switches=Switches(**switches),
            limits=limits or Limits(),
            spec=spec,
            now=now,
            time=time,
        )
        core = self.core
        self.bot = bot
        self.faults, self.webhook = core.faults, core.webhook
        self.violations: list[str] = core.violations
        self.requests: list[Request] = core.requests
        self.refusals: list[RejectedCall] = core.refusals
        self.actions: list[Action] = core.actions
        self.updates: list[Update] = core.updates.made

    async def __aenter__(self) -> Self:
        if self._given_spec is None:
            self.core.spec = await asyncio.to_thread(validate.from_environment)
        if self.core.switches.local:
            self._folder = tempfile.TemporaryDirectory(prefix="telegram")
            self.core.files.folder = Path(self._folder.name)
        await self.up()
        self.core.opened = self.core.time()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for gate in self.faults.gates:
            gate.open()
        self.core.updates.closing = True
        self.core.updates.wake()
        await self.core.webhook.close()
        await self.down()
        if self._folder is not None:
            self._folder.cleanup()
        if self.violations and kind is None:
            raise ViolationsError("\n".join(self.violations))

    async def up(self) -> None:
        """Opens the port, after `down` the same one."""
        app = web.Application(client_max_size=MAX_BODY)
        call_handling.install(app, self.core)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def down(self) -> None:
        """Closes the port and breaks every connection; nothing is forgotten."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        assert runner.server is not None
        for connection in list(runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        self.core.updates.interrupt()
        await runner.cleanup()

    # ------------------------------------------------------------ addresses

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_base(self) -> str:
        """Of the Bot API server, as https://api.telegram.org: /bot<token>/… and /file/bot<token>/… lie below."""
        return self.root

    # ------------------------------------------------------------ looking

    @property
    def inline_messages(self) -> dict[str, Message]:
        """The messages the bot sent inline or as a guest, by inline_message_id."""
        return self.core.world.inline

    @property
    def pending(self) -> list[Update]:
        """The updates that the bot has not confirmed."""
        return self.core.updates.pending

    def menu(self, user: User, chat: Chat) -> list[tuple[str, str]]:
        """(command, description) as the user is offered them in a chat."""
        return menus.menu(self.core.command_lists, user, chat, self.core.world.status(chat, user))

    @property
    def transactions(self) -> list[Json]:
        """The bot's Star transactions, oldest first."""
        return self.core.queries.transactions

    def advance_clocks(self, seconds: float) -> None:
        """Moves the server's clocks on: flood windows empty, queries age, messages grow old, updates expire."""
        self.core.advance_clocks(seconds)

    def redeliver(self, update: Update) -> None:
        """The same update again, with the same id."""
        self.core.updates.redeliver(update)

    def calls(self, method: str) -> Sequence[Request]:
        """The calls of one method so far."""
        return [one for one in self.requests if one.method == method]

    async def until(self, condition: Callable[[], T | None], *, seconds: float = 120.0) -> T:
        """Waits until a condition on the server's state holds, and gives its value.

        Raises TimeoutError after `seconds`, naming the last requests.
        """
        try:
            async with asyncio.timeout(seconds):
                while not (value := condition()):
                    await self.core.wait_for_change()
                return value
        except TimeoutError:
            seen = [f"{one.method} {one.status} {one.error or ''}".strip() for one in self.requests[-8:]]
            raise TimeoutError(f"it did not come to that; last requests: {seen}") from None
