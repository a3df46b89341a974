"""The chat, topic and reply that a call names, and whether the bot may write there. Raises Telegram's errors."""

from dataclasses import dataclass

from tests.servers.telegram.entities import Chat, Message, Topic
from tests.servers.telegram.errors import bad, forbidden, migrated
from tests.servers.telegram.methods.call import Call

ADMINISTRATORS = ("administrator", "creator")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTarget:
    """The chat of a new message and its position there: topic, reply."""

    chat: Chat
    topic: Topic | None = None
    reply_to: Message | None = None
    external: Message | None = None
    quote: str | None = None


def known_chat(call: Call, name: str = "chat_id") -> Chat:
    key = call.params.get(name)
    if key is None or key == "":
        raise bad(f"{name} is empty")
    chat = call.core.world.find(key)
    if chat is None:
        raise bad("chat not found")
    if chat.migrated_to is not None:
        raise migrated(chat.migrated_to.id)
    return chat


def reached_chat(call: Call) -> Chat:
    """A chat that the bot is in."""
    if call.string("business_connection_id"):
        raise bad("business connection not found")  # this bot has no business accounts
    chat = known_chat(call)
    if chat.kind != "private":
        _check_membership(chat)
    elif chat.user is not None and chat.user.bot:
        raise forbidden("bot can't send messages to bots")
    elif chat.deactivated:
        raise forbidden("user is deactivated")
    elif chat.blocked:
        raise forbidden("bot was blocked by the user")
    elif not chat.opened:
        raise forbidden("bot can't initiate conversation with a user")
    return chat


def _check_membership(chat: Chat) -> None:
    if chat.bot_status == "kicked":
        raise forbidden(f"bot was kicked from the {chat.kind} chat")
    if chat.bot_status == "left":
        raise forbidden(f"bot is not a member of the {chat.kind} chat")


def send_target(call: Call, what: str) -> SendTarget:
    """Where a send goes. `what`: in the words of the refusal ("photos")."""
    chat = reached_chat(call)
    if chat.kind == "channel" and chat.bot_status != "administrator":
        raise bad("need administrator rights in the channel chat")
    if not chat.bot_may_send(what):
        raise bad(f"not enough rights to send {what} to the chat")
    topic = thread(call, chat)
    return _replying(call, chat, topic)


def thread(call: Call, chat: Chat) -> Topic | None:
    """The topic a call names. Raises ApiError when there is none, or it takes no messages."""
    if chat.direct_messages:
        number = call.integer("direct_messages_topic_id")
        if number is None:
            if chat.bot_status in ADMINISTRATORS:
                raise bad("channel direct messages topic must be specified")
            return None
    else:
        number = call.integer("message_thread_id")
        if not number:
            return None
    topic = chat.topics.get(number)
    if topic is None or topic.deleted:
        raise bad("message thread not found")
    _check_topic_open(topic, chat)
    return topic


def _check_topic_open(topic: Topic, chat: Chat) -> None:
    if topic.closed and chat.bot_status not in ADMINISTRATORS:
        raise bad("TOPIC_CLOSED")


def _replying(call: Call, chat: Chat, topic: Topic | None) -> SendTarget:
    given = call.object("reply_parameters")
    if given is None:
        return SendTarget(chat=chat, topic=topic)
    source = chat if given.get("chat_id") in (None, chat.id) else call.core.world.find(given["chat_id"])
    target = None if source is None else source.messages.get(given.get("message_id", 0))
    if target is None or target.deleted:
        if given.get("allow_sending_without_reply"):
            return SendTarget(chat=chat, topic=topic)
        raise bad("message to be replied not found")
    quote = given.get("quote")
    if quote is not None and quote not in target.content.text:
        raise bad("QUOTE_TEXT_INVALID")
    if source is chat and topic is None and target.topic is not None:
        topic = target.topic  # an answer goes where its question stands
        _check_topic_open(topic, chat)
    if source is chat and target.topic is topic:
        return SendTarget(chat=chat, topic=topic, reply_to=target, quote=quote)
    return SendTarget(chat=chat, topic=topic, external=target, quote=quote)


def edit_target(call: Call, words: str, *, name: str = "message_id") -> Message:
    """A message that stands. `words`: "message to edit"."""
    chat = reached_chat(call)
    number = call.integer(name)
    if not number:
        raise bad("message identifier is not specified")
    message = chat.messages.get(number)
    if message is None or message.deleted:
        raise bad(f"{words} not found")
    return message
