"""Parses a user's message into a paint request, a command, a refusal, or nothing.

Pure: a Message and the providers' capabilities go in, a value comes out. No bytes, no clock, no credits.
"""

import re
import unicodedata
from dataclasses import dataclass

from bot.chat import Attachment, DeletedMessage, Message
from bot.errors import (
    AnimatedPicture,
    MaskTooManyPictures,
    MaskWithoutPicture,
    MovingSticker,
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
from bot.intake.commands import COMMANDS, PAINT_COMMANDS, TEXT_COMMANDS
from bot.intake.options import extract_options, reframe_words
from bot.painting import Capabilities, Options
from bot.texts.characters import strip_control_chars
from bot.texts.shortening import shorten

OPTIONS_MAX_CHARS = (
    1000  # characters; a text longer than a prompt by more than this is too long, whatever options it has
)
ARGUMENTS_MAX_CHARS = 4000  # characters after a command; no command understands a tenth of it
QUOTED_NAME_MAX_CHARS = 60  # characters of a file's name that an error quotes
SUPPORTED_FORMATS = "PNG, JPEG, WebP, HEIC"  # as named to users; the same as in `bot.pictures.inspection`

_NAME_CHARS = "0-9A-Za-z_\uff10-\uff19\uff21-\uff3a\uff3f\uff41-\uff5a"  # ASCII and its full-width forms
_KNOWN_COMMAND = re.compile(
    rf"[/\uff0f](?P<name>[{_NAME_CHARS}]{{1,32}}+)(?:[@\uff20](?P<bot>[{_NAME_CHARS}]{{1,64}}+))?+(?![/\uff0f])"
)
_ANY_COMMAND = re.compile(r"[/\uff0f](?P<name>\w{1,32}+)(?:[@\uff20](?P<bot>\w{1,64}+))?+(?=[.,!?]*+(?:\s|$))")
_MASK_PREFIX = re.compile(r"(?:mask|маска|蒙版|遮罩)(?!\w)[\s,.:;，。：；—–-]*|(?:蒙版|遮罩)", re.IGNORECASE)
UNSPECIFIC_MEDIA_TYPES = (
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/unknown",
    "unknown/unknown",
)
_MOVING_TYPES = ("image/gif", "image/apng")
_IMAGE_SUFFIXES = (
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
    """A request for a picture."""

    prompt: str
    """Text without options; not empty, at most `Capabilities.max_prompt_chars` characters."""

    references: tuple[Attachment, ...] = ()
    """Handles of the images to edit, the first one the most important; their bytes are checked later. At most
    `Capabilities.max_references`."""

    mask: Attachment | None = None
    """Handle of the image that marks where the first reference is to change; None: anywhere."""

    options: Options = Options()
    """Size, quality and the like; legal for at least one provider each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command other than painting."""

    name: str
    """One of TEXT_COMMANDS."""

    args: tuple[str, ...] = ()
    """The words of `text`."""

    text: str = ""
    """What follows the name, without control characters; at most ARGUMENTS_MAX_CHARS characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintParts:
    """What a message holds of a paint request, whatever is wrong with it."""

    command: str | None
    """One of PAINT_COMMANDS; None: none of them."""

    is_unknown: bool
    """Whether it begins with a command that there is not, which is one of its words then."""

    words: str
    """Text behind the command, options included; empty: none."""

    images: tuple[Attachment, ...]
    """Handles of the images, its own and those of the message replied to, in the order of references; without files
    that are certainly none."""

    mask: Attachment | None
    """Handle of the mask."""


@dataclass(frozen=True, slots=True)
class _SlashCommand:
    """The command at the start of a message."""

    name: str
    """One of PAINT_COMMANDS or TEXT_COMMANDS."""

    text: str
    """What follows the name."""


def parse_request(message: Message, capabilities: Capabilities) -> Paint | Command | Refusal | None:
    """Parses a message. None: it is not meant for the bot, which stays silent. Never raises.

    The adapter has compared `/name@bot` with the bot's own name: such a command is for this bot only with `to_me`.
    """
    text, slash = message.text.strip(), _find_command(message)
    if isinstance(slash, Refusal):
        return slash
    if not _is_addressed(message) and (slash is None or COMMANDS[slash.name].addressed_only):
        return None
    if slash is not None and slash.name in TEXT_COMMANDS:
        words = strip_control_chars(slash.text[:ARGUMENTS_MAX_CHARS]).strip()
        return Command(name=slash.name, args=tuple(words.split()), text=words)
    try:
        return _parse_paint(message, text if slash is None else slash.text, slash, capabilities)
    except Refusal as refusal:
        return refusal


def take_apart(message: Message) -> PaintParts | None:
    """The parts of a paint request, a refused one too; an unknown command counts as words. None: it is another command,
    or not meant for the bot."""
    slash = _find_command(message)
    command = slash if isinstance(slash, _SlashCommand) else None
    if (slash is None and not _is_addressed(message)) or (command is not None and command.name in TEXT_COMMANDS):
        return None
    words, own, mask = _split_off_mask(message, message.text.strip() if command is None else command.text)
    return PaintParts(
        command=None if command is None else command.name,
        is_unknown=isinstance(slash, Refusal),
        words=words.strip(),
        images=tuple(each for each in _order_references(message, own) if _may_be_image(each)),
        mask=mask,
    )


def _is_addressed(message: Message) -> bool:
    return message.to_me or message.chat.kind == "direct"


def _find_command(message: Message) -> _SlashCommand | UnknownCommand | None:
    """The command of a message, from a menu or at the start of its text; None: none."""
    text = message.text.strip()
    if message.command is not None:
        return _SlashCommand(message.command, text)
    return _parse_slash_command(text, _is_addressed(message))


def _parse_slash_command(text: str, to_me: bool) -> _SlashCommand | UnknownCommand | None:
    """The command that a text begins with; None: none. `/tmp/notes` and `/ me` are ordinary words."""
    known, any_word = _KNOWN_COMMAND.match(text), _ANY_COMMAND.match(text)
    for match in (known, any_word):
        if match is None or (match["bot"] is not None and not to_me):
            continue
        name = unicodedata.normalize("NFKC", match["name"]).lower()
        if name in PAINT_COMMANDS or name in TEXT_COMMANDS:
            return _SlashCommand(name, text[match.end() :].lstrip())
    return UnknownCommand(command=any_word[0]) if any_word is not None and to_me else None


def _parse_paint(message: Message, text: str, slash: _SlashCommand | None, capabilities: Capabilities) -> Paint:
    """Parses a paint request. Raises Refusal."""
    if isinstance(message.reply_to, DeletedMessage):
        raise ReplyGone
    text, own, mask = _split_off_mask(message, text)
    references = _collect_references(message, own, capabilities)
    if len(text) > capabilities.max_prompt_chars + OPTIONS_MAX_CHARS:
        raise PromptTooLong(length=len(text), limit=capabilities.max_prompt_chars)
    extracted = extract_options(strip_control_chars(text).strip(), capabilities, message.options)
    prompt = extracted.prompt.strip()
    if not references and message.reply_to is not None and message.reply_to.from_me:
        raise ReplyHasNoPicture
    if mask is not None:
        _check_mask(mask, references, capabilities)
    is_reframed = extracted.options.reframe is not None
    if not references and (is_reframed or (slash is not None and slash.name == "edit")):
        raise NothingToEdit
    if mask is not None and is_reframed:
        raise Unsupported(what=f"--{extracted.options.reframe} mask")
    prompt = prompt or reframe_words(extracted.options)
    if not prompt:
        raise PicturesWithoutPrompt if references else PromptEmpty
    if len(prompt) > capabilities.max_prompt_chars:
        raise PromptTooLong(length=len(prompt), limit=capabilities.max_prompt_chars)
    return Paint(prompt=prompt, references=references, mask=mask, options=extracted.options)


def _split_off_mask(message: Message, text: str) -> tuple[str, tuple[Attachment, ...], Attachment | None]:
    """The text, the message's own attachments and the mask: the attachment marked as one, or the PNG of a reply to a
    picture whose first word is `mask`."""
    own = message.attachments
    if message.mask is not None:
        return text, own, message.mask
    reply = message.reply_to
    prefix = _MASK_PREFIX.match(text)
    if prefix and len(own) == 1 and isinstance(reply, Message) and reply.attachments and _may_be_png(own[0]):
        return text[prefix.end() :], (), own[0]
    return text, own, None


def _check_mask(mask: Attachment, references: tuple[Attachment, ...], capabilities: Capabilities) -> None:
    """Raises Refusal for a mask that cannot be used with these references."""
    limit = capabilities.max_references_with_mask
    if not limit:
        raise Unsupported(what="mask")
    if not _may_be_image(mask):
        raise NotAPicture(name=_quoted_name(mask), kinds="PNG")
    if not references:
        raise MaskWithoutPicture
    if len(references) > limit:
        raise MaskTooManyPictures(count=len(references), limit=limit)


def _collect_references(
    message: Message, own: tuple[Attachment, ...], capabilities: Capabilities
) -> tuple[Attachment, ...]:
    """The references in order. Raises Refusal."""
    references = _order_references(message, own)
    for each in references:
        if (refusal := file_refusal(each)) is not None:
            raise refusal
    if len(references) > capabilities.max_references:
        raise TooManyPictures(count=len(references), limit=capabilities.max_references)
    return references


def file_refusal(attachment: Attachment) -> Refusal | None:
    """Why a file is certainly no image that an upstream takes, by what its sender takes it for. None: it may be one;
    platforms guess types from names, and bytes are sniffed later."""
    if _may_be_image(attachment):
        return None
    name = _quoted_name(attachment)
    if attachment.kind == "sticker":
        return MovingSticker(name=name)
    return AnimatedPicture(name=name) if attachment.kind == "gif" else NotAPicture(name=name, kinds=SUPPORTED_FORMATS)


def _order_references(message: Message, own: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
    """Own attachments, then those of the message replied to; pictures of the bot itself come first. Where there are
    none, what the place is about."""
    if not isinstance(message.reply_to, Message):
        return own or message.about
    quoted = message.reply_to.attachments
    return (quoted + own if message.reply_to.from_me else own + quoted) or message.about


def _may_be_image(attachment: Attachment) -> bool:
    """False only for what is certainly no image: platforms guess types from names; bytes are sniffed later. A platform
    calls a sticker by these types only where it moves."""
    if attachment.kind != "file" and attachment.media_type in _MOVING_TYPES:
        return False
    return _may_have_type(attachment, "image/", _IMAGE_SUFFIXES)


def _may_be_png(attachment: Attachment) -> bool:
    return _may_have_type(attachment, "image/png", ("png",))


def _may_have_type(attachment: Attachment, kind: str, suffixes: tuple[str, ...]) -> bool:
    """Whether its media type, or its file name where the type is unspecific, allows a type that starts with `kind`."""
    media_type = attachment.media_type.partition(";")[0].strip().lower()
    if media_type not in UNSPECIFIC_MEDIA_TYPES:
        return media_type.startswith(kind)
    _, dot, suffix = (attachment.filename or "").rpartition(".")
    return not dot or suffix.lower() in suffixes


def _quoted_name(attachment: Attachment) -> str:
    """What a refusal calls the file."""
    return shorten(strip_control_chars(attachment.filename or attachment.media_type).strip(), QUOTED_NAME_MAX_CHARS)
