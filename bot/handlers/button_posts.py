"""What a button posts without painting: admitted and counted as a request, spends nothing, and is posted once.

The same press that is delivered again, and a second press right after the first, post nothing more.
"""

from collections.abc import Sequence

from cachetools import TTLCache

from bot.chat import Chat, User
from bot.errors import Banned
from bot.handlers.admission import Admission
from bot.job import Job, button_key
from bot.jobs import cards
from bot.ports import ButtonPress, ButtonReply
from bot.runtime.clock import Clock
from bot.status.message import FinalState, Removal
from bot.status.messages import StatusMessages
from bot.store.store import Store
from bot.texts import translate

MAX_REMEMBERED = 10_000  # presses
REPEAT_S = 10.0  # in which a second press of the same button is taken for the first


class ButtonPosts:
    """Posts for presses."""

    def __init__(self, *, store: Store, status_messages: StatusMessages, admission: Admission, clock: Clock) -> None:
        self._store = store
        self._status_messages = status_messages
        self._admission = admission
        self._recent: TTLCache[str, None] = TTLCache(MAX_REMEMBERED, REPEAT_S, timer=clock.monotonic)

    async def admit(self, press: ButtonPress, actor: User) -> None:
        """Counts the press. Raises the Refusal to say, SuppressReply."""
        await self._admission.reload_if_changed()
        self._admission.check_request(actor, press.message.chat)
        if await self._store.is_banned(actor.key):
            raise Banned

    async def admit_request(self, press: ButtonPress, actor: User, prompt: str) -> None:
        """Counts a press that paints a prompt; whether its user is banned is seen as the job is accepted. Raises as
        `admit`."""
        await self._admission.reload_if_changed()
        self._admission.check_request(actor, press.message.chat, prompt)

    async def post(
        self,
        press: ButtonPress,
        job: Job,
        final: FinalState,
        locale: str,
        *,
        shows: Sequence[Job | None] = (),
        reply_to: str | None = None,
    ) -> ButtonReply:
        """Posts a reply, to the message with the button or to `reply_to`. `shows`: the jobs whose
        results its pictures are, in order, None for those of members; so that the post goes when one is deleted.

        Raises what `final.load_images` raises, ChatFailed, StoreFailed.
        """
        pressed = button_key(press.action, job.id, press.sender.key, press.picture or 1)
        if pressed in self._recent:
            return ButtonReply(text=translate(locale, "press-again"))
        self._recent[pressed] = None
        key = f"{job.id}:press:{press.action.value}:{press.picture or 0}:{press.id}"
        chat, reply_to = press.message.chat, reply_to or press.message.message_id
        try:
            if not final.image_count:
                sent = await self._status_messages.send_reply(key, chat, final.card, reply_to=reply_to)
                return ButtonReply(handled=sent)
            posted = await self._status_messages.post_images(key, chat, final, reply_to=reply_to)
        except BaseException:
            self._recent.pop(pressed, None)
            raise
        if posted is None:
            return ButtonReply(handled=False)
        await self._note_copies((posted.ref.message_id, *posted.further_ids), shows, posted.ref.chat)
        return ButtonReply()

    async def _note_copies(self, message_ids: Sequence[str], shows: Sequence[Job | None], chat: Chat) -> None:
        """Each picture has a message of its own, or all stand in one."""
        in_one = len(message_ids) < len(shows)
        for at, job in enumerate(shows):
            if job is None or job.chat.key != chat.key:
                continue
            message_id = message_ids[0 if in_one else at]
            if not await self._store.add_copy(job, message_id):  # taken away while this was on its way
                removal = Removal(job_id=job.id, message_ids=(message_id,))
                await self._status_messages.remove_messages(chat, cards.deleted_card(job), removal)
