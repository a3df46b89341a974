"""The status message of each job: keeps its state, and makes every call to a chat platform when the pacer allows it.

Decides nothing about time or order (`pacing`) nor about words (`state`); a message is rendered at the moment of the
call, so the latest state wins.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from bot.chat import Card, Chat, Delivered, Lane, MessageRef, User
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
from bot.painting import Image
from bot.ports import ChatPort, Membership, MessageRemoval, PrivateChats, RateLimitFeedback
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock, wait_for_event
from bot.runtime.supervision import Supervisor
from bot.status.message import FinalState, Removal, StatusMessage, no_images
from bot.status.pacing import NO_RESETS, Pacer, SendGrant, Urgency
from bot.status.shared_budgets import SharedBudgets
from bot.status.state import RestartAnnounced, Status, StatusEvent, apply_event, is_noticeable_change, render

log = structlog.get_logger()

RETRY_MIN_S = 1.0  # pause before an unanswered call is repeated; doubles each time
RETRY_MAX_S = 30.0  # longest pause between two tries
MAX_TRIES = 20  # of one call before it is given up; with the pauses above about eight minutes
ShareBudgets = Callable[[Pacer, Callable[[], None]], SharedBudgets]  # the second is called when there is news
HEARTBEAT_S = 5.0  # between two refreshes of messages without events, whose elapsed time has changed


class StatusMessages:
    """All status messages of this process, and every other message of the bot."""

    def __init__(
        self,
        ports: Mapping[str, ChatPort],
        clock: Clock,
        membership: Membership | None = None,
        *,
        share_budgets: ShareBudgets | None = None,
    ) -> None:
        """`membership`: no call is made while this process is no current member; None: there is no other.
        `share_budgets`: has the pacer's budgets shared with other processes; None: there are none."""
        self._membership = membership
        self._ports = ports
        self._clock = clock
        self._pacer = Pacer()
        self._messages: dict[str, StatusMessage] = {}
        self._calls = BackgroundTasks()
        self._wake = asyncio.Event()
        self._shared_budgets = None if share_budgets is None else share_budgets(self._pacer, self._wake.set)
        self._supervisor = Supervisor(clock)
        self._stopped = False

    async def start(self) -> None:
        """Starts the tasks that make calls and refresh messages."""
        self._supervisor.keep_running("status calls", self._start_calls)
        self._supervisor.keep_running("status refresh", self._refresh_messages)

    async def stop(self) -> None:
        """Waits for calls in flight. Final states not shown by then are shown after the next start; replies not sent by
        then make `send_reply` return False."""
        self._stopped = True
        await self._supervisor.stop()
        await self._calls.join()
        if self._shared_budgets is not None:
            await self._shared_budgets.close()
        for message in list(self._messages.values()):
            if message.is_reply:
                message.outcome.cancel()

    def problem(self) -> str | None:
        """Why nothing is sent right now; None while calls are made."""
        return self._supervisor.problem()

    # ------------------------------------------------------------ called by jobs

    def shows_pending_reply(self, chat: Chat) -> bool:
        """Whether the platform shows a pending reply in the chat, so that every request needs a reply."""
        return self._ports[chat.platform].features(chat).shows_pending_reply

    def has_fixed_questions(self, chat: Chat) -> bool:
        """Whether a question of the chat's platform is never edited."""
        return self._ports[chat.platform].features(chat).fixed_questions

    def posts_at_once(self, chat: Chat) -> bool:
        """Whether a new message in the chat would be posted now."""
        lane = self._ports[chat.platform].lane(chat, None)
        return not self._stopped and self._pacer.posts_at_once(lane, self._clock.monotonic())

    def is_open(self, key: str) -> bool:
        """Whether the message is open: registered, and its final state not yet shown."""
        return key in self._messages

    def message_ref(self, key: str) -> MessageRef | None:
        """Address of an open message; None before it is posted, and for an unknown key."""
        return self._messages[key].ref if key in self._messages else None

    def locale_of(self, key: str) -> str | None:
        """Language of an open message; None for an unknown key."""
        return self._messages[key].locale if key in self._messages else None

    def open_message(self, message: StatusMessage) -> None:
        """Registers a message: edits it if it is posted already (`ref`), else posts it."""
        self._messages[message.key] = message
        if not message.is_elsewhere:
            self._begin_calls(message)

    def _begin_calls(self, message: StatusMessage) -> None:
        self._pacer.expect_final(message.key, self._lane(message))
        if message.final_state is not None:
            self._request_call(message, Urgency.FINAL)
        else:
            self._request_call(message, self._post_urgency(message) if message.ref is None else Urgency.PROGRESS)

    # ------------------------------------------------------------ messages that change hands

    def take_over(self, key: str, ref: MessageRef | None) -> None:
        """Another process has let a message go: calls are made from here now. `ref`: its address; None: it was not
        posted. No-op for an unknown key."""
        message = self._messages.get(key)
        if message is not None and message.is_elsewhere:
            message.is_elsewhere, message.ref = False, ref
            self._begin_calls(message)

    async def hand_over(self, key: str) -> bool:
        """Lets a message go, for another process to make its calls: returns once none is under way. False: it shows its
        end already. True also for an unknown key."""
        message = self._messages.get(key)
        if message is None:
            return True
        if message.final_state is not None:
            return False
        message.is_elsewhere = True
        self._pacer.drop_message(key)
        if message.call is not None:
            await asyncio.wait((message.call,))
        self._drop(message)
        return True

    def abandon_all(self) -> None:
        """Drops all messages, with the calls under way: this process was given up, and others may make them by now."""
        for message in list(self._messages.values()):
            if message.call is not None:
                message.call.cancel()
            self._drop(message)

    def _drop(self, message: StatusMessage) -> None:
        """Whoever waits for its final state is cancelled."""
        message.outcome.cancel()
        if self._messages.get(message.key) is message:
            self._close_message(message)

    def apply_event(self, key: str, event: StatusEvent) -> None:
        """Applies an event to a job's status; shown when it is worth an edit and the pacer allows one."""
        message = self._messages.get(key)
        if message is None or message.final_state is not None:
            return
        message.status = apply_event(message.status, event)
        self.refresh(key)

    def close_chat(self, chat: Chat) -> None:
        """Calls `StatusMessage.on_gone` of every job that runs in a chat, or in one inside of it."""
        for message in list(self._messages.values()):
            if message.final_state is None and message.on_gone is not None and chat.key in message.chat.scope_keys:
                message.on_gone()

    def announce_restart(self) -> None:
        """Says on the messages of unfinished jobs that Easel restarts once those that run have ended."""
        for key in list(self._messages):
            self.apply_event(key, RestartAnnounced())

    def refresh(self, key: str) -> None:
        """Requests an edit if the message shows something noticeably older than its status."""
        message = self._messages.get(key)
        if message is None or message.final_state is not None or message.shown_status is None:
            return
        if is_noticeable_change(message.shown_status, message.status, message.shown_at, self._clock.monotonic()):
            self._request_call(message, Urgency.PROGRESS)

    def show_preview(self, key: str, preview: Image) -> None:
        """Shows an unfinished picture inside the message."""
        message = self._messages.get(key)
        if message is not None and message.final_state is None and not message.is_mute:
            message.preview = preview
            self._request_call(message, Urgency.PROGRESS)

    async def show_final(self, key: str, final: FinalState) -> Delivered | None:
        """Shows the message's final state; returns once the platform has it. None: it has no images.

        Raises ChatFailed when the platform rejects it.
        """
        message = self._messages[key]
        message.final_state = final
        message.tries = 0
        self._request_call(message, Urgency.FINAL)
        try:
            return await asyncio.shield(message.outcome)
        finally:
            self._close_message(message)

    async def send_reply(
        self,
        key: str,
        chat: Chat,
        card: Card,
        *,
        reply_to: str | None,
        ref: MessageRef | None = None,
        on_posted: Callable[[MessageRef], Awaitable[None]] | None = None,
        private_to: User | None = None,
    ) -> bool:
        """Sends a message that is no job's: a reply to a command, a refusal. Returns once it is sent, or refused by the
        platform, which is logged. False: stopped before it could be sent. With `ref`, edits that message instead, which
        must belong to no open job. `on_posted`: as of StatusMessage. `private_to`: gets it in a private chat where a
        group does not take it."""
        message = self._messages.get(key)
        if message is None:
            if self._stopped:
                return False
            status = Status(accepted_at=self._clock.monotonic())
            message = StatusMessage(
                key=key,
                chat=chat,
                reply_to=reply_to,
                locale="en",
                status=status,
                final_state=FinalState(card=card),
                on_posted=on_posted,
            )
            message.is_reply, message.ref, message.private_to = True, ref, private_to
            self._messages[key] = message
            self._request_call(message, self._post_urgency(message))
        try:
            await asyncio.wait((message.outcome,))
        finally:
            self._close_message(message)
        return not message.outcome.cancelled()

    async def remove_messages(self, chat: Chat, card: Card, removal: Removal) -> bool:
        """Removes a job's messages. Returns once that is done; False: stopped before.

        Raises ChatFailed when the platform refuses it.
        """
        key = f"remove:{removal.job_id}:{removal.message_ids[0]}"
        if (message := self._messages.get(key)) is None:
            if self._stopped:
                return False
            message = StatusMessage(
                key=key,
                chat=chat,
                reply_to=None,
                locale=card.locale,
                status=Status(accepted_at=self._clock.monotonic()),
                ref=MessageRef(chat=chat, message_id=removal.message_ids[0]),
                final_state=FinalState(card=card, removal=removal),
                is_reply=True,
            )
            self._messages[key] = message
            self._request_call(message, Urgency.FINAL)
        try:
            await asyncio.wait((message.outcome,))
        finally:
            self._close_message(message)
        if message.outcome.cancelled():
            return False
        message.outcome.result()
        return True

    def _close_message(self, message: StatusMessage) -> None:
        self._messages.pop(message.key, None)
        self._pacer.drop_message(message.key)

    # ------------------------------------------------------------ calls

    def _lane(self, message: StatusMessage) -> Lane:
        image_count = message.final_state.image_count if message.final_state is not None else 0
        return self._ports[message.chat.platform].lane(message.chat, message.ref, image_count=image_count)

    def _post_urgency(self, message: StatusMessage) -> Urgency:
        return self._pacer.post_urgency(self._lane(message), self._clock.monotonic())

    def _request_call(self, message: StatusMessage, urgency: Urgency) -> None:
        if message.is_elsewhere:
            return
        self._pacer.request_call(message.key, urgency, self._lane(message), self._clock.monotonic())
        self._wake.set()

    async def _start_calls(self) -> None:
        while True:
            await self._start_next_call()

    async def _start_next_call(self) -> None:
        self._wake.clear()
        if self._membership is not None:
            await self._membership.wait_until_current()
        if self._shared_budgets is not None and not self._shared_budgets.asks_nobody():
            await self._start_granted_calls(self._shared_budgets)
            return
        grant = self._pacer.next_call(self._clock.monotonic())
        if isinstance(grant, SendGrant):
            self._pacer.start_call(grant, self._clock.monotonic())
            self._calls.spawn(self._make_call(grant), f"call {grant.key}")
        else:
            await wait_for_event(self._wake, None if grant is None else grant - self._clock.monotonic(), self._clock)

    async def _start_granted_calls(self, budgets: SharedBudgets) -> None:
        """As `_start_next_call`, while several processes draw on the budgets."""
        grants, wait_s = await budgets.next_calls()
        for grant in grants:
            self._calls.spawn(self._make_call(grant), f"call {grant.key}")
        if wait_s is None or wait_s > 0:
            await wait_for_event(self._wake, wait_s, self._clock)

    async def _refresh_messages(self) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_S)
            for key in list(self._messages):
                self.refresh(key)

    async def _make_call(self, grant: SendGrant) -> None:
        """Makes one call to the platform, and reports its end to the pacer and the message."""
        message = self._messages.get(grant.key)
        if message is None:
            self._pacer.finish_call(grant, self._clock.monotonic())
            return
        message.call = asyncio.current_task()
        try:
            await self._try_call(grant, message)
        except asyncio.CancelledError:  # the message was abandoned
            self._pacer.finish_call(grant, self._clock.monotonic())
            raise
        finally:
            message.call = None
        if message.outcome.done():  # also when this call was granted for progress: the final state went with it
            self._pacer.drop_message(message.key)
        self._wake.set()

    async def _try_call(self, grant: SendGrant, message: StatusMessage) -> None:
        try:
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
        message.tries = 0
        message.shown_status, message.shown_at = status, self._clock.monotonic()
        if posted and message.on_posted is not None:
            await message.on_posted(message.ref)

    async def _post(self, port: ChatPort, message: StatusMessage, card: Card) -> MessageRef:
        key = message.post_key or message.key
        return await port.post(message.chat, card, reply_to=message.reply_to, key=key)

    async def _send_final(self, port: ChatPort, message: StatusMessage, final: FinalState) -> Delivered | None:
        if (removal := final.removal) is not None and isinstance(port, MessageRemoval):
            await port.remove(message.chat, removal.message_ids, final.card, key=removal.job_id, keep=removal.keep)
            return None
        images = await final.load_images()
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
            self._request_call(message, self._post_urgency(message))
        elif isinstance(failed, ChatGone) or message.ref is None:
            self._give_up(message, failed)
        elif message.final_state.load_images is no_images:
            message.outcome.set_result(None)
        else:
            message.ref, message.post_key = None, f"{message.post_key or message.key}:again"
            self._request_call(message, Urgency.FINAL)

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
