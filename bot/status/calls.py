"""Makes the calls about open messages, each when the pacer allows it; repeats those that fail, or gives them up.

Decides nothing about time or order (`pacing`) nor about words (`state`). What is open is kept by `messages`; a message
is rendered at the moment of the call, so the latest state wins.
"""

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

import structlog

from bot.chat import Card, Chat, Delivered, Lane, MessageRef
from bot.errors import (
    ChatBusy,
    ChatFailed,
    ChatGone,
    ChatUnreachable,
    EaselError,
    MessageGone,
    SendForbidden,
    StillSearching,
)
from bot.observability import tracing
from bot.observability.job_context import about_job
from bot.observability.metrics import CHAT_CALLS, FIRST_STATUS_SECONDS, PROGRESS_DROPPED, RATE_LIMITED
from bot.ports import (
    AlbumPosts,
    ButtonReplacement,
    ChatPort,
    Membership,
    MessageRemoval,
    PrivateChats,
    RateLimitFeedback,
)
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock, wait_for_event
from bot.runtime.event_loop import enter_background
from bot.runtime.on_wire import listen_on_wire
from bot.status.message import FinalState, StatusMessage, no_images
from bot.status.pacing import NO_RESETS, Pacer, SendGrant, Urgency
from bot.status.shared_budgets import SharedBudgets
from bot.status.state import is_noticeable_change, render

log = structlog.get_logger()

RETRY_MIN_S = 1.0  # pause before an unanswered call is repeated; doubles each time
RETRY_MAX_S = 30.0  # longest pause between two tries
POST_WAIT_S = 0.02  # that a job waits for its first post to go out: many times what that takes on an open connection
MAX_TRIES = 20  # of one call before it is given up; with the pauses above about eight minutes
ShareBudgets = Callable[[Pacer, Callable[[], None]], SharedBudgets]  # the second is called when there is news


