"""Typed messages, and what they are parsed as."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import Attachment, Chat, DeletedMessage, Message, User
from bot.errors import (
    AnimatedPicture,
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
)
from bot.intake import parser
from bot.intake.parser import Command, Paint, parse_request
from bot.painting import Capabilities, Options
from bot.pictures import inspection

AMBER = User(platform="playground", id="amber", name="Amber")
EASEL = User(platform="playground", id="easel", name="Easel")
DIRECT = Chat(platform="playground", id="d", kind="direct")
GROUP = Chat(platform="playground", id="g", kind="group")
ABLE = Capabilities(
    sizes=("1024x1024", "1536x1024", "1024x1536"),
    qualities=("low", "high"),
    max_n=4,
    max_references=3,
    max_prompt_chars=200,
)
PLAIN = Capabilities()


def photo(ref: str, media_type: str = "image/png", filename: str | None = None) -> Attachment:
    return Attachment(ref=ref, media_type=media_type, filename=filename)


def message(
    text: str,
    *attachments: Attachment,
    chat: Chat = DIRECT,
    reply_to: Message | DeletedMessage | None = None,
    to_me: bool = False,
) -> Message:
    return Message(id="2", chat=chat, sender=AMBER, text=text, attachments=attachments, reply_to=reply_to, to_me=to_me)


def earlier(*attachments: Attachment, by_bot: bool = False) -> Message:
    sender = EASEL if by_bot else AMBER
    return Message(id="1", chat=DIRECT, sender=sender, text="", attachments=attachments, from_me=by_bot)


def paint(request: Message | str, capabilities: Capabilities = ABLE) -> Paint:
    found = parse_request(message(request) if isinstance(request, str) else request, capabilities)
    assert isinstance(found, Paint), found
    return found


def refused(request: Message | str, capabilities: Capabilities = ABLE) -> Refusal:
    found = parse_request(message(request) if isinstance(request, str) else request, capabilities)
    assert isinstance(found, Refusal), found
    return found


def refs(attachments: Sequence[Attachment]) -> str:
    return " ".join(each.ref for each in attachments)


# ---------------------------------------------------------------- who is spoken to


def test_a_message_not_meant_for_the_bot_is_ignored() -> None:
    assert parse_request(message("a lighthouse", chat=GROUP), ABLE) is None
    assert parse_request(message("", photo("a"), chat=GROUP), ABLE) is None
    assert parse_request(message("/weather", chat=GROUP), ABLE) is None
    assert parse_request(message("/imagine@other a cat", chat=GROUP), ABLE) is None
    assert parse_request(message("/weather@other", chat=GROUP), ABLE) is None


def test_a_mention_in_a_group_paints() -> None:
    assert paint(message("a lighthouse", chat=GROUP, to_me=True)).prompt == "a lighthouse"


def test_a_bare_command_in_a_group_needs_no_mention() -> None:
    assert paint(message("/imagine a cat", chat=GROUP)).prompt == "a cat"
    assert parse_request(message("/quota", chat=GROUP), ABLE) == Command(name="quota")


@pytest.mark.parametrize(
    "typed",
    [
        "/imagine a cat",
        "/Imagine a cat",
        "/imagine@easel a cat",
        "/imagine\na cat",
        "/imagine   \n\n a cat  ",
        "／imagine a cat",
        "／ｉｍａｇｉｎｅ a cat",
        "  /imagine a cat",
    ],
)
def test_imagine_is_understood_however_it_is_typed(typed: str) -> None:
    assert paint(message(typed, chat=GROUP, to_me=True)).prompt == "a cat"


def test_a_command_touching_chinese_words_is_still_a_command() -> None:
    assert paint("/imagine一只猫").prompt == "一只猫"


def test_a_command_has_its_arguments() -> None:
    assert parse_request(message("/admin grant telegram:123  20"), ABLE) == Command(
        name="admin", args=("grant", "telegram:123", "20"), text="grant telegram:123  20"
    )
    assert parse_request(message("/START"), ABLE) == Command(name="start")
    assert parse_request(message("/help!"), ABLE) == Command(name="help", args=("!",), text="!")


@pytest.mark.parametrize("typed", ["/paint a cat", "/helpme", "/картина кот", "/paint@easel", "/paint."])
def test_an_unknown_command_is_named(typed: str) -> None:
    refusal = refused(message(typed, chat=GROUP, to_me=True))
    assert isinstance(refusal, UnknownCommand)
    assert str(refusal.facts["command"]) in typed
    assert isinstance(refused(typed), UnknownCommand)


@pytest.mark.parametrize("typed", ["/etc/hosts in a terminal", "/ as a mountain", "/", "and/or", "/imagine/x"])
def test_a_slash_alone_makes_no_command(typed: str) -> None:
    assert paint(typed).prompt == typed


# ---------------------------------------------------------------- pictures


def test_own_pictures_come_before_those_replied_to() -> None:
    found = paint(message("/edit night", photo("a"), photo("b"), reply_to=earlier(photo("c"))))
    assert refs(found.references) == "a b c"


def test_a_result_of_the_bot_comes_first() -> None:
    found = paint(message("add this hat", photo("hat"), reply_to=earlier(photo("result"), by_bot=True)))
    assert refs(found.references) == "result hat"


def test_a_reply_counts_one_hop_only() -> None:
    first = Message(id="0", chat=DIRECT, sender=AMBER, text="", attachments=(photo("far"),))
    second = Message(id="1", chat=DIRECT, sender=AMBER, text="", attachments=(photo("near"),), reply_to=first)
    assert refs(paint(message("night", reply_to=second)).references) == "near"


def test_what_a_place_is_about_counts_where_there_are_no_other_images() -> None:
    about = (photo("starter"),)
    assert refs(paint(replace(message("this"), about=about)).references) == "starter"
    assert refs(paint(replace(message("this", photo("own")), about=about)).references) == "own"
    quoting = replace(message("this", reply_to=earlier(photo("quoted"))), about=about)
    assert refs(paint(quoting).references) == "quoted"
    assert refs(paint(replace(message("this", reply_to=earlier()), about=about)).references) == "starter"
    assert isinstance(refused(replace(message(""), about=about)), PicturesWithoutPrompt)


def test_too_many_images_are_refused() -> None:
    refusal = refused(message("x", photo("a"), photo("b"), reply_to=earlier(photo("c"), photo("d"))))
    assert isinstance(refusal, TooManyPictures)
    assert refusal.facts == {"count": 4, "limit": 3}


def test_what_moves_by_its_kind_is_refused_in_words_of_its_own() -> None:
    moving: list[tuple[Attachment, type[Refusal]]] = [
        (Attachment(ref="a", media_type="image/gif", filename="Wave", kind="sticker"), MovingSticker),
        (Attachment(ref="a", media_type="image/apng", filename="Wave", kind="sticker"), MovingSticker),
        (Attachment(ref="a", media_type="video/lottie+json", filename="Wave", kind="sticker"), MovingSticker),
        (Attachment(ref="a", media_type="video/mp4", filename="GIF", kind="gif"), AnimatedPicture),
    ]
    for attachment, kind in moving:
        refusal = refused(message("paint", attachment))
        assert type(refusal) is kind
        assert refusal.facts == {"name": attachment.filename}
    still = Attachment(ref="a", media_type="image/png", kind="sticker")
    assert isinstance(parse_request(message("paint", still), ABLE), Paint)


@pytest.mark.parametrize(
    ("media_type", "filename", "name"),
    [
        ("text/plain", "notes.txt", "notes.txt"),
        ("video/mp4", None, "video/mp4"),
        ("application/pdf; charset=binary", "cat.png", "cat.png"),
        ("application/octet-stream", "cat.zip", "cat.zip"),
        ("text/plain", "a\x00" * 100, "a" * 59 + "…"),
    ],
)
def test_a_file_that_is_clearly_no_image_is_refused(media_type: str, filename: str | None, name: str) -> None:
    for request in (
        message("paint", photo("a", media_type, filename)),
        message("paint", reply_to=earlier(photo("a", media_type, filename))),
    ):
        refusal = refused(request)
        assert isinstance(refusal, NotAPicture)
        assert refusal.facts["name"] == name


@pytest.mark.parametrize(
    ("media_type", "filename"),
    [
        ("image/heic", "IMG.HEIC"),
        ("IMAGE/JPEG", None),
        ("application/octet-stream", "Photo.JPG"),
        ("application/octet-stream", "IMG_0001"),
        ("", None),
    ],
)
def test_a_file_that_may_be_an_image_is_left_to_sniffing(media_type: str, filename: str | None) -> None:
    assert refs(paint(message("paint", photo("a", media_type, filename))).references) == "a"


def test_parser_and_decoder_name_the_same_formats() -> None:
    assert parser.SUPPORTED_FORMATS == inspection.SUPPORTED_FORMATS


def test_a_reply_to_a_deleted_message_is_refused() -> None:
    assert isinstance(refused(message("make it blue", reply_to=DeletedMessage(id="1"))), ReplyGone)
    assert parse_request(message("/quota", reply_to=DeletedMessage(id="1")), ABLE) == Command(name="quota")


def test_edit_needs_a_picture() -> None:
    assert isinstance(refused("/edit make it blue"), NothingToEdit)
    assert isinstance(refused(message("/edit make it blue", reply_to=earlier())), NothingToEdit)
    assert paint(message("/edit make it blue", photo("a"))).prompt == "make it blue"


def test_a_reply_to_a_text_of_the_bot_has_no_picture() -> None:
    assert isinstance(refused(message("bluer", reply_to=earlier(by_bot=True))), ReplyHasNoPicture)
    assert refs(paint(message("bluer", photo("a"), reply_to=earlier(by_bot=True))).references) == "a"


def test_a_reply_to_a_text_of_a_user_paints() -> None:
    assert paint(message("a cat", reply_to=earlier())).references == ()


# ---------------------------------------------------------------- the prompt


@pytest.mark.parametrize("typed", ["", "  \n ", "/imagine", "/imagine --size 1024x1024", "\x00\x07"])
def test_an_empty_prompt_is_refused(typed: str) -> None:
    assert type(refused(message(typed, chat=GROUP, to_me=True))) is PromptEmpty


@pytest.mark.parametrize("typed", ["", "/edit", "--n 2"])
def test_pictures_without_a_prompt_are_refused(typed: str) -> None:
    assert type(refused(message(typed, photo("a")))) is PicturesWithoutPrompt


def test_a_prompt_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert paint("猫" * 200 + " --n 2").prompt == "猫" * 200
    refusal = refused("猫" * 201)
    assert isinstance(refusal, PromptTooLong)
    assert refusal.facts == {"length": 201, "limit": 200}


@pytest.mark.parametrize("bit", ["x", "--size 1024x1024 ", " ", "—", "--", "\n", '"', "／", "/a"])
def test_a_text_of_ten_megabytes_is_refused_fast(bit: str) -> None:
    text = "/imagine x" + bit * (10_000_000 // len(bit)) + "x"
    refusal = refused(text)
    assert isinstance(refusal, PromptTooLong)
    assert refusal.facts["limit"] == 200


def test_long_arguments_of_a_command_are_cut() -> None:
    found = parse_request(message("/cancel " + "x" * 1_000_000), ABLE)
    assert isinstance(found, Command)
    assert len(found.text) == 4000


def test_control_characters_are_stripped_and_line_breaks_kept() -> None:
    assert paint("a\x00 b\r\nc\rd\te\x7f\x9b\ud800 👩‍🎨").prompt == "a b\nc\nd\te 👩‍🎨"


# ---------------------------------------------------------------- anything at all

chats = st.sampled_from([DIRECT, GROUP])
texts = st.text() | st.lists(
    st.sampled_from(
        [
            "/",
            "／",
            "imagine",
            "edit",
            "@easel",
            " ",
            "\n",
            "--",
            "—",
            "－",
            "-",
            "size",
            "n",
            "=",
            "3:2",
            "“",
            "”",
            "猫",
            "2",
        ]
    )
).map("".join)
words = st.lists(st.from_regex(r"[a-z猫ж]{1,8}", fullmatch=True), min_size=1, max_size=8)


@given(text=texts, chat=chats, to_me=st.booleans(), by_bot=st.booleans(), pictures=st.integers(0, 4))
def test_no_text_ever_raises(text: str, chat: Chat, to_me: bool, by_bot: bool, pictures: int) -> None:
    own = [photo(str(number)) for number in range(pictures)]
    found = parse_request(message(text, *own, chat=chat, to_me=to_me, reply_to=earlier(by_bot=by_bot)), ABLE)
    if isinstance(found, Paint):
        assert found.prompt == found.prompt.strip() != ""
        assert re.search(r"(?<!\S)(--|—|－)(size|n|quality)(?![\w-])", found.prompt) is None


@given(
    words=words,
    at=st.integers(0, 8),
    dashes=st.sampled_from(["--", "—", "–", "―", "﹣", "－", "－－", "——", "––"]),
    option=st.sampled_from(["size 3:2", "size=1:1", "ｓｉｚｅ　３：２", "n 3", "n=“2”", "quality 「low」"]),
)
def test_options_never_leak_into_the_prompt(words: list[str], at: int, dashes: str, option: str) -> None:
    at = min(at, len(words))
    found = paint(" ".join([*words[:at], dashes + option, *words[at:]]))
    assert found.prompt == " ".join(words)
    assert found.options != Options()


@pytest.mark.parametrize("typed", ["a cat --loose", "--LOOSE a cat", "a cat --loose --file"])
def test_the_option_loose_takes_no_value(typed: str) -> None:
    made = paint(typed)
    assert made.options.loose
    assert made.options.as_file == ("--file" in typed)
    assert made.prompt == "a cat"


@pytest.mark.parametrize("typed", ["a cat --file", "--file a cat", "a --file cat", "a cat —file", "a cat --FILE"])
def test_the_option_file_takes_no_value(typed: str) -> None:
    made = paint(typed)
    assert made.options.as_file
    assert made.prompt == "a cat"
