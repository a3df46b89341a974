"""State shared by all parts of the server: entities, clocks, recorded calls. Decides nothing."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.servers.telegram import encode, visibility
from tests.servers.telegram.entities import Chat, Message, Upload, User
from tests.servers.telegram.errors import Json
from tests.servers.telegram.faults import Faults
from tests.servers.telegram.files import FileStorage
from tests.servers.telegram.limits import FloodControl, Limits
from tests.servers.telegram.queries import PendingQueries
from tests.servers.telegram.updates import Update, Updates
from tests.servers.telegram.validate import Spec
from tests.servers.telegram.webhook import Webhook
from tests.servers.telegram.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What the owner has set in BotFather, and how the server is run.

    `local`: a Bot API server of one's own with --local. `inline_feedback`: chosen_inline_result is sent.
    `http_webhooks`: plain http to loopback is taken for a webhook. `query_life`: seconds until a callback, inline
    or guest query is too old to be answered. `link_life`: seconds for which the path of getFile can be fetched.
    `webhook_retry`: real seconds until a failed delivery is repeated.
    """

    can_read_all_group_messages: bool = False
    supports_inline_queries: bool = True
    supports_guest_queries: bool = True
    has_main_web_app: bool = False
    inline_feedback: bool = True
    can_connect_to_business: bool = False
    has_topics_enabled: bool = False
    local: bool = False
    http_webhooks: bool = False
    query_life: float = 60.0
    link_life: float = 3600.0
    webhook_retry: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call as it came in. `at`: by the server's `time`. `params`: decoded. `files`: by the name of their
    part. `status`: what it was answered, 0 when the connection was dropped; `error`: the description, if any."""

    at: float
    method: str
    params: Json
    files: Mapping[str, Upload]
    status: int
    error: str | None = None

    @property
    def uploads(self) -> list[Upload]:
        """The files in order, whatever their parts are called."""
        return list(self.files.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedCall:
    """A 429. `chat_id`: None for inline messages and planned faults. `retry_after`: seconds."""

    at: float
    method: str
    chat_id: int | None
    retry_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A sendChatAction, as people see it."""

    at: float
    chat: Chat
    thread_id: int | None
    action: str


def utc() -> datetime:
    return datetime.now(UTC)


class Core:
    """`now`: the wall clock of dates and lives. `time`: monotonic seconds for flood windows; by default the
    event loop's. `later` moves both."""

    def __init__(
        self,
        *,
        token: str,
        bot: User,
        switches: Switches,
        limits: Limits,
        spec: Spec | None,
        now: Callable[[], datetime],
        time: Callable[[], float] | None,
    ) -> None:
        self._wall = now
        self._seconds = time or (lambda: asyncio.get_running_loop().time())
        self._shift = 0.0
        self._changed = asyncio.Event()
        self.token = token
        self.switches = switches
        self.spec = spec
        self.logged_out = False
        self.violations: list[str] = []
        self.requests: list[Request] = []
        self.refusals: list[RejectedCall] = []
        self.actions: list[Action] = []
        self.settings: dict[tuple[str, str], str] = {}
        self.command_lists: dict[tuple[str, str], list[Json]] = {}
        self.world = World(self.now, bot)
        self.files = FileStorage()
        self.links: dict[str, datetime] = {}
        self.faults = Faults()
        self.floods = FloodControl(limits, self.time)
        self.updates = Updates(self.now, self.notify_changed)
        self.queries = PendingQueries()
        self.webhook = Webhook(self.updates, self.now, retry=switches.webhook_retry)
        self.opened = 0.0  # by `time`

    @property
    def bot(self) -> User:
        return self.world.bot

    def now(self) -> datetime:
        return self._wall() + timedelta(seconds=self._shift)

    def time(self) -> float:
        return self._seconds() + self._shift

    def advance_clocks(self, seconds: float) -> None:
        """Moves the server's clocks on: windows empty, queries age, updates expire."""
        self._shift += seconds

    def record_violation(self, violation: str) -> None:
        self.violations.append(violation)

    def notify_changed(self) -> None:
        """Something happened: whoever waits looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for_change(self) -> None:
        await self._changed.wait()

    def linked(self, path: str) -> bool:
        """Whether getFile gave this path, not too long ago."""
        given = self.links.get(path)
        return given is not None and (self.now() - given).total_seconds() <= self.switches.link_life

    def add_update(self, kind: str, payload: Json, *, lane: int) -> Update | None:
        """An update for the bot, if it wants its kind. The server keeps to the description too."""
        update = self.updates.add(kind, payload, lane)
        if update is not None and self.spec is not None:
            for wrong in self.spec.value("Update", update.body):
                self.record_violation(f"the server's own update: {wrong}")
        return update

    def add_message_update(self, message: Message, *, edited: bool = False) -> Update | None:
        """A message of somebody, if the bot gets to see it."""
        if not visibility.bot_can_see(message, self.bot):
            return None
        kind = "channel_post" if message.chat.kind == "channel" else "message"
        return self.add_update(f"edited_{kind}" if edited else kind, encode.message(message), lane=message.chat.id)
