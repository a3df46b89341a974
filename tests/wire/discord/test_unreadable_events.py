"""Events that discord.py cannot read: none ends the gateway, each is set aside, and everybody else is served."""

import asyncio
import json
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from adapters import doctor
from bot.settings import Settings
from bot.texts import translate
from tests.servers.discord import Message
from tests.servers.discord.gateway import MISSING
from tests.support.databases import query
from tests.support.waiting import wait_until
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, Easel, photo

POLL: dict[str, Any] = {
    "question": {"text": "which?"},
    "answers": [],
    "expiry": None,
    "allow_multiselect": False,
    "layout_type": 1,
}


def rows(world: DiscordWorld) -> list[tuple[str, str]]:
    """Reason and content of what was set aside, by reason."""
    sql = "SELECT reason, content FROM quarantine WHERE source = 'incoming_update' ORDER BY reason"
    return query(world.database_url, sql)


def counted() -> float:
    return REGISTRY.get_sample_value("easel_updates_set_aside_total", {"platform": "discord"}) or 0.0


async def is_ready(easel: Easel) -> bool:
    return await easel.discord.problem() is None


async def nothing_is_saved(easel: Easel) -> bool:
    return await easel.app.store.adapter_store.saved_updates("discord") == {}


async def answers(world: DiscordWorld) -> None:
    """Slash commands and messages are answered."""
    asked = world.server.slash(world.ada, world.channel, "quota")
    await world.until(lambda: asked.original)
    before = len(world.bot_messages())
    world.server.say(world.ada, world.channel, f"{world.bot_mention} /quota")
    await world.until(lambda: len(world.bot_messages()) > before)


def latest(world: DiscordWorld, event: str) -> dict[str, Any]:
    """The data of the last event of a name."""
    (session,) = world.server.gateway.sessions.values()
    return next(packet["d"] for packet in reversed(session.sent) if packet["t"] == event)


async def test_a_poll_that_cannot_be_read_ends_nothing_and_its_request_is_served(world: DiscordWorld) -> None:
    before, discord = counted(), world.server.gateway
    with capture_logs() as logs:
        async with world.easel() as easel:
            discord.odd["MESSAGE_CREATE"] = {"poll": POLL}
            world.server.say(world.ada, world.channel, "which?")
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
            picture = await world.wait_for_picture()
            del discord.odd["MESSAGE_CREATE"]
            await answers(world)
            await wait_until(lambda: counted() >= before + 2)
            assert await is_ready(easel)
    assert world.bot_messages()[0] is picture
    assert (len(discord.identifies), discord.resumes) == (1, 0)
    assert [reason for reason, _ in await asyncio.to_thread(rows, world)] == [
        "MESSAGE_CREATE: TypeError; served without what Easel has no use for"
    ] * (len(world.bot_messages()))
    assert [each["event"] for each in logs].count("discord event not read") == counted() - before


ODD_EVENTS: list[tuple[Any, Any]] = [
    ("MESSAGE_CREATE", None),
    ("MESSAGE_CREATE", {}),
    ("MESSAGE_CREATE", []),
    ("MESSAGE_CREATE", {"id": "1", "channel_id": "x", "guild_id": None}),
    ("MESSAGE_UPDATE", {"id": "1"}),
    ("MESSAGE_UPDATE", None),
    ("MESSAGE_DELETE", {"id": "a"}),
    ("MESSAGE_DELETE_BULK", {"ids": None}),
    ("MESSAGE_REACTION_ADD", {"emoji": None}),
    ("MESSAGE_POLL_VOTE_ADD", {}),
    ("INTERACTION_CREATE", {"id": "5", "type": 2, "token": "secret-of-5"}),
    ("INTERACTION_CREATE", {"id": "6", "type": 3, "data": None, "token": 5}),
    ("INTERACTION_CREATE", "words"),
    ("GUILD_CREATE", {"id": None}),
    ("GUILD_UPDATE", {}),
    ("GUILD_DELETE", {"id": {}}),
    ("GUILD_ROLE_CREATE", {"guild_id": "1"}),
    ("GUILD_MEMBER_UPDATE", {"guild_id": 1, "user": None}),
    ("CHANNEL_CREATE", {"type": "text"}),
    ("CHANNEL_UPDATE", None),
    ("THREAD_CREATE", {"guild_id": None}),
    ("THREAD_LIST_SYNC", {"guild_id": "x"}),
    ("PRESENCE_UPDATE", {"user": {}}),
    ("TYPING_START", {}),
    ("USER_UPDATE", None),
    ("RESUMED", None),
    ("ENTITLEMENT_CREATE", {}),
    ("AN_EVENT_OF_TOMORROW", None),
    (["no", "name"], {}),
    ({"no": "name"}, {}),
]


