"""Cards, pictures and stored messages as frames of the protocol. Pure; nothing here stores or sends."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from adapters.playground import users
from adapters.playground.protocol import (
    FILE_BYTES,
    FILES,
    TEXT,
    CardFrame,
    EstimatedFrame,
    EstimateFrame,
    HelloFrame,
    PressFrame,
    WireButton,
    WireChat,
    WireCommand,
    WireMessage,
    WireQuote,
    WireUpload,
)
from adapters.playground.records import NewFile, StoredFile, StoredMessage
from bot.chat import Button, Card
from bot.intake.choices import RequestEstimate
from bot.intake.options import find_options
from bot.painting import Image
from bot.prices import PriceRange
from bot.texts import LOCALES, translate

MAX_ALT_CHARACTERS = 300  # of a card's text as the description of a picture for those who do not see it
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


def encode_hello(
    locale: str, commands: Sequence[WireCommand], texts: Mapping[str, str], *, max_prompt_chars: int, is_demo: bool
) -> HelloFrame:
    """The first frame of a connection, in a locale of LOCALES. `max_prompt_chars`: of the upstreams. `is_demo`: its
    pictures are stand-ins."""
    return {
        "type": "hello",
        "users": [{"id": each.id, "name": each.name, "color": each.color} for each in users.USERS],
        "chats": [_encode_chat(chat) for chat in users.CHATS],
        "commands": list(commands),
        "texts": dict(texts),
        "locale": locale,
        "locales": list(LOCALES),
        "limits": {"files": FILES, "file_bytes": FILE_BYTES, "text": TEXT, "prompt": max_prompt_chars},
        "demo": is_demo,
    }


def encode_message(stored: StoredMessage, preview: str | None) -> WireMessage:
    """A stored message; `preview` is the id of the unfinished picture that it shows now."""
    return {
        "id": str(stored.id),
        "chat": stored.chat,
        "sender": stored.sender,
        "text": stored.text,
        "files": [{**encode_upload(file), "alt": file.alt} for file in stored.files],
        "preview": None if preview is None else {"url": f"/previews/{quote(preview)}"},
        "buttons": list(stored.buttons),
        "reply_to": _encode_quote(stored),
        "source": stored.source,
        "at": stored.created_at,
        "edited": stored.is_edited,
    }


def encode_upload(file: StoredFile) -> WireUpload:
    """The response to an upload, and a file of a message."""
    return {
        "id": file.id,
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "width": file.width,
        "height": file.height,
    }


def encode_estimate(frame: EstimateFrame, estimate: RequestEstimate, locale: str) -> EstimatedFrame:
    """What a page shows of a text: the price in words, what may be chosen, and where options stand in it."""

    def place(characters: int) -> int:
        return _code_units(frame.text[:characters])

    return {
        "type": "estimate",
        "user": frame.sender,
        "chat": frame.chat,
        "nonce": frame.nonce,
        "paints": estimate.paints,
        "price": _encode_price(estimate.price, locale),
        "credits": None if estimate.price is None else estimate.price.most,
        "commands": list(estimate.commands),
        "options": [
            {
                "name": option.name,
                "chosen": option.chosen,
                "ratio": option.ratio,
                "choices": [
                    {
                        "value": choice.value,
                        "typed": choice.typed,
                        "price": _encode_price(choice.price, locale),
                        "ratio": choice.ratio,
                    }
                    for choice in option.choices
                ],
            }
            for option in estimate.options
        ],
        "typed": [
            {"name": each.name, "start": place(each.start), "end": place(each.end)} for each in find_options(frame.text)
        ],
    }


def _encode_price(price: PriceRange | None, locale: str) -> str | None:
    return None if price is None else translate(locale, "option-credits", price=str(price), credits=price.most)


def _code_units(text: str) -> int:
    """Its length as JavaScript counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def encode_text(card: Card) -> str:
    """The text of a message of the bot."""
    return well_formed(card.text)


def encode_buttons(buttons: Sequence[Button]) -> list[WireButton]:
    return [{"action": each.action.value, "job": each.target, "label": well_formed(each.label)} for each in buttons]


def encode_card(card: Card, press: PressFrame) -> CardFrame:
    """A card that is shown to one user alone."""
    return {
        "type": "card",
        "user": press.sender,
        "chat": press.chat,
        "message": press.message,
        "text": encode_text(card),
        "copyable": well_formed(card.copyable),
        "buttons": encode_buttons(card.buttons),
    }


def encode_images(card: Card, images: Sequence[Image]) -> list[NewFile]:
    """The pictures of a delivery, described by the card's first line."""
    first_line = next(iter(encode_text(card).strip().splitlines()), "")
    is_short = len(first_line) <= MAX_ALT_CHARACTERS
    alt = first_line if is_short else first_line[: MAX_ALT_CHARACTERS - 1] + "…"
    return [
        NewFile(
            name=f"easel-{number}.{_SUFFIXES.get(image.media_type, 'bin')}",
            media_type=image.media_type,
            data=image.data,
            width=image.width,
            height=image.height,
            alt=alt,
        )
        for number, image in enumerate(images, start=1)
    ]


def well_formed(text: str) -> str:
    """Text that UTF-8 and SQLite can store: no NUL; half a surrogate pair becomes a question mark."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _encode_chat(chat: users.PageChat) -> WireChat:
    if chat.user_id is None:
        return {"id": chat.id, "kind": chat.kind}
    return {"id": chat.id, "kind": chat.kind, "user": chat.user_id}


def _encode_quote(stored: StoredMessage) -> WireQuote | None:
    quoted = stored.quote
    if quoted is None:
        return None
    return {
        "id": str(quoted.id),
        "sender": quoted.sender,
        "text": quoted.text,
        "file": quoted.file,
        "deleted": quoted.is_deleted,
    }
