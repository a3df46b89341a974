"""Pictures that no attachment is: stickers, the GIF picker, media of components; alone, replied to, forwarded."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from bot.texts import translate
from tests.servers.discord import Intent, Message, StickerFormat, Upload
from tests.servers.discord.errors import Json
from tests.support.images import png
from tests.support.website import Website, website
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, discord_world

GIFV: Json = {
    "type": "gifv",
    "url": "https://tenor.com/view/fox-wave-gif-1234",
    "provider": {"name": "Tenor", "url": "https://tenor.co"},
    "thumbnail": {"url": "https://media.tenor.com/a.png", "proxy_url": "https://images-ext-1.discordapp.net/a.png"},
    "video": {"url": "https://media.tenor.com/a.mp4", "proxy_url": "https://images-ext-1.discordapp.net/a.mp4"},
}

Write = Callable[[DiscordWorld, str], Message]


@pytest.fixture
async def open_place(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path, allowed=Intent.MESSAGE_CONTENT) as made:
        yield made


def with_sticker(kind: StickerFormat) -> Write:
    def write(world: DiscordWorld, text: str) -> Message:
        sticker = world.server.world.add_sticker(png(size=(52, 40)), kind=kind)
        return world.server.say(world.ada, world.channel, text, stickers=[sticker])

    return write


def with_gif(world: DiscordWorld, text: str) -> Message:
    return world.server.say(world.ada, world.channel, f"{text} {GIFV['url']}", embeds=[GIFV])


def ask_about(world: DiscordWorld, shown: Message, how: str) -> None:
    """Ada wants a message made night: as a reply, or forwarded to the bot's direct messages, and then a reply."""
    if how == "replied":
        world.server.say(world.ada, world.channel, f"{world.bot_mention} make it night", reply_to=shown)
    else:
        home = world.server.world.open_dm(world.ada)
        world.server.say(world.ada, home, "make it night", reply_to=world.server.forward(world.ada, home, shown))
        world.server.violations.clear()  # the description forbids what Discord shows: a reply to a forward


@pytest.mark.forms(1)
@pytest.mark.parametrize("how", ["own", "replied", "forwarded"])
async def test_a_sticker_that_stands_still_is_a_reference(world: DiscordWorld, how: str) -> None:
    async with world.easel():
        write = with_sticker(StickerFormat.PNG)
        if how == "own":
            write(world, f"{world.bot_mention} make it night")
        else:
            ask_about(world, write(world, ""), how)
        await world.until(lambda: world.sandbox.requests)
        await world.wait_until_settled()
        assert reference_sizes(world.sandbox) == [(52, 40)]


async def test_a_sticker_of_a_format_to_come_is_tried(world: DiscordWorld) -> None:
    async with world.easel():
        sticker = world.server.world.add_sticker(png(size=(52, 40)))
        item = {"id": str(sticker.id), "name": "Wave", "format_type": 9}
        world.server.gateway.odd["MESSAGE_CREATE"] = {"sticker_items": [item]}
        world.server.say(world.ada, world.channel, f"{world.bot_mention} make it night")
        await world.until(lambda: world.sandbox.requests)
        await world.wait_until_settled()
        assert reference_sizes(world.sandbox) == [(52, 40)]


async def test_a_sticker_alone_waits_for_words_over_a_restart(world: DiscordWorld) -> None:
    home = world.server.world.open_dm(world.ada)
    async with world.easel():
        sticker = world.server.world.add_sticker(png(size=(52, 40)))
        world.server.say(world.ada, home, stickers=[sticker])
        asked = await world.wait_for_reply(home)
        assert asked.content == translate("en", "refusal-pictures-without-prompt")
    async with world.easel():
        world.server.say(world.ada, home, "make it night")
        await world.wait_for_picture(home)
        assert reference_sizes(world.sandbox) == [(52, 40)]


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (StickerFormat.APNG, "own"),
        (StickerFormat.LOTTIE, "replied"),
        (StickerFormat.GIF, "own"),
        (StickerFormat.GIF, "replied"),
    ],
)
async def test_a_sticker_that_moves_is_refused_in_words(world: DiscordWorld, kind: StickerFormat, how: str) -> None:
    async with world.easel():
        write = with_sticker(kind)
        if how == "own":
            write(world, f"{world.bot_mention} make it night")
        else:
            ask_about(world, write(world, ""), how)
        told = await world.wait_for_reply()
        assert told.content == translate("en", "refusal-moving-sticker", name="Wave")
        assert world.sandbox.requests == []


async def test_the_menu_edits_a_sticker(world: DiscordWorld) -> None:
    async with world.easel():
        asked = world.server.message_menu(world.ada, "Edit image", with_sticker(StickerFormat.PNG)(world, ""))
        await world.until(lambda: asked.modal)
        world.server.modal_submit(asked, {"prompt": "make it night"})
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(52, 40)]


async def test_the_menu_opens_no_form_for_what_moves(world: DiscordWorld) -> None:
    async with world.easel():
        for shown, key, name in (
            (with_sticker(StickerFormat.LOTTIE)(world, ""), "refusal-moving-sticker", "Wave"),
            (with_gif(world, ""), "refusal-animated-picture", "GIF"),
        ):
            asked = world.server.message_menu(world.ada, "Edit image", shown)
            await world.until(lambda asked=asked: asked.original)
            assert asked.modal is None
            assert asked.original is not None
            assert asked.original.content == translate("en", key, name=name)


