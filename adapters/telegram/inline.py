"""Inline mode: `@bot prompt` in any chat, whether or not the bot is a member of it.

The offered result becomes a request once chosen_inline_result reports it; its message is known by an inline id alone.
"""

import structlog
import telegram
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
)

from adapters.telegram import ids
from adapters.telegram.api import call_api
from adapters.telegram.decode import decode_user
from adapters.telegram.encode import escape_entities
from adapters.telegram.errors import CALL_FAILURES
from bot.chat import Message
from bot.ports import EventSink
from bot.texts import negotiate_locale, translate

log = structlog.get_logger()

PLACEHOLDER_DATA = (
    "easel:starting"  # callback data of a button that does nothing: without a keyboard Telegram reports no inline id
)
MAX_DESCRIPTION_CHARS = 100  # of the prompt, shown below the result's title


class InlineMode:
    """Answers inline queries, and hands chosen results to the core."""

    def __init__(self, bot: telegram.Bot, events: EventSink) -> None:
        self._bot = bot
        self._events = events

    async def answer_query(self, query: telegram.InlineQuery) -> bool:
        """Offers one result while the user types. Returns True: the update is handled."""
        locale = negotiate_locale(query.from_user.language_code)
        prompt = " ".join(query.query.split())
        results = [self._article(locale, prompt)] if prompt else []
        button = None
        if not prompt:
            button = InlineQueryResultsButton(text=translate(locale, "telegram-inline-empty"), start_parameter="inline")
        try:
            await call_api(
                lambda: self._bot.answer_inline_query(query.id, results, cache_time=0, is_personal=True, button=button)
            )
        except CALL_FAILURES as failed:  # somebody types on: the next query is there already
            log.debug("inline query not answered", detail=str(failed))
        return True

    async def receive_chosen_result(self, result: telegram.ChosenInlineResult) -> bool:
        """Hands a chosen result to the core as a request. Returns whether it was accepted."""
        message = result.inline_message_id
        if message is None:
            log.warning("chosen inline result without a message")
            return True
        sender = decode_user(result.from_user)
        return await self._events.receive_message(
            Message(
                id=message,
                chat=ids.make_inline_chat(result.from_user.id, message),
                sender=sender,
                text=result.query,
                to_me=True,
                command="imagine",
                max_images=1,
            )
        )

    def _article(self, locale: str, prompt: str) -> InlineQueryResultArticle:
        waiting = InlineKeyboardButton(translate(locale, "telegram-inline-starting"), callback_data=PLACEHOLDER_DATA)
        return InlineQueryResultArticle(
            id="paint",
            title=translate(locale, "telegram-inline-title"),
            description=prompt[:MAX_DESCRIPTION_CHARS],
            input_message_content=InputTextMessageContent(
                translate(locale, "telegram-inline-text", prompt=escape_entities(prompt)),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            ),
            reply_markup=InlineKeyboardMarkup([[waiting]]),
        )
