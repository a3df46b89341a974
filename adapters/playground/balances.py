"""Members' credits on the open pages: asked for when something may have changed them, shown when they did.

Asking happens apart from whoever noticed, and what is noticed meanwhile is asked for once.
"""

import asyncio
from collections.abc import Iterable

import structlog

from adapters.playground import people
from adapters.playground.pages import Pages
from adapters.playground.protocol import QuotaFrame
from bot.ports import EventSink

log = structlog.get_logger()


class Balances:
    def __init__(self, pages: Pages, reception: EventSink) -> None:
        self._pages = pages
        self._reception = reception
        self._members: dict[str, bool] = {}  # whom to ask about; True: show it even when nothing changed
        self._wake = asyncio.Event()
        self._shown: dict[str, QuotaFrame] = {}
        self._worker = asyncio.create_task(self._run(), name="playground balances")

    def touch(self, members: Iterable[str], *, show: bool = False) -> None:
        """Something that may have cost or returned credits happened."""
        for member in members:
            self._members[member] = show or self._members.get(member, False)
        self._wake.set()

    async def close(self) -> None:
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            members, self._members = self._members, {}
            for member, show in members.items():
                if not len(self._pages):
                    break
                try:
                    await self._ask(member, show)
                except Exception:
                    log.exception("balance failed", member=member)

    async def _ask(self, member: str, show: bool) -> None:
        balance = await self._reception.balance(people.user(member))
        frame: QuotaFrame = {
            "type": "quota",
            "member": member,
            "left": balance.available,
            "held": balance.reserved,
            "daily": balance.daily,
        }
        if show or self._shown.get(member) != frame:
            self._shown[member] = frame
            self._pages.tell(("quota", member), frame)
