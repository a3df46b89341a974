"""Pictures that Discord shows later or elsewhere: links that unfold after their message, threads about a picture."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.texts import translate
from tests.servers.discord import Channel, Intent, Kind, Upload
from tests.servers.discord.errors import Json
from tests.support.clocks import FastClock
from tests.support.images import png
from tests.support.waiting import wait_until
from tests.support.website import website
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, discord_world

MESSAGE = "/channels/{channel_id}/messages/{message_id}"
LINK = "https://pictures.invalid/fox.png"
SPEED = 10.0  # times as fast as the machine's: nobody waits long for links that do not unfold


@pytest.fixture(params=[Intent.MESSAGE_CONTENT, Intent(0)], ids=["content", "no-content"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path, allowed=request.param, clock=FastClock(SPEED)) as made:
        yield made


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path, allowed=Intent.MESSAGE_CONTENT) as made:
        yield made


def embed(world: DiscordWorld, width: int = 50, url: str = LINK) -> Json:
    stored = world.server.world.store(Upload(filename=f"{width}.png", data=png(size=(width, 40))))
    return {
        "type": "image",
        "url": url,
        "thumbnail": {"url": url, "proxy_url": world.server.cdn.link(stored, world.channel.id)},
    }


# ---------------------------------------------------------------- links


@pytest.mark.forms(1)
@pytest.mark.parametrize("where", ["channel", "direct"])
@pytest.mark.parametrize("hidden", [False, True], ids=["shown", "hidden"])
async def test_a_link_that_unfolds_later_is_a_reference(patient: DiscordWorld, where: str, hidden: bool) -> None:
    """`hidden`: the update is empty, and the message must be read again."""
    world = patient
    async with world.easel():
        chat = world.channel if where == "channel" else world.server.world.open_dm(world.ada)
        mention = f"{world.bot_mention} " if where == "channel" else ""
        asked = world.server.say(world.ada, chat, f"{mention}make {LINK} a painting")
        if hidden:
            asked.embeds = [embed(world)]
            body: Json = {**world.server.core.messages.event(asked, content=True), "embeds": [], "content": ""}
            world.server.gateway.dispatch("MESSAGE_UPDATE", lambda _: body, guild_id=None)
        else:
            world.server.unfold(asked, [embed(world)])
        message = await world.wait_for_picture(chat)
        assert reference_sizes(world.sandbox) == [(50, 40)]
        assert "“make a painting”" in message.content


async def test_a_link_in_a_message_that_is_replied_to_at_once_is_a_reference(patient: DiscordWorld) -> None:
    world = patient
    async with world.easel(message_content=True):
        bob = world.server.world.add_member(world.guild, "Bob")
        shown = world.server.say(bob, world.channel, f"look {LINK}")
        world.server.say(world.ada, world.channel, f"{world.bot_mention} make it night", reply_to=shown)
        world.server.unfold(shown, [embed(world)])
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(50, 40)]


async def test_a_gif_that_unfolds_later_is_refused(patient: DiscordWorld) -> None:
    world = patient
    async with world.easel():
        url = "https://gifs.invalid/view/fox"
        asked = world.server.say(world.ada, world.channel, f"{world.bot_mention} night {url}")
        world.server.unfold(asked, [{"type": "gifv", "url": url}])
        told = await world.wait_for_reply()
        assert told.content == translate("en", "refusal-animated-picture", name="GIF")


@pytest.mark.forms(1)
async def test_a_link_that_does_not_unfold_stays_words_after_a_moment(place: DiscordWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.channel, f"{place.bot_mention} a fox as on {LINK}")
        message = await place.wait_for_picture()
        assert f"a fox as on {LINK}" in message.content.replace("\u200b", "").replace("\\", "")
        assert reference_sizes(place.sandbox) == []


@pytest.mark.forms(1)
@pytest.mark.parametrize("text", ["a fox", f"a fox <{LINK}>"])
async def test_nothing_is_waited_for_without_a_link_that_unfolds(patient: DiscordWorld, text: str) -> None:
    place = patient
    async with place.easel():
        place.server.say(place.ada, place.channel, f"{place.bot_mention} {text}")
        await place.wait_for_picture()
        assert not place.server.calls("GET", MESSAGE)  # which ends every wait that was in vain


async def test_the_next_process_takes_up_a_message_whose_link_was_waited_for(patient: DiscordWorld) -> None:
    world = patient
    async with world.easel():
        asked = world.server.say(world.ada, world.channel, f"{world.bot_mention} make {LINK} a painting")
        await wait_until(lambda: has_saved_events(world))
    assert not world.bot_messages()
    asked.embeds = [embed(world)]  # while no process runs
    async with world.easel():
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(50, 40)]


async def has_saved_events(world: DiscordWorld) -> bool:
    async with world.store() as store:
        return bool(await store.adapter_store.saved_updates("discord"))


@pytest.mark.forms(1)
@pytest.mark.parametrize("when", ["later", "never"])
async def test_the_menu_edits_what_a_link_shows(patient: DiscordWorld, when: str) -> None:
    """`never`: Discord shows nothing of it, and it is opened once the form is sent in."""
    world = patient
    async with website() as site:
        world.settings["fetch"] = {"allow_hosts": [world.sandbox.address.removeprefix("http://"), site.host]}
        async with world.easel():
            bob = world.server.world.add_member(world.guild, "Bob")
            url = LINK if when == "later" else f"{site.address}/50.png"
            shown = world.server.say(bob, world.channel, f"look {url if when == 'later' else f'<{url}>'}")
            asked = world.server.message_menu(world.ada, "Edit image", shown)
            if when == "later":
                world.server.unfold(shown, [embed(world)])
            await world.until(lambda: asked.modal)
            world.server.modal_submit(asked, {"prompt": "make it night"})
            await world.wait_for_picture()
            assert reference_sizes(world.sandbox) == [(50, 40)]


@pytest.mark.forms(1)
async def test_the_menu_on_a_link_that_is_no_picture_says_so(place: DiscordWorld) -> None:
    async with place.easel():
        page: Json = {"type": "article", "url": LINK, "title": "Foxes"}
        bob = place.server.world.add_member(place.guild, "Bob")
        shown = place.server.say(bob, place.channel, f"look {LINK}", embeds=[page])
        asked = place.server.message_menu(place.ada, "Edit image", shown)
        await place.until(lambda: asked.original)
        assert asked.original is not None
        assert asked.original.content == translate("en", "refusal-reply-has-no-picture")
        unknown = place.server.say(bob, place.channel, f"look {LINK}")
        opened = place.server.message_menu(place.ada, "Edit image", unknown)
        await place.until(lambda: opened.modal)
        sent = place.server.modal_submit(opened, {"prompt": "make it night"})
        await place.until(lambda: sent.original and not sent.original.loading)
        assert sent.original is not None
        assert sent.original.content == translate("en", "refusal-nothing-to-edit")
        assert place.sandbox.requests == []


# ---------------------------------------------------------------- threads


def thread_on_a_picture(world: DiscordWorld, kind: str) -> Channel:
    """A thread that Bob has started on his picture, or a post of a forum that begins with it. He mentions the bot, so
    that it may see the picture."""
    bob = world.server.world.add_member(world.guild, "Bob")
    picture = Upload(filename="50.png", data=png(size=(50, 40)))
    if kind == "forum":
        forum = world.server.world.add_channel(world.guild, "forum", kind=Kind.FORUM)
        return world.server.open_post(bob, forum, "my fox", files=[picture])
    starter = world.server.say(bob, world.channel, "my fox", files=[picture])
    return world.server.world.add_thread(world.channel, started_on=starter)


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("kind", "how"),
    [("text", "mention"), ("text", "reply"), ("text", "typed"), ("text", "slash"), ("forum", "mention")],
)
async def test_what_is_asked_by_this_in_a_thread_is_about_its_first_picture(
    patient: DiscordWorld, kind: str, how: str
) -> None:
    world = patient
    async with world.easel(message_content=True):
        thread = thread_on_a_picture(world, kind)
        match how:
            case "mention":
                world.server.say(world.ada, thread, f"{world.bot_mention} make this an oil painting")
            case "reply":
                words = world.server.say(world.ada, thread, "how nice")
                world.server.say(world.ada, thread, f"{world.bot_mention} make this an oil painting", reply_to=words)
            case "typed":
                world.server.say(world.ada, thread, "/edit in oil")
            case _:
                world.server.slash(world.ada, thread, "edit", {"prompt": "in oil"})
        await world.wait_for_picture(thread)
        assert reference_sizes(world.sandbox) == [(50, 40)]


async def test_a_new_picture_or_ones_own_in_a_thread_is_not_about_its_first_one(patient: DiscordWorld) -> None:
    world = patient
    async with world.easel(message_content=True):
        thread = thread_on_a_picture(world, "text")
        world.server.say(world.ada, thread, f"{world.bot_mention} an owl [[refuse]]")
        first = await world.wait_for_reply(thread)
        await world.wait_until_settled()
        assert reference_sizes(world.sandbox) == []
        own = Upload(filename="51.png", data=png(size=(51, 40)))
        world.server.say(world.ada, thread, f"{world.bot_mention} this, at night", files=[own])
        await world.wait_for_picture(thread, after=first)
        assert reference_sizes(world.sandbox) == [(51, 40)]


async def test_edit_without_a_picture_anywhere_is_refused_in_words(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.slash(world.ada, world.channel, "edit", {"prompt": "in oil"})
        told = await world.wait_for_reply()
        assert told.content == translate("en", "refusal-nothing-to-edit")


@pytest.mark.forms(1)
@pytest.mark.parametrize("why", ["content", "rights", "none"])
async def test_a_first_message_that_cannot_be_read_is_passed_over_in_silence(world: DiscordWorld, why: str) -> None:
    async with world.easel():
        thread = thread_on_a_picture(world, "text")
        if why == "rights":
            world.server.faults.fail("GET", MESSAGE, status=403)
        if why == "none":
            thread = world.server.world.add_thread(world.channel)
        world.server.say(world.ada, thread, f"{world.bot_mention} make this night")
        await world.wait_for_picture(thread)
        assert reference_sizes(world.sandbox) == []
