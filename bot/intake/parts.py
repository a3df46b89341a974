"""What a member says in more than one message: which message goes on with which, and what they say together.

Pure: messages go in, one comes out. When to wait for more is `bot.handlers.drafts`'s.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.chat import Message

CUT_SPAN = timedelta(seconds=2)  # between the parts of a text that a client cut; dates may be whole seconds
FORWARD_SPAN = timedelta(seconds=10)  # from a comment to the last of what it forwards: a client sends them in one go
OWN_PICTURE_SPAN = timedelta(seconds=2)  # from words to a picture that was sent after them: later it is another matter
_SENTENCE_ENDS = ".!?…。！？"


def goes_on(parts: Sequence[Message], message: Message) -> bool:
    """Whether a message of the same sender in the same place goes on with what the parts say, or comes before it."""
    if brings_pictures(parts[0], message) or _is_comment(message, parts):
        return True
    return any(continues_text(part, message) or continues_text(message, part) for part in parts)


def continues_text(part: Message, rest: Message) -> bool:
    """Whether a text is the rest of another that the client has cut."""
    return (
        part.room is not None
        and bool(rest.text)
        and not rest.attachments
        and rest.command is None
        and not rest.text.startswith("/")
        and rest.forwarded == part.forwarded
        and (rest.reply_to is None or (part.reply_to is not None and rest.reply_to.id == part.reply_to.id))
        and position(part) < position(rest)
        and _is_sent_within(part, rest, CUT_SPAN)
    )


def brings_pictures(words: Message, message: Message) -> bool:
    """Whether a message brings what words are about, and no words of its sender: what was forwarded with them as its
    comment, or a picture that was sent right after them."""
    if not words.forward_may_follow or not is_material(message) or position(message) < position(words):
        return False
    return _is_sent_within(words, message, FORWARD_SPAN if message.forwarded else OWN_PICTURE_SPAN)


def _is_comment(words: Message, parts: Sequence[Message]) -> bool:
    """Whether words are about pictures that were sent after them, and that came before them all the same."""
    return all(map(is_material, parts)) and brings_pictures(words, parts[0])


def is_material(message: Message) -> bool:
    """Whether a message holds nothing that its sender has written."""
    if message.reply_to is not None or message.command is not None:
        return False
    return message.forwarded or bool(message.attachments and not message.text)


def without_foreign_caption(message: Message) -> Message:
    """A forwarded picture without its caption, which somebody else wrote about it elsewhere; any other message as it
    is."""
    is_caption = message.forwarded and message.attachments and message.command is None
    return replace(message, text="") if is_caption and not message.text.startswith("/") else message


def position(message: Message) -> tuple[int, str]:
    """Sorts the messages of a chat by the order in which they were written."""
    return (int(message.id) if message.id.isdecimal() else 0, message.id)


def join(parts: Sequence[Message]) -> Message:
    """The parts, in the order in which they were written, as one message: the first one with what the others add."""
    first, *others = parts
    text, attachments, last = first.text, first.attachments, first
    for part in others:
        if continues_text(last, part):
            text, last = text + _joint(last, part) + part.text, part
        elif part.attachments:  # the caption of a forwarded picture is not the sender's
            attachments += part.attachments
        else:
            text = f"{text}\n{part.text}"
    edits = [each.edited_at for each in parts if each.edited_at is not None]
    return replace(
        first,
        text=text,
        attachments=attachments,
        to_me=any(each.to_me for each in parts),
        room=last.room,
        edited_at=max(edits, default=None),
    )


def _joint(part: Message, rest: Message) -> str:
    """What stood between the parts of a text: nothing where it was cut at the very limit. Where it has several lines,
    and the next word would have fitted, the client preferred the end of a line or of a sentence."""
    if not part.room:
        return ""
    next_word = rest.text.split(maxsplit=1)[0]
    has_lines = "\n" in part.text or "\n" in rest.text
    if not has_lines or len(next_word) >= part.room or part.text[-1:] in _SENTENCE_ENDS:
        return " "
    return "\n"


def _is_sent_within(earlier: Message, later: Message, span: timedelta) -> bool:
    if earlier.sent_at is None or later.sent_at is None:
        return False
    return abs(later.sent_at - earlier.sent_at) <= span
