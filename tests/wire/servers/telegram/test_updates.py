"""The Telegram of the tests, with the real python-telegram-bot against it: updates, webhooks, trouble, records."""

import asyncio
import os
from collections.abc import AsyncGenerator
from typing import Any, cast

import aiohttp
import pytest
import telegram
from aiohttp import web
from telegram import (
    Bot,
    InputMediaPhoto,
    Update,
)
from telegram.error import (
    BadRequest,
    Conflict,
    EndPointNotFound,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)

from tests.servers.telegram import UNLIMITED, Chat, Message, TelegramServer, ViolationsError
from tests.servers.telegram.real_bot import make_bot, polling_application
from tests.servers.telegram.scenes import Scene, invoice, keyboard, one_message, png, poll_updates


@pytest.fixture
async def place() -> AsyncGenerator[Scene]:
    async with TelegramServer(limits=UNLIMITED) as server:
        yield Scene(server)


@pytest.fixture
async def bot(place: Scene) -> AsyncGenerator[Bot]:
    async with make_bot(place.server) as bot:
        yield bot


@pytest.fixture
def whole_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client warns of numbers where it will give timedelta; this asks for timedelta."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


# ------------------------------------------------------------------------ getting updates


async def test_the_client_polls_and_answers(place: Scene) -> None:
    server, ada, chat = place.server, place.ada, place.chat
    async with polling_application(server) as heard, make_bot(server) as bot:
        server.say(ada, chat, "/start hello")
        await server.until(lambda: heard.updates)
        message = heard.updates[0].message
        assert message is not None
        assert (message.text, [entity.type for entity in message.entities]) == ("/start hello", ["bot_command"])
        sent = await bot.send_message(chat.id, "Hello", reply_markup=keyboard())
        assert (chat.last.id, chat.last.text, chat.last.buttons) == (sent.message_id, "Hello", [("Cancel", "cancel")])
        pressed = server.press(ada, chat.last, "Cancel")
        await server.until(lambda: len(heard.updates) > 1)
        query = heard.updates[1].callback_query
        assert query is not None
        assert (query.data, pressed.answered) == ("cancel", False)
        await bot.answer_callback_query(query.id, "Stopped", show_alert=True)
        assert pressed.answer is not None
        assert (pressed.answer.text, pressed.answer.show_alert) == ("Stopped", True)


async def test_an_offset_confirms_and_a_limit_holds_back(place: Scene, bot: Bot) -> None:
    for number in range(3):
        place.server.say(place.ada, place.chat, str(number))
    first = await bot.get_updates(limit=2)
    assert [update.effective_message.text for update in first if update.effective_message] == ["0", "1"]
    assert len(await bot.get_updates()) == 3, "nothing was confirmed"
    (last,) = await bot.get_updates(offset=first[-1].update_id + 1)
    assert last.update_id == first[-1].update_id + 1
    (last,) = await bot.get_updates(offset=-1)
    assert len(place.server.pending) == 1


