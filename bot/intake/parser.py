"""What a member's message asks for: a painting, a command, a refusal, or nothing.

Pure: a Message and what the providers can do go in, a value comes out. No bytes, no clock, no credits.
"""

import re
import unicodedata
from dataclasses import dataclass

from bot.chat import Attachment, DeletedMessage, Message
from bot.errors import (
    MaskTooManyPictures,
    MaskWithoutPicture,
    NotAPicture,
    NothingToEdit,
    PicturesWithoutPrompt,
    PromptEmpty,
    PromptTooLong,
    Refusal,
    ReplyGone,
    ReplyHasNoPicture,
    TooManyPictures,
    UnknownCommand,
    Unsupported,
)
from bot.intake.commands import PAINT_COMMANDS, TEXT_COMMANDS
from bot.intake.options import extract_options
from bot.painting import Capabilities, Options

OPTIONS_MAX_CHARS = 1000  # characters: beyond this much more than a prompt, a text is too long whatever it holds
ARGUMENTS_MAX_CHARS = 4000  # characters after a command; no command understands a tenth of it
QUOTED_NAME_MAX_CHARS = 60  # characters of a file's name that are quoted back
IMAGE_KINDS = "PNG, JPEG, WebP, HEIC"

_WORD = "0-9A-Za-z_\uff10-\uff19\uff21-\uff3a\uff3f\uff41-\uff5a"  # ASCII and its full-width forms
_KNOWN = re.compile(rf"[/\uff0f](?P<name>[{_WORD}]{{1,32}}+)(?:[@\uff20](?P<bot>[{_WORD}]{{1,64}}+))?+(?![/\uff0f])")
_ANY = re.compile(r"[/\uff0f](?P<name>\w{1,32}+)(?:[@\uff20](?P<bot>\w{1,64}+))?+(?=[.,!?]*+(?:\s|$))")
_MASK_WORD = re.compile(r"(?:mask|маска|蒙版|遮罩)(?!\w)[\s,.:;，。：；—–-]*|(?:蒙版|遮罩)", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]+")
_ENDS_LINES = re.compile("\r\n?")
_VAGUE_TYPES = (
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/unknown",
    "unknown/unknown",
)
_PICTURE_SUFFIXES = (
    "png",
    "jpg",
    "jpeg",
    "jfif",
    "webp",
    "heic",
    "heif",
    "avif",
    "gif",
    "bmp",
    "tif",
    "tiff",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """A picture is wanted. `references` are handles; what their bytes are is found out later. `mask` marks where
    the first of them is to change."""

    prompt: str
    references: tuple[Attachment, ...] = ()
    mask: Attachment | None = None
    options: Options = Options()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Anything but painting. `text`: what followed the command's name; `args`: its words."""

    name: str
    args: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Slash:
    name: str
    text: str


def parse_request(message: Message, capabilities: Capabilities) -> Paint | Command | Refusal | None:
    """What `message` asks for. None: it is not meant for the bot, which stays silent. Never raises.

    The adapter has compared `/name@bot` with the bot's own name: such a command is ours only with `to_me`.
    """
    to_me = message.to_me or message.chat.kind == "direct"
    text = message.text.strip()
    slash = _slash(text, to_me) if message.command is None else _Slash(message.command, text)
    if isinstance(slash, Refusal):
        return slash
    if slash is None and not to_me:
        return None
    if slash is not None and slash.name in TEXT_COMMANDS:
        words = _clean(slash.text[:ARGUMENTS_MAX_CHARS])
        return Command(name=slash.name, args=tuple(words.split()), text=words)
    try:
        return _paint(message, text if slash is None else slash.text, slash, capabilities)
    except Refusal as refusal:
        return refusal


def _slash(text: str, to_me: bool) -> _Slash | UnknownCommand | None:
    """The command that a text begins with. `/tmp/notes` and `/ me` are ordinary words."""
    known, any_word = _KNOWN.match(text), _ANY.match(text)
    for match in (known, any_word):
        if match is None or (match["bot"] is not None and not to_me):
            continue
        name = unicodedata.normalize("NFKC", match["name"]).lower()
        if name in PAINT_COMMANDS or name in TEXT_COMMANDS:
            return _Slash(name, text[match.end() :].lstrip())
    return UnknownCommand(command=any_word[0]) if any_word is not None and to_me else None


def _paint(message: Message, text: str, slash: _Slash | None, capabilities: Capabilities) -> Paint:
    if isinstance(message.reply_to, DeletedMessage):
        raise ReplyGone
    text, own, mask = _masked(message, text)
    references = _references(message, own, capabilities)
    if len(text) > capabilities.max_prompt_chars + OPTIONS_MAX_CHARS:
        raise PromptTooLong(length=len(text), limit=capabilities.max_prompt_chars)
    found = extract_options(_clean(text), capabilities, message.options)
    prompt = found.prompt.strip()
    if not references and message.reply_to is not None and message.reply_to.from_me:
        raise ReplyHasNoPicture
    if mask is not None:
        _check_mask(mask, references, capabilities)
    if not references and slash is not None and slash.name == "edit":
        raise NothingToEdit
    if not prompt:
        raise PicturesWithoutPrompt if references else PromptEmpty
    if len(prompt) > capabilities.max_prompt_chars:
        raise PromptTooLong(length=len(prompt), limit=capabilities.max_prompt_chars)
    return Paint(prompt=prompt, references=references, mask=mask, options=found.options)


def _masked(message: Message, text: str) -> tuple[str, tuple[Attachment, ...], Attachment | None]:
    """The words, the message's own pictures and the mask: the one named so, or the PNG of a reply to a picture
    whose first word is `mask`."""
    own = message.attachments
    if message.mask is not None:
        return text, own, message.mask
    reply = message.reply_to
    says = _MASK_WORD.match(text)
    if says and len(own) == 1 and isinstance(reply, Message) and reply.attachments and _may_be_png(own[0]):
        return text[says.end() :], (), own[0]
    return text, own, None


def _check_mask(mask: Attachment, references: tuple[Attachment, ...], capabilities: Capabilities) -> None:
    if not capabilities.supports_masks:
        raise Unsupported(what="mask")
    if not _may_be_picture(mask):
        raise NotAPicture(name=_clean(mask.filename or mask.media_type)[:QUOTED_NAME_MAX_CHARS], kinds="PNG")
    if not references:
        raise MaskWithoutPicture
    if len(references) > capabilities.max_masked_references:
        raise MaskTooManyPictures(count=len(references), limit=capabilities.max_masked_references)


def _references(message: Message, own: tuple[Attachment, ...], capabilities: Capabilities) -> tuple[Attachment, ...]:
    """Own pictures, then those of the message replied to; what the bot painted itself comes first."""
    reply = message.reply_to if isinstance(message.reply_to, Message) else None
    answered = reply.attachments if reply is not None else ()
    result_first = reply is not None and reply.from_me
    references = answered + own if result_first else own + answered
    for each in references:
        if not _may_be_picture(each):
            raise NotAPicture(name=_clean(each.filename or each.media_type)[:QUOTED_NAME_MAX_CHARS], kinds=IMAGE_KINDS)
    if len(references) > capabilities.max_references:
        raise TooManyPictures(count=len(references), limit=capabilities.max_references)
    return references


def _may_be_picture(attachment: Attachment) -> bool:
    """False only for what certainly is none: platforms guess types from names; bytes are sniffed later."""
    return _may_be(attachment, "image/", _PICTURE_SUFFIXES)


def _may_be_png(attachment: Attachment) -> bool:
    return _may_be(attachment, "image/png", ("png",))


def _may_be(attachment: Attachment, kind: str, suffixes: tuple[str, ...]) -> bool:
    media_type = attachment.media_type.partition(";")[0].strip().lower()
    if media_type not in _VAGUE_TYPES:
        return media_type.startswith(kind)
    _, dot, suffix = (attachment.filename or "").rpartition(".")
    return not dot or suffix.lower() in suffixes


def _clean(text: str) -> str:
    """Without control characters, which no upstream wants; line breaks and tabs stay."""
    return _CONTROL.sub("", _ENDS_LINES.sub("\n", text)).strip()
