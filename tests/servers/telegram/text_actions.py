"""Text messages, edits and forwards from users. Each becomes an update if the bot can see it."""

from collections.abc import Sequence
from dataclasses import replace

from tests.servers.telegram import text as texts
from tests.servers.telegram.core import Core
from tests.servers.telegram.entities import Chat, Content, Message, Topic, User
from tests.servers.telegram.errors import Json
from tests.servers.telegram.updates import Update


class TextActions:
    """Mixin of TelegramServer."""

    core: Core

    def say(
        self,
        sender: User,
        chat: Chat,
        text: str,
        *,
        entities: Sequence[Json] | None = None,
        reply_to: Message | None = None,
        external_reply: Message | None = None,
        quote: str | None = None,
        thread: Topic | None = None,
        via_bot: User | None = None,
        sender_chat: Chat | None = None,
    ) -> Message:
        """Sends a text. `sender_chat`: in whose name, the group's for an anonymous administrator, or a channel's.
        `entities` None: those that clients detect. `reply_to`: a message of the same chat and topic,
        or of another, which the bot then sees as external_reply."""
        found = texts.detect_entities(text) if entities is None else tuple(entities)
        content = Content(text=text, entities=found)
        target = external_reply or reply_to
        return self._write(
            sender, chat, content, target, quote=quote, thread=thread, via_bot=via_bot, sender_chat=sender_chat
        )

    def deliver(self, message: Message) -> Update | None:
        """Delivers a message that was held back to the bot."""
        return self.core.add_message_update(message)

    def forward(self, sender: User, chat: Chat, message: Message, *, thread: Topic | None = None) -> Message:
        """Forwards a message with its text, file and author; one that was sent by way of a bot goes on saying so."""
        content = replace(message.content, markup=None)
        target = message.forwarded or message
        return self._write(sender, chat, content, None, thread=thread, via_bot=message.via_bot, forwarded=target)

    def edit(self, message: Message, text: str) -> Message:
        """Edits a text or a caption."""
        message.history.append(replace(message.content, text=text, entities=texts.detect_entities(text)))
        message.edited = self.core.now()
        self.core.add_message_update(message, edited=True)
        return message

    # ------------------------------------------------------------ inside

    def _write(
        self,
        sender: User,
        chat: Chat,
        content: Content,
        target: Message | None,
        *,
        quote: str | None = None,
        thread: Topic | None = None,
        via_bot: User | None = None,
        forwarded: Message | None = None,
        sender_chat: Chat | None = None,
    ) -> Message:
        message = self._post(
            sender,
            chat,
            content,
            target,
            quote=quote,
            thread=thread,
            via_bot=via_bot,
            forwarded=forwarded,
            sender_chat=sender_chat,
        )
        self.core.add_message_update(message)
        return message

    def _post(
        self,
        sender: User,
        chat: Chat,
        content: Content,
        target: Message | None,
        *,
        quote: str | None = None,
        thread: Topic | None = None,
        via_bot: User | None = None,
        media_group_id: str | None = None,
        forwarded: Message | None = None,
        sender_chat: Chat | None = None,
    ) -> Message:
        assert sender_chat is not chat or chat.members.get(sender.id) in ("administrator", "creator"), (
            "no administrator"
        )
        assert chat.migrated_to is None, "the group is a supergroup now"
        topic = self._own_topic(sender, chat) if chat.direct_messages else thread
        if topic is None and target is not None and target.chat is chat:
            topic = target.topic
        here = target is not None and target.chat is chat and target.topic is topic
        if chat.kind not in ("private", "channel"):
            chat.members.setdefault(sender.id, "member")
        return self.core.world.post(
            chat,
            None if chat.kind == "channel" else sender,
            content,
            topic=topic,
            reply_to=target if here else None,
            external=None if here else target,
            quote=quote,
            via_bot=via_bot,
            media_group_id=media_group_id,
            forwarded=forwarded,
            sender_chat=sender_chat,
        )

    def _own_topic(self, sender: User, chat: Chat) -> Topic:
        for topic in chat.topics.values():
            if topic.user is sender:
                return topic
        topic = Topic(id=sender.id, name=sender.name, user=sender)
        chat.topics[topic.id] = topic
        return topic