class MessageCalls:
    """All calls of this process that post, edit or remove a message."""

    def __init__(
        self,
        messages: Mapping[str, StatusMessage],
        ports: Mapping[str, ChatPort],
        clock: Clock,
        membership: Membership | None,
        share_budgets: ShareBudgets | None,
    ) -> None:
        """`messages`: those that are open, by their keys; they come and go. The others as of StatusMessages."""
        self._messages = messages
        self._ports = ports
        self._clock = clock
        self._membership = membership
        self._pacer = Pacer()
        self._background = BackgroundTasks()
        self._wake = asyncio.Event()
        self._posting: dict[str, asyncio.Event] = {}  # of posts that were not granted yet, as StatusMessage.on_wire
        self._shared_budgets = None if share_budgets is None else share_budgets(self._pacer, self._wake.set)

    async def close(self) -> None:
        """Waits for calls in flight; no further one may have been started."""
        await self._background.join()
        if self._shared_budgets is not None:
            await self._shared_budgets.close()

    # ------------------------------------------------------------ requests

    def posts_at_once(self, chat: Chat) -> bool:
        """Whether a new message in the chat would be posted now."""
        return self._pacer.posts_at_once(self._ports[chat.platform].lane(chat, None), self._clock.monotonic())

    def open_message(self, message: StatusMessage) -> None:
        """Requests the first call about a message, and keeps a slot for its final state."""
        self._pacer.expect_final(message.key, self._lane(message))
        if message.final_state is not None:
            self.request_call(message, Urgency.FINAL)
        elif message.ref is None:
            urgency = self._pacer.post_urgency(self._lane(message), self._clock.monotonic())
            if urgency is Urgency.FIRST:
                self._expect_post(message)
            self.request_call(message, urgency)
        else:
            self.request_call(message, Urgency.PROGRESS)

    def _expect_post(self, message: StatusMessage) -> None:
        """Lets others wait until a message's post is on the wire, as long as it seems that it can be made now."""
        message.on_wire = self._posting[message.key] = asyncio.Event()
        asyncio.get_running_loop().call_later(POST_WAIT_S, message.on_wire.set)

    def _end_expecting(self) -> None:
        """No call may be made now: nobody waits for a post."""
        for on_wire in self._posting.values():
            on_wire.set()
        self._posting.clear()

    def request_post(self, message: StatusMessage) -> None:
        """Requests the call that posts a message."""
        self.request_call(message, self._pacer.post_urgency(self._lane(message), self._clock.monotonic()))

    def request_call(self, message: StatusMessage, urgency: Urgency) -> None:
        """Requests a call that shows the message's state as it is then. No-op while another process makes its calls."""
        if message.is_elsewhere:
            return
        self._pacer.request_call(message.key, urgency, self._lane(message), self._clock.monotonic())
        self._wake.set()

    def refresh(self, key: str) -> None:
        """Requests an edit if the message shows something noticeably older than its status."""
        message = self._messages.get(key)
        if message is None or message.final_state is not None or message.shown_status is None:
            return
        if is_noticeable_change(message.shown_status, message.status, message.shown_at, self._clock.monotonic()):
            if message.has_unshown:
                PROGRESS_DROPPED.inc()
            message.has_unshown = True
            self.request_call(message, Urgency.PROGRESS)

    def drop_message(self, key: str) -> None:
        """Withdraws what was requested for a message; a call under way goes on."""
        self._pacer.drop_message(key)

    def _lane(self, message: StatusMessage) -> Lane:
        image_count = message.final_state.image_count if message.final_state is not None else 0
        return self._ports[message.chat.platform].lane(message.chat, message.ref, image_count=image_count)

    # ------------------------------------------------------------ calls

    async def start_calls(self) -> None:
        """Starts each call once its turn has come, and returns never."""
        while True:
            await self._start_next_call()

    async def _start_next_call(self) -> None:
        self._wake.clear()
        if self._membership is not None:
            await self._membership.wait_until_current()
        if self._shared_budgets is not None and not self._shared_budgets.asks_nobody():
            self._end_expecting()
            await self._start_granted_calls(self._shared_budgets)
            return
        grant = self._pacer.next_call(self._clock.monotonic())
        if isinstance(grant, SendGrant):
            self._pacer.start_call(grant, self._clock.monotonic())
            self._posting.pop(grant.key, None)
            self._spawn_call(grant)
        else:
            self._end_expecting()
            await wait_for_event(self._wake, None if grant is None else grant - self._clock.monotonic(), self._clock)

    async def _start_granted_calls(self, budgets: SharedBudgets) -> None:
        """As `_start_next_call`, while several processes draw on the budgets."""
        grants, wait_s = await budgets.next_calls()
        for grant in grants:
            self._spawn_call(grant)
        if wait_s is None or wait_s > 0:
            await wait_for_event(self._wake, wait_s, self._clock)

    def _spawn_call(self, grant: SendGrant) -> None:
        message = self._messages.get(grant.key)
        with about_job(None if message is None else message.job_id):
            self._background.spawn(self._make_call(grant), f"call {grant.key}")

    async def _make_call(self, grant: SendGrant) -> None:
        """Makes one call to the platform, and reports its end to the pacer and the message."""
        message = self._messages.get(grant.key)
        if message is None:
            self._pacer.finish_call(grant, self._clock.monotonic())
            return
        message.call = asyncio.current_task()
        if message.on_wire is not None:
            listen_on_wire(message.on_wire.set)
        try:
            if grant.urgency is not Urgency.FIRST:  # which alone somebody waits for
                enter_background()
            await self._try_call(grant, message)
        except asyncio.CancelledError:  # the message was abandoned
            self._pacer.finish_call(grant, self._clock.monotonic())
            raise
        finally:
            message.call = None
            if message.on_wire is not None:
                message.on_wire.set()
        if message.outcome.done():  # also when this call was granted for progress: the final state went with it
            self._pacer.drop_message(message.key)
        self._wake.set()

    async def _try_call(self, grant: SendGrant, message: StatusMessage) -> None:
        try:
            with (
                _count_call(message),
                tracing.span(_describe_call(message), kind="client", platform=message.chat.platform),
            ):
                await self._send_state(message)
        except ChatBusy as busy:
            log.info("chat is busy", chat=message.chat.key, retry_after=busy.retry_after, everywhere=busy.everywhere)
            now = self._clock.monotonic()
            self._pacer.reject_call(grant, busy.retry_after, now, everywhere=busy.everywhere)
        except StillSearching as searching:
            log.info("message of before is looked for", chat=message.chat.key, detail=searching.detail)
            self._pacer.fail_call(grant, self._clock.monotonic(), 0.0)
        except ChatUnreachable as failed:
            self._retry_call(grant, message, failed)
        except (MessageGone, ChatGone) as failed:
            self._pacer.finish_call(grant, self._clock.monotonic())
            self._handle_gone(message, failed)
        except EaselError as failed:
            self._pacer.finish_call(grant, self._clock.monotonic())
            self._give_up(message, failed)
        except Exception as broken:  # a bug in one adapter must not stop the others
            log.exception("call failed", chat=message.chat.key)
            self._pacer.finish_call(grant, self._clock.monotonic())
            self._give_up(message, ChatFailed(detail=repr(broken)))
        else:
            port = self._ports[message.chat.platform]
            resets = port.budget_resets(grant.lane) if isinstance(port, RateLimitFeedback) else NO_RESETS
            self._pacer.finish_call(grant, self._clock.monotonic(), resets)
            self.refresh(message.key)

    async def _send_state(self, message: StatusMessage) -> None:
        port = self._ports[message.chat.platform]
        if message.final_state is not None:
            message.outcome.set_result(await self._send_final(port, message, message.final_state))
            return
        status, preview = message.status, message.preview
        card = Card(
            text=render(status, message.locale, self._clock.monotonic()), buttons=message.buttons, preview=preview
        )
        posted = message.ref is None
        if message.ref is None:
            message.ref = await self._post(port, message, card)
        else:
            await port.edit(message.ref, card)
        message.tries, message.has_unshown = 0, False
        message.shown_status, message.shown_at = status, self._clock.monotonic()
        if posted:
            FIRST_STATUS_SECONDS.labels(message.chat.platform).observe(message.shown_at - status.accepted_at)
        if posted and message.on_posted is not None:
            await message.on_posted(message.ref)

    async def _post(self, port: ChatPort, message: StatusMessage, card: Card) -> MessageRef:
        key = message.post_key or message.key
        return await port.post(message.chat, card, reply_to=message.reply_to, key=key)

    async def _send_final(self, port: ChatPort, message: StatusMessage, final: FinalState) -> Delivered | None:
        if (removal := final.removal) is not None and isinstance(port, MessageRemoval):
            await port.remove(message.chat, removal.message_ids, final.card, key=removal.job_id, keep=removal.keep)
            return None
        if final.buttons_only and isinstance(port, ButtonReplacement) and message.ref is not None:
            await port.replace_buttons(message.ref, final.card.buttons)
            return None
        images = await final.load_images()
        if images and final.is_album and isinstance(port, AlbumPosts):
            reply_to, key = message.reply_to, message.post_key or message.key
            return await port.post_album(message.chat, final.card, images, reply_to=reply_to, key=key)
        if images:
            return await port.deliver(
                message.chat,
                message.ref,
                final.card,
                images,
                reply_to=message.reply_to,
                key=message.post_key or message.key,
            )
        if message.ref is not None:
            await port.edit(message.ref, final.card)
        else:
            ref = await self._post(port, message, final.card)
            if message.on_posted is not None:
                await message.on_posted(ref)
        return None

    # ------------------------------------------------------------ failed calls

    def _retry_call(self, grant: SendGrant, message: StatusMessage, failed: ChatUnreachable) -> None:
        log.info("chat did not answer", chat=message.chat.key, detail=failed.detail)
        message.tries += 1
        if message.tries >= MAX_TRIES:
            self._pacer.finish_call(grant, self._clock.monotonic())
            self._give_up(message, failed)
            return
        pause = min(RETRY_MIN_S * 2 ** (message.tries - 1), RETRY_MAX_S)
        self._pacer.fail_call(grant, self._clock.monotonic(), pause)

    def _handle_gone(self, message: StatusMessage, failed: MessageGone | ChatGone) -> None:
        """A deleted message stops a running job, but not a chat that takes pictures and no text; a finished picture is
        posted anew, once."""
        if message.final_state is None:
            if isinstance(failed, SendForbidden):
                log.info("chat takes no text", chat=message.chat.key, detail=failed.detail)
                message.is_mute = True
            elif message.on_gone is not None:
                message.on_gone()
        elif isinstance(failed, ChatGone) and self._move_to_private_chat(message):
            self.request_post(message)
        elif isinstance(failed, ChatGone) or message.ref is None:
            self._give_up(message, failed)
        elif message.final_state.load_images is no_images:
            message.outcome.set_result(None)
        else:
            message.ref, message.post_key = None, f"{message.post_key or message.key}:again"
            self.request_call(message, Urgency.FINAL)

    def _move_to_private_chat(self, message: StatusMessage) -> bool:
        """Whether a reply that a group does not take has a private chat to go to, once."""
        user, message.private_to = message.private_to, None
        port = self._ports[message.chat.platform]
        if user is None or message.chat.kind != "group" or not isinstance(port, PrivateChats):
            return False
        message.chat, message.reply_to, message.ref = port.private_chat(user), None, None
        return True

    def _give_up(self, message: StatusMessage, failed: EaselError) -> None:
        """Drops progress that cannot be shown; the failure of a final state is raised to the job."""
        log.warning("message not shown", chat=message.chat.key, failure=type(failed).__name__, detail=failed.detail)
        if message.final_state is not None:
            message.outcome.set_exception(failed)
            message.outcome.exception()  # marks it as retrieved: nobody awaits the outcome of a reply


def _describe_call(message: StatusMessage) -> str:
    """The next call about a message, as traces name it."""
    if message.final_state is None:
        return "post" if message.ref is None else "edit"
    return "delivery" if message.final_state.image_count else "final"


@contextmanager
def _count_call(message: StatusMessage) -> Generator[None]:
    """Counts one call about a message, by its outcome; one that is cancelled is not counted."""
    platform = message.chat.platform
    kind = "final" if message.final_state is not None else "post" if message.ref is None else "edit"
    try:
        yield
    except Exception as failed:
        if isinstance(failed, ChatBusy):
            RATE_LIMITED.labels(platform, "everywhere" if failed.everywhere else "chat").inc()
        CHAT_CALLS.labels(platform, kind, type(failed).__name__).inc()
        raise
    CHAT_CALLS.labels(platform, kind, "ok").inc()
