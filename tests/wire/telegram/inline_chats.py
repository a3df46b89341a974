"""Steps in chats that the bot is not in: inline queries, chosen results, guest mentions, and waiting for the picture.

Shared by the tests of inline mode and of guest mode; asserts only that an answer is there.
"""

from adapters.telegram.encode import WORD_JOINER
from tests.servers.telegram import Chat, GuestQuery, InlineQuery, Message, User
from tests.wire.telegram.easel import TelegramWorld, done


async def queried(place: TelegramWorld, text: str, *, by: User | None = None) -> InlineQuery:
    """Somebody types after the bot's name, and is offered something."""
    query = place.server.inline_query(by or place.ada, text)
    await place.until(lambda: query.answered)
    return query


async def chosen(place: TelegramWorld, text: str, *, by: User | None = None) -> Message:
    """Somebody types, and takes what is offered."""
    query = await queried(place, text, by=by)
    return place.server.choose_result(by or place.ada, query, "paint")


async def called(place: TelegramWorld, chat: Chat, text: str, *, reply_to: Message | None = None) -> Message:
    """The bot's name is written where it is no member; its answer."""
    query: GuestQuery = place.server.guest_message(place.ada, chat, f"@easel_bot {text}", reply_to=reply_to)
    await place.until(lambda: query.answered)
    assert query.answer is not None
    return query.answer


async def finished(place: TelegramWorld, message: Message, *, after: int = 0) -> None:
    """Waits until a message has become a picture, and the job knows it. `after`: edits that do not count."""
    await place.until(lambda: done(message) and message.photo is not None and message.edits > after)
    await place.wait_until_settled()


def shown(message: Message) -> str:
    return message.content.text.replace(WORD_JOINER, "")
