"""What members write to the bot in private, and what comes of it: texts, photos, albums, documents, stickers."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from bot.errors import (
    AnimatedPicture,
    EaselError,
    MovingSticker,
    NotAPicture,
    PictureGone,
    PictureTooLarge,
    PromptEmpty,
    TooManyPictures,
)
from bot.pictures.inspection import SUPPORTED_FORMATS
from bot.texts import translate, translate_error
from tests.servers.telegram import UNLIMITED, AlbumItem, Chat, Message, User
from tests.support.clocks import PausableClock
from tests.support.images import encode_image, png
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import SPEED, TelegramWorld, telegram_world


def heic(size: tuple[int, int]) -> bytes:
    held = io.BytesIO()
    file: Any = pillow_heif.from_pillow(Image.new("RGB", size, "green"))
    file.save(held)
    return held.getvalue()


def gif() -> bytes:
    held = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "blue")]
    frames[0].save(held, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return held.getvalue()


# ---------------------------------------------------------------- words


async def test_plain_text_becomes_a_picture_in_one_message(place: TelegramWorld) -> None:
    async with place.easel():
        request = place.server.say(place.ada, place.private, "a lighthouse")
        picture = await place.wait_for_picture()
        assert len(place.bot_messages()) == 1
        assert picture.reply_to is request
        assert picture.photo is not None
        assert "a lighthouse" in picture.caption
        assert [label for label, _ in picture.buttons] == ["Retry", "Vary", "Edit", "More…"]
        assert await place.available_credits() == 49


async def test_the_status_message_fills_up_before_it_becomes_the_picture(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.private, "a lighthouse")
        status = await place.wait_for_reply()
        await place.until(lambda: translate("en", "stage-saving") in status.text)
        assert [label for label, _ in status.buttons] == ["Cancel"]
        upstream.open.set()
        assert await place.wait_for_picture() is status
        assert [label for label, _ in status.buttons] == ["Retry", "Vary", "Edit", "More…"]


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    "prompt",
    [
        "_*[]()~`>#+-=|{}.! **bold** __x__ `code`",
        "<b>bold</b> & <i>x</i> &amp; &lt;",
        "семь 🦊🦊 лис 👩‍👩‍👧‍👦 и 🇺🇦",
        "ציור של מגדלור \u202eabc\u202c مرحبا",
        "ask @ada or @easel_bot, see t.me/easel, https://example.com/a?b=c, a@example.com",
        "#fox $USD /start /unknown +1 555 010 99 example.org",
    ],
)
async def test_a_prompt_shows_as_typed_and_is_nothing_but_text(place: TelegramWorld, prompt: str) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, f"/imagine {prompt}")
        picture = await place.wait_for_picture()
        shown = picture.caption.replace("\u2060", "")
        assert prompt in shown
        assert picture.entities == []
        assert place.sandbox.requests[-1].prompt.strip() == prompt.strip()


async def test_history_leads_nowhere_in_private_and_forms_no_links(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, "a fox at example.com for @ada")
        picture = await place.wait_for_picture()
        place.server.say(place.ada, place.private, "/history")
        history = await place.wait_for_reply(after=picture)
        assert "a fox at example.com for @ada" in history.text.replace("\u2060", "")
        assert [each["type"] for each in history.entities] == []


async def test_commands_in_the_bots_own_words_can_be_tapped(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, "/start")
        words = await place.wait_for_reply()
        assert [each["type"] for each in words.entities] == ["bot_command"]


async def test_a_text_of_the_greatest_length_gets_words_not_silence(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, "x" * 4096)
        answer = await place.wait_for_reply()
        assert "4096" in answer.text
        place.server.say(place.ada, place.private, "y" * 4000)
        picture = await place.wait_for_picture(after=answer)
        assert len(picture.caption) <= 1024


async def test_what_is_no_request_gets_words_in_private(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.voice(place.ada, place.private, b"voice")
        answer = await place.wait_for_reply()
        assert answer.text.replace("\u2060", "") == translate_error(
            "en", NotAPicture(name="voice.ogg", kinds=SUPPORTED_FORMATS)
        )
        place.server.say(place.ada, place.private, "/imagine")
        answer = await place.wait_for_reply(after=answer)
        assert answer.text == translate_error("en", PromptEmpty())


async def test_members_are_answered_in_their_language(place: TelegramWorld) -> None:
    async with place.easel():
        for number, (language, locale) in enumerate([("ru", "ru"), ("zh-hans", "zh"), (None, "en"), ("pt-br", "en")]):
            member = place.server.add_user(f"member {number}", language_code=language)
            chat = place.server.private(member)
            place.server.say(member, chat, "/cancel")
            assert (await place.wait_for_reply(chat)).text == translate(locale, "answer-nothing-to-cancel")


# ---------------------------------------------------------------- pictures


async def test_a_photo_with_a_caption_is_edited(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.photo(place.ada, place.private, png(size=(200, 100)), caption="make it anime")
        await place.wait_for_picture()
        assert reference_sizes(place.sandbox) == [(200, 100)]
        assert place.sandbox.requests[-1].prompt.startswith("make it anime")


async def test_a_command_in_a_caption_is_a_command(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.photo(place.ada, place.private, png(size=(200, 100)), caption="/edit make it anime --size 3:2")
        picture = await place.wait_for_picture()
        assert reference_sizes(place.sandbox) == [(200, 100)]
        assert "make it anime" in picture.caption
        assert "/edit" not in place.sandbox.requests[-1].prompt


async def test_a_photo_without_words_is_remembered_and_asked_about(place: TelegramWorld) -> None:
    async with place.easel():
        photo = place.server.photo(place.ada, place.private, png(size=(120, 80)))
        question = await place.wait_for_reply()
        assert question.text == translate("en", "refusal-pictures-without-prompt")
        assert question.reply_to is photo
        place.server.say(place.ada, place.private, "make it a rainy night", reply_to=question)
        first = await place.wait_for_picture(after=question)
        assert reference_sizes(place.sandbox) == [(120, 80)]
        place.server.say(place.ada, place.private, "a fox")  # the photo is taken care of
        await place.wait_for_picture(after=first)
        assert reference_sizes(place.sandbox) == []


async def test_a_remembered_photo_survives_a_restart_and_fades_in_time(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.photo(place.ada, place.private, png(size=(120, 80)))
        question = await place.wait_for_reply()
    async with place.easel():
        place.server.say(place.ada, place.private, "make it a rainy night")
        first = await place.wait_for_picture(after=question)
        assert reference_sizes(place.sandbox) == [(120, 80)]
        place.server.photo(place.ada, place.private, png(size=(120, 80)))
        again = await place.wait_for_reply(after=first)
        place.advance_clock(11 * 60)
        place.server.say(place.ada, place.private, "a fox")
        await place.wait_for_picture(after=again)
        assert reference_sizes(place.sandbox) == []


async def test_an_album_of_ten_is_one_request_in_order(place: TelegramWorld) -> None:
    place.settings["providers"] = [
        {"preset": "sandbox", "base_url": place.sandbox.address, "api_key": "sandbox"},
    ]
    async with place.easel():
        shots: list[bytes | AlbumItem] = [png(size=(100 + number, 50)) for number in range(10)]
        place.server.album(place.ada, place.private, shots, caption="a collage", deliver=[3, 1, 0, 9, 8, 7, 2, 6, 5, 4])
        answer = await place.wait_for_reply()
        assert answer.text == translate_error("en", TooManyPictures(count=10, limit=5))  # refused in words, never cut
        assert len(place.bot_messages()) == 1


@pytest.mark.forms(1)
@pytest.mark.parametrize("caption_on", [0, 2])
async def test_an_album_is_put_together_whatever_its_order(tmp_path: Path, caption_on: int) -> None:
    clock = PausableClock(SPEED)
    async with telegram_world(tmp_path, limits=UNLIMITED, clock=clock) as place, place.easel():
        shots: list[bytes | AlbumItem] = [png(size=(100 + number, 50)) for number in range(5)]
        with clock.paused():
            sent = place.server.album(
                place.ada, place.private, shots, caption="a collage", caption_on=caption_on, deliver=[4, 0, 2]
            )
            await place.wait_until_heard()
            place.server.deliver(sent[1])
            place.server.deliver(sent[3])
            place.server.say(place.ada, place.private, "/quota")  # an album that is coming in holds nothing up
            quota = await place.wait_for_reply()
        picture = await place.wait_for_picture(after=quota)
        assert reference_sizes(place.sandbox) == [(100 + number, 50) for number in range(5)]
        assert len(place.sandbox.requests) == 1
        assert picture.reply_to is sent[0]


@pytest.mark.thorough
async def test_an_album_of_documents_without_words_is_remembered_whole(place: TelegramWorld) -> None:
    async with place.easel():
        items: list[bytes | AlbumItem] = [
            AlbumItem(data=png(size=(100 + n, 50)), kind="document", filename=f"{n}.png") for n in range(3)
        ]
        place.server.album(place.ada, place.private, items)
        question = await place.wait_for_reply()
        place.server.say(place.ada, place.private, "blend them")
        await place.wait_for_picture(after=question)
        assert reference_sizes(place.sandbox) == [(100, 50), (101, 50), (102, 50)]


async def test_a_part_of_an_album_that_comes_too_late_asks_nothing(place: TelegramWorld) -> None:
    async with place.easel():
        sent = place.server.album(place.ada, place.private, [png(), png("blue")], caption="a collage", deliver=[0])
        picture = await place.wait_for_picture()
        place.server.deliver(sent[1])
        await place.wait_until_heard()
        place.server.say(place.ada, place.private, "/quota")
        await place.wait_for_reply(after=picture)
        assert len(place.bot_messages()) == 2


async def test_documents_and_static_stickers_are_pictures(place: TelegramWorld) -> None:
    async with place.easel():
        last = None
        place.server.document(
            place.ada, place.private, heic((90, 60)), filename="IMG_1.HEIC", mime_type="image/heic", caption="brighter"
        )
        last = await place.wait_for_picture(after=last)
        assert reference_sizes(place.sandbox) == [(90, 60)]
        place.server.sticker(place.ada, place.private, encode_image(Image.new("RGBA", (80, 80), "red"), "WEBP"))
        question = await place.wait_for_reply(after=last)
        place.server.say(place.ada, place.private, "give it a hat")
        await place.wait_for_picture(after=question)
        assert reference_sizes(place.sandbox) == [(80, 80)]


@pytest.mark.forms(1)
@pytest.mark.parametrize("replied", [False, True])
async def test_moving_pictures_are_refused_in_words(place: TelegramWorld, replied: bool) -> None:
    server, webm, tgs = place.server, b"\x1aE\xdf\xa3webm", b"\x1f\x8btgs"
    caption = "" if replied else "anime"
    senders: list[tuple[Callable[[User, Chat], Message], EaselError]] = [
        (lambda who, chat: server.sticker(who, chat, webm, kind="video"), MovingSticker(name="sticker.webm")),
        (lambda who, chat: server.sticker(who, chat, tgs, kind="animated"), MovingSticker(name="sticker.tgs")),
        (lambda who, chat: server.animation(who, chat, b"mp4", caption=caption), AnimatedPicture(name="animation.mp4")),
        (
            lambda who, chat: server.video(who, chat, b"mp4", caption=caption),
            NotAPicture(name="video.mp4", kinds=SUPPORTED_FORMATS),
        ),
    ]
    chat, answer = (place.group if replied else place.private), None
    async with place.easel():
        for send, refusal in senders:
            sent = send(place.ada, chat)
            if replied:
                server.say(place.ada, chat, "/edit@easel_bot make it night", reply_to=sent)
            answer = await place.wait_for_reply(chat, after=answer)
            assert answer.text.replace("\u2060", "") == translate_error("en", refusal)
        assert place.sandbox.requests == []


async def test_a_gif_sent_as_a_document_is_refused_in_words(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.document(
            place.ada, place.private, gif(), filename="fox.gif", mime_type="image/gif", caption="anime"
        )
        await place.wait_until_settled()
        answer = await place.wait_for_reply()
        await place.until(lambda: answer.text == "" or "fox" in answer.text)
        assert answer.text.replace("\u2060", "") == translate_error("en", AnimatedPicture(name="fox.gif"))
        assert await place.available_credits() == 50


@pytest.mark.forms(1)
@pytest.mark.parametrize("times", [1, 3, 6])
async def test_a_file_that_is_not_available_now_is_asked_for_again(place: TelegramWorld, times: int) -> None:
    async with place.easel():
        place.server.faults.refuse("getFile", "wrong file_id or the file is temporarily unavailable", times=times)
        place.server.photo(place.ada, place.private, png(size=(90, 60)), caption="make it night")
        if times == 6:
            answer = await place.wait_for_reply()
            expected = translate_error("en", PictureGone(name="photo.jpg"))
            await place.until(lambda: answer.text.replace("\u2060", "") == expected)
            assert await place.available_credits() == 50
        else:
            await place.wait_for_picture()
            assert reference_sizes(place.sandbox) == [(90, 60)]
        assert len(place.server.calls("getFile")) == min(times + 1, 6)


async def test_a_document_of_25_megabytes_is_refused_before_it_is_asked_for(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.document(
            place.ada, place.private, size=25_000_000, filename="big.png", mime_type="image/png", caption="smaller"
        )
        answer = await place.wait_for_reply()
        expected = translate_error("en", PictureTooLarge(name="big.png", limit="20 MB"))
        await place.until(lambda: answer.text.replace("\u2060", "") == expected)
        assert place.server.calls("getFile") == []
        assert await place.available_credits() == 50


@pytest.mark.thorough
async def test_a_server_of_ones_own_serves_larger_files_by_their_paths(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED, local=True) as place, place.easel(local=True):
        held = io.BytesIO()
        Image.new("RGB", (2700, 2700), "green").save(held, "PNG", compress_level=0)
        data = held.getvalue()
        assert len(data) > 20 * 1024 * 1024
        place.server.document(
            place.ada, place.private, data, filename="big.png", mime_type="image/png", caption="smaller"
        )
        await place.wait_for_picture()
        assert [w == h for w, h in reference_sizes(place.sandbox)] == [True]


async def test_a_file_that_is_gone_is_refused_and_costs_nothing(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.faults.fail("getFile", status=400)
        place.server.photo(place.ada, place.private, png(), caption="make it anime")
        answer = await place.wait_for_reply()
        await place.until(lambda: "photo.jpg" in answer.text.replace("\u2060", ""))
        assert await place.available_credits() == 50


async def test_a_download_that_breaks_is_made_again(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.faults.drop("file")
        place.server.photo(place.ada, place.private, png(size=(70, 50)), caption="make it anime")
        await place.wait_for_picture()
        assert reference_sizes(place.sandbox) == [(70, 50)]


async def test_edited_requests_and_bots_are_not_heard(place: TelegramWorld) -> None:
    async with place.easel():
        request = place.server.say(place.ada, place.private, "a fox")
        picture = await place.wait_for_picture()
        place.server.edit(request, "a dog")
        other = place.server.add_user("Other", username="other_bot", bot=True)
        place.server.say(other, place.group, "@easel_bot a fox")
        place.server.say(place.ada, place.private, "/quota")
        await place.wait_for_reply(after=picture)
        assert len(place.sandbox.requests) == 1


@pytest.mark.forms(1)
@pytest.mark.parametrize("name", ["n" * 2600 + ".png", "\u202e" + "e\u0301" * 2000 + ".png", "👨‍👩‍👧" * 900 + ".png"])
async def test_a_file_whose_name_fills_a_page_is_refused_in_words(place: TelegramWorld, name: str) -> None:
    async with place.easel():
        place.server.document(place.ada, place.private, b"no picture", filename=name, caption="/edit brighter")
        status = await place.wait_for_reply()
        await place.until(lambda: not status.buttons)
        assert SUPPORTED_FORMATS in status.text
        assert name[:2] in status.text
        assert len(status.text) < 400
        await place.wait_until_settled()
        assert await place.available_credits() == 50
    async with place.easel():
        place.server.say(place.ada, place.private, "a fox")
        await place.wait_for_picture()
