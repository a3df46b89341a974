"""sendMessage, the sends of files, albums, chat actions, and copies."""

from typing import cast

from tests.servers.telegram import encode
from tests.servers.telegram import text as texts
from tests.servers.telegram.core import Action
from tests.servers.telegram.entities import Content, MediaKind, Message
from tests.servers.telegram.errors import Json, bad
from tests.servers.telegram.methods import sending
from tests.servers.telegram.methods.call import Call, Handler
from tests.servers.telegram.methods.targets import known_chat, reached_chat, send_target, thread
from tests.servers.telegram.word_lists import words

ACTIONS = frozenset(
    words(
        "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker",
        "find_location record_video_note upload_video_note",
    )
)
ALBUM_KINDS = ("photo", "video", "document", "audio")
ALBUM_MOST = 10
APART = ("document", "audio")  # kinds that share an album with their like only


def send_message(call: Call) -> Json:
    text, entities = texts.parse_text(call.string("text") or "", call.string("parse_mode"), call.array("entities"))
    texts.check_text(text)
    where = send_target(call, "text messages")
    content = Content(
        text=text,
        entities=entities,
        markup=call.keyboard(where.chat),
        preview=call.object("link_preview_options"),
    )
    call.charge(where.chat)
    return encode.message(sending.post(call, where, content))


def _sends(kind: MediaKind) -> Handler:
    def send(call: Call) -> Json:
        text, entities = sending.caption(call.params)
        where = send_target(call, sending.RIGHTS[kind])
        keyboard = call.keyboard(where.chat)
        content = Content(
            text=text,
            entities=entities,
            media=sending.media(call, kind, kind),
            spoiler=call.flag("has_spoiler"),
            above=call.flag("show_caption_above_media"),
            markup=keyboard,
        )
        call.charge(where.chat)
        return encode.message(sending.post(call, where, content))

    return send


def send_media_group(call: Call) -> list[Json]:
    items = [cast("Json", item) for item in call.array("media") or []]
    if "reply_markup" in call.params:
        call.core.record_violation("sendMediaGroup: an album carries no reply_markup")
    kinds = _album_kinds(items)
    if len(items) == 1:
        call.core.record_violation("sendMediaGroup: an album has 2-10 items")  # Telegram itself sends it as one message
    captions = [sending.caption(item) for item in items]
    where = send_target(call, sending.RIGHTS[kinds[0]])
    files = [sending.media(call, kind, "media", item) for kind, item in zip(kinds, items, strict=True)]
    call.charge(where.chat, len(items))
    group = str(13_000_000_000_000_000 + call.core.world.number()) if len(items) > 1 else None
    sent = [
        sending.post(
            call,
            where,
            Content(
                text=text,
                entities=entities,
                media=file,
                spoiler=item.get("has_spoiler") is True,
                above=item.get("show_caption_above_media") is True,
            ),
            media_group_id=group,
        )
        for item, file, (text, entities) in zip(items, files, captions, strict=True)
    ]
    return [encode.message(message) for message in sent]


def _album_kinds(items: list[Json]) -> list[MediaKind]:
    if not items:
        raise bad("there are no messages to send")
    if len(items) > ALBUM_MOST:
        raise bad("too many messages to send as an album")
    kinds: list[MediaKind] = []
    for item in items:
        kind = item.get("type")
        if kind not in ALBUM_KINDS:
            words = "can't be used in sendMediaGroup" if kind == "animation" else "is unsupported"
            raise bad(f'can\'t parse InputMedia: type "{kind}" {words}')
        kinds.append(cast("MediaKind", kind))
    for kind in APART:
        if kind in kinds and len(set(kinds)) > 1:
            raise bad(f"{kind} can't be mixed with other media types")
    return kinds


def send_chat_action(call: Call) -> bool:
    chat = reached_chat(call)
    action = call.string("action")
    if action is None or action not in ACTIONS:
        raise bad("wrong parameter action in request")
    core = call.core
    topic = None if chat.direct_messages else thread(call, chat)
    core.actions.append(Action(at=core.time(), chat=chat, thread_id=None if topic is None else topic.id, action=action))
    return True


def _source(call: Call, words: str) -> Message:
    source = known_chat(call, "from_chat_id").messages.get(call.integer("message_id") or 0)
    if source is None or source.deleted:
        raise bad(f"{words} not found")
    return source


def copy_message(call: Call) -> Json:
    source = _source(call, "message to copy")
    if source.content.service is not None:
        raise bad("message can't be copied")
    content = source.content
    where = send_target(call, sending.RIGHTS[content.media.kind] if content.media else "text messages")
    text, entities = sending.caption(call.params) if "caption" in call.params else (content.text, content.entities)
    call.charge(where.chat)
    copied = Content(
        text=text, entities=entities, media=content.media, spoiler=content.spoiler, markup=call.keyboard(where.chat)
    )
    return {"message_id": sending.post(call, where, copied).id}


METHODS: dict[str, Handler] = {
    "sendMessage": send_message,
    "sendMediaGroup": send_media_group,
    "sendChatAction": send_chat_action,
    "copyMessage": copy_message,
    "sendPhoto": _sends("photo"),
    "sendDocument": _sends("document"),
    "sendAnimation": _sends("animation"),
    "sendVideo": _sends("video"),
    "sendVoice": _sends("voice"),
    "sendAudio": _sends("audio"),
    "sendSticker": _sends("sticker"),
}
