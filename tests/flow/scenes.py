"""Steps that flow tests share: clicks, requests, waits, balances, a platform whose calls can be held back.

Asserts nothing by itself.
"""

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Any

from bot.chat import Action, Attachment, Card, Chat, Delivered, MessageRef, User
from bot.errors import ChatBusy
from bot.painting import Image
from bot.ports import ButtonPress, ButtonReply
from bot.texts import translate
from tests.flow.world import MemoryWorld
from tests.support.platform import AMBER, Platform, Post
from tests.support.waiting import wait_until

BOSS = User(platform="memory", id="boss", name="Boss", locale="en")
LONG = 1000.0  # seconds: longer than any test

_clicks = count(1)


def job_of(post: Post) -> str:
    """The job whose buttons a message has shown."""
    return next(button.job_id for card in post.cards for button in card.buttons)


async def click(
    easel: MemoryWorld, post: Post, action: Action, *, sender: User = AMBER, picture: int | None = None
) -> ButtonReply:
    """A user presses a button that the message shows, or has shown; `picture`: for that one of several, from 1."""
    return await easel.app.events.press_button(
        ButtonPress(
            id=f"c{next(_clicks)}",
            message=MessageRef(chat=post.chat, message_id=post.id),
            sender=sender,
            action=action,
            job_id=job_of(post),
            picture=picture,
        )
    )


async def ask(easel: MemoryWorld, text: str, **given: Any) -> Post:
    """A user sends a request; returns the bot's reply to it."""
    message = easel.platform.message(text, **given)
    await easel.app.events.receive_message(message)
    posts = easel.platform.posts
    await easel.platform.until(lambda: any(post.reply_to == message.id for post in posts))
    return next(post for post in posts if post.reply_to == message.id)


async def books(easel: MemoryWorld, user: User = AMBER) -> tuple[int, int]:
    """A user's credits: available and reserved."""
    balance = await easel.app.events.balance(user)
    return balance.available, balance.reserved


async def wait_for_stage(easel: MemoryWorld, stage: str, at: int = 0) -> Post:
    """Waits until a message shows a stage of painting."""
    words = translate("en", f"stage-{stage}")
    await easel.platform.until(lambda: len(easel.platform.posts) > at and words in easel.platform.posts[at].text)
    return easel.platform.posts[at]


async def has_status_message(easel: MemoryWorld, job_id: str) -> bool:
    """Whether the id of a job's status message is stored."""
    job = await easel.app.store.get_job(job_id)
    return job is not None and job.status_id is not None


async def until_stored(easel: MemoryWorld, post: Post) -> None:
    """Waits until the id of a job's status message is stored, a moment after the message shows."""

    async def is_stored() -> bool:
        return await easel.app.store.job_by_message(post.chat, post.id) is not None

    await wait_until(is_stored)


def running_jobs() -> list[str]:
    """Names of the tasks that run on behalf of jobs, in this whole process."""
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith(("job ", "preview ", "cancel "))]


class HeldPlatform(Platform):
    """Calls of the kinds in `holds` (fetch, deliver, after-deliver) wait until `release`.

    Final states are refused with ChatBusy while `refuses` says so.
    """

    def __init__(self, *holds: str, refuses: bool = False) -> None:
        super().__init__()
        self.holds = set(holds)
        self.reached: asyncio.Event = asyncio.Event()
        self.refuses = refuses
        self.refused = 0
        self._open = asyncio.Event()

    def release(self) -> None:
        """Everything that is held goes on, and nothing is held from now on."""
        self.holds.clear()
        self._open.set()

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        await self._hold("fetch")
        return await super().fetch(attachment, limit=limit)

    async def edit(self, ref: MessageRef, card: Card) -> None:
        if Action.CANCEL not in [button.action for button in card.buttons]:
            self._refuse()
        await super().edit(ref, card)

    async def deliver(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        images: Sequence[Image],
        *,
        reply_to: str | None,
        key: str,
    ) -> Delivered:
        self._refuse()
        await self._hold("deliver")
        delivered = await super().deliver(chat, ref, card, images, reply_to=reply_to, key=key)
        await self._hold("after-deliver")
        return delivered

    async def _hold(self, kind: str) -> None:
        if kind in self.holds:
            self.reached.set()
            await self._open.wait()

    def _refuse(self) -> None:
        if self.refuses:
            self.refused += 1
            self._notify()
            raise ChatBusy(retry_after=LONG)
