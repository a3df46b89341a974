"""Updates from Telegram: each is decoded and handed to the core, to payments, or to inline mode.

How updates arrive is connection.py's and webhook.py's; that none is lost or handled twice, dispatcher.py's.
"""

import asyncio
import re
from collections.abc import Collection, Sequence

import structlog
import telegram
from telegram.constants import ChatMemberStatus, ChatType

from adapters.telegram import ids
from adapters.telegram.albums import AlbumCollector
from adapters.telegram.api import call_api
from adapters.telegram.decode import BotIdentity, decode_button_press, decode_chat, decode_message, decode_sender
from adapters.telegram.errors import QUERY_TOO_OLD, CallRejected, GroupMigrated, OutcomeUnknown
from adapters.telegram.inline import InlineMode
from adapters.telegram.message_ids import MessageIds
from adapters.telegram.payments import StarPayments
from adapters.telegram.permissions import ChatPermissions
from adapters.telegram.region_links import RegionLinks
from adapters.telegram.state import TelegramState
from adapters.telegram.updates import REPORTS, RawUpdate, read_origin
from bot.chat import User
from bot.errors import ChatFailed
from bot.intake.commands import PAINT_COMMANDS
from bot.ports import ButtonPress, ButtonReply, EventSink
from bot.runtime.clock import Clock, wait_for_future
from bot.texts import negotiate_locale, translate

log = structlog.get_logger()

MAX_ANSWER_CHARS = 200  # answerCallbackQuery's text
ANSWER_WAIT_S = 3.0  # that the core may take to answer a button press; until then the button shows a spinner
BASE_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "chat_member")
INLINE_UPDATES = ("guest_message", "inline_query", "chosen_inline_result")
PAYMENT_UPDATES = ("pre_checkout_query",)
CHANNEL_UPDATES = ("channel_post", "edited_channel_post")


def _may_be_about_pictures(message: telegram.Message) -> bool:
    """Whether a message asks for a picture: any but those with another command."""
    text = message.text or ""
    return not text.startswith("/") or re.split(r"\W", text[1:], maxsplit=1)[0].lower() in PAINT_COMMANDS


def allowed_updates(*, inline: bool, payments: bool, channels: bool) -> list[str]:
    """The kinds of updates that the bot asks Telegram for, and no more."""
    optional = ((inline, INLINE_UPDATES), (payments, PAYMENT_UPDATES), (channels, CHANNEL_UPDATES))
    return [*BASE_UPDATES, *(kind for is_on, kinds in optional if is_on for kind in kinds)]


