"""What the adapter remembers: interaction tokens, users' languages and roles, its own messages, pending notices.

Everything here is bounded, and the loss of any of it costs comfort, not correctness. Tokens and notices survive a
restart; a database that fails is logged and nothing else.
"""

import asyncio
import math
from datetime import UTC, datetime
from typing import Protocol

import structlog
from cachetools import LRUCache

from adapters.discord.ids import PLATFORM
from adapters.discord.interaction_tokens import InteractionToken, InteractionTokens
from bot.errors import StoreFailed
from bot.ports import AdapterStorage, Bus, InteractionTokenStorage, Membership, PendingNotices, StoredToken, UpdateInbox
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.runtime.supervision import START_TURNS, Supervisor

log = structlog.get_logger()

MAX_USERS = 10_000  # whose language and roles are remembered
MAX_OWN_MESSAGES = 20_000  # messages of the bot whose deletion is noticed
RENEWED = "discord token"  # on the bus, with the id of a token that reaches a message again
CLEANUP_INTERVAL_S = 60.0  # between two deletions of expired tokens: each visits all of them


class StateStorage(AdapterStorage, InteractionTokenStorage, PendingNotices, Protocol):
    """The parts of the database that the state uses."""


class DiscordStorage(StateStorage, UpdateInbox, Protocol):
    """The parts of the database that this adapter uses."""


