"""What adapters keep over a restart, as Protocols of the store with their promises.

Nothing here has a body, apart from the values that are stored.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bot.ports.cluster import Transaction

T = TypeVar("T")


class AdapterStorage(Protocol):
    """Small texts and blobs that an adapter keeps over a restart. Every method raises StoreFailed."""

    async def set_value(self, key: str, value: str) -> None:
        """Keeps a small text under a key, for good."""
        ...

    async def get_value(self, key: str) -> str | None: ...

    async def cache_blob(self, key: str, data: bytes) -> None:
        """Keeps bytes under a key for about a month, such as an upload that the platform will not show again."""
        ...

    async def cached_blob(self, key: str) -> bytes | None: ...

    async def delete_key(self, key: str) -> None:
        """Deletes the value and the blob under a key."""
        ...

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        """Takes a row out that its adapter can make nothing of, and keeps it for the operator. `table`: where it
        stands, such as `key_value`; `key`: its primary key."""
        ...


class UpdateInbox(Protocol):
    """Updates that a platform may forget before Easel has handled them. Every method raises StoreFailed.

    `adapter`: whose updates they are, such as `telegram`.
    """

    async def save_updates(
        self,
        adapter: str,
        updates: Mapping[int, Mapping[str, Any]],
        *,
        chats: Mapping[int, str] | None = None,
        announce: Callable[[Transaction], None] | None = None,
    ) -> None:
        """Keeps updates (JSON objects by their numbers) until they are handled; all of them or none. `chats`: keys of
        their chats, by number, where they have one. `announce`: called within the transaction, to tell others of it."""
        ...

    async def delete_updates(self, adapter: str, numbers: Collection[int]) -> None:
        """Deletes handled updates; no-op for those that were not kept."""
        ...

    async def saved_updates(self, adapter: str, *, chats: Collection[str] | None = None) -> dict[int, dict[str, Any]]:
        """The updates not handled yet, rising by number; `chats`: those of these alone."""
        ...

    async def set_aside_update(self, adapter: str, number: int | None, body: object, reason: str) -> None:
        """Keeps an update that nobody can read, or whose handling breaks, as it came, for the operator, and deletes it
        where it waits to be handled. No-op for one that is kept already. `number`: None where it has none; `body`: its
        JSON; None: what was saved of it."""
        ...


class MovedRefs(Protocol):
    """Chats and messages that are found under another id. Every method raises StoreFailed."""

    async def save_moved_ref(self, adapter: str, old: str, new: str) -> None:
        """Notes a move; the newest 1000 of an adapter are kept."""
        ...

    async def moved_refs(self, adapter: str) -> dict[str, str]:
        """New ids by old ones, oldest move first."""
        ...


class PostIntents(Protocol):
    """Posts about to be made, for platforms that neither recognise a repeated post nor list what was posted. Every
    method raises StoreFailed."""

    async def save_post_intent(self, adapter: str, key: str, fields: Mapping[str, Any]) -> None:
        """Notes a post before it is made. `key`: as of `ChatPort.post`, a job's id alone or before a colon; `fields`: a
        JSON object of the adapter's, which replaces an earlier one. Kept for two days."""
        ...

    async def post_intents(self, adapter: str) -> dict[str, dict[str, Any]]:
        """The fields by key, oldest first, for jobs that have not ended or whose end may not be shown yet."""
        ...

    async def job_messages(self, platform: str, ids: Collection[str]) -> set[tuple[str, str]]:
        """The messages with these ids that jobs of a platform know: their own, and their requests of the last day. Keys
        of chats, and ids."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """An interaction token as the database keeps it; what its fields mean is the adapter's business."""

    id: str
    """Unique in its scope."""
    expires: datetime
    """Aware moment from which on the token is of no use: it is not loaded any more, and deleted."""
    fields: Mapping[str, Any] = field(repr=False)
    """JSON object. Holds the token itself, a secret."""


class InteractionTokenStorage(Protocol):
    """Interaction tokens, one row each. Every method raises StoreFailed.

    `scope`: whose they are, such as `discord`, or `discord:0,1` for the shards of one process.
    """

    async def save_tokens(self, scope: str, tokens: Sequence[StoredToken]) -> None:
        """Keeps tokens, each instead of one with the same id."""
        ...

    async def delete_expired_tokens(self, scope: str) -> None: ...

    async def load_tokens(self, scope: str, token_id: str | None = None) -> list[StoredToken]:
        """The tokens that have not expired, by expiry; with `token_id` only that one."""
        ...


class PendingNotices(Protocol):
    """Users who are still to be shown a notice. Every method raises StoreFailed."""

    async def add_pending_notice(self, scope: str, user_id: str) -> None:
        """No-op when the user has one already."""
        ...

    async def delete_pending_notice(self, scope: str, user_id: str) -> None: ...

    async def pending_notices(self, scope: str) -> set[str]:
        """The ids of the users who are still to be shown a notice."""
        ...


BudgetRow = Mapping[str, Mapping[str, Any]]  # what each process uses of a budget (JSON), by the process's id


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedBudgetRow:
    """A row of a budget to be written."""

    row: BudgetRow
    free_at: float
    """From when on the row may be deleted: nobody uses the budget any more. Seconds, by the database's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedBudgets:
    """The rows of some budgets, which nobody else changes now."""

    rows: Mapping[str, BudgetRow]
    """By key; new ones are empty."""
    now: float
    """The database's clock once all were locked, seconds."""
    members: Collection[str]
    """Ids of the processes that are members, a moment before."""


class BudgetStorage(Protocol):
    """Rate limits that several processes share. Every method raises StoreFailed."""

    async def update_budgets(
        self,
        keys: Collection[str],
        change: Callable[[LockedBudgets], tuple[Mapping[str, ChangedBudgetRow], T]],
    ) -> T:
        """Locks the rows of some budgets, in the order of their keys, and writes what `change` makes of them; returns
        what else it returns. What was written last may be lost when the database crashes."""
        ...

    async def leave_budgets(self, process: str) -> tuple[dict[str, BudgetRow], float]:
        """Deletes what a process has announced. Returns what others have left, by key, and the database's clock in
        seconds."""
        ...

    async def delete_free_budgets(self) -> None:
        """Deletes the rows of budgets that nobody uses any more."""
        ...

    async def register_budget_process(self, process: str, *, shares: bool) -> dict[str, bool]:
        """Writes down whether a member shares its budgets: asks for all its slots in the database. Returns the same of
        all others that are still members, by id. Of two that register at the same time, the second sees the first."""
        ...
