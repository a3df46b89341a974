"""Finished pictures on their way into Telegram: in place, as albums, as documents, hidden; late, and after trouble."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bot.chat import Action
from bot.texts import translate
from tests.servers.telegram import UNLIMITED
from tests.support import provenance
from tests.support.images import encode_image, png
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import TelegramWorld, button, telegram_world


def noise(width: int, height: int) -> bytes:
    """A PNG that hardly compresses."""
    held = io.BytesIO()
    Image.effect_noise((width, height), 100).convert("RGB").save(held, "PNG", compress_level=0)
    return held.getvalue()


# ---------------------------------------------------------------- previews


@pytest.mark.forms(1)
@pytest.mark.parametrize("fault", ["", "[[cut:75]]"])
async def test_an_unfinished_picture_shows_inside_the_status_message(tmp_path: Path, fault: str) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED, pace=2.0, previews=True) as place, place.easel():
        place.server.say(place.ada, place.private, f"a fox {fault}")
        status = await place.wait_for_reply()
        await place.until(lambda: status.photo is not None and [label for label, _ in status.buttons] == ["Cancel"])
        await place.wait_until_settled()
        await place.until(lambda: "Cancel" not in [label for label, _ in status.buttons])
        assert place.bot_messages() == [status]
        assert await place.available_credits() == (50 if fault else 49)


# ---------------------------------------------------------------- several


async def test_four_pictures_are_one_in_place_and_an_album_below_it(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.group, "/imagine@easel_bot a fox --n 4")
        first = await place.wait_for_picture(place.group)
        album = [one for one in place.bot_messages(place.group) if one is not first]
        assert [one.reply_to for one in album] == [first] * 3
        assert len({one.media_group_id for one in album}) == 1
        assert all(one.photo is not None for one in album)
        assert await place.available_credits() == 46
        place.server.say(place.ada, place.group, "add a moon", reply_to=album[1])
        await place.wait_for_picture(place.group, after=album[-1])
        assert len(reference_sizes(place.sandbox)) == 1


async def test_two_pictures_are_one_in_place_and_one_below_it(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, "a fox --n 2")
        first = await place.wait_for_picture()
        (second,) = [one for one in place.bot_messages() if one is not first]
        assert second.reply_to is first
        assert second.media_group_id is None
        assert second.buttons == []


async def test_a_delivery_that_is_taken_up_again_sends_the_others_once(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.faults.limit("sendMediaGroup", retry_after=1)
        place.server.say(place.ada, place.private, "a fox --n 3")
        await place.wait_for_picture()
        assert len(place.bot_messages()) == 3
        assert await place.available_credits() == 47


# ---------------------------------------------------------------- photos and documents


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    "make",  # in the test, and not where every worker collects it
    [lambda: noise(2000, 1900), lambda: png(size=(9000, 1200)), lambda: png(size=(2100, 100))],
    ids=["over 10 MB", "over 10000 for width and height", "over 20 to 1"],
)
async def test_what_cannot_be_a_photo_is_a_document_unchanged(place: TelegramWorld, make: Callable[[], bytes]) -> None:
    data = make()
    async with place.gallery(data) as upstream, place.easel():
        upstream.open.set()
        place.server.say(place.ada, place.private, "a fox")
        picture = await place.wait_for_picture()
        assert picture.photo is None
        assert picture.document is not None
        assert picture.document.content == data
        assert len(place.bot_messages()) == 1
        assert "a fox" in picture.caption


async def test_the_original_is_a_document_on_request(place: TelegramWorld) -> None:
    data = encode_image(Image.new("RGBA", (64, 48), (255, 0, 0, 90)))
    async with place.gallery(data) as upstream, place.easel():
        upstream.open.set()
        place.server.say(place.ada, place.private, "a fox --file")
        picture = await place.wait_for_picture()
        assert picture.document is not None
        assert picture.document.content == data
        place.server.say(place.ada, place.private, "add a moon", reply_to=picture)
        await place.wait_for_picture(after=picture)
        assert upstream.asked == 2


@pytest.mark.parametrize("kind", provenance.FILES)
async def test_what_a_file_says_of_its_origin_arrives_byte_for_byte_as_a_document(
    place: TelegramWorld, kind: str
) -> None:
    data = provenance.FILES[kind]()
    async with place.gallery(data) as upstream, place.easel():
        upstream.open.set()
        place.server.say(place.ada, place.private, "a fox --file")
        picture = await place.wait_for_picture()
        assert picture.document is not None
        assert picture.document.content == data


async def test_a_photo_that_telegram_refuses_goes_as_a_document(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.faults.fail("editMessageMedia", status=413)
        place.server.say(place.ada, place.private, "a fox")
        picture = await place.wait_for_picture()
        assert picture.document is not None
        assert len(place.bot_messages()) == 1


async def test_a_hidden_picture_gives_a_hidden_result(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.photo(place.ada, place.private, png(), caption="anime --n 2", spoiler=True)
        await place.wait_for_picture()
        assert [one.spoiler for one in place.bot_messages()] == [True, True]


# ---------------------------------------------------------------- the end of a job


async def test_a_job_of_more_than_two_minutes_ends_with_a_word_to_its_owner(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.group, "/imagine@easel_bot a fox")
        status = await place.wait_for_reply(place.group)
        await upstream.fetched.wait()
        place.advance_clock(130)
        upstream.open.set()
        picture = await place.wait_for_picture(place.group)
        assert picture is status
        call = await place.wait_for_reply(place.group, after=picture)
        assert call.reply_to is picture
        assert call.text == f"Ada, {translate('en', 'done-call')}"
        (entity,) = call.entities
        assert (entity["type"], entity["user"]["id"], entity["offset"], entity["length"]) == (
            "text_mention",
            place.ada.id,
            0,
            3,
        )


async def test_a_quick_job_ends_without_a_word(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.group, "/imagine@easel_bot a fox")
        picture = await place.wait_for_picture(place.group)
        place.server.say(place.ada, place.group, "/quota@easel_bot")
        await place.wait_for_reply(place.group, after=picture)
        assert len(place.bot_messages(place.group)) == 2


async def test_a_name_of_many_units_is_measured_as_telegram_does(place: TelegramWorld) -> None:
    eve = place.server.add_user("🦊 Eve")
    async with place.gallery() as upstream, place.easel():
        place.server.say(eve, place.group, "/imagine@easel_bot a fox")
        await place.wait_for_reply(place.group)
        await upstream.fetched.wait()
        place.advance_clock(130)
        upstream.open.set()
        picture = await place.wait_for_picture(place.group)
        call = await place.wait_for_reply(place.group, after=picture)
        assert call.entities[0]["length"] == 6  # the fox counts two


# ---------------------------------------------------------------- when calls fail


@pytest.mark.forms(1)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_upload_whose_connection_breaks_is_made_again_in_place(place: TelegramWorld, when: str) -> None:
    async with place.easel():
        place.server.faults.drop("editMessageMedia", when="before" if when == "before" else "after")
        place.server.say(place.ada, place.private, "a fox")
        picture = await place.wait_for_picture()
        assert place.bot_messages() == [picture]
        assert await place.available_credits() == 49


async def test_a_first_post_without_an_answer_is_found_and_not_made_twice(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.faults.drop("sendMessage", when="after")
        place.server.say(place.ada, place.private, "a fox")
        picture = await place.wait_for_picture()
        assert place.bot_messages() == [picture]
        assert await place.available_credits() == 49


async def test_telegrams_own_trouble_is_waited_out(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.faults.fail("sendMessage", status=502)
        place.server.faults.fail("editMessageMedia", status=500, times=2)
        place.server.faults.limit("editMessageMedia", retry_after=2)
        place.server.say(place.ada, place.private, "a fox")
        picture = await place.wait_for_picture()
        assert place.bot_messages() == [picture]


async def test_a_deleted_status_message_stops_the_job_and_costs_nothing(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.private, "a fox")
        status = await place.wait_for_reply()
        await upstream.fetched.wait()
        place.server.delete(status)
        await place.wait_until_settled()
        assert await place.available_credits() == 50
        assert place.bot_messages() == []


async def test_a_member_who_blocks_the_bot_pays_nothing_and_keeps_nothing_busy(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.private, "a fox")
        await place.wait_for_reply()
        await upstream.fetched.wait()
        place.server.block(place.ada)
        upstream.open.set()
        await place.wait_until_settled()
        assert await place.available_credits() == 50


async def test_a_group_that_takes_no_photos_costs_nothing(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.group, "/imagine@easel_bot a fox")
        status = await place.wait_for_reply(place.group)
        await upstream.fetched.wait()
        place.server.faults.fail("editMessageMedia", status=403)
        upstream.open.set()
        await place.wait_until_settled()
        await place.until(lambda: status.text == translate("en", "failed-undelivered"))
        assert await place.available_credits() == 50


async def test_nothing_is_ever_edited_into_what_it_is_already(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, "a fox [[slow]]")
        picture = await place.wait_for_picture()
        place.server.press(place.ada, picture, button(picture, Action.RETRY))
        await place.wait_for_picture(after=picture)
        assert not [one for one in place.server.requests if "not modified" in (one.error or "")]
