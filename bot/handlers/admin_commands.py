"""What `/admin …` answers: each subcommand reads or changes through the port of administration, and says what it did.

Whoever gives one was found to be an administrator before; who did what stands in the audit log.
"""

from collections.abc import Awaitable, Callable, Sequence

from bot.chat import Chat, User
from bot.errors import AdminLinkInGroup, AdminPageOff, BadArguments
from bot.intake.commands import COMMANDS
from bot.ports import Administration
from bot.quota import MAX_CREDITS
from bot.runtime.clock import Clock
from bot.store.store import Store
from bot.strikes import hours_left
from bot.texts import translate

ADMIN = COMMANDS["admin"]

MAX_SHOWN_PAUSES = 10  # members in a pause that the statistics name, and of those whom moderation has refused less


class AdminCommands:
    """Answers administrators."""

    def __init__(
        self,
        administration: Administration,
        store: Store,
        clock: Clock,
        *,
        make_link: Callable[[str], Awaitable[str]] | None,
    ) -> None:
        """`make_link(user_key)`: address that signs an administrator in; None: there is no admin page."""
        self._make_link = make_link
        self._administration = administration
        self._store = store
        self._clock = clock

    async def answer(self, user: User, chat: Chat, locale: str, args: Sequence[str], *, event: str) -> str:
        """The reply to `/admin` with these words. `event`: idempotency key of a change of credits.

        Raises BadArguments, UnknownCharge, AdminPageOff, AdminLinkInGroup, StoreFailed.
        """
        subcommand = ADMIN.find_subcommand(args)
        match [] if subcommand is None else [subcommand.name, *args[1:]]:
            case ["grant" | "set" as change, member, credits]:
                return await self._change_credits(user, locale, change, member.lower(), int(credits), event)
            case ["ban", member]:
                await self._administration.ban(user.key, member.lower())
                return translate(locale, "answer-banned", user=member.lower())
            case ["unban", member]:
                await self._administration.unban(user.key, member.lower())
                return translate(locale, "answer-unbanned", user=member.lower())
            case ["unpause", member]:
                await self._administration.unpause(user.key, member.lower())
                return translate(locale, "answer-unpaused", user=member.lower())
            case ["refund", charge]:
                sold, balance = await self._administration.refund(user.key, user.platform, charge)
                facts = {"user": sold.user_key, "credits": sold.credits, "left": balance.available}
                return translate(locale, "answer-refunded", **facts)
            case ["link"]:
                return await self._link(user, chat, locale)
            case ["stats"]:
                return await self._stats(locale)
            case _:
                raise BadArguments(usage=ADMIN.usage)

    async def _stats(self, locale: str) -> str:
        stats = await self._store.stats()
        lines = [translate(locale, "answer-stats", **stats)]
        if stats["spent"]:
            lines.append(translate(locale, "answer-stats-spent", spent=stats["spent"]))
        refused, pauses = await self._store.strikes.pauses(MAX_SHOWN_PAUSES)
        if refused:
            lines.append(translate(locale, "answer-stats-refused", count=refused))
        now = self._clock.now()
        for pause in pauses:
            left = hours_left(pause.until, now)
            user, count = pause.user_key, pause.strikes
            lines.append(translate(locale, "answer-stats-paused", user=user, count=count, hours=left))
        standings = await self._store.strikes.standings(MAX_SHOWN_PAUSES)
        lines += [
            translate(locale, "answer-stats-strikes", user=each.user_key, count=each.strikes) for each in standings
        ]
        return "\n".join(lines)

    async def _link(self, user: User, chat: Chat, locale: str) -> str:
        if self._make_link is None:
            raise AdminPageOff
        if chat.kind != "direct":
            raise AdminLinkInGroup
        link = await self._make_link(user.key)
        is_local = link.startswith("http://")
        return translate(locale, "answer-admin-link-local" if is_local else "answer-admin-link", link=link)

    async def _change_credits(self, user: User, locale: str, change: str, member: str, credits: int, event: str) -> str:
        if credits > MAX_CREDITS:
            raise BadArguments(usage=ADMIN.usage)
        granted = change == "grant"
        apply = self._administration.grant_credits if granted else self._administration.set_credits
        balance = await apply(user.key, member, credits, entry=event)
        text_id = "answer-granted" if granted else "answer-set"
        return translate(locale, text_id, user=member, credits=credits, left=balance.available)
