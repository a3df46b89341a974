"""Pictures that are only named by an address, and prompts that came as a file: in private, in groups, replied to."""

from collections.abc import AsyncGenerator

import pytest

from bot.errors import TextFileUnreadable
from bot.texts import translate_error
from tests.servers.telegram.errors import Json
from tests.support.databases import everything
from tests.support.images import png
from tests.support.website import Website, website
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import TelegramWorld


@pytest.fixture
async def site(place: TelegramWorld) -> AsyncGenerator[Website]:
    async with website() as made:
        place.settings["fetch"] = {"allow_hosts": [place.sandbox.address.removeprefix("http://"), made.host]}
        yield made


@pytest.mark.forms(1)
@pytest.mark.parametrize("where", ["private", "group", "caption", "replied"])
async def test_an_address_in_a_prompt_is_a_reference(place: TelegramWorld, site: Website, where: str) -> None:
    prompt, chat = f"make ({site.address}/50.png) a painting", place.private
    sizes = [(50, 40)]
    async with place.easel():
        match where:
            case "private":
                place.server.say(place.ada, chat, prompt)
            case "group":
                chat = place.group
                place.server.say(place.ada, chat, f"/imagine@easel_bot {prompt}")
            case "caption":
                place.server.photo(place.ada, chat, png(size=(90, 60)), caption=prompt)
                sizes = [(90, 60), (50, 40)]
            case _:
                chat = place.group
                shown = place.server.say(place.ada, chat, f"look: {site.address}/50.png")
                place.server.say(place.ada, chat, "/edit@easel_bot make a painting", reply_to=shown)
        picture = await place.wait_for_picture(chat)
        assert reference_sizes(place.sandbox) == sizes
        assert "“make a painting”" in picture.caption.replace("\u2060", "")


async def test_a_typed_picture_of_a_request_that_became_no_job_is_forgotten(
    place: TelegramWorld, site: Website
) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, f"make {site.address}/50.png a painting --size 7")
        refused = await place.wait_for_reply()
        assert f"linked:telegram:{place.ada.id}:" in everything(place.database_url)
        place.server.say(place.ada, place.private, "/forget")
        await place.wait_for_reply(after=refused)
        assert "linked:" not in everything(place.database_url)


async def test_a_word_that_links_to_a_picture_is_a_reference(place: TelegramWorld, site: Website) -> None:
    async with place.easel():
        text = "🦊 make this a painting, as on Telegram"
        linked: list[Json] = [
            {"type": "text_link", "offset": 8, "length": 4, "url": f"{site.address}/50.png"},
            {"type": "text_link", "offset": 30, "length": 8, "url": f"{site.address}/page"},
        ]
        place.server.say(place.ada, place.private, text, entities=linked)
        picture = await place.wait_for_picture()
        assert reference_sizes(place.sandbox) == [(50, 40)]
        assert text in picture.caption.replace("\u2060", "")


@pytest.mark.forms(1)
@pytest.mark.parametrize("where", ["private", "group"])
async def test_a_text_file_is_the_prompt(place: TelegramWorld, where: str) -> None:
    chat, caption = (place.private, "") if where == "private" else (place.group, "/imagine@easel_bot in oil:")
    async with place.easel():
        place.server.document(
            place.ada,
            chat,
            "лиса под дождём".encode("utf-16"),
            filename="a.txt",
            mime_type="text/plain",
            caption=caption,
        )
        await place.wait_for_picture(chat)
        expected = "лиса под дождём" if where == "private" else "in oil:\nлиса под дождём"
        assert place.sandbox.requests[-1].prompt == expected


async def test_a_file_that_is_no_text_is_refused_in_words(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.document(place.ada, place.private, png(), filename="a.txt", mime_type="text/plain")
        answer = await place.wait_for_reply()
        assert answer.text.replace("\u2060", "") == translate_error("en", TextFileUnreadable(name="a.txt"))
        assert place.sandbox.requests == []
