"""Frames and stored messages as the core's values: Message, ButtonPress. Pure; storage and sockets are elsewhere."""

import re
from collections.abc import Sequence

from adapters.playground import users
from adapters.playground.protocol import EstimateFrame, PressFrame
from adapters.playground.records import StoredFile, StoredMessage
from bot.chat import Attachment, DeletedMessage, Message, MessageRef
from bot.ports import ButtonPress, read_target

_LEADING_MENTION = re.compile(r"@easel(?!\w)[,:]?\s*", re.IGNORECASE)
_MENTION = re.compile(r"[ \t]?(?<!\w)@easel(?!\w)", re.IGNORECASE)
_COMMAND = re.compile(r"(/[a-z][a-z0-9_]{0,31})(@easel)?(?!\S)", re.IGNORECASE)


def decode_text(typed: str) -> tuple[str, bool]:
    """The text without mentions of the bot, and whether a mention or a command addressed it to the bot.

    `@easel` counts as a word only, so that `amber@easel.example` and `@easels` stay as they are.
    """
    text = typed.strip()
    command = _COMMAND.match(text)
    if command is not None:
        return command[1] + text[command.end() :], True
    leading = _LEADING_MENTION.match(text)
    rest = text[leading.end() :] if leading is not None else text
    bare, count = _MENTION.subn("", rest)
    return bare.strip(), leading is not None or count > 0


def decode_file(file: StoredFile) -> Attachment:
    """The core's handle of a stored file."""
    return Attachment(ref=file.id, media_type=file.media_type, size=file.size, filename=file.name)


def decode_message(stored: StoredMessage, replied: StoredMessage | DeletedMessage | None) -> Message:
    """A user's message with the message it replies to, one hop."""
    text, is_addressed = decode_text(stored.text)
    chat = users.core_chat(stored.chat)
    reply_to = _decode_replied(replied, stored.source) if isinstance(replied, StoredMessage) else replied
    replies_to_bot = isinstance(reply_to, Message) and reply_to.from_me
    return Message(
        id=str(stored.id),
        chat=chat,
        sender=users.core_user(stored.sender, stored.locale),
        text=text,
        attachments=tuple(decode_file(file) for file in stored.files),
        reply_to=reply_to,
        to_me=chat.kind == "direct" or is_addressed or replies_to_bot,
    )


def decode_draft(frame: EstimateFrame, replied: StoredMessage | None, locale: str) -> Message:
    """What a user's message would be, if they sent what they have written. Its pictures are stand-ins without bytes."""
    picture = StoredFile(id="", name="picture.png", media_type="image/png", size=0, width=None, height=None, alt="")
    draft = StoredMessage(
        id=0,
        chat=frame.chat,
        sender=frame.sender,
        locale=locale,
        text=frame.text,
        files=(picture,) * frame.pictures,
        buttons=(),
        quote=None,
        source=frame.reply_file,
        created_at="",
        is_edited=False,
        is_deleted=False,
        delivery_key=None,
    )
    return decode_message(draft, replied)


def decode_press(frame: PressFrame, locale: str, files: Sequence[StoredFile] = ()) -> ButtonPress:
    """A click on a button; its nonce is the event's id. `files`: of the message with the button."""
    job_id, picture = read_target(frame.job)
    numbers = {file.id: number for number, file in enumerate(files, start=1)}
    return ButtonPress(
        id=frame.nonce,
        message=MessageRef(chat=users.core_chat(frame.chat), message_id=frame.message),
        sender=users.core_user(frame.sender, locale),
        action=frame.action,
        job_id=job_id,
        picture=picture or numbers.get(frame.file or ""),
    )


def _decode_replied(stored: StoredMessage, about: str | None) -> Message:
    """The message that is replied to; where a reply is `about` one of its files, that one alone counts."""
    files = [file for file in stored.files if file.id == about] or stored.files
    job_id, picture = next((read_target(each["job"]) for each in stored.buttons), (None, None))
    return Message(
        id=str(stored.id),
        chat=users.core_chat(stored.chat),
        sender=users.core_user(stored.sender, stored.locale),
        text=stored.text,
        attachments=tuple(decode_file(file) for file in files),
        from_me=stored.sender == users.BOT_ID,
        job_id=job_id,
        job_picture=picture,
    )
