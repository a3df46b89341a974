"""Leads members to the region page: by a Mini App in their private chat, which is where Telegram shows such buttons.

From a group, a press opens the app itself where the bot has a main one, else the private chat, whose `/start` brings
the token along. Whose page it is the app's launch data prove (`launch_data`), so a token alone is of no use to others.
"""

import re

import structlog
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters, WebAppInfo

from adapters.telegram.api import call_api
from adapters.telegram.encode import escape_entities
from adapters.telegram.errors import CALL_FAILURES, CallRejected
from bot.chat import Message
from bot.ports import REGION_PATH, EventSink, PageLink
from bot.texts import negotiate_locale, translate

log = structlog.get_logger()

_START = re.compile(r"/start(?:@\w+)?\s+(?P<token>[\w-]{62})\s*", re.ASCII)


class RegionLinks:
    """`public_url`: HTTPS address of Easel's server. `has_main_app`: whether the bot has one in BotFather, which must
    then be the page."""

    def __init__(self, bot: telegram.Bot, events: EventSink, *, public_url: str, has_main_app: bool) -> None:
        self._bot = bot
        self._events = events
        self._page = public_url.rstrip("/") + REGION_PATH
        self._has_main_app = has_main_app

    def is_start(self, message: Message) -> bool:
        """Whether a message is the `/start` of a link."""
        return message.chat.kind == "direct" and _START.fullmatch(message.text) is not None

    async def answer_start(self, message: Message) -> None:
        """Replies to the `/start` of a link with the button that opens the app."""
        found = _START.fullmatch(message.text)
        if found is None:
            return
        locale = negotiate_locale(message.sender.locale)
        refusal = await self._events.command_refusal(message.sender, message.chat)
        if refusal is None:
            page = PageLink(token=found["token"], label=translate(locale, "region-open"))
            await self._send(message.chat.id, translate(locale, "region-how"), page, reply_to=message.id)
        elif refusal:
            await self._send(message.chat.id, refusal, None, reply_to=message.id)

    async def open_page(self, query: telegram.CallbackQuery, text: str, page: PageLink) -> bool:
        """Leads whoever has pressed *Region* to the page: in the private chat by a message with a button, elsewhere at
        once. Whether the press is answered by that."""
        if await self.send_page(query, text, page):
            return False
        for way in (["startapp"] if self._has_main_app else []) + ["start"]:
            url = f"{self._bot.link}?{way}={page.token}"
            try:
                await call_api(lambda url=url: self._bot.answer_callback_query(query.id, url=url))
            except CallRejected as rejected:
                log.info("region page not opened", way=way, detail=rejected.description)
            except CALL_FAILURES as failed:
                log.info("click not answered", detail=str(failed))
                return True
            else:
                return True
        return False

    async def send_page(self, query: telegram.CallbackQuery, text: str, page: PageLink) -> bool:
        """Sends the button to the private chat in which *Region* was pressed. False: it was pressed elsewhere."""
        message = query.message
        if message is None or message.chat.type != telegram.constants.ChatType.PRIVATE:
            return False
        await self._send(str(message.chat.id), text, page, reply_to=str(message.message_id))
        return True

    async def _send(self, chat_id: str, text: str, page: PageLink | None, *, reply_to: str) -> None:
        keyboard = None
        if page is not None:
            app = WebAppInfo(url=f"{self._page}#{page.token}")
            keyboard = InlineKeyboardMarkup([[InlineKeyboardButton(page.label, web_app=app)]])
        try:
            await call_api(
                lambda: self._bot.send_message(
                    int(chat_id),
                    escape_entities(text),
                    reply_markup=keyboard,
                    reply_parameters=ReplyParameters(int(reply_to), allow_sending_without_reply=True),
                )
            )
        except CALL_FAILURES as failed:
            log.warning("region page not offered", detail=str(failed))