class DiscordState:
    """The state of this process. Its tokens and notices stand in the database for all processes."""

    def __init__(
        self, storage: StateStorage, clock: Clock, membership: Membership | None = None, bus: Bus | None = None
    ) -> None:
        """`membership`, `bus`: of this process among others that use the database; by default there are none."""
        self._bus = bus
        self._loading = BackgroundTasks()
        if bus is not None:
            bus.subscribe(RENEWED, self._hear_of_token)
        self.tokens = InteractionTokens()
        self.scope = PLATFORM
        self._membership = membership
        self._storage = storage
        self._clock = clock
        self._unsaved: dict[str, InteractionToken] = {}
        self._written = asyncio.Event()  # set once those are written, or cannot be; then they have another one
        self._supervisor = Supervisor(clock)
        self._saving = self._supervisor.add_worker("discord tokens", self._save_tokens)
        self._next_cleanup_s = -math.inf
        self._locales: LRUCache[str, str] = LRUCache(MAX_USERS)
        self._roles: LRUCache[str, dict[int, tuple[str, ...]]] = LRUCache(MAX_USERS)  # by user, then by guild
        self._own_messages: LRUCache[str, None] = LRUCache(MAX_OWN_MESSAGES)
        self._pending_notices: set[str] = set()  # user ids

    async def load(self) -> None:
        """Reads what earlier and other processes have saved; what this one knows is newer."""
        try:
            for stored in await self._storage.load_tokens(self.scope):
                if self.tokens.get(stored.id) is None:
                    await self._add_stored(stored)
            self._pending_notices |= await self._storage.pending_notices(self.scope)
        except StoreFailed as failed:
            log.warning("interaction tokens not loaded", detail=failed.detail)

    async def _add_stored(self, stored: StoredToken) -> None:
        """Adds a token of before; one that cannot be read is set aside. Raises StoreFailed."""
        try:
            self.tokens.add(InteractionToken.from_fields(stored.fields))
        except (ValueError, TypeError):
            await self._storage.set_aside("interaction_token", (self.scope, stored.id), "body: of no known shape")

    async def load_token(self, token_id: str) -> None:
        """Reads what other processes know of a token: that there is one, and the messages that they have made by it."""
        try:
            for stored in await self._storage.load_tokens(self.scope, token_id):
                known = self.tokens.get(token_id)
                await self._add_stored(stored)
                if known is not None and (read := self.tokens.get(token_id)) is not None:
                    self.tokens.add(known.merge(read))
        except StoreFailed as failed:
            log.warning("interaction token not loaded", detail=failed.detail)

    async def close(self) -> None:
        """Returns when every token is saved."""
        await self._loading.cancel()
        await self._saving.finish()

    def problem(self) -> str | None:
        """Why tokens are not saved right now; None when they are."""
        return self._supervisor.problem()

    # ------------------------------------------------------------ interaction tokens

    async def save_token(self, token: InteractionToken) -> None:
        """Has a new or changed token saved. Returns as soon as the database has it to write, before whatever is asked
        of it next; calls that come while a transaction is under way share the next one. Among several processes another
        one may need the token next: then it returns once it is written, or cannot be."""
        self._unsaved[token.id] = token
        written = self._written
        self._saving.start()
        if self._membership is not None and not self._membership.alone():
            await written.wait()
            return
        for _ in range(START_TURNS):  # it begins
            await asyncio.sleep(0)

    async def renew_token(self, token: InteractionToken, message_id: str) -> None:
        """A new token reaches that message once more, also from the process that shows it."""
        self.tokens.add(token)
        self.tokens.assign_message(token, message_id)
        await self.save_token(token)
        if self._bus is not None and self._membership is not None and not self._membership.alone():
            try:
                await self._bus.publish(RENEWED, token.id)
            except StoreFailed as failed:
                log.warning("others do not know of a new token", detail=failed.detail)

    def _hear_of_token(self, token_id: object) -> None:
        self._loading.spawn(self.load_token(str(token_id)), "interaction token")

    async def _save_tokens(self) -> None:
        while self._unsaved:
            changed, self._unsaved = self._unsaved, {}
            written, self._written = self._written, asyncio.Event()
            try:
                await self._storage.save_tokens(self.scope, [_stored(token) for token in changed.values()])
                await self._delete_expired()
            except StoreFailed as failed:
                log.warning("interaction tokens not saved", detail=failed.detail)
            except BaseException:  # the next run saves them
                self._unsaved = changed | self._unsaved
                raise
            finally:
                written.set()

    async def _delete_expired(self) -> None:
        """At most once in CLEANUP_INTERVAL_S. Raises StoreFailed."""
        if (elapsed_s := self._clock.monotonic()) >= self._next_cleanup_s:
            self._next_cleanup_s = elapsed_s + CLEANUP_INTERVAL_S
            self.tokens.delete_expired(self._clock.now().timestamp())
            await self._storage.delete_expired_tokens(self.scope)

    # ------------------------------------------------------------ users

    def remember_locale(self, user_id: str, locale: str) -> None:
        self._locales[user_id] = locale

    def locale(self, user_id: str) -> str | None:
        """The language that a user's client was last set to; None when it is unknown."""
        return self._locales.get(user_id)

    def merge_roles(self, user_id: str, guild_id: int, roles: tuple[str, ...]) -> tuple[str, ...]:
        """A user's roles in all guilds they were seen in, with those of this guild replaced: credits do not change
        with the place. `guild_id`: 0 for direct messages."""
        by_guild = self._roles.get(user_id, {}) | {guild_id: roles}
        self._roles[user_id] = {guild: names for guild, names in by_guild.items() if names}
        return tuple(dict.fromkeys(tier for names in by_guild.values() for tier in names))

    # ------------------------------------------------------------ own messages

    def remember_own_message(self, message_id: str) -> None:
        self._own_messages[message_id] = None

    def is_own_message(self, message_id: str) -> bool:
        return message_id in self._own_messages

    # ------------------------------------------------------------ pending notices

    async def add_pending_notice(self, user_id: str) -> None:
        """A user is to be shown, with their next command, that an image could not be shown to them."""
        self._pending_notices.add(user_id)
        try:
            await self._storage.add_pending_notice(self.scope, user_id)
        except StoreFailed as failed:
            log.warning("pending notice not saved", detail=failed.detail)

    def has_pending_notice(self, user_id: str) -> bool:
        return user_id in self._pending_notices

    async def delete_pending_notice(self, user_id: str) -> None:
        """The user was shown the notice."""
        self._pending_notices.discard(user_id)
        try:
            await self._storage.delete_pending_notice(self.scope, user_id)
        except StoreFailed as failed:
            log.warning("pending notice not deleted", detail=failed.detail)


def _stored(token: InteractionToken) -> StoredToken:
    return StoredToken(id=token.id, expires=datetime.fromtimestamp(token.expires_s, UTC), fields=token.to_fields())
