"""What a message means beyond its text and files: text files are its words, addresses of pictures are its pictures.

Completed before the message is parsed for good, and outside its sender's turn: a slow host delays this message alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.chat import Attachment, Message
from bot.errors import PictureTooLarge, TextFileTooLong
from bot.intake.addresses import Address, find_addresses, normalize_address, remove_addresses
from bot.intake.parser import Command, parse_request
from bot.intake.text_files import decode_text_file, is_text_file, max_bytes
from bot.jobs.linked_images import LinkedImages
from bot.painting import Capabilities
from bot.ports import ChatPort

MAX_ADDRESSES = 10  # of one message that are opened; Discord takes as many attachments
MAX_NAME_CHARS = 60  # characters of a file's name in a sentence about it
_COMMAND_ALONE = re.compile(r"\s*(?:[/／]\w+(?:[@＠]\w+)?)?\s*")


class MessageContent:
    """Completes messages."""

    def __init__(self, ports: Mapping[str, ChatPort], linked_images: LinkedImages) -> None:
        self._ports = ports
        self._linked_images = linked_images

    def is_incomplete(self, message: Message, capabilities: Capabilities) -> bool:
        """Whether `complete` may change a message: a request for a picture, with something to fetch."""
        parts = [message, *_quoted(message)]
        if not any(any(map(is_text_file, part.attachments)) or _addresses(part) for part in parts):
            return False
        request = parse_request(message, capabilities)
        return request is not None and not isinstance(request, Command)

    async def complete(self, message: Message, capabilities: Capabilities) -> Message:
        """The message with the words of its text files and the pictures of its addresses.

        Raises Refusal for a text file that cannot be used, ChatFailed, StoreFailed.
        """
        return await self._add_pictures(await self._add_words(message, capabilities.max_prompt_chars))

    # ------------------------------------------------------------ words

    async def _add_words(self, message: Message, max_chars: int) -> Message:
        """Words of text files follow the message's own. Those of the message that is replied to count where there are
        no others."""
        own, files = _split_text_files(message.attachments)
        quoted_files: list[Attachment] = []
        reply = message.reply_to
        if isinstance(reply, Message):
            pictures, quoted_files = _split_text_files(reply.attachments)
            reply = replace(reply, attachments=pictures)
        if not files and _COMMAND_ALONE.fullmatch(message.text):
            files = quoted_files
        texts = [await self._read_text_file(message, file, max_chars) for file in files]
        text = "\n".join([message.text, *texts]).strip() if texts else message.text
        return replace(message, text=text, attachments=own, reply_to=reply)

    async def _read_text_file(self, message: Message, file: Attachment, max_chars: int) -> str:
        name, most = (file.filename or file.media_type)[:MAX_NAME_CHARS], max_bytes(max_chars)
        if (file.size or 0) > most:
            raise TextFileTooLong(name=name, limit=max_chars)
        try:
            data = await self._ports[message.chat.platform].fetch(file, limit=most)
        except PictureTooLarge as failed:
            raise TextFileTooLong(name=name, limit=max_chars) from failed
        return decode_text_file(data, name)

    # ------------------------------------------------------------ pictures

    async def _add_pictures(self, message: Message) -> Message:
        """Pictures follow the attachments, of the message and of the one it replies to; their addresses leave the
        text. Any other address stays."""
        written, quoted = find_addresses(message.text), [each for part in _quoted(message) for each in _addresses(part)]
        wanted = _distinct([*written, *_hidden(message), *quoted])[:MAX_ADDRESSES]
        if not wanted:
            return message
        pictures = await self._linked_images.download(wanted, owner=message.sender.key, event=message.event_key)
        found = {
            normalize_address(address.url): picture
            for address, picture in zip(wanted, pictures, strict=True)
            if picture is not None
        }
        own = [*written, *_hidden(message)]
        completed = replace(
            message,
            text=remove_addresses(message.text, [each for each in written if normalize_address(each.url) in found])
            if found
            else message.text,
            attachments=(*message.attachments, *_pick(found, own)),
        )
        if isinstance(message.reply_to, Message):
            others = _pick({key: each for key, each in found.items() if each not in completed.attachments}, quoted)
            reply = replace(message.reply_to, attachments=(*message.reply_to.attachments, *others))
            completed = replace(completed, reply_to=reply)
        return completed


def without_text_files(message: Message) -> Message:
    """The message with its other attachments alone."""
    return replace(message, attachments=_split_text_files(message.attachments)[0])


def _quoted(message: Message) -> list[Message]:
    """The message that is replied to, unless it is the bot's own, which quotes prompts."""
    reply = message.reply_to
    return [reply] if isinstance(reply, Message) and not reply.from_me else []


def _addresses(message: Message) -> list[Address]:
    return [*find_addresses(message.text), *_hidden(message)]


def _hidden(message: Message) -> list[Address]:
    return [Address(url=url, start=0, end=0) for url in message.links]


def _distinct(addresses: Sequence[Address]) -> list[Address]:
    """Each address once, at its first place."""
    found: dict[str, Address] = {}
    for each in addresses:
        found.setdefault(normalize_address(each.url), each)
    return list(found.values())


def _pick(found: Mapping[str, Attachment], addresses: Sequence[Address]) -> list[Attachment]:
    """The pictures of these addresses, in order."""
    return [found[key] for each in _distinct(addresses) if (key := normalize_address(each.url)) in found]


def _split_text_files(attachments: Sequence[Attachment]) -> tuple[tuple[Attachment, ...], list[Attachment]]:
    """The attachments that are no text files, and those that are."""
    texts = [each for each in attachments if is_text_file(each)]
    return tuple(each for each in attachments if each not in texts), texts
