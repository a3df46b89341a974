"""The wire's events as the core's words: Message, Press. Pure; storage and sockets are elsewhere."""

import re

from adapters.playground import people
from adapters.playground.entries import Entry, StoredFile
from adapters.playground.protocol import Click
from bot.chat import Attachment, ButtonPress, DeletedMessage, Message, MessageRef

_MENTION_FIRST = re.compile(r"@easel(?!\w)[,:]?\s*", re.IGNORECASE)
_MENTION = re.compile(r"[ \t]?(?<!\w)@easel(?!\w)", re.IGNORECASE)
_COMMAND = re.compile(r"(/[a-z][a-z0-9_]{0,31})(@easel)?(?!\S)", re.IGNORECASE)


def decode_text(typed: str) -> tuple[str, bool]:
    """The text without the mention of the bot, and whether a mention or a command addressed it to the bot.

    `@easel` counts as a word only, so that `amber@easel.example` and `@easels` stay as they are.
    """
    text = typed.strip()
    command = _COMMAND.match(text)
    if command is not None:
        return command[1] + text[command.end() :], True
    first = _MENTION_FIRST.match(text)
    rest = text[first.end() :] if first is not None else text
    bare, others = _MENTION.subn("", rest)
    return bare.strip(), first is not None or others > 0


def decode_file(file: StoredFile) -> Attachment:
    return Attachment(ref=file.id, media_type=file.media_type, size=file.size, filename=file.name)


def decode_message(entry: Entry, replied: Entry | DeletedMessage | None) -> Message:
    """What a member wrote, with what it answers, one hop."""
    text, addressed = decode_text(entry.text)
    chat = people.chat(entry.chat)
    answers = _replied(replied) if isinstance(replied, Entry) else replied
    to_easel = isinstance(answers, Message) and answers.from_me
    return Message(
        id=str(entry.id),
        chat=chat,
        sender=people.user(entry.sender, entry.locale),
        text=text,
        attachments=tuple(decode_file(file) for file in entry.files),
        reply_to=answers,
        to_me=chat.kind == "direct" or addressed or to_easel,
    )


def decode_press(frame: Click, locale: str) -> ButtonPress:
    return ButtonPress(
        id=frame.nonce,
        message=MessageRef(chat=people.chat(frame.chat), message_id=frame.message),
        sender=people.user(frame.sender, locale),
        action=frame.action,
        job_id=frame.job,
    )


def _replied(entry: Entry) -> Message:
    return Message(
        id=str(entry.id),
        chat=people.chat(entry.chat),
        sender=people.user(entry.sender, entry.locale),
        text=entry.text,
        attachments=tuple(decode_file(file) for file in entry.files),
        from_me=entry.sender == people.EASEL,
    )
