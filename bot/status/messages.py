"""The status message of each job, and every other message of the bot: keeps what each of them is to show.

Makes no call itself: what changes is requested of `calls`, which shows it when the pacer allows. A message may change
hands: another process then makes its calls.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from bot.chat import Button, Card, Chat, Delivered, MessageRef, User
from bot.painting import Image
from bot.ports import ChatPort, Membership
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor
from bot.status.calls import MessageCalls, ShareBudgets
from bot.status.message import FinalState, Removal, StatusMessage
from bot.status.pacing import Urgency
from bot.status.state import RestartAnnounced, Status, StatusEvent, apply_event

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
        self._ports = ports
        self._clock = clock
        self._messages: dict[str, StatusMessage] = {}
        self._calls = MessageCalls(self._messages, ports, clock, membership, share_budgets)
        self._supervisor = Supervisor(clock)
        self._stopped = False

    async def start(self) -> None:
        """Starts the tasks that make calls and refresh messages."""
        self._supervisor.keep_running("status calls", self._calls.start_calls)
        self._supervisor.keep_running("status refresh", self._refresh_messages)

    async def stop(self) -> None:
        """Waits for calls in flight. Final states not shown by then are shown after the next start; replies not sent by
        then make `send_reply` return False."""
        self._stopped = True
        await self._supervisor.stop()
        await self._calls.close()
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

    def opens_pages(self, chat: Chat) -> bool:
        """Whether members of the chat can open Easel's own pages."""
        return self._ports[chat.platform].features(chat).opens_pages

    def posts_at_once(self, chat: Chat) -> bool:
        """Whether a new message in the chat would be posted now."""
        return not self._stopped and self._calls.posts_at_once(chat)

    def is_open(self, key: str) -> bool:
        """Whether the message is open: registered, and its final state not yet shown."""
        return key in self._messages

    def message_ref(self, key: str) -> MessageRef | None:
        """Address of an open message; None before it is posted, and for an unknown key."""
        return self._messages[key].ref if key in self._messages else None

    def locale_of(self, key: str) -> str | None:
        """Language of an open message; None for an unknown key."""
        return self._messages[key].locale if key in self._messages else None

    def status_of(self, key: str) -> Status | None:
        """What is known of a running job whose message is open here; None: nothing."""
        return self._messages[key].status if key in self._messages else None

    async def wait_for_post(self, key: str) -> None:
        """Returns once the post of an open message is on the wire; at once where it is posted or cannot be now, and for
        an unknown key; after POST_WAIT_S at the latest."""
        message = self._messages.get(key)
        if message is not None and message.on_wire is not None:
            await message.on_wire.wait()

    def open_message(self, message: StatusMessage) -> None:
        """Registers a message: edits it if it is posted already (`ref`), else posts it."""
        self._messages[message.key] = message
        if not message.is_elsewhere:
            self._calls.open_message(message)

    # ------------------------------------------------------------ messages that change hands

    def take_over(self, key: str, ref: MessageRef | None) -> None:
        """Another process has let a message go: calls are made from here now. `ref`: its address; None: it was not
        posted. No-op for an unknown key."""
        message = self._messages.get(key)
        if message is not None and message.is_elsewhere:
            message.is_elsewhere, message.ref = False, ref
            self._calls.open_message(message)

    async def hand_over(self, key: str) -> bool:
        """Lets a message go, for another process to make its calls: returns once none is under way. False: it shows its
        end already. True also for an unknown key."""
        message = self._messages.get(key)
        if message is None:
            return True
        if message.final_state is not None:
            return False
        message.is_elsewhere = True
        self._calls.drop_message(key)
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

    # ------------------------------------------------------------ what messages show

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
        self._calls.refresh(key)

    def show_preview(self, key: str, preview: Image) -> None:
        """Shows an unfinished picture inside the message."""
        message = self._messages.get(key)
        if message is not None and message.final_state is None and not message.is_mute:
            message.preview = preview
            self._calls.request_call(message, Urgency.PROGRESS)

    async def show_final(self, key: str, final: FinalState) -> Delivered | None:
        """Shows the message's final state; returns once the platform has it. None: it has no images. A caller that is
        cancelled while the call is under way gets its result all the same: what the chat has is to be settled.

        Raises ChatFailed when the platform rejects it.
        """
        message = self._messages[key]
        message.final_state = final
        message.tries = 0
        self._calls.request_call(message, Urgency.FINAL)
        try:
            return await asyncio.shield(message.outcome)
        except asyncio.CancelledError:
            await self._wait_for_call(message)
            if not message.outcome.done() or message.outcome.cancelled():
                raise
            if (caller := asyncio.current_task()) is not None:
                caller.uncancel()
            return message.outcome.result()
        finally:
            self._close_message(message)

    async def _wait_for_call(self, message: StatusMessage) -> None:
        """Returns when no call about the message is under way, also if it is cancelled again meanwhile."""
        while message.call is not None:
            with suppress(asyncio.CancelledError):
                await asyncio.wait((message.call,))

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
        can_wait: bool = False,
    ) -> bool:
        """Sends a message that is no job's: a reply to a command, a refusal. Returns once it is sent, or refused by the
        platform, which is logged. False: stopped before it could be sent. With `ref`, edits that message instead, which
        must belong to no open job. `on_posted`: as of StatusMessage. `private_to`: gets it in a private chat where a
        group does not take it. `can_wait`: all other calls go first."""
        final = FinalState(card=card)
        shown = await self._show_reply(
            key, chat, final, reply_to=reply_to, ref=ref, on_posted=on_posted, private_to=private_to
        )
        return shown is not None

    async def post_images(self, key: str, chat: Chat, final: FinalState, *, reply_to: str | None) -> Delivered | None:
        """Posts images that are no job's delivery, once for each `key`. Returns where they stand; None: stopped before.

        Raises what `final.load_images` raises, ChatFailed where the platform refuses them.
        """
        shown = await self._show_reply(key, chat, final, reply_to=reply_to)
        return None if shown is None else shown.result()

    async def replace_buttons(self, ref: MessageRef, buttons: tuple[Button, ...]) -> None:
        """Puts other buttons below a message that belongs to no open job, where the platform can; of several requests
        for one message the latest is shown. What the platform refuses is logged."""
        key = f"buttons:{ref.chat.key}:{ref.message_id}"
        final = FinalState(card=Card(text="", buttons=buttons), buttons_only=True)
        if (message := self._messages.get(key)) is not None and message.call is None:
            message.final_state = final
            return
        self._messages.pop(key, None)  # what its call shows is older: another follows
        await self._show_reply(key, ref.chat, final, ref=ref, urgency=Urgency.FURTHER)

    async def remove_messages(self, chat: Chat, card: Card, removal: Removal) -> bool:
        """Removes a job's messages. Returns once that is done; False: stopped before.

        Raises ChatFailed when the platform refuses it.
        """
        key = f"remove:{removal.job_id}:{removal.message_ids[0]}"
        first = MessageRef(chat=chat, message_id=removal.message_ids[0])
        final = FinalState(card=card, removal=removal)
        shown = await self._show_reply(key, chat, final, ref=first, urgency=Urgency.FINAL)
        if shown is not None:
            shown.result()
        return shown is not None

    async def _show_reply(
        self,
        key: str,
        chat: Chat,
        final: FinalState,
        *,
        reply_to: str | None = None,
        ref: MessageRef | None = None,
        on_posted: Callable[[MessageRef], Awaitable[None]] | None = None,
        private_to: User | None = None,
        urgency: Urgency | None = None,
    ) -> asyncio.Future[Delivered | None] | None:
        """Shows a message that is no job's: whoever asks for the same `key` meanwhile waits for the same call. Returns
        its outcome, which may be a failure; None: stopped before. `urgency`: of the call; None: a reply's own."""
        message = self._messages.get(key)
        if message is None:
            if self._stopped:
                return None
            message = StatusMessage(
                key=key,
                chat=chat,
                reply_to=reply_to,
                locale=final.card.locale,
                status=Status(accepted_at=self._clock.monotonic()),
                ref=ref,
                final_state=final,
                on_posted=on_posted,
                is_reply=True,
                private_to=private_to,
            )
            self._messages[key] = message
            if urgency is None:
                self._calls.request_post(message)
            else:
                self._calls.request_call(message, urgency)
        try:
            await asyncio.wait((message.outcome,))
        finally:
            if self._messages.get(key) is message:
                self._close_message(message)
        return None if message.outcome.cancelled() else message.outcome

    def _close_message(self, message: StatusMessage) -> None:
        self._messages.pop(message.key, None)
        self._calls.drop_message(message.key)

    async def _refresh_messages(self) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_S)
            for key in list(self._messages):
                self.refresh(key)
