"""A platform whose edits can be held back or crash, and the status messages shown on it."""

import asyncio
from collections.abc import Mapping, Sequence

from bot.chat import Action, Budget, Button, Card, Chat, Delivered, Lane, MessageRef
from bot.painting import Image
from bot.status.message import FinalState, StatusMessage
from bot.status.messages import StatusMessages
from bot.status.state import Status
from tests.support.clocks import FakeClock
from tests.support.platform import DIRECT, Platform

PICTURE = Image(data=b"picture", media_type="image/png", width=1, height=1)
PREVIEW = Image(data=b"preview", media_type="image/jpeg", width=1, height=1)
CANCEL = Button(action=Action.CANCEL, job_id="job", label="Cancel")
DONE = Card(text="done")


class GatedPlatform(Platform):
    """A platform whose edits wait until `edits_allowed` is set, and raise `crash` if there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.edits_allowed = asyncio.Event()
        self.edits_allowed.set()
        self.crash: Exception | None = None

    async def edit(self, ref: MessageRef, card: Card) -> None:
        await self.edits_allowed.wait()
        if self.crash is not None:
            raise self.crash
        await super().edit(ref, card)

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        return Lane(budgets=(Budget(key=chat.key, slots=self.slots, period_s=60.0),), edit_gap_s=1.0)

    def budget_resets(self, lane: Lane) -> Mapping[str, float]:
        return {}


def new_message(
    clock: FakeClock, key: str = "job", chat: Chat = DIRECT, ref: MessageRef | None = None
) -> StatusMessage:
    return StatusMessage(
        key=key,
        chat=chat,
        reply_to="u1",
        locale="en",
        status=Status(accepted_at=clock.monotonic()),
        buttons=(CANCEL,),
        ref=ref,
    )


async def load_one_image() -> Sequence[Image]:
    return (PICTURE,)


def show_final(
    status_messages: StatusMessages, key: str = "job", *, final: FinalState | None = None
) -> asyncio.Task[Delivered | None]:
    return asyncio.create_task(
        status_messages.show_final(key, final or FinalState(card=DONE, load_images=load_one_image))
    )
