"""The bot's questions and their answers: what a refused message leaves behind, and what a message answers.

Sends nothing; what is kept of a request and how an answer completes it are `bot.handlers.unfinished`'s.
"""

from dataclasses import replace
from functools import partial

from bot.chat import Card, Message, MessageRef
from bot.errors import EaselError, PicturesWithoutPrompt
from bot.handlers.pending_requests import PendingRequests
from bot.handlers.questions import is_question, refusal_card, region_button
from bot.handlers.replies import Reply, error_reply
from bot.handlers.unfinished import Awaits, PendingRequest, keep_refused
from bot.jobs.service import Requester
from bot.runtime.clock import Clock
from bot.status.messages import StatusMessages

# Without a further message after which pictures are asked about. Clients send a forward and its comment, or several
# chosen photos, within a few tenths of a second.
ASK_QUIET_S = 1.5


class Dialogue:
    """Of every user in every chat."""

    def __init__(self, pending_requests: PendingRequests, status_messages: StatusMessages, clock: Clock) -> None:
        self._pending = pending_requests
        self._status_messages = status_messages
        self._clock = clock

    # ------------------------------------------------------------ answers

    def has_seen(self, message: Message) -> bool:
        """Whether a message was refused or its pictures kept before, and something followed it: the platform delivers
        it again."""
        kept = self._pending.find_kept(message)
        return kept is not None and (kept.is_answered or kept.latest != message.id)

    def recognise(self, message: Message) -> Message:
        """A message as one to the bot, if it replies to a question of the bot's whose author the platform does not
        tell."""
        reply = message.reply_to
        if not isinstance(reply, Message) or reply.from_me or reply.sender.id:
            return message
        if not self._pending.is_question(message.chat, reply.id):
            return message
        return replace(message, to_me=True, reply_to=replace(reply, from_me=True))

    def find_answered(self, message: Message) -> PendingRequest | None:
        """The request that a message answers; one without contents for an old question. None: it answers nothing."""
        if (answered := self._pending.find_answered(message)) is not None:
            return answered
        reply = message.reply_to
        if isinstance(reply, Message) and reply.from_me and not reply.attachments and is_question(reply.text):
            return PendingRequest(id=reply.id, latest=reply.id, asked_at=self._clock.now(), awaits=Awaits.WORDS)
        return None

    async def mark_answered(self, message: Message) -> None:
        """A message became a job: words that follow are about something else."""
        await self._pending.mark_answered(message)

    # ------------------------------------------------------------ questions

    async def keep_refused(
        self,
        message: Message,
        requester: Requester,
        failed: EaselError,
        answered: PendingRequest | None,
        *,
        max_images: int,
    ) -> Reply:
        """The reply to a message that failed, and what is kept of it. `answered`, `max_images`: as of
        `bot.handlers.unfinished.keep_refused`."""
        request = keep_refused(message, failed, answered=answered, max_images=max_images, now=self._clock.now())
        if request is None:
            return error_reply(requester, failed)
        waits = (
            request.is_growing
            and bool(message.attachments)
            and not self._status_messages.shows_pending_reply(message.chat)
        )
        await self._pending.put(message.chat, message.sender, request, is_saved=waits)
        return self._question(message, requester, failed, request, waits=waits)

    def ask_about_pictures(self, message: Message, requester: Requester, reply: Reply) -> Reply | None:
        """The question as of now, a moment after the pictures came. None: it needs none any more, or a message that
        came later asks it."""
        assert reply.request is not None
        request = self._pending.get(message.chat, message.sender, reply.request.id)
        if request is None or request.is_answered or request.latest != message.id:
            return None
        return self._question(message, requester, PicturesWithoutPrompt(), request, waits=False)

    def _question(
        self, message: Message, requester: Requester, failed: EaselError, request: PendingRequest, *, waits: bool
    ) -> Reply:
        """Where the platform can, a question is edited when more pictures come, else it is asked anew."""
        is_fixed = self._status_messages.has_fixed_questions(message.chat)
        may_change = request.is_growing and bool(message.attachments) and message.chat.kind == "direct"
        card = refusal_card(requester.locale, failed, request, may_change=may_change)
        if self._offers_region(message, card, request):
            card = replace(card, buttons=(region_button(request, requester.locale),))
        edits = None
        if request.questions and request.is_editable:
            edits = MessageRef(chat=message.chat, message_id=request.questions[-1])
        return Reply(
            card=card,
            request=request,
            waits=waits,
            edits=edits,
            on_posted=partial(self._note_question, message, replace(request, is_editable=may_change or not is_fixed)),
        )

    def _offers_region(self, message: Message, card: Card, request: PendingRequest) -> bool:
        """Whether the pictures can be painted over by hand, too: not where a button would take the place of the reply
        that a platform opens for the answer."""
        opens_reply = card.question is not None and not card.question.may_change
        has_room = not (opens_reply and self._status_messages.has_fixed_questions(message.chat))
        return bool(request.images) and has_room and self._status_messages.opens_pages(message.chat)

    async def _note_question(self, message: Message, request: PendingRequest, ref: MessageRef) -> None:
        await self._pending.add_question(
            message.chat, message.sender, request.id, ref.message_id, is_editable=request.is_editable
        )