class UpdateHandler:
    """`identity`: of the bot, by getMe; no update is received before it is known."""

    def __init__(
        self,
        *,
        bot: telegram.Bot,
        identity: BotIdentity,
        state: TelegramState,
        message_ids: MessageIds,
        permissions: ChatPermissions,
        events: EventSink,
        inline: InlineMode,
        payments: StarPayments | None,
        regions: RegionLinks | None,
        channels: bool | Collection[int],
        clock: Clock,
    ) -> None:
        """`channels`: as in the settings."""
        self._bot = bot
        self._identity = identity
        self._state = state
        self._message_ids = message_ids
        self._permissions = permissions
        self._events = events
        self._inline = inline
        self._payments = payments
        self._regions = regions
        self._channels = channels
        self._clock = clock
        self._albums = AlbumCollector(clock, self._handle_message)

    async def handle_update(self, update: telegram.Update) -> bool:
        """Handles one update. False: it must be handled again after the next start.

        Raises StoreFailed where handling it later is better than going on without the database.
        """
        self._note(update)
        if self.ignores(update):
            return True
        if (message := self._message_of(update)) is not None:
            if message.media_group_id is not None:
                self._announce_album(message)
                return await self._albums.add_part(message)
            if _may_be_about_pictures(message):  # of an album that is coming in
                await self._albums.wait_for_earlier(message)
            return await self._handle_message([message])
        return await self._handle_other_update(update)

    def abandon(self) -> None:
        """Other processes handle from now on what is under way, and all that follows."""
        self._albums.abandon()
        self._events.chats_changed_hands()

    async def _handle_other_update(self, update: telegram.Update) -> bool:
        """As `handle_update`, for one that brings no new message."""
        if (edited := self._edited_message_of(update)) is not None:
            return await self._handle_edit(edited)
        if (change := update.my_chat_member or update.chat_member) is not None:
            return await self._handle_membership(change)
        if update.callback_query is not None:
            return await self._handle_callback_query(update.callback_query)
        if update.inline_query is not None:
            return await self._inline.answer_query(update.inline_query)
        if update.chosen_inline_result is not None:
            return await self._inline.receive_chosen_result(update.chosen_inline_result)
        if update.pre_checkout_query is not None and self._payments is not None:
            return await self._payments.answer_pre_checkout(update.pre_checkout_query)
        return True

    def _message_of(self, update: telegram.Update) -> telegram.Message | None:
        """The message of an update; None: it has none, or a post of a channel where the operator has not allowed it."""
        if (post := update.channel_post) is not None:
            return post if self._is_allowed(post) else None
        return update.message or update.guest_message

    def _edited_message_of(self, update: telegram.Update) -> telegram.Message | None:
        """The message of an update that reports an edit; None as of `_message_of`."""
        if (post := update.edited_channel_post) is not None:
            return post if self._is_allowed(post) else None
        return update.edited_message

    def _is_allowed(self, post: telegram.Message) -> bool:
        return self._channels if isinstance(self._channels, bool) else post.chat.id in self._channels

    def _note(self, update: telegram.Update) -> None:
        """Notes ids of messages, and what service messages tell of permissions. Not those of guest messages: the bot is
        no member there, and their ids are another sequence's."""
        if (message := update.message or update.channel_post) is not None:
            self._permissions.note_message(message)
            self._message_ids.record_foreign(message.chat.id, message.message_id)
        elif update.callback_query is not None and (own := update.callback_query.message) is not None:
            self._message_ids.record_own(own.chat.id, own.message_id)

    def ignores(self, update: telegram.Update) -> bool:
        """Whether an update is a message that would be answered by nothing, as its sender is over their pace. Whatever
        reports a payment, a migration or a guest's message is none."""
        message = self._message_of(update) or self._edited_message_of(update)
        if message is None or message.guest_query_id is not None or any(getattr(message, each) for each in REPORTS):
            return False
        sender = decode_sender(message)
        return sender is not None and self._events.ignores(sender, decode_chat(message))

    def ignores_unread(self, raw: RawUpdate) -> bool:
        """As `ignores`, of an update that nobody has parsed yet. False also where that would be needed to tell."""
        if (origin := read_origin(raw)) is None:
            return False
        sender = User(platform=ids.PLATFORM, id=str(origin.user), name="")
        return self._events.ignores(sender, ids.make_chat(origin.chat, direct=origin.is_private))

    # ------------------------------------------------------------ messages

    async def _handle_message(self, parts: Sequence[telegram.Message]) -> bool:
        """A message, or a complete album."""
        first = parts[0]
        if first.migrate_to_chat_id is not None:
            await self._handle_migration(first.chat.id, first.migrate_to_chat_id)
            return True
        if first.migrate_from_chat_id is not None:
            await self._handle_migration(first.migrate_from_chat_id, first.chat.id)
            return True
        if first.successful_payment is not None:
            return self._payments is None or await self._payments.credit_payment(first)
        message = decode_message(
            parts,
            self._identity,
            max_images=1 if first.guest_query_id is not None else None,  # an inline message shows one
            hears_forwards=await self._hears_forwards(first),
        )
        if message is None:
            return True
        if self._payments is not None and self._payments.is_buy_command(message):
            await self._payments.send_offer(message)
            return True
        if self._regions is not None and self._regions.is_start(message):
            await self._regions.answer_start(message)
            return True
        return await self._events.receive_message(message)

    async def _hears_forwards(self, message: telegram.Message) -> bool:
        """Whether the bot hears what may be forwarded together with a message, whose comment that would be: in groups
        with privacy mode only an administrator hears more than commands and replies."""
        if message.guest_query_id is not None:
            return False
        is_group = message.chat.type in (ChatType.GROUP, ChatType.SUPERGROUP)
        if self._identity.reads_groups or not is_group or not (message.text or "").startswith("/"):
            return True
        return await self._permissions.is_administrator(message.chat.id)

    def _announce_album(self, part: telegram.Message) -> None:
        """What its sender has just said may be the comment on an album, which takes a moment to be complete."""
        sender = decode_sender(part)
        if sender is not None and (part.forward_origin is not None or not part.caption):
            self._events.expect_album(sender, decode_chat(part))

    async def _handle_edit(self, message: telegram.Message) -> bool:
        """A message was edited by its author; of an album, the caption of one part."""
        if message.media_group_id is not None:
            return await self._albums.edit_part(message)
        decoded = decode_message([message], self._identity, hears_forwards=await self._hears_forwards(message))
        return decoded is None or await self._events.receive_message(decoded)

    async def _handle_migration(self, old: int, new: int) -> None:
        """A group was migrated to a supergroup: its jobs and credits go along. Reported by both chats, and by
        rejected calls.

        Raises StoreFailed.
        """
        await self._state.save_move(str(old), str(new))
        await self._events.chat_moved(ids.make_chat(old, direct=False), ids.make_chat(new, direct=False))

    async def _handle_membership(self, change: telegram.ChatMemberUpdated) -> bool:
        """The bot was restricted, promoted, removed or blocked, or the opposite. That of others is of no interest."""
        chat = change.chat
        if change.new_chat_member.user.id != self._bot.id:
            return True
        await self._permissions.report_bot_member(chat.id)
        is_gone = change.new_chat_member.status in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)
        if is_gone and self._state.moved_to(str(chat.id)) is None:
            await self._events.chat_closed(ids.make_chat(chat.id, direct=chat.type == ChatType.PRIVATE))
        return True

    # ------------------------------------------------------------ button presses

    async def _handle_callback_query(self, query: telegram.CallbackQuery) -> bool:
        """A button press. Answered in any case: unanswered, the button shows a spinner for a minute."""
        if self._payments is not None and self._payments.is_pack_choice(query):
            await self._answer_callback_query(query, await self._payments.send_invoice(query))
            return True
        press = decode_button_press(query)
        if press is None:
            await self._answer_callback_query(query, "")
            return True
        pending_reply = asyncio.ensure_future(self._events.press_button(press))
        try:
            if await wait_for_future(pending_reply, ANSWER_WAIT_S, self._clock):
                reply = pending_reply.result()
                await self._answer_press(query, press, reply)
            else:
                await self._answer_callback_query(query, "")
                reply = await pending_reply
                if reply.page is not None and self._regions is not None:
                    await self._regions.send_page(query, reply.text, reply.page)
        finally:
            pending_reply.cancel()
        return reply.handled

    async def _answer_press(self, query: telegram.CallbackQuery, press: ButtonPress, reply: ButtonReply) -> None:
        if reply.page is not None and self._regions is not None:
            if await self._regions.open_page(query, reply.text, reply.page):
                return
            await self._answer_callback_query(query, "")
        else:
            await self._answer_callback_query(query, self._callback_text(press, reply), alert=reply.open_reply)

    def _callback_text(self, press: ButtonPress, reply: ButtonReply) -> str:
        """The text that a button press is answered with. Where the bot is no member, the text must say that a reply
        reaches it only with its name."""
        if not (reply.open_reply and ids.is_inline(press.message.chat)):
            return reply.text
        key = "telegram-edit-guest" if self._identity.guest else "telegram-edit-elsewhere"
        return translate(negotiate_locale(press.sender.locale), key, bot=f"@{self._identity.username}")

    async def _answer_callback_query(self, query: telegram.CallbackQuery, text: str, *, alert: bool = False) -> None:
        shown = text if len(text) <= MAX_ANSWER_CHARS else f"{text[: MAX_ANSWER_CHARS - 1]}…"
        try:
            await call_api(lambda: self._bot.answer_callback_query(query.id, text=shown or None, show_alert=alert))
        except CallRejected as rejected:
            if QUERY_TOO_OLD not in rejected.description:
                log.warning("click not answered", detail=rejected.description)
        except (ChatFailed, GroupMigrated, OutcomeUnknown) as failed:
            log.info("click not answered", detail=str(failed))
