"""What administrators read and change of a running Easel, as a Protocol with its promises.

Nothing here has a body; what is shown stands in `admin_views` and `admin_figures`. Every method raises StoreFailed
where the database fails, or a read takes longer than is good for jobs.
"""

from datetime import datetime
from typing import Protocol

from bot.ports.admin_figures import DayFigures, FailureCount, Latencies, UsageRow, UsageSort
from bot.ports.admin_views import (
    AuditRow,
    JobDetails,
    JobFilter,
    JobRow,
    JobSort,
    MemberDetails,
    Overview,
    Page,
    SetAsideRow,
)
from bot.quota import Balance, Purchase

PAGE_ROWS = 50  # of a list, where nothing else is said
MAX_PAGE_ROWS = 1_000  # of a list at once, as for an export
MAX_DAYS = 400  # of daily figures: a year and what came before it


class AdminReads(Protocol):
    """What administrators may see. Reads hold up no writer, one at a time in a process.

    Lists: `after` is the `next` of the page before, of the same list with the same filter and order; None: from the
    beginning. `limit`: rows, 1 to MAX_PAGE_ROWS. Raise ValueError for an `after` that no page of that order has given.
    """

    async def overview(self) -> Overview:
        """Everything at this moment."""
        ...

    async def daily(self, days: int) -> tuple[DayFigures, ...]:
        """The last `days` days (UTC), today included, oldest first, also those without jobs; 1 to
        MAX_DAYS."""
        ...

    async def failures(self, since: datetime) -> tuple[FailureCount, ...]:
        """Jobs that failed since a moment, by class and provider, the most first."""
        ...

    async def latencies(self, since: datetime) -> Latencies:
        """How long the latest jobs took that ended since a moment."""
        ...

    async def jobs(
        self,
        where: JobFilter | None = None,
        *,
        sort: JobSort = "created",
        descending: bool = True,
        after: str | None = None,
        limit: int = PAGE_ROWS,
    ) -> Page[JobRow]:
        """Jobs, all of them without `where`; those without a value of `sort` come after all others."""
        ...

    async def job(self, job_id: str) -> JobDetails | None:
        """Everything about a job; None: there is none with this id."""
        ...

    async def members(
        self, *, since: datetime, sort: UsageSort = "pictures", after: str | None = None, limit: int = PAGE_ROWS
    ) -> Page[UsageRow]:
        """Members with jobs that ended since a moment, those with the most first."""
        ...

    async def chats(
        self, *, since: datetime, sort: UsageSort = "pictures", after: str | None = None, limit: int = PAGE_ROWS
    ) -> Page[UsageRow]:
        """The same of chats."""
        ...

    async def member(self, user_key: str) -> MemberDetails | None:
        """Everything about a member; None: nothing is known of one with this key."""
        ...

    async def set_aside(self, *, after: str | None = None, limit: int = PAGE_ROWS) -> Page[SetAsideRow]:
        """The quarantine, newest first."""
        ...

    async def audit(
        self, *, target: str | None = None, after: str | None = None, limit: int = PAGE_ROWS
    ) -> Page[AuditRow]:
        """The audit log, newest first. `target`: only what concerns it."""
        ...


class AdminChanges(Protocol):
    """What administrators may change. `who`: as of `AuditRow.who`; each change and its entry in the audit log are one
    transaction."""

    async def grant_credits(self, who: str, user_key: str, credits: int, *, entry: str) -> Balance:
        """Adds credits that do not expire; returns what the member has then. `entry`: idempotency key: the same again
        changes nothing.

        Raises ValueError for credits outside 0 to `quota.MAX_CREDITS`.
        """
        ...

    async def set_credits(self, who: str, user_key: str, credits: int, *, entry: str) -> Balance:
        """Makes exactly so many available now. As `grant_credits`."""
        ...

    async def ban(self, who: str, user_key: str) -> None:
        """Refuses the member's requests from now on; running jobs go on."""
        ...

    async def unban(self, who: str, user_key: str) -> None: ...

    async def unpause(self, who: str, user_key: str) -> None:
        """Ends the pause that refusals by moderation have brought about, and forgets these."""
        ...

    async def refund(self, who: str, platform: str, charge: str) -> tuple[Purchase, Balance]:
        """Gives the price of a purchase back, and takes its credits back as far as they are there; returns the
        purchase, and what the buyer has then. May be repeated.

        Raises UnknownCharge, and what the platform's shop raises.
        """
        ...

    async def pause_provider(self, who: str, name: str) -> None:
        """Begins no new request at a provider; those under way go on. Holds over restarts and in all processes.

        Raises UnknownProvider.
        """
        ...

    async def resume_provider(self, who: str, name: str) -> None:
        """As `pause_provider`; also for one that is not configured any more, if it is paused."""
        ...

    async def pause_bot(self, who: str, words: str | None = None) -> None:
        """Refuses new requests, with `words` (at most MAX_PAUSE_WORDS_CHARS are kept) or a standing sentence. What was
        accepted before is painted; commands that cost nothing work. Holds over restarts and in all processes."""
        ...

    async def resume_bot(self, who: str) -> None: ...

    async def cancel_job(self, who: str, job_id: str) -> bool:
        """Cancels a job, waiting or running; its credits come back. False: it has ended, delivers already, or there is
        none."""
        ...

    async def delete_set_aside(self, who: str, row_id: str) -> bool:
        """Deletes a row of the quarantine. False: there is none."""
        ...


MAX_PAUSE_WORDS_CHARS = 1_000  # of an administrator's words in a refusal: within any platform's message


class Administration(AdminReads, AdminChanges, Protocol):
    """What the admin page and the commands of administrators stand on."""
