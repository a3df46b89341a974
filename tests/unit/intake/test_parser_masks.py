"""Which attachment is the mask, and the options that only some upstreams take."""

import pytest

from bot.chat import Attachment, Chat, Message, User
from bot.errors import (
    BadOption,
    MaskTooManyPictures,
    MaskWithoutPicture,
    NotAPicture,
    OptionWithoutValue,
    PicturesWithoutPrompt,
    Refusal,
    UnknownOption,
    Unsupported,
)
from bot.intake.parser import Paint, parse_request
from bot.painting import Capabilities, Options
from bot.providers.presets import resolve_upstream

ADA = User(platform="memory", id="ada", name="Ada")
DIRECT = Chat(platform="memory", id="d", kind="direct")
ABLE = Capabilities(supports_masks=True, max_masked_references=2, max_references=3)
PHOTO = Attachment(ref="photo", media_type="image/jpeg", filename="photo.jpg")
OTHER = Attachment(ref="other", media_type="image/jpeg", filename="other.jpg")
MASK = Attachment(ref="mask", media_type="image/png", filename="mask.png")
VAGUE = Attachment(ref="vague", media_type="application/octet-stream", filename="mask.PNG")
IMAGES = resolve_upstream(name="a", preset="openai").capabilities


def message(
    text: str, *own: Attachment, answered: tuple[Attachment, ...] | None = None, mask: Attachment | None = None
) -> Message:
    earlier = Message(id="1", chat=DIRECT, sender=ADA, text="", attachments=answered or ())
    return Message(
        id="2",
        chat=DIRECT,
        sender=ADA,
        text=text,
        attachments=own,
        reply_to=None if answered is None else earlier,
        mask=mask,
    )


def painted(found: object) -> Paint:
    assert isinstance(found, Paint)
    return found


# ---------------------------------------------------------------- masks


def test_the_mask_of_a_form_is_the_mask() -> None:
    paint = painted(parse_request(message("a hat", PHOTO, mask=MASK), ABLE))
    assert (paint.references, paint.mask) == ((PHOTO,), MASK)


@pytest.mark.parametrize(
    "word", ["mask: ", "Mask ", "MASK, ", "маска: ", "蒙版：", "蒙版", "遮罩 ", "mask\n", "mask — "]
)
@pytest.mark.parametrize("png", [MASK, VAGUE])
def test_a_png_in_a_reply_that_begins_with_mask_is_the_mask(word: str, png: Attachment) -> None:
    paint = painted(parse_request(message(f"{word}make the sky red", png, answered=(PHOTO,)), ABLE))
    assert (paint.prompt, paint.references, paint.mask) == ("make the sky red", (PHOTO,), png)


@pytest.mark.parametrize(
    "given",
    [
        message("mask: a fox", PHOTO, answered=(OTHER,)),  # no PNG
        message("mask: a fox", MASK),  # no reply
        message("mask: a fox", MASK, answered=()),  # a reply to words
        message("masked ball", MASK, answered=(PHOTO,)),  # another word
        message("a mask", MASK, answered=(PHOTO,)),  # not the first
        message("mask: a fox", MASK, OTHER, answered=(PHOTO,)),  # which of the two?
        message("mask of a lion"),
    ],
)
def test_other_replies_have_no_mask(given: Message) -> None:
    paint = painted(parse_request(given, ABLE))
    assert paint.mask is None
    assert paint.prompt == given.text
    assert len(paint.references) == len(given.attachments) + (
        len(given.reply_to.attachments) if isinstance(given.reply_to, Message) else 0
    )


@pytest.mark.parametrize(
    ("given", "able", "refusal"),
    [
        (message("a hat", PHOTO, mask=MASK), Capabilities(max_references=1), Unsupported),
        (message("mask: a hat", MASK, answered=(PHOTO,)), Capabilities(max_references=1), Unsupported),
        (message("a hat", mask=MASK), ABLE, MaskWithoutPicture),
        (message("a hat", PHOTO, OTHER, PHOTO, mask=MASK), ABLE, MaskTooManyPictures),
        (message("a hat", PHOTO, OTHER, mask=MASK), Capabilities(max_references=2), MaskTooManyPictures),
        (message("a hat", PHOTO, mask=Attachment(ref="x", media_type="text/plain")), ABLE, NotAPicture),
        (message("mask:", MASK, answered=(PHOTO,)), ABLE, PicturesWithoutPrompt),
    ],
)
def test_an_impossible_mask_is_refused(given: Message, able: Capabilities, refusal: type[Refusal]) -> None:
    assert type(parse_request(given, able)) is refusal


# ---------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("--size 16:9 --size 2K", Options(size="16:9", tier="2K")),
        ("--size 2k --size 16:9", Options(size="16:9", tier="2K")),
        ("--size 16:9@2k", Options(size="16:9", tier="2K")),
        ("--size 1280x720", Options(size="1280x720")),
        ("--size 1:1 --size 16:9", Options(size="16:9")),
        ("--size auto", Options(size="auto")),
        ("--background Transparent", Options(background="transparent")),
        ("--format jpg --compression 80", Options(format="jpeg", compression=80)),
        ("--format=WebP --compression 35%", Options(format="webp", compression=35)),
        ("--quality medium --n 10", Options(quality="medium", n=10)),
    ],
)
def test_options_of_the_images_dialect_are_read(typed: str, options: Options) -> None:
    assert painted(parse_request(message(f"a fox {typed}"), IMAGES)).options == options


@pytest.mark.parametrize(
    ("typed", "allowed"),
    [
        ("--size 1000x1000", "1008x1008, 992x1008, 1008x992"),
        ("--size 4:1", "3:1, 21:9, 16:9"),
        ("--size 8K", "auto, 1:1, 16:9, 9:16, 5:4, 4:5, 4:3, 3:4, 3:2, 2:3, 21:9, 1K, 2K, 4K"),
        ("--background blue", "auto, transparent, opaque"),
        ("--format gif", "png, jpeg, webp"),
        ("--compression 101", "0-100"),
        ("--compression high", "0-100"),
        ("--n 11", "1-10"),
    ],
)
def test_an_illegal_value_is_refused_with_the_legal_ones(typed: str, allowed: str) -> None:
    refused = parse_request(message(f"a fox {typed}"), IMAGES)
    assert isinstance(refused, BadOption)
    assert refused.facts["allowed"] == allowed


def test_an_option_without_its_value_names_the_values() -> None:
    refused = parse_request(message("a fox --format"), IMAGES)
    assert isinstance(refused, OptionWithoutValue)
    assert refused.facts == {"option": "--format", "allowed": "png, jpeg, webp"}


@pytest.mark.parametrize("option", ["size 1:1", "quality low", "background auto", "format png", "compression 9"])
def test_an_option_without_a_provider_is_unknown(option: str) -> None:
    refused = parse_request(message(f"a fox --{option}"), Capabilities())
    assert isinstance(refused, UnknownOption)
    assert option.split()[0] not in str(refused.facts["allowed"])
    assert "--n" in str(refused.facts["allowed"])


def test_counts_with_gaps_are_named_one_by_one() -> None:
    refused = parse_request(message("a fox --n 3"), resolve_upstream(name="a", preset="evolink").capabilities)
    assert isinstance(refused, BadOption)
    assert refused.facts["allowed"] == "1, 2, 4"
