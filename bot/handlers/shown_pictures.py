"""Pictures that members have just shown in a group without a word to the bot: what their next request is about, where
it says so. In memory only, for a minute; whoever else asks gets none of them."""

from dataclasses import replace

from cachetools import TTLCache

from bot.chat import Chat, Message, User
from bot.handlers.unfinished import JOIN_WITHIN
from bot.intake.deixis import refers_to_picture
from bot.intake.parts import is_material
from bot.runtime.clock import Clock

MAX_PLACES = 5_000  # of members in chats, remembered; the oldest are dropped first
MAX_MESSAGES = 10  # of one member, remembered: more than a request may have are refused in words


class ShownPictures:
    """The latest pictures of each member in each group whose messages the bot hears."""

    def __init__(self, clock: Clock) -> None:
        self._shown: TTLCache[tuple[str, ...], tuple[Message, ...]] = TTLCache(
            MAX_PLACES, JOIN_WITHIN.total_seconds(), timer=clock.monotonic
        )

    def note(self, message: Message) -> None:
        """Remembers a message that was not meant for the bot, if it is nothing but pictures. Any other says that the
        pictures before it are done with."""
        place = _place(message.chat, message.sender)
        if message.attachments and is_material(message):
            others = [each for each in self._shown.get(place, ()) if each.id != message.id]
            self._shown[place] = (*others, message)[-MAX_MESSAGES:]
        else:
            self._shown.pop(place, None)

    def add_to(self, message: Message) -> Message:
        """A request with the pictures that it is about: those that its sender has shown just before."""
        shown = self._shown.get(_place(message.chat, message.sender), ())
        is_bare = not (message.attachments or message.about or message.reply_to or message.command)
        if not shown or not is_bare or not refers_to_picture(message.text):
            return message
        return replace(message, about=tuple(image for each in shown for image in each.attachments))

    def drop(self, message: Message) -> None:
        """Forgets what the sender of a request has shown: it is painted, or was not meant."""
        self._shown.pop(_place(message.chat, message.sender), None)

    def drop_user(self, user_key: str) -> None:
        """Forgets what a user has shown anywhere."""
        for place in [each for each in self._shown if each[-1] == user_key]:
            del self._shown[place]


def _place(chat: Chat, user: User) -> tuple[str, ...]:
    return chat.key, chat.thread_id or "", user.key
