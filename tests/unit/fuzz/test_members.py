"""Whatever members write and upload: a wish, a command, a picture or a refusal, and nothing breaks.

What their platforms send is in `test_fuzz_platforms`, what upstreams do in `test_fuzz_upstreams`.
"""

import io
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache
from typing import Any

import hypothesis.strategies as st
import pillow_heif
from hypothesis import given, settings
from PIL import Image as Pillow

from bot.chat import Attachment, Chat, DeletedMessage, Message, User
from bot.errors import BadOption, BadResult, Refusal, UnknownOption
from bot.intake.options import extract_options
from bot.intake.parser import Command, Paint, parse_request
from bot.painting import Capabilities, Image
from bot.pictures.headers import SNIFF_BYTES, sniff_media_type
from bot.pictures.price import Limits
from bot.pictures.processing import ImageProcessor
from tests.support.examples import examples
from tests.unit.fuzz.strategies import TEXT

ABLE = Capabilities(
    sizes=("1:1", "3:2"),
    qualities=("low", "high"),
    formats=("png", "jpeg"),
    supports_compression=True,
    supports_masks=True,
)
SENDER = User(platform="telegram", id="5", name="Ada")

# ---------------------------------------------------------------- members

MARKS = [
    "/", "／", "imagine", "edit", "quota", "@easel_bot", " ", "\n", "\u3000", "--", "—", "－", "-", "－－", "size", "n",
    "file", "quality", "format", "compression", "ar", "=", "：", "3:2", "2K", "9" * 30, "“", "”", "猫", "，", "mask",
]  # fmt: skip
TYPED = TEXT | st.lists(st.sampled_from(MARKS) | st.text(st.characters(), max_size=3), max_size=15).map("".join)
ATTACHMENTS = st.lists(
    st.builds(
        Attachment,
        ref=st.just("p"),
        media_type=st.sampled_from(["image/png", "image/jpeg", "", "video/mp4"]) | TEXT,
        filename=st.none() | st.just("a.png") | TEXT,
    ),
    max_size=7,
).map(tuple)
CHATS = st.sampled_from([Chat(platform="telegram", id=kind, kind=kind) for kind in ("direct", "group")])
REPLIES = st.builds(
    Message,
    id=st.just("0"),
    chat=CHATS,
    sender=st.just(SENDER),
    text=TYPED,
    attachments=ATTACHMENTS,
    from_me=st.booleans(),
)
MESSAGES = st.builds(
    Message,
    id=st.just("1"),
    chat=CHATS,
    sender=st.just(SENDER),
    text=TYPED,
    attachments=ATTACHMENTS,
    reply_to=st.none() | st.just(DeletedMessage(id="0")) | REPLIES,
    to_me=st.booleans(),
    command=st.sampled_from([None, None, "imagine", "edit"]),
    options=st.dictionaries(st.sampled_from(["size", "quality", "n"]), TYPED, max_size=2),
    mask=st.none() | ATTACHMENTS.map(lambda some: some[0] if some else None),
)


@given(MESSAGES)
def test_any_message_is_a_wish_a_command_a_refusal_or_nothing(message: Message) -> None:
    match parse_request(message, ABLE):
        case Paint() as wish:
            assert wish.prompt == wish.prompt.strip() != ""
            assert wish.prompt.encode()
            assert len(wish.references) <= ABLE.max_references
            assert wish.options.n in ABLE.allowed_counts
        case found:
            assert found is None or isinstance(found, Command | Refusal)


@given(TYPED)
def test_no_option_is_left_in_what_is_painted(text: str) -> None:
    try:
        found = extract_options(text, ABLE)
    except (UnknownOption, BadOption):  # one without a value is a bad one
        return
    assert not re.search(r"(?<!\S)(--|—|－)(size|n|quality|format|compression|file)(?![\w-])", found.prompt)
    assert len(found.prompt) <= len(text)


# ---------------------------------------------------------------- pictures

PROCESSOR = ImageProcessor(Limits(max_megapixels=1))  # decoding at the real limit takes too long for each example
KINDS = ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIC"]
DOORS: list[Callable[[bytes, bytes], Awaitable[object]]] = [
    lambda data, _: PROCESSOR.prepare_reference(data, name="a.png", capabilities=ABLE, owner="a"),
    lambda data, mask: PROCESSOR.prepare_masked_reference(
        data, mask, name="a.png", mask_name="b.png", capabilities=ABLE, owner="a"
    ),
    lambda data, _: PROCESSOR.prepare_lone_reference(data, name="a.png", capabilities=ABLE, owner="a"),
]
BACK_DOORS: list[Callable[[bytes], Awaitable[object]]] = [
    lambda data: PROCESSOR.validate_result(data, owner="a"),
    lambda data: PROCESSOR.prepare_preview(data, owner="a"),
    lambda data: PROCESSOR.fit_to_limit(
        Image(data=data, media_type="image/png", width=24, height=16), max_bytes=len(data) - 1, owner="a"
    ),
]


@cache
def drawn(kind: str, *, shows_through: bool) -> bytes:
    grey = Pillow.linear_gradient("L").crop((0, 0, 24, 256)).reduce((1, 16))
    image = grey.convert("RGB")
    if shows_through:
        image.putalpha(grey)
    written = io.BytesIO()
    if kind == "HEIC":
        untyped: Any = pillow_heif
        untyped.from_pillow(image).save(written)
    else:
        image.convert("RGB" if kind == "JPEG" else image.mode).save(written, kind)
    return written.getvalue()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A picture with some of its bytes changed, put in or cut off; or bytes that only begin like one."""
    data = bytearray(drawn(draw(st.sampled_from(KINDS)), shows_through=draw(st.booleans())))
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    at = draw(st.integers(0, len(data)) | st.just(len(data)))
    return bytes(data[:at]) + draw(st.binary(max_size=40)) + draw(st.sampled_from([b"", bytes(data[at:])]))


@given(damaged() | st.binary(max_size=80))
def test_any_bytes_tell_a_kind_or_none(data: bytes) -> None:
    kind = sniff_media_type(data)
    assert kind is None or kind.startswith("image/")
    assert sniff_media_type(data[:SNIFF_BYTES]) == kind


@settings(max_examples=examples(100))
@given(damaged(), damaged())
async def test_any_bytes_are_a_picture_or_refused(data: bytes, mask: bytes) -> None:
    for door in DOORS:
        with suppress(Refusal):
            await door(data, mask)
    for door in BACK_DOORS:
        with suppress(BadResult):
            await door(data)
