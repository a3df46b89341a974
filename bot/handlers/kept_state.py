"""What the handlers keep between two events: loaded at the start, kept in step with the other processes, and forgotten.

Of a chat one process keeps it, whichever handles its events now; of a user all do.
"""

from dataclasses import dataclass, field
from typing import Self

from bot.handlers.chat_memory import ChatMemory
from bot.handlers.drafts import Drafts
from bot.handlers.forgetting import Forgetting
from bot.handlers.model_choices import ModelChoices
from bot.handlers.pending_requests import PendingRequests
from bot.handlers.shown_pictures import ShownPictures
from bot.ports import Cluster, MembershipChange
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.store.adapter_store import AdapterStore


@dataclass(slots=True, kw_only=True)
class KeptState:
    """Everything that is kept."""

    pending_requests: PendingRequests
    drafts: Drafts
    shown: ShownPictures
    model_choices: ModelChoices
    memory: ChatMemory
    """Of chats: the first three."""
    forgetting: Forgetting
    _tasks: BackgroundTasks = field(default_factory=BackgroundTasks)

    @classmethod
    async def load(cls, storage: AdapterStore, cluster: Cluster, clock: Clock) -> Self:
        """What an earlier process has kept. Among several processes what is kept of chats is read once they come."""
        membership, bus = cluster.membership, cluster.bus
        pending_requests, drafts = PendingRequests(storage, clock), Drafts(storage, clock)
        shown = ShownPictures(clock, storage, is_shared=lambda: not membership.alone())
        model_choices = ModelChoices(storage, bus)
        drop = (pending_requests.drop_user, drafts.drop_user, shown.drop_user, model_choices.drop_user)
        state = cls(
            pending_requests=pending_requests,
            drafts=drafts,
            shown=shown,
            model_choices=model_choices,
            memory=ChatMemory([pending_requests, drafts, shown]),
            forgetting=Forgetting(bus, drop),
        )
        membership.subscribe(state._members_changed)
        bus.on_gap(state._catch_up)
        await model_choices.load()
        if membership.alone():
            await pending_requests.load()
            await drafts.load()
        else:
            state.memory.mark_stale()
        return state

    async def close(self) -> None:
        """Reads and writes nothing any more."""
        await self._tasks.cancel()
        await self.memory.close()

    def _members_changed(self, change: MembershipChange) -> None:
        """Chats may have come or may go with whoever came or went."""
        self.memory.mark_stale()
        if change.kind == "joined":
            self._tasks.spawn(self.shown.save(), "shown pictures")

    def _catch_up(self) -> None:
        """Notifications of other processes were missed."""
        self._tasks.spawn(self.model_choices.load(), "model choices")
