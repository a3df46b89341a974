"""What happens on Telegram: each update is decoded and handed to the reception, the shop, or inline mode.

How updates get here is connection.py's and webhook.py's; that none is lost or taken twice, inbox.py's.
"""

import asyncio
from collections.abc import Sequence

import structlog
import telegram

from adapters.telegram import ids
from adapters.telegram.albums import Albums
from adapters.telegram.calls import call
from adapters.telegram.decode import Me, decode_message, decode_press
from adapters.telegram.errors import QUERY_OLD, Moved, Refused, Unclear
from adapters.telegram.inline import Inline
from adapters.telegram.shop import Shop
from adapters.telegram.state import TelegramState
from bot.chat import ButtonPress, ButtonReply
from bot.errors import ChatFailed
from bot.ports import Clock, EventSink
from bot.texts import choose, say

log = structlog.get_logger()

ALERT = 200  # characters of an answer to a click
IN_TIME = 3.0  # seconds for the reception to answer a click; until then the button spins
EVERYWHERE = ("message", "callback_query")
WHERE_NO_MEMBER = ("guest_message", "inline_query", "chosen_inline_result")
PAYING = ("pre_checkout_query",)


def allowed_updates(*, inline: bool, shop: bool) -> list[str]:
    """What Telegram is asked to tell, and no more."""
    return [*EVERYWHERE, *(WHERE_NO_MEMBER if inline else ()), *(PAYING if shop else ())]


class Events:
    """`me`: the bot, once Telegram has told who it is; no update comes before."""

    def __init__(
        self,
        *,
        bot: telegram.Bot,
        me: Me,
        notebook: TelegramState,
        reception: EventSink,
        inline: Inline,
        shop: Shop | None,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._me = me
        self._notebook = notebook
        self._reception = reception
        self._inline = inline
        self._shop = shop
        self._clock = clock
        self._albums = Albums(clock, self._hear)

    async def take(self, update: telegram.Update) -> bool:
        """Handles an update. False: it has to come again.

        Raises StoreFailed where that is better than going on without the database.
        """
        if (message := update.message or update.guest_message) is not None:
            return await (self._hear([message]) if message.media_group_id is None else self._albums.add(message))
        if update.callback_query is not None:
            return await self._click(update.callback_query)
        if update.inline_query is not None:
            return await self._inline.offer(update.inline_query)
        if update.chosen_inline_result is not None:
            return await self._inline.chosen(update.chosen_inline_result)
        if update.pre_checkout_query is not None and self._shop is not None:
            return await self._shop.check(update.pre_checkout_query)
        return True

    # ------------------------------------------------------------ messages

    async def _hear(self, parts: Sequence[telegram.Message]) -> bool:
        """A message, or a whole album."""
        first = parts[0]
        if first.migrate_to_chat_id is not None:
            await self.migrated(first.chat.id, first.migrate_to_chat_id)
            return True
        if first.migrate_from_chat_id is not None:
            await self.migrated(first.migrate_from_chat_id, first.chat.id)
            return True
        if first.successful_payment is not None:
            return self._shop is None or await self._shop.paid(first)
        message = decode_message(parts, self._me, room=1 if first.guest_query_id is not None else None)
        if message is None:
            return True
        if self._shop is not None and self._shop.is_meant(message):
            await self._shop.offer(message)
            return True
        return await self._reception.receive_message(message)

    async def migrated(self, old: int, new: int) -> None:
        """A group has become a supergroup: its jobs and credits go along. Told by both, and by refused calls.

        Raises StoreFailed.
        """
        await self._notebook.move(str(old), str(new))
        await self._reception.chat_moved(ids.chat(old, direct=False), ids.chat(new, direct=False))

    # ------------------------------------------------------------ clicks

    async def _click(self, query: telegram.CallbackQuery) -> bool:
        """A button. Answered in any case, or it would spin for a minute."""
        if self._shop is not None and self._shop.is_chosen(query):
            await self._answer(query, await self._shop.invoice(query))
            return True
        press = decode_press(query)
        if press is None:
            await self._answer(query, "")
            return True
        answering = asyncio.ensure_future(self._reception.press_button(press))
        patience = asyncio.ensure_future(self._clock.sleep(IN_TIME))
        try:
            await asyncio.wait([answering, patience], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answer = answering.result()
                await self._answer(query, self._worded(press, answer), alert=answer.open_reply)
            else:
                await self._answer(query, "")
                await answering
        finally:
            patience.cancel()
            answering.cancel()
        return True

    def _worded(self, press: ButtonPress, answer: ButtonReply) -> str:
        """What a click is answered; a reply that does not name the bot does not reach it where it is no member."""
        if not (answer.open_reply and ids.is_inline(press.message.chat)):
            return answer.text
        key = "telegram-edit-guest" if self._me.guest else "telegram-edit-elsewhere"
        return say(choose(press.sender.locale), key, bot=f"@{self._me.username}")

    async def _answer(self, query: telegram.CallbackQuery, text: str, *, alert: bool = False) -> None:
        shown = text if len(text) <= ALERT else f"{text[: ALERT - 1]}…"
        try:
            await call(lambda: self._bot.answer_callback_query(query.id, text=shown or None, show_alert=alert))
        except Refused as refused:
            if QUERY_OLD not in refused.words:
                log.warning("click not answered", detail=refused.words)
        except (ChatFailed, Moved, Unclear) as failed:
            log.info("click not answered", detail=str(failed))
