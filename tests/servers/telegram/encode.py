"""Entities encoded as the JSON that Telegram sends to this bot. Decides nothing but the format."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from tests.servers.telegram.entities import Chat, Media, Message, Status, Stored, Topic, User
from tests.servers.telegram.errors import Json
from tests.servers.telegram.word_lists import words

RIGHTS = words(
    "can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members can_promote_members",
    "can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories",
)
ANONYMOUS: Json = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
CHANNEL_BOT: Json = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
SENDS = {
    "can_send_messages": "text messages",
    "can_send_audios": "audios",
    "can_send_documents": "documents",
    "can_send_photos": "photos",
    "can_send_videos": "videos",
    "can_send_video_notes": "video notes",
    "can_send_voice_notes": "voice notes",
    "can_send_polls": "polls",
    "can_send_other_messages": "animations",
}
MEMBER_RIGHTS = words(
    "can_add_web_page_previews can_react_to_messages can_edit_tag can_change_info can_invite_users can_pin_messages",
    "can_manage_topics",
)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def user(one: User) -> Json:
    body: Json = {"id": one.id, "is_bot": one.bot, "first_name": one.name}
    return body | _given(username=one.username, language_code=one.language_code)


def chat(one: Chat) -> Json:
    body: Json = {"id": one.id, "type": one.kind}
    if one.user is not None:
        return body | {"first_name": one.user.name} | _given(username=one.user.username)
    body["title"] = one.title
    return body | _given(
        username=one.username, is_forum=one.forum or None, is_direct_messages=one.direct_messages or None
    )


def full_chat(one: Chat) -> Json:
    """ChatFullInfo."""
    none = dict.fromkeys(("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"), False)
    body: Json = chat(one) | {
        "accent_color_id": 3,
        "max_reaction_count": 11,
        "accepted_gift_types": none | {"gifts_from_channels": False},
    }
    if one.reactions is not None:
        body["available_reactions"] = [{"type": "emoji", "emoji": emoji} for emoji in sorted(one.reactions)]
    if one.kind in ("group", "supergroup"):
        allowed = {name: words not in one.all_denied for name, words in SENDS.items()}
        body["permissions"] = allowed | dict.fromkeys(MEMBER_RIGHTS, True)
    return body


def member(one: User, status: Status, denied: set[str], withheld: Collection[str] = ()) -> Json:
    """ChatMember, as its status has it. `withheld`: rights that it lacks as an administrator."""
    body: Json = {"user": user(one), "status": status}
    match status:
        case "creator":
            return body | {"is_anonymous": False}
        case "administrator":
            return (
                body
                | {"can_be_edited": False, "is_anonymous": False}
                | {right: right not in withheld for right in RIGHTS}
            )
        case "restricted":
            sends = {name: words not in denied for name, words in SENDS.items()}
            return body | {"is_member": True, "until_date": 0} | sends | dict.fromkeys(MEMBER_RIGHTS, False)
        case "kicked":
            return body | {"until_date": 0}
        case "member" | "left":
            return body


def stored(one: Stored) -> Json:
    """PhotoSize, or the common part of other files."""
    return {
        "file_id": one.file_id,
        "file_unique_id": one.unique_id,
        "width": one.width,
        "height": one.height,
        "file_size": one.size,
    }


def media(one: Media) -> Json:
    """The fields of a message, or of an external reply, that show a file."""
    return MEDIA[one.kind](one)


def _plain(one: Media, *, name: bool = True) -> Json:
    file = one.file
    body = {key: value for key, value in stored(file).items() if key not in ("width", "height")}
    thumbnail = None if one.thumbnail is None else stored(one.thumbnail)
    return body | _given(file_name=file.filename if name else None, mime_type=file.mime_type, thumbnail=thumbnail)


def _photo(one: Media) -> Json:
    return {"photo": [stored(size) for size in one.sizes]}


def _document(one: Media) -> Json:
    return {"document": _plain(one)}


def _moving(one: Media) -> Json:
    file = one.file
    return _plain(one) | {"width": file.width, "height": file.height, "duration": file.duration}


def _animation(one: Media) -> Json:
    return {"animation": _moving(one), "document": _plain(one)}


def _video(one: Media) -> Json:
    return {"video": _moving(one)}


def _voice(one: Media) -> Json:
    body = _plain(one, name=False)
    body.pop("thumbnail", None)
    return {"voice": body | {"duration": one.file.duration}}


def _audio(one: Media) -> Json:
    return {"audio": _plain(one) | {"duration": one.file.duration}}


def _sticker(one: Media) -> Json:
    body = _plain(one, name=False)
    body.pop("mime_type", None)
    return {
        "sticker": body
        | {
            "type": "regular",
            "width": one.file.width,
            "height": one.file.height,
            "is_animated": one.sticker == "animated",
            "is_video": one.sticker == "video",
            "emoji": "🎨",
        }
    }


MEDIA: dict[str, Callable[[Media], Json]] = {
    "photo": _photo,
    "document": _document,
    "animation": _animation,
    "video": _video,
    "voice": _voice,
    "audio": _audio,
    "sticker": _sticker,
}


def message(one: Message, *, replied: bool = True) -> Json:
    """Message. `replied`: with the message it replies to, which itself shows no further one."""
    body: Json = {"message_id": one.id, "date": seconds(one.date), "chat": chat(one.chat)}
    body |= _sender(one) | _content(one) | _place(one)
    if one.edited is not None:
        body["edit_date"] = seconds(one.edited)
    body |= _given(
        media_group_id=one.media_group_id,
        via_bot=None if one.via_bot is None else user(one.via_bot),
        has_protected_content=one.protected or None,
        effect_id=one.effect_id,
        forward_origin=None if one.forwarded is None else origin(one.forwarded),
        guest_query_id=one.guest_query_id,
        guest_bot_caller_user=None if one.guest_caller is None else user(one.guest_caller),
    )
    return body | _reply(one) if replied else body


def inaccessible(one: Message) -> Json:
    return {"chat": chat(one.chat), "message_id": one.id, "date": 0}


def _sender(one: Message) -> Json:
    """Who wrote it. Bots of Telegram's own stand for those who post in a chat's name."""
    if one.sender is None:
        return {"sender_chat": chat(one.chat)}
    if one.sender_chat is not None:
        anonymous = one.sender_chat is one.chat
        return {"from": ANONYMOUS if anonymous else CHANNEL_BOT, "sender_chat": chat(one.sender_chat)}
    return {"from": user(one.sender)}


def _content(one: Message) -> Json:
    content = one.content
    body: Json = dict(content.service or {})
    caption = content.media is not None
    if content.media is not None:
        body |= media(content.media) | _given(
            has_media_spoiler=content.spoiler or None, show_caption_above_media=content.above or None
        )
    if content.text:
        body["caption" if caption else "text"] = content.text
        if content.entities:
            body["caption_entities" if caption else "entities"] = list(content.entities)
    if content.markup is not None and "inline_keyboard" in content.markup:
        body["reply_markup"] = content.markup
    return body | _given(link_preview_options=content.preview, invoice=content.invoice)


def _place(one: Message) -> Json:
    if one.topic is None:
        return {}
    if one.chat.direct_messages:
        return {"direct_messages_topic": direct_topic(one.topic)}
    return {"message_thread_id": one.topic.id, "is_topic_message": True}


def direct_topic(one: Topic) -> Json:
    return {"topic_id": one.id} | _given(user=None if one.user is None else user(one.user))


def _reply(one: Message) -> Json:
    body: Json = {}
    shown = one.reply_to
    if shown is None and one.external is None and one.topic is not None and one.chat.forum:
        shown = one.topic.created  # a forum's messages reply to what opened their topic
    if shown is not None and shown is not one and not shown.deleted:
        body["reply_to_message"] = message(shown, replied=False)
    if one.external is not None:
        body["external_reply"] = external(one.external)
    if one.quote is not None:
        source = one.reply_to or one.external
        position = max(0, source.content.text.find(one.quote)) if source is not None else 0
        body["quote"] = {"text": one.quote, "position": position, "is_manual": True}
    return body


def origin(one: Message) -> Json:
    """MessageOrigin."""
    body: Json = {"date": seconds(one.date)}
    if one.sender is not None:
        return body | {"type": "user", "sender_user": user(one.sender)}
    return body | {"type": "channel", "chat": chat(one.chat), "message_id": one.id}


def external(one: Message) -> Json:
    """ExternalReplyInfo: where it comes from and its file, never its text."""
    body: Json = {"origin": origin(one)}
    if one.chat.kind in ("supergroup", "channel"):
        body |= {"chat": chat(one.chat), "message_id": one.id}
    if one.content.media is not None:
        body |= media(one.content.media)
        body |= _given(has_media_spoiler=one.spoiler or None)
    return body


def file(one: Stored, path: str | None) -> Json:
    body: Json = {"file_id": one.file_id, "file_unique_id": one.unique_id, "file_size": one.size}
    return body | _given(file_path=path)


def _given(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