async def test_allowed_updates_stay_until_they_are_changed(place: Scene, bot: Bot) -> None:
    server = place.server
    await bot.get_updates(allowed_updates=["callback_query"], timeout=0)
    server.say(place.ada, place.chat, "unheard")
    await bot.get_updates(timeout=0)
    server.say(place.ada, place.chat, "unheard too")
    assert not server.updates
    await bot.get_updates(allowed_updates=[], timeout=0)
    server.say(place.ada, place.chat, "heard")
    server.react(place.ada, place.chat.last, "👍")  # only by name
    assert [update.kind for update in server.updates] == ["message"]
    await bot.get_updates(allowed_updates=Update.ALL_TYPES, timeout=0)
    server.react(place.ada, place.chat.last, None)
    assert server.updates[-1].payload["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]


async def test_updates_wait_for_a_day_and_no_longer(place: Scene, bot: Bot) -> None:
    place.server.say(place.ada, place.chat, "old")
    place.server.later(24 * 3600 + 1)
    place.server.say(place.ada, place.chat, "new")
    assert (await one_message(bot, place)).text == "new"


async def test_an_update_can_come_twice(place: Scene, bot: Bot) -> None:
    place.server.say(place.ada, place.chat, "once")
    (first,) = await poll_updates(bot, place)
    place.server.redeliver(place.server.updates[0])
    (again,) = await bot.get_updates(offset=first.update_id + 1)
    assert again.update_id == first.update_id
    assert not await bot.get_updates(offset=first.update_id + 1)


async def test_a_second_poller_ends_the_first(place: Scene, bot: Bot) -> None:
    server = place.server
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await server.until(lambda: server.core.updates.polled)
    async with make_bot(server) as other:
        second = asyncio.create_task(other.get_updates(timeout=30))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await waiting
        server.say(place.ada, place.chat, "for the second")
        assert len(await second) == 1


async def test_a_wrong_token_is_refused(place: Scene) -> None:
    async with aiohttp.ClientSession() as session:
        for token, status in (("700001:wrong", 401), ("nonsense", 404)):
            async with session.get(f"{place.server.api_base}/bot{token}/getMe") as response:
                assert (response.status, (await response.json())["error_code"]) == (status, status)
    bot = make_bot(place.server, "700001:wrong")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()


async def test_get_me_tells_what_botfather_switched_on() -> None:
    async with (
        TelegramServer(username="brush_bot", can_read_all_group_messages=True, supports_guest_queries=False) as server,
        make_bot(server) as bot,
    ):
        me = bot.bot
        assert (me.username, me.can_read_all_group_messages, me.supports_guest_queries) == ("brush_bot", True, False)
        assert (me.supports_inline_queries, me.can_connect_to_business, me.has_topics_enabled) == (True, False, False)


async def test_logging_out_of_the_cloud_ends_everything(place: Scene, bot: Bot, whole_seconds: None) -> None:
    with pytest.raises(RetryAfter):
        await bot.close()
    place.server.later(601)
    assert await bot.close()
    await bot.log_out()
    with pytest.raises(BadRequest, match="Logged out"):
        await bot.get_me()


# ------------------------------------------------------------------------ webhooks


class Hook:
    """A bot's own address: keeps what is posted to it, answers with the statuses it was given, then 200; to a
    `slow` text only once it is `passed`."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.statuses: list[int] = []
        self.base = ""
        self.slow: str | None = None
        self.passed = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        if self.bodies[-1]["message"]["text"] == self.slow:
            await self.passed.wait()
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def hook() -> AsyncGenerator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield hook
    await runner.cleanup()


async def test_a_webhook_gets_the_updates_with_its_secret_again_after_a_failure(hook: Hook) -> None:
    async with TelegramServer(http_webhooks=True) as server, make_bot(server) as bot:
        ada = server.add_user("Ada")
        hook.statuses = [500]
        await bot.set_webhook(f"{hook.base}/hook", secret_token="hush", max_connections=3, allowed_updates=["message"])
        server.say(ada, server.private(ada), "one")
        server.say(ada, server.private(ada), "two")
        await server.until(lambda: not server.pending)
        assert [body["message"]["text"] for body in hook.bodies] == ["one", "one", "two"]
        assert hook.bodies[0] == hook.bodies[1]
        assert set(hook.secrets) == {"hush"}
        assert [status for _, status in server.webhook.deliveries] == [500, 200, 200]
        info = await bot.get_webhook_info()
        assert (info.url, info.max_connections, info.allowed_updates) == (f"{hook.base}/hook", 3, ("message",))
        assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
        with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
            await bot.get_updates()
        await bot.delete_webhook(drop_pending_updates=True)
        assert not await bot.get_updates()


async def test_a_webhook_gets_updates_of_other_chats_while_one_is_slow(hook: Hook) -> None:
    async with TelegramServer(http_webhooks=True) as server, make_bot(server) as bot:
        ada, bea = server.add_user("Ada"), server.add_user("Bea")
        await bot.set_webhook(f"{hook.base}/hook")
        hook.slow = "wait for it"
        server.say(ada, server.private(ada), "wait for it")
        server.say(ada, server.private(ada), "after it")
        server.say(bea, server.private(bea), "at once")
        await server.until(lambda: len(server.pending) == 2)
        assert {body["message"]["text"] for body in hook.bodies} == {"wait for it", "at once"}
        hook.passed.set()
        await server.until(lambda: not server.pending)
        assert hook.bodies[-1]["message"]["text"] == "after it"


async def test_updates_that_waited_can_be_dropped(place: Scene, bot: Bot) -> None:
    place.server.say(place.ada, place.chat, "old")
    await bot.delete_webhook(drop_pending_updates=True)
    assert not await bot.get_updates(timeout=0)
    place.server.say(place.ada, place.chat, "old too")
    await bot.set_webhook("https://127.0.0.1:8443/hook", drop_pending_updates=True)
    assert (await bot.get_webhook_info()).pending_update_count == 0


async def test_a_webhook_ends_a_poll_and_nobody_there_keeps_the_updates(place: Scene, bot: Bot) -> None:
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await place.server.until(lambda: place.server.core.updates.polled)
    async with make_bot(place.server) as other:
        await other.set_webhook("https://127.0.0.1:8443/hook")
        with pytest.raises(Conflict, match="terminated by setWebhook request"):
            await waiting
        place.server.say(place.ada, place.chat, "kept")
        await place.server.until(lambda: place.server.webhook.deliveries)
        info = await other.get_webhook_info()
        assert (info.pending_update_count, info.last_error_message) == (1, "Connection refused")
        await other.delete_webhook()
        assert (await one_message(other, place)).text == "kept"


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("http://127.0.0.1/hook", {}, "(?i)An HTTPS URL must be provided"),
        ("https://example.org:8080/", {}, "only on ports 80, 88, 443 or 8443"),
        ("https://example.org/", {"secret_token": "no spaces"}, "unallowed characters"),
        ("https://example.org/", {"max_connections": 101}, "must be in range"),
    ],
)
async def test_webhooks_telegram_refuses(place: Scene, bot: Bot, url: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        await bot.set_webhook(url, **more)


# ------------------------------------------------------------------------ trouble


async def test_planned_faults(place: Scene, bot: Bot, whole_seconds: None) -> None:
    server, chat = place.server, place.chat
    server.faults.fail("sendMessage")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(chat.id, "1")
    server.faults.garble("sendMessage")
    with pytest.raises(telegram.error.TelegramError, match="Invalid server response"):
        await bot.send_message(chat.id, "2")
    server.faults.limit("sendMessage", retry_after=7)
    with pytest.raises(RetryAfter):
        await bot.send_message(chat.id, "3")
    server.faults.drop("sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(chat.id, "4")
    assert not chat.visible_messages
    server.faults.drop("sendMessage", when="after")
    with pytest.raises(NetworkError):
        await bot.send_message(chat.id, "5")
    server.faults.fail("sendMessage", when="after", status=504)
    with pytest.raises(NetworkError):
        await bot.send_message(chat.id, "6")
    assert [message.text for message in chat.visible_messages] == ["5", "6"], "carried out though nobody heard of it"
    server.faults.delay("sendMessage", 0.01)
    await bot.send_message(chat.id, "7")
    assert [call.status for call in server.calls("sendMessage")] == [502, 200, 429, 0, 0, 504, 200]


async def test_a_call_can_be_held_and_still_be_carried_out_when_nobody_waits(place: Scene, bot: Bot) -> None:
    gate = place.server.faults.hold("sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(place.chat.id, "slow", read_timeout=0.05)
    assert gate.arrived.is_set()
    assert not place.chat.visible_messages
    gate.open()
    await place.server.until(lambda: place.chat.visible_messages)
    shown = place.server.faults.hold("sendMessage", when="after")
    sending = asyncio.create_task(bot.send_message(place.chat.id, "seen before it is answered"))
    await shown.arrived.wait()
    assert len(place.chat.visible_messages) == 2
    assert not sending.done()
    shown.open()
    await sending


async def test_downloads_can_fail_too(place: Scene, bot: Bot) -> None:
    place.server.photo(place.ada, place.chat, png())
    file = await bot.get_file((await one_message(bot, place)).photo[-1])
    place.server.faults.fail("file", status=500)
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    place.server.faults.drop("file")
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    assert await file.download_as_bytearray()


async def test_the_server_goes_down_and_comes_back_on_its_port(place: Scene) -> None:
    server = place.server
    async with polling_application(server) as heard, make_bot(server) as bot:
        await server.until(lambda: server.core.updates.polled)
        address = server.api_base
        await server.down()
        with pytest.raises(NetworkError):
            await bot.send_message(place.chat.id, "x")
        server.say(place.ada, place.chat, "are you there?")
        await server.up()
        assert server.api_base == address
        await server.until(lambda: heard.updates)
        assert heard.errors
        await bot.send_message(place.chat.id, "here again")


# ------------------------------------------------------------------------ the records


async def test_until_names_the_last_requests(place: Scene, bot: Bot) -> None:
    with pytest.raises(TimeoutError, match="getMe 200"):
        await place.server.until(lambda: False, seconds=0.01)


async def test_an_unknown_method_is_a_violation(place: Scene, bot: Bot) -> None:
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("paintPicture")
    assert place.server.violations == ["paintPicture: the server knows no such method"]
    place.server.violations.clear()


async def test_leaving_raises_what_went_wrong() -> None:
    async def ask_for_buttons_under_an_album() -> None:
        async with TelegramServer(limits=UNLIMITED) as server, make_bot(server) as bot:
            chat = server.private(server.add_user("Ada"), opened=True)
            media = [InputMediaPhoto(png()), InputMediaPhoto(png())]
            await bot.send_media_group(chat.id, media, api_kwargs={"reply_markup": keyboard()})

    with pytest.raises(ViolationsError, match="no reply_markup"):
        await ask_for_buttons_under_an_album()


@pytest.mark.skipif("EASEL_SPECS" not in os.environ, reason="EASEL_SPECS names no folder of API descriptions")
async def test_calls_are_held_to_the_published_description() -> None:
    async with TelegramServer() as server, make_bot(server) as bot, aiohttp.ClientSession() as session:
        chat = server.private(server.add_user("Ada"), opened=True)
        await bot.send_message(chat.id, "x", api_kwargs={"reply_to_message_id": 1})
        markup = {"inline_keyboard": [[{"text": "x", "callback_data": "x", "colour": "red"}]]}
        body = {"chat_id": chat.id, "text": "x", "reply_markup": markup, "disable_notification": 1}
        async with session.post(f"{server.api_base}/bot{server.token}/sendMessage", json=body) as response:
            assert response.status == 200
        async with session.post(f"{server.api_base}/bot{server.token}/sendChatAction", json={"chat_id": chat.id}):
            pass
        assert server.violations == [
            "sendMessage: parameters: unknown 'reply_to_message_id'",
            "sendMessage: reply_markup.inline_keyboard[0][0]: unknown 'colour'",
            "sendMessage: disable_notification: 1 is no Boolean",
            "the server's own answer to sendMessage: result.reply_markup.inline_keyboard[0][0]: unknown 'colour'",
            "sendChatAction: parameters: 'action' is missing",
        ]
        server.violations.clear()


async def test_the_client_knows_every_field_of_what_the_server_sends(place: Scene, bot: Bot) -> None:
    """Without a description the client's own classes are the measure: what they do not know is left over."""
    server, ada, chat = place.server, place.ada, place.chat
    await bot.get_updates(allowed_updates=Update.ALL_TYPES, timeout=0)
    forum = server.add_group("Forum", members=[ada], forum=True, privacy=False)
    topic = server.add_topic(forum, "Sketches")
    photo = server.photo(ada, forum, png(), spoiler=True, caption="a #cat", thread=topic)
    server.say(ada, chat, "look", reply_to=photo, quote="cat")
    server.document(ada, chat, png(), reply_to=server.sticker(ada, chat, b"tgs", kind="animated"))
    server.animation(ada, chat, b"mp4")
    server.restrict(forum, "photos")
    server.promote(forum)
    server.kick(forum)
    server.react(ada, await shown(bot, chat), "👍")
    server.press(ada, chat.last, "Cancel")
    server.inline_query(ada, "x", None)
    await invoice(bot, chat)
    await bot.answer_pre_checkout_query(server.pay(ada, chat.last).id, ok=True)
    server.say(ada, server.add_direct_messages(), "x")
    server.migrate(server.add_group("Small", members=[ada], supergroup=False))
    server.say(ada, server.add_channel(), "x")
    server.edit(server.forward(ada, chat, photo), "edited")
    server.guest_message(ada, server.add_group(bot_status="left"), "x")
    updates = await poll_updates(bot, place)
    assert len(updates) >= 20
    assert {kind for update in updates for kind in leftovers(update, "update")} == set()


async def shown(bot: Bot, chat: Chat) -> Message:
    await bot.send_photo(chat.id, png(), reply_markup=keyboard(), show_caption_above_media=True, caption="x")
    return chat.last


def leftovers(value: object, where: str) -> list[str]:
    """The fields in a client's object that its class does not know."""
    if isinstance(value, telegram.TelegramObject):
        known = [f"{where}.{name}" for name in value.api_kwargs]
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        parts = {name: getattr(value, name, None) for name in slots if not name.startswith("_")}
        return known + [one for name, part in parts.items() for one in leftovers(part, f"{where}.{name}")]
    if isinstance(value, tuple | list):
        return [one for part in cast("tuple[object, ...]", value) for one in leftovers(part, where)]
    return []
