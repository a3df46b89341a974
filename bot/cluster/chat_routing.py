"""Which chats of a platform this process handles, agreed upon with the others by announcements on the bus.

What follows from what was heard is `chat_owners`'. A process that is alone has all chats, and asks nobody.
"""

import asyncio
from collections.abc import Callable, Collection

import structlog

from bot.cluster.chat_owners import Announcement, ChatOwners
from bot.errors import StoreFailed
from bot.ports import EVENTS, Cluster, Member, MembershipChange, Transaction
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock, wait_for_event
from bot.runtime.supervision import Supervisor, TaskInterrupted

log = structlog.get_logger()

ASK_AGAIN_S = 1.0  # before who begins to serve asks again whether the others know
MAX_TOLD_CHATS = 200  # in one message on the bus


def platform_role(platform: str) -> str:
    """The role of a process that handles the events of a platform."""
    return f"{EVENTS}:{platform}"


class ChatRouting:
    """The chats of one platform, each by a key of the platform's."""

    def __init__(self, platform: str, cluster: Cluster, clock: Clock) -> None:
        self._role = platform_role(platform)
        self._announcements, self._updates = f"chat owners {platform}", f"updates {platform}"
        self._cluster = cluster
        self._clock = clock
        self._owners = self._look_around()
        self._on_updates: Callable[[Collection[str] | None], None] | None = None
        self._on_moves: Callable[[], None] | None = None
        self._on_lapse: Callable[[], None] | None = None
        self._is_dirty = self._asks = False
        self._answered = asyncio.Event()
        self._supervisor = Supervisor(clock)
        self._announcer = self._supervisor.add_worker(f"chat owners {platform}", self._announce_all)
        self._tasks = BackgroundTasks()
        cluster.membership.subscribe(self._members_changed)
        cluster.bus.subscribe(self._announcements, self._hear)
        cluster.bus.subscribe(self._updates, self._hear_of_updates)
        cluster.bus.on_gap(self._catch_up)

    # ------------------------------------------------------------ whose chats these are

    @property
    def is_alone(self) -> bool:
        """Whether all chats are this process's. Costs nothing."""
        return self._owners.is_alone and self._cluster.membership.is_current()

    @property
    def serving(self) -> frozenset[str]:
        """The members that handle the platform's updates, as far as this one knows."""
        return self._owners.serving

    def has_peers(self) -> bool:
        """Whether other processes handle updates, too."""
        return bool(self._owners.serving - {self._owners.me})

    def may_handle(self, chat: str) -> bool:
        """Whether a chat is this process's, and nobody else works on it any more. To be asked right before, without
        an `await` between, and `begin` to be called at once."""
        return self._owners.may_handle(chat) and self._cluster.membership.is_current()

    def require_current(self) -> None:
        """Raises StoreFailed where the others may have given this process up."""
        if not self._cluster.membership.is_current():
            raise StoreFailed(detail="no heartbeat: the other processes may have taken over")

    def begin(self, chat: str) -> None:
        """Work on a chat begins, or another piece of it."""
        self._owners.begin(chat)

    def end(self, chat: str) -> None:
        """A piece of work on a chat has ended, and nothing is left of it in the database."""
        if self._owners.end(chat):
            self._announce()

    def tell_of_updates(self, conn: Transaction, chats: Collection[str]) -> None:
        """Has the others look for saved updates of these chats, once the transaction is committed."""
        named = sorted(chats)
        for start in range(0, len(named), MAX_TOLD_CHATS):
            self._cluster.bus.notify(conn, self._updates, named[start : start + MAX_TOLD_CHATS])

    # ------------------------------------------------------------ its life

    def start(
        self,
        on_updates: Callable[[Collection[str] | None], None],
        *,
        on_moves: Callable[[], None],
        on_lapse: Callable[[], None],
    ) -> None:
        """From now on chats may fall to this process. `on_updates`: called with chats of which updates may be saved
        that are this process's now; None: of any. `on_moves`: called when chats change hands. `on_lapse`: called when
        the others have given this process up: what it was doing is theirs."""
        self._on_updates, self._on_moves, self._on_lapse = on_updates, on_moves, on_lapse
        self._serve()

    async def stop(self) -> None:
        """No chat falls to this process any more. Returns when the others were notified."""
        if self._owners.stop_serving():
            self._announce()
            await self._announcer.finish()

    async def close(self) -> None:
        """Announces what is left to be, and nothing more."""
        await self._tasks.cancel()
        await self._announcer.finish()

    def problem(self) -> str | None:
        """Why chats are not handled that are this process's; None while they are."""
        if self._owners.awaited:
            return "waits for the other processes to hand over chats"
        return self._supervisor.problem()

    # ------------------------------------------------------------ what is heard

    def _look_around(self) -> ChatOwners:
        membership = self._cluster.membership
        others = [each.id for each in membership.members() if self._is_peer(each)]
        return ChatOwners(membership.id, others)

    def _is_peer(self, member: Member) -> bool:
        return member.id != self._cluster.membership.id and self._role in member.roles

    def _members_changed(self, change: MembershipChange) -> None:
        if change.kind == "lapsed":
            self._lapse()
        elif self._role in change.member.roles:
            act = self._owners.add_other if change.kind == "joined" else self._owners.remove_other
            self._learn(lambda: act(change.member.id))

    def _hear(self, payload: object) -> None:
        try:
            said = Announcement.from_json(payload)
        except ValueError:
            log.warning("announcement of another process not understood")
            return
        self._learn(lambda: self._owners.hear(said))

    def _learn(self, change: Callable[[], bool]) -> None:
        """`change`: as of `ChatOwners`."""
        before = self._owners.serving
        if change():
            self._announce()
        self._answered.set()
        if self._on_moves is not None and self._owners.serving != before:
            self._on_moves()
        self._look_for(None)

    def _hear_of_updates(self, payload: object) -> None:
        self._look_for([str(each) for each in payload] if isinstance(payload, list) else None)  # type: ignore[reportUnknownVariableType]  # JSON

    def _look_for(self, chats: Collection[str] | None) -> None:
        if self._on_updates is not None:
            self._on_updates(chats)

    def _catch_up(self) -> None:
        """Messages were missed: everybody says once more what there is."""
        self._announce(asks=True)
        self._look_for(None)

    def _lapse(self) -> None:
        self._owners = self._look_around()  # serves nobody
        if self._on_lapse is not None:
            self._on_lapse()
            self._tasks.spawn(self._serve_again(), "chat owners again")

    async def _serve_again(self) -> None:
        await self._cluster.membership.wait_until_current()
        self._serve()
        self._look_for(None)

    def _serve(self) -> None:
        if self._owners.start_serving() and not self._owners.is_alone:
            self._announce(asks=True)

    # ------------------------------------------------------------ what is said

    def _announce(self, *, asks: bool = False) -> None:
        self._is_dirty, self._asks = True, self._asks or asks
        self._announcer.start()

    async def _announce_all(self) -> None:
        while self._is_dirty or self._owners.awaited:
            if not self._is_dirty:
                self._answered.clear()
                if not await wait_for_event(self._answered, ASK_AGAIN_S, self._clock):
                    self._is_dirty = self._asks = True
                continue
            asks, self._is_dirty, self._asks = self._asks, False, False
            try:
                await self._cluster.bus.publish(self._announcements, self._owners.announcement(asks=asks).to_json())
            except StoreFailed as failed:
                self._is_dirty, self._asks = True, self._asks or asks
                raise TaskInterrupted(f"the other processes cannot be notified ({failed.detail})") from failed
