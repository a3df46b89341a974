"""The library's objects decoded into the core's values: users, chats, messages, button presses.

Pure: nothing is fetched here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import telegram
from telegram import ExternalReplyInfo, MessageEntity, MessageOriginUser

from adapters.telegram import ids
from adapters.telegram.ids import PLATFORM
from bot.chat import Action, Attachment, Chat, Message, MessageRef, User
from bot.intake.deixis import refers_to_picture
from bot.ports import ButtonPress, read_target

BUTTON_DATA = re.compile(rf"easel:(?P<action>{'|'.join(Action)}):(?P<target>[\w-]{{1,40}}(?::\d{{1,3}})?)")
_BARE_COMMAND = re.compile(r"/(?P<name>\w+)(?:@(?P<bot>\w+))?")
# Content that is neither text nor a file.
_OTHER_CONTENT = (
    "checklist",
    "contact",
    "dice",
    "game",
    "giveaway",
    "giveaway_winners",
    "location",
    "paid_media",
    "poll",
    "story",
    "venue",
)  # said, but not in words
MAX_TEXT_UNITS = 4096  # UTF-16 units of a message
CUT_TEXT_UNITS = (MAX_TEXT_UNITS, MAX_TEXT_UNITS // 2)  # the limit, and the shortest text that a client may have cut
MAX_CAPTION_UNITS = 1024  # of a caption
CAPTION_SLACK = 24  # units below the limit within which a caption counts as full
PHOTO_NAME = "photo.jpg"  # Telegram gives photos no file name
UNKNOWN_USER = User(platform=PLATFORM, id="", name="")  # an author that Telegram does not name

MediaSource = telegram.Message | ExternalReplyInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class BotIdentity:
    """The bot itself, as getMe describes it."""

    id: int
    username: str
    """Without `@`."""
    reads_groups: bool = False
    """Whether the bot gets every message of its groups (privacy mode is off), and not only what names it."""
    guest: bool = False
    """Whether the bot can be mentioned in chats that it is no member of (guest mode)."""
    main_app: bool = False
    """Whether the bot has a main Mini App, which direct links open."""


def decode_user(user: telegram.User) -> User:
    return User(platform=PLATFORM, id=str(user.id), name=user.full_name, locale=user.language_code)


def decode_sender(message: telegram.Message) -> User | None:
    """The author of a message: a user, or a chat that posts as itself (an anonymous administrator's group, a channel).
    None: a bot."""
    if message.sender_chat is not None:
        name = message.sender_chat.effective_name or ""
        return User(platform=PLATFORM, id=str(message.sender_chat.id), name=name, is_chat=True)
    user = message.from_user
    return None if user is None or user.is_bot else decode_user(user)


def decode_chat(message: telegram.Message) -> Chat:
    direct = message.chat.type == telegram.constants.ChatType.PRIVATE
    if message.guest_query_id is not None:
        return ids.make_guest_chat(message.chat.id, direct=False, query=message.guest_query_id)
    channel_topic = message.direct_messages_topic
    return ids.make_chat(
        message.chat.id,
        direct=direct,
        topic=message.message_thread_id if message.is_topic_message else None,
        channel_topic=None if channel_topic is None else channel_topic.topic_id,
    )


def decode_attachments(source: MediaSource) -> tuple[Attachment, ...]:
    """The file of a message, image or not: the core decides which media types it accepts."""
    spoiler = bool(source.has_media_spoiler)
    if source.live_photo is not None and source.live_photo.photo:
        return (_largest_photo(source.live_photo.photo, spoiler),)
    if source.photo:
        return (_largest_photo(source.photo, spoiler),)
    if (sticker := source.sticker) is not None:
        media_type, suffix = "image/webp", "webp"
        if sticker.is_animated or sticker.is_video:
            media_type, suffix = ("video/webm", "webm") if sticker.is_video else ("application/x-tgsticker", "tgs")
        return (
            Attachment(
                ref=sticker.file_id,
                media_type=media_type,
                size=sticker.file_size,
                filename=f"sticker.{suffix}",
                kind="sticker",
            ),
        )
    for file, default_name, default_type in (
        (source.animation, "animation.mp4", "video/mp4"),  # comes with `document` of the same file
        (source.document, None, ""),
        (source.video, "video.mp4", "video/mp4"),
        (source.audio, "audio.mp3", "audio/mpeg"),
        (source.video_note, "video.mp4", "video/mp4"),
        (source.voice, "voice.ogg", "audio/ogg"),
    ):
        if file is not None:
            return (
                Attachment(
                    ref=file.file_id,
                    media_type=getattr(file, "mime_type", None) or default_type,
                    size=file.file_size,
                    filename=getattr(file, "file_name", None) or default_name,
                    spoiler=spoiler,
                    kind="gif" if file is source.animation else "file",
                ),
            )
    return ()


def _largest_photo(sizes: Sequence[telegram.PhotoSize], spoiler: bool) -> Attachment:
    """The largest of the sizes that Telegram stores."""
    best = max(sizes, key=lambda each: each.width * each.height)
    return Attachment(
        ref=best.file_id, media_type="image/jpeg", size=best.file_size, filename=PHOTO_NAME, spoiler=spoiler
    )


# ---------------------------------------------------------------- messages


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressedText:
    """The text of a message and whom it addresses."""

    text: str
    """Without the bot's name at its start or end."""
    mentions_bot: bool
    """Whether the bot is mentioned, or a command names it (`/imagine@bot`)."""
    for_other_bot: bool
    """Whether it is a command that names another bot."""


def decode_text(message: telegram.Message, bot: BotIdentity) -> AddressedText:
    """The text or caption of a message, by its entities, whose offsets count in UTF-16 units."""
    text, entities = message.text or message.caption or "", message.entities or message.caption_entities
    raw = text.encode("utf-16-le", "surrogatepass")
    mentions: list[str] = []
    command: str | None = None
    for entity in entities:
        start, end = entity.offset * 2, (entity.offset + entity.length) * 2
        word = raw[start:end].decode("utf-16-le", "replace")
        if _is_bot_mention(entity, word, bot):
            mentions.append(word)
        elif entity.type == MessageEntity.BOT_COMMAND and start == 0:
            command = word.partition("@")[2].lower() or None
    plain_text = raw.decode("utf-16-le", "replace").strip()
    for mention in mentions:  # in the middle of a sentence a mention is part of the text
        plain_text = re.sub(rf"^{re.escape(mention)}[,:]?\s*|\s*{re.escape(mention)}$", "", plain_text)
    names_bot = command == bot.username.lower()
    return AddressedText(
        text=plain_text,
        mentions_bot=bool(mentions) or names_bot,
        for_other_bot=command is not None and not names_bot,
    )


def _decode_texts(parts: Sequence[telegram.Message], bot: BotIdentity) -> tuple[telegram.Message, AddressedText]:
    """What the parts of a message say together, and the part that says it: of an album whose parts have captions of
    their own the one that addresses a bot, which then comes first."""
    written = [(part, decode_text(part, bot)) for part in parts if part.text or part.caption]
    if not written:
        return parts[0], decode_text(parts[0], bot)
    lead = next((each for each in written if each[1].mentions_bot), None)
    lead = lead or next((each for each in written if each[1].text.startswith("/")), written[0])
    texts = [lead[1].text, *(text.text for part, text in written if part is not lead[0])]
    return lead[0], replace(lead[1], text="\n".join(filter(None, texts)))


def _is_bot_mention(entity: MessageEntity, word: str, bot: BotIdentity) -> bool:
    """Whether an entity is a mention of the bot."""
    if entity.type == MessageEntity.MENTION:
        return word[1:].lower() == bot.username.lower()
    return entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == bot.id


def decode_room(message: telegram.Message) -> int | None:
    """`Message.room`: clients cut a text that is too long at the end of a line, a sentence or a word in the second half
    of what fits, or else at the very limit. Captions they do not cut, but what did not fit into one may follow."""
    limit, shortest = (MAX_CAPTION_UNITS, MAX_CAPTION_UNITS - CAPTION_SLACK) if message.caption else CUT_TEXT_UNITS
    units = len((message.text or message.caption or "").encode("utf-16-le", "surrogatepass")) // 2
    return max(0, limit - units) if units >= shortest else None


def decode_message(
    parts: Sequence[telegram.Message],
    bot: BotIdentity,
    *,
    max_images: int | None = None,
    hears_forwards: bool = False,
) -> Message | None:
    """One message from its parts: one, or all of an album in order. `max_images`: that a reply can show there.
    `hears_forwards`: whether what is forwarded with the message reaches the bot.

    None: written by a bot, addressed to another bot, forwarded automatically, a service message, or what inline mode
    has put into the chat: that request is reported by chosen_inline_result.
    """
    first = parts[0]
    sender = decode_sender(first)
    text_part, addressed = _decode_texts(parts, bot)
    attachments = tuple(each for part in parts for each in decode_attachments(part))
    has_content = bool(
        attachments or text_part.text or text_part.caption or any(getattr(first, each) for each in _OTHER_CONTENT)
    )
    is_unasked = bool(first.is_automatic_forward) or _is_inline_result(first, bot)
    if sender is None or is_unasked or not has_content or addressed.for_other_bot:
        return None
    reply, about = decode_reply(first, bot), ()
    if reply is not None and _is_comment(first):
        about = reply.attachments if refers_to_picture(addressed.text) else ()
        reply = None
    is_guest = first.guest_query_id is not None
    return Message(
        id=str(first.message_id),
        chat=decode_chat(first),
        sender=sender,
        text=_with_quote(addressed.text, first, reply),
        attachments=attachments,
        about=about,
        links=tuple(each for part in parts for each in _decode_links(part)),
        reply_to=reply,
        to_me=addressed.mentions_bot or (reply is not None and reply.from_me) or is_guest,
        max_images=max_images,
        # only its administrators post in a group's own name
        sender_moderates=first.sender_chat is not None and first.sender_chat.id == first.chat.id,
        sent_at=first.date,
        edited_at=max((part.edit_date for part in parts if part.edit_date is not None), default=None),
        forwarded=first.forward_origin is not None,
        forward_may_follow=not attachments and reply is None and hears_forwards,
        room=None if is_guest else decode_room(text_part),
    )


def _is_inline_result(message: telegram.Message, bot: BotIdentity) -> bool:
    """Whether a message is a result of the bot's own inline mode where it was chosen, and not a forward of it."""
    return message.via_bot is not None and message.via_bot.id == bot.id and message.forward_origin is None


def decode_reply(message: telegram.Message, bot: BotIdentity) -> Message | None:
    """The message that a message replies to, one hop: in its own chat and topic, or in another."""
    if (replied := message.reply_to_message) is not None:
        if (
            replied.forum_topic_created is not None
        ):  # not a reply: each message of a topic refers to the topic's first message
            return None
        author, (job_id, picture) = replied.from_user, _job_of_buttons(replied)
        # posts of a channel have no author: the bot's own are known by their buttons
        is_mine = author.id == bot.id if author is not None else job_id is not None
        return Message(
            id=str(replied.message_id),
            chat=decode_chat(message),
            sender=decode_user(author) if author is not None else UNKNOWN_USER,
            text=replied.text or replied.caption or "",
            attachments=decode_attachments(replied),
            from_me=is_mine or (replied.via_bot is not None and replied.via_bot.id == bot.id),
            job_id=job_id,
            job_picture=picture,
            links=_decode_links(replied),
        )
    if (foreign := message.external_reply) is not None:
        origin = foreign.origin
        author = origin.sender_user if isinstance(origin, MessageOriginUser) else None
        return Message(
            id=str(foreign.message_id or 0),
            chat=decode_chat(message) if foreign.chat is None else ids.make_chat(foreign.chat.id, direct=False),
            sender=decode_user(author) if author is not None else UNKNOWN_USER,
            text="",
            attachments=decode_attachments(foreign),
            from_me=author is not None and author.id == bot.id,
        )
    return None


def _is_comment(message: telegram.Message) -> bool:
    """Whether a message stands below a post of a channel, in the channel's group: each of those replies to the post, in
    words about it or not."""
    root = message.reply_to_message
    if root is None or not root.is_automatic_forward or message.is_topic_message:
        return False
    return message.message_thread_id == root.message_id


def _job_of_buttons(message: telegram.Message) -> tuple[str | None, int | None]:
    """Id of the job whose buttons a message carries, None: it has none; and the one picture of it that they are about,
    None: all."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup is not None else ()
    data = (str(key.callback_data or "") for row in rows for key in row)
    targets = (match["target"] for each in data if (match := BUTTON_DATA.fullmatch(each)) is not None)
    return next((read_target(each) for each in targets), (None, None))


def _decode_links(message: telegram.Message) -> tuple[str, ...]:
    """Addresses behind words of the text or caption."""
    entities = message.entities or message.caption_entities
    return tuple(each.url for each in entities if each.type == MessageEntity.TEXT_LINK and each.url)


def _with_quote(text: str, message: telegram.Message, reply: Message | None) -> str:
    """The text; when it is empty or a bare command, followed by the quoted part of another message: not of the bot's
    own words, which ask for some and are none."""
    is_own = reply is not None and reply.from_me and not reply.attachments
    if message.quote is None or is_own or (text and _BARE_COMMAND.fullmatch(text) is None):
        return text
    return f"{text} {message.quote.text}".strip()


# ---------------------------------------------------------------- button presses


def decode_button_press(query: telegram.CallbackQuery) -> ButtonPress | None:
    """A press of a job's button. Its message may be inaccessible, or be known by its inline id alone."""
    match = BUTTON_DATA.fullmatch(query.data or "")
    if match is None:
        return None
    if query.inline_message_id is not None:
        chat, identity = ids.make_inline_chat(query.from_user.id, query.inline_message_id), query.inline_message_id
    elif isinstance(query.message, telegram.Message):
        chat, identity = decode_chat(query.message), str(query.message.message_id)
    elif (
        query.message is not None
    ):  # inaccessible: its thread is not named, and follows from the message that is replied to
        direct = query.message.chat.type == telegram.constants.ChatType.PRIVATE
        chat, identity = ids.make_chat(query.message.chat.id, direct=direct), str(query.message.message_id)
    else:
        return None
    job_id, picture = read_target(match["target"])
    return ButtonPress(
        id=query.id,
        message=MessageRef(chat=chat, message_id=identity),
        sender=decode_user(query.from_user),
        action=Action(match["action"]),
        job_id=job_id,
        picture=picture,
        no_form=query.inline_message_id is None,
    )