async def test_no_event_whatever_ends_the_gateway(world: DiscordWorld) -> None:
    discord = world.server.gateway
    async with world.easel() as easel:
        for event, data in ODD_EVENTS:
            discord.send_odd(event, data)
        for frame in ("no JSON", "[]", "null", '{"op": "x"}', '{"op": 0}', '{"op": 99}', '{"s": {}}', "5"):
            discord.send_frame(frame)
        await answers(world)
        discord.cut()  # what was not acknowledged is replayed
        await world.until(lambda: discord.resumes)
        await answers(world)
        await wait_until(lambda: is_ready(easel))
    assert len(discord.identifies) == 1
    assert {each.status for each in world.server.requests if each.path.startswith("/interactions/5")} == {404}
    kept = await asyncio.to_thread(rows, world)
    assert "secret-of-5" not in str(kept)
    assert len(kept) == len(set(kept)) > 20
    lines = [each.message for each in await doctor.run_checks(settings(world)) if each.subject == "update set aside"]
    assert len(lines) == 21
    assert lines[-1].startswith("and ")


def settings(world: DiscordWorld) -> Settings:
    return Settings.model_validate({"database_url": world.database_url})


ODD_GUILDS: dict[str, dict[str, Any]] = {
    "emojis": {"emojis": [{"id": None}], "stickers": [{}], "presences": [{}], "voice_states": [{}]},
    "threads": {"threads": [{}, None]},
    "no lists": {"channels": None, "roles": None, "members": None, "threads": 5},
    "odd fields": {"owner_id": "x", "system_channel_id": [], "rules_channel_id": {}},
}


@pytest.mark.forms(1)
@pytest.mark.parametrize("kind", ODD_GUILDS)
async def test_a_guild_that_cannot_be_read_is_known_and_no_direct_chat(world: DiscordWorld, kind: str) -> None:
    world.server.gateway.odd["GUILD_CREATE"] = ODD_GUILDS[kind]
    async with world.easel():
        world.server.say(world.ada, world.channel, "nobody asks the bot")
        await answers(world)
        assert [each.content for each in world.bot_messages()] == [each.content for each in world.bot_messages()[:2]]


async def test_a_channel_that_cannot_be_read_hides_no_other(world: DiscordWorld) -> None:
    sound: dict[str, Any] = {
        "id": str(world.channel.id),
        "type": 0,
        "name": "general",
        "position": 0,
        "permission_overwrites": [],
    }
    world.server.gateway.odd["GUILD_CREATE"] = {"channels": [{"id": "1", "type": 0}, sound]}
    async with world.easel() as easel:
        await answers(world)
        assert easel.discord.message_link is not None


