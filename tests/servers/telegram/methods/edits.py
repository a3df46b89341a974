"""editMessageText, -Caption, -Media, -ReplyMarkup; deletes; reactions."""

from dataclasses import replace
from typing import cast

from tests.servers.telegram import encode
from tests.servers.telegram import text as texts
from tests.servers.telegram.entities import Content, MediaKind, Message
from tests.servers.telegram.errors import NOT_MODIFIED, Json, bad
from tests.servers.telegram.methods import sending
from tests.servers.telegram.methods.call import Call, Handler
from tests.servers.telegram.methods.targets import edit_target, reached_chat
from tests.servers.telegram.word_lists import words

EDITED_MEDIA = ("photo", "video", "animation", "document", "audio")
LIFE = 48 * 3600  # seconds in which a message may be deleted
REACTIONS = frozenset(
    words(
        "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡",
        "🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈",
        "😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿",
        "🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀ 😡",
    )
)


def _message(call: Call) -> Message:
    """What is to be edited: a message of the bot, or one it sent inline."""
    if inline_id := call.string("inline_message_id"):
        message = call.core.world.inline.get(inline_id)
        if message is None:
            raise bad("MESSAGE_ID_INVALID")
        return message
    message = edit_target(call, "message to edit")
    content = message.content
    mine = message.sender is call.core.bot or (message.chat.kind == "channel" and message.sender is None)
    keyboard = content.markup is not None and "inline_keyboard" not in content.markup
    if not mine or content.service is not None or keyboard or message.via_bot is not None:
        raise bad("message can't be edited")
    return message


def _written(call: Call, message: Message, content: Content) -> Json | bool:
    """The new state, unless it is the old one."""
    core = call.core
    inline = bool(call.string("inline_message_id"))
    call.charge(None if inline else message.chat)
    if content == message.content:
        raise bad(NOT_MODIFIED)
    message.history.append(content)
    message.edited = core.now()
    return True if inline else encode.message(message)


def edit_text(call: Call) -> Json | bool:
    text, entities = texts.parse_text(call.string("text") or "", call.string("parse_mode"), call.array("entities"))
    message = _message(call)
    if message.media is not None or message.content.invoice is not None:
        raise bad("there is no text in the message to edit")
    texts.check_text(text, edit=True)
    keyboard = call.keyboard(message.chat, inline_only=True)
    content = Content(text=text, entities=entities, markup=keyboard, preview=call.object("link_preview_options"))
    return _written(call, message, content)


def edit_caption(call: Call) -> Json | bool:
    text, entities = sending.caption(call.params)
    message = _message(call)
    if message.media is None or message.media.kind == "sticker":
        raise bad("there is no caption in the message to edit")
    content = replace(
        message.content,
        text=text,
        entities=entities,
        above=call.flag("show_caption_above_media"),
        markup=call.keyboard(message.chat, inline_only=True),
    )
    return _written(call, message, content)


def edit_media(call: Call) -> Json | bool:
    given = call.object("media")
    if given is None:
        raise bad("input media is not specified")
    if given.get("type") not in EDITED_MEDIA:
        raise bad(f'can\'t parse InputMedia: type "{given.get("type")}" is unsupported')
    kind = cast("MediaKind", given["type"])
    text, entities = sending.caption(given)
    message = _message(call)
    old = message.media
    if message.content.invoice is not None or (old is not None and old.kind not in EDITED_MEDIA):
        raise bad("message media can't be edited")
    if not message.chat.bot_may_send(f"{kind}s"):
        raise bad(f"not enough rights to send {kind}s to the chat")
    if message.media_group_id is not None and old is not None and _apart(old.kind) != _apart(kind):
        raise bad("can't change media type in the album")
    if call.string("inline_message_id") and call.files:
        raise bad("invalid message content specified")  # inline messages take no uploads
    content = Content(
        text=text,
        entities=entities,
        media=sending.media(call, kind, "media", given),
        spoiler=given.get("has_spoiler") is True,
        above=given.get("show_caption_above_media") is True,
        markup=call.keyboard(message.chat, inline_only=True),
    )
    return _written(call, message, content)


def _apart(kind: str) -> str:
    """Photos and videos may take each other's place in an album."""
    return "visual" if kind in ("photo", "video") else kind


def edit_markup(call: Call) -> Json | bool:
    message = _message(call)
    content = replace(message.content, markup=call.keyboard(message.chat, inline_only=True))
    return _written(call, message, content)


def _deletable(call: Call, message: Message) -> bool:
    chat, core = message.chat, call.core
    if (core.now() - message.date).total_seconds() > LIFE:
        return False
    admin = chat.bot_status in ("administrator", "creator")
    return message.sender is core.bot or admin or chat.kind == "private"


def delete_message(call: Call) -> bool:
    message = edit_target(call, "message to delete")
    if not _deletable(call, message):
        raise bad("message can't be deleted for everyone")
    message.deleted = True
    return True


def delete_messages(call: Call) -> bool:
    chat = reached_chat(call)
    numbers = call.array("message_ids") or []
    if not 1 <= len(numbers) <= 100:
        raise bad("message identifiers are not specified" if not numbers else "too many messages to delete")
    for number in numbers:
        message = chat.messages.get(int(number))
        if message is not None and not message.deleted and _deletable(call, message):
            message.deleted = True
    return True


def set_reaction(call: Call) -> bool:
    message = edit_target(call, "message to react")
    given = [cast("Json", one) for one in call.array("reaction") or []]
    if len(given) > 1:
        raise bad("REACTIONS_TOO_MANY")
    emoji = [str(one.get("emoji", "")) for one in given]
    allowed = REACTIONS if message.chat.reactions is None else message.chat.reactions
    custom = any(one.get("type") != "emoji" for one in given)
    if message.content.service is not None or custom or not allowed.issuperset(emoji):
        raise bad("REACTION_INVALID")
    if emoji:
        message.reactions[call.core.bot.id] = emoji
    else:
        message.reactions.pop(call.core.bot.id, None)
    return True


METHODS: dict[str, Handler] = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageMedia": edit_media,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "setMessageReaction": set_reaction,
}