@pytest.mark.forms(1)
@pytest.mark.parametrize("how", ["own", "replied"])
async def test_the_gif_picker_is_refused_as_a_gif_is(open_place: DiscordWorld, how: str) -> None:
    world = open_place
    async with world.easel(message_content=True):
        if how == "own":
            with_gif(world, f"{world.bot_mention} make it night")
        else:
            ask_about(world, with_gif(world, ""), how)
        told = await world.wait_for_reply()
        assert told.content == translate("en", "refusal-animated-picture", name="GIF")
        assert world.sandbox.requests == []


async def test_media_of_components_are_references_and_videos_are_not(open_place: DiscordWorld) -> None:
    world = open_place
    async with world.easel(message_content=True):
        links = [place_picture(world, width) for width in (50, 51, 52)]
        gallery = {"type": 12, "items": [media(links[0], "image/png"), media("https://cdn.example/a.mp4", "video/mp4")]}
        section = {"type": 9, "components": [{"type": 10, "content": "words"}], "accessory": thumbnail(links[1])}
        app = world.server.world.add_user("Gallery", bot=True)
        shown = world.server.say(
            app, world.channel, components=[{"type": 17, "components": [gallery, section]}, thumbnail(links[2])]
        )
        ask_about(world, shown, "replied")
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(50, 40), (51, 40), (52, 40)]


async def test_embeds_of_apps_show_image_and_thumbnail(open_place: DiscordWorld) -> None:
    world = open_place
    async with world.easel(message_content=True):
        first, second, third = (place_picture(world, width) for width in (50, 51, 52))
        app = world.server.world.add_user("News", bot=True)
        embeds: list[Json] = [
            {"type": "rich", "title": "a", "image": {"url": first}, "thumbnail": {"url": third}},
            {"type": "rich", "title": "b", "thumbnail": {"url": second}},
            {"type": "article", "url": "https://example.org/", "thumbnail": {"url": third}},
        ]
        ask_about(world, world.server.say(app, world.channel, embeds=embeds), "replied")
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(50, 40), (51, 40)]


# ---------------------------------------------------------------- addresses and text files


@pytest.fixture
async def site(world: DiscordWorld) -> AsyncGenerator[Website]:
    async with website() as made:
        world.settings["fetch"] = {"allow_hosts": [world.sandbox.address.removeprefix("http://"), made.host]}
        yield made


@pytest.mark.forms(1)
@pytest.mark.parametrize("place", ["channel", "direct", "slash"])
async def test_an_address_in_a_prompt_is_a_reference(world: DiscordWorld, site: Website, place: str) -> None:
    async with world.easel():
        prompt, chat = f"make <{site.address}/50.png> a painting", world.channel
        if place == "slash":
            world.server.slash(world.ada, chat, "imagine", {"prompt": prompt})
        elif place == "direct":
            chat = world.server.world.open_dm(world.ada)
            world.server.say(world.ada, chat, prompt)
        else:
            world.server.say(world.ada, chat, f"{world.bot_mention} {prompt}")
        message = await world.wait_for_picture(chat)
        assert reference_sizes(world.sandbox) == [(50, 40)]
        assert "make a painting" in message.content


async def test_an_address_that_discord_shows_is_taken_once(world: DiscordWorld, site: Website) -> None:
    async with world.easel():
        url, shown = f"{site.address}/50.png", place_picture(world, 51)
        embed: Json = {"type": "image", "url": url, "thumbnail": {"url": url, "proxy_url": shown}}
        world.server.say(world.ada, world.channel, f"{world.bot_mention} this {url} at night", embeds=[embed])
        message = await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(51, 40)]
        assert "this at night" in message.content
        assert site.asked == []


async def test_an_address_in_a_forwarded_message_is_a_reference(world: DiscordWorld, site: Website) -> None:
    async with world.easel():
        shown = world.server.say(world.ada, world.channel, f"look {site.address}/50.png")
        ask_about(world, shown, "forwarded")
        await world.until(lambda: world.sandbox.requests)
        assert reference_sizes(world.sandbox) == [(50, 40)]


@pytest.mark.forms(1)
@pytest.mark.parametrize("how", ["mentioned", "direct"])
async def test_message_txt_is_the_prompt(world: DiscordWorld, how: str) -> None:
    words = "a red fox, " * 250
    file = Upload(filename="message.txt", data=words.encode(), content_type="text/plain; charset=utf-8")
    picture = Upload(filename="50.png", data=png(size=(50, 40)))
    async with world.easel():
        chat = world.channel if how == "mentioned" else world.server.world.open_dm(world.ada)
        world.server.say(world.ada, chat, world.bot_mention if how == "mentioned" else "", files=[file, picture])
        await world.wait_for_picture(chat)
        assert world.sandbox.requests[-1].prompt == words.strip()
        assert reference_sizes(world.sandbox) == [(50, 40)]


def place_picture(world: DiscordWorld, width: int) -> str:
    """The link of a picture on Discord's CDN."""
    stored = world.server.world.store(Upload(filename=f"{width}.png", data=png(size=(width, 40))))
    return world.server.cdn.link(stored, world.channel.id)


def media(url: str, media_type: str) -> Json:
    return {"media": {"url": url, "proxy_url": url, "content_type": media_type}}


def thumbnail(url: str) -> Json:
    return {"type": 11, **media(url, "image/png")}