async def test_a_menu_on_a_poll_that_cannot_be_read_opens_the_form_or_says_so(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        picture = await world.wait_for_picture()
        opened = world.server.message_menu(world.ada, "Edit image", picture)
        await world.until(lambda: opened.modal)
        files: list[Any] = [{"id": None}]
        odd_messages: list[tuple[dict[str, Any], bool]] = [({"poll": POLL}, True), ({"attachments": files}, False)]
        for odd, opens in odd_messages:
            data = json.loads(json.dumps(latest(world, "INTERACTION_CREATE")["data"]))
            data["resolved"]["messages"][str(picture.id)] |= odd
            world.server.gateway.odd["INTERACTION_CREATE"] = {"data": data}
            asked = world.server.message_menu(world.ada, "Edit image", picture)
            await world.until(lambda asked=asked: asked.modal or asked.original)
            assert bool(asked.modal) == opens
        del world.server.gateway.odd["INTERACTION_CREATE"]
        await answers(world)


BROKEN_EMBED: dict[str, Any] = {"type": "rich", "title": "news", "timestamp": "yesterday", "image": "none"}
# What discord.py cannot read, or takes for granted, and nobody needs for a picture.
USELESS: list[dict[str, Any]] = [
    {"embeds": [BROKEN_EMBED]},
    {"embeds": None, "mentions": None, "components": MISSING, "attachments": MISSING, "flags": "x"},
    {"type": None, "edited_timestamp": 5, "member": {}, "thread": {}, "message_snapshots": None},
    {"mentions": [{}], "components": [{"type": 1}], "interaction": [], "application": {}},
    {"referenced_message": True, "message_reference": "none"},
]
# What may be words or a picture.
MEANT: list[dict[str, Any]] = [
    {"content": 5},
    {"attachments": [{"id": None}]},
    {"sticker_items": [{}]},
    {"message_snapshots": [{}]},
    {"message_snapshots": [{"message": {"attachments": "x"}}]},
]


async def test_a_message_is_served_by_what_can_be_read_of_it(world: DiscordWorld) -> None:
    home = world.server.world.open_dm(world.ada)
    async with world.easel():
        for number, odd in enumerate(USELESS):
            world.server.gateway.odd["MESSAGE_CREATE"] = odd
            before = (world.bot_messages(home) or [None])[-1]
            world.server.say(world.ada, home, f"a red fox, {number}")
            await world.wait_for_picture(home, after=before)
        assert [each.prompt for each in world.sandbox.requests] == [
            f"a red fox, {each}" for each in range(len(USELESS))
        ]


@pytest.mark.forms(1)
@pytest.mark.parametrize("where", ["direct", "mention"])
async def test_a_message_whose_meaning_cannot_be_read_is_answered_and_paints_nothing(
    world: DiscordWorld, where: str
) -> None:
    chat = world.server.world.open_dm(world.ada) if where == "direct" else world.channel
    async with world.easel():
        for odd in MEANT if where == "direct" else MEANT[:2]:
            world.server.gateway.odd["MESSAGE_CREATE"] = odd
            world.server.say(world.ada, world.channel, "nobody asks the bot")
            before = (world.bot_messages(chat) or [None])[-1]
            world.server.say(world.ada, chat, f"{world.bot_mention} a red fox")
            told = await world.wait_for_reply(chat, after=before)
            assert told.content == translate("en", "error-internal")
        assert len(world.bot_messages()) == (2 if where == "mention" else 0)
        assert world.sandbox.requests == []


async def test_a_message_that_a_call_brings_is_served_by_what_can_be_read_of_it(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is replied to, where the event does not bring it."""
    async with world.easel():
        shown = world.server.say(world.ada, world.channel, f"look {world.bot_mention}", files=[photo()])
        asked = await world.wait_for_reply()
        seen = world.server.core.messages.seen

        def seen_oddly(what: Message, *, content: bool) -> dict[str, Any]:
            return seen(what, content=content) | {"embeds": [BROKEN_EMBED], "poll": POLL}

        monkeypatch.setattr(world.server.core.messages, "seen", seen_oddly)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} at night", reply_to=shown, resolved=False)
        await world.wait_for_picture(after=asked)
        assert len(reference_sizes(world.sandbox)) == 1
    world.server.violations.clear()  # the description forbids such messages, and that is what they are for


async def test_an_update_that_brings_only_what_has_changed_is_no_error(world: DiscordWorld) -> None:
    async with world.easel():
        said = world.server.say(world.ada, world.channel, "nobody asks the bot")
        place = {"id": str(said.id), "channel_id": str(world.channel.id), "guild_id": str(world.guild.id)}
        updates: list[dict[str, Any]] = [{"embeds": []}, {"pinned": True}, {"content": "", "edited_timestamp": None}]
        with capture_logs() as logs:
            for update in updates:
                world.server.gateway.send_odd("MESSAGE_UPDATE", place | update)
            await answers(world)
        assert not [each for each in logs if each["log_level"] in ("error", "warning")]


@pytest.mark.forms(1)
@pytest.mark.parametrize("event", ["MESSAGE_CREATE", "INTERACTION_CREATE"])
async def test_what_breaks_its_handler_is_set_aside(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    before = counted()

    async def is_broken(*_: object) -> bool:
        raise KeyError

    async with world.easel() as easel:
        monkeypatch.setattr(easel.app.events, "receive_message", is_broken)
        if event == "MESSAGE_CREATE":
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
            told = await world.wait_for_reply()
            assert told.content == translate("en", "error-internal")
        else:
            asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
            await world.until(lambda: asked.followups or (asked.original and not asked.original.loading))
        await wait_until(lambda: counted() > before)
        monkeypatch.undo()
        await answers(world)
        await wait_until(lambda: nothing_is_saved(easel))
    ((reason, content),) = await asyncio.to_thread(rows, world)
    assert reason == f"{event}: handling: KeyError"
    assert "a red fox" in content
    assert '"token": "…"' in content or event == "MESSAGE_CREATE"
