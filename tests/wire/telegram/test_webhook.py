"""Updates that Telegram brings itself: through Easel's own server, past a secret, once each."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from adapters.telegram.connection import WEBHOOK_CHECK_S
from adapters.telegram.webhook import AUTH_HEADER, MAX_UPDATE_BYTES
from tests.support.waiting import wait_until
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import Edge, Wired, edge, free_port, wired

RIGHT = b"the right one"
ELSEWHERE = "https://elsewhere.example/hook"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Edge]:
    async with edge(tmp_path, http_webhooks=True) as made:
        yield made


async def post(
    place: TelegramWorld, body: bytes, *, shows: bytes | None = RIGHT, path: str = "", chunked: bool = False
) -> int:
    """Somebody calls the webhook; the status that is answered. `shows`: the secret. `path`: beside the right one."""
    hook = place.server.webhook
    shown = (hook.secret or "").encode() if shows == RIGHT else shows
    headers = [] if shown is None else [(AUTH_HEADER.encode(), shown)]

    async def parts() -> AsyncGenerator[bytes]:
        yield body

    async with httpx.AsyncClient() as caller:
        answer = await caller.post(hook.url + path, content=parts() if chunked else body, headers=headers)
    return answer.status_code


def wish(place: TelegramWorld, number: int, text: str = "a red fox") -> bytes:
    """An update as Telegram writes it."""
    ada = f'{{"id":{place.ada.id},"is_bot":false,"first_name":"Ada"}}'
    chat = f'{{"id":{place.private.id},"type":"private","first_name":"Ada"}}'
    message = f'{{"message_id":{number},"date":1790000000,"chat":{chat},"from":{ada},"text":"{text}"}}'
    return f'{{"update_id":{number},"message":{message}}}'.encode()


async def paints(place: TelegramWorld, prompt: str) -> None:
    request = place.server.say(place.ada, place.private, prompt)
    picture = await place.wait_for_picture(after=request)
    assert prompt in picture.caption


async def ready(easel: Wired) -> bool:
    return await easel.telegram.problem() is None


# ---------------------------------------------------------------- set, and kept


async def test_a_wish_comes_in_by_webhook_and_becomes_a_picture(place: TelegramWorld) -> None:
    async with wired(place, mode="webhook") as easel:
        await paints(place, "a red fox")
        hook = place.server.webhook
        assert hook.url.startswith(f"{easel.web.address}/telegram/")
        assert {status for _, status in hook.deliveries} == {200}
        assert place.server.calls("getUpdates") == []


async def test_the_webhook_is_set_with_a_secret_and_the_kinds_that_are_needed(place: TelegramWorld) -> None:
    async with wired(place, mode="webhook"):
        (call,) = place.server.calls("setWebhook")
        kinds = ["message", "edited_message", "callback_query", "my_chat_member", "chat_member"]
        assert call.params["allowed_updates"] == kinds
        assert len(str(call.params["secret_token"])) >= 40
        assert place.server.token not in str(call.params)
        assert str(call.params["secret_token"]) not in str(call.params["url"])
        assert "drop_pending_updates" not in call.params


async def test_what_was_said_while_easel_was_off_comes_in(place: TelegramWorld) -> None:
    request = place.server.say(place.ada, place.private, "a red fox")
    async with wired(place, mode="webhook"):
        await place.wait_for_picture(after=request)


async def test_it_is_set_again_when_somebody_takes_it_away(world: Edge, place: TelegramWorld) -> None:
    async with wired(place, mode="webhook"):
        url = place.server.webhook.url
        place.server.core.updates.webhook_set = False
        place.server.webhook.unset()
        world.time.skips = WEBHOOK_CHECK_S
        await place.until(lambda: place.server.webhook.url == url)
        await paints(place, "a red fox")


async def test_a_webhook_that_stands_is_not_set_again_whatever_the_order_of_its_kinds(
    world: Edge, place: TelegramWorld
) -> None:
    async with wired(place, mode="webhook"):
        place.server.core.updates.allowed = (
            "chat_member",
            "callback_query",
            "edited_message",
            "my_chat_member",
            "message",
        )  # Telegram has an order of its own
        looks = len(place.server.calls("getWebhookInfo"))
        world.time.skips = WEBHOOK_CHECK_S
        await place.until(lambda: len(place.server.calls("getWebhookInfo")) > looks + 3)
        assert len(place.server.calls("setWebhook")) == 1


async def test_other_kinds_are_asked_for_when_the_settings_changed(place: TelegramWorld) -> None:
    async with wired(place, mode="webhook") as easel:
        port = easel.web.port
    place.server.core.updates.webhook_set = True
    async with wired(place, mode="webhook", port=port, star_packs=[{"credits": 10, "stars": 5}]):
        assert place.server.core.updates.allowed == (
            "message",
            "edited_message",
            "callback_query",
            "my_chat_member",
            "chat_member",
            "pre_checkout_query",
        )


async def test_it_is_removed_at_the_stop(place: TelegramWorld) -> None:
    async with wired(place, mode="webhook"):
        assert place.server.webhook.url
    assert place.server.webhook.url == ""


async def test_the_webhook_of_somebody_else_is_left_alone_at_the_stop(place: TelegramWorld) -> None:
    async with wired(place, mode="webhook"):
        place.server.webhook.url = ELSEWHERE
    assert place.server.webhook.url == ELSEWHERE
    assert place.server.calls("deleteWebhook") == []


async def test_a_telegram_that_does_not_set_it_is_asked_until_it_does(world: Edge, place: TelegramWorld) -> None:
    world.time.skips = 1.0
    place.server.faults.fail("setWebhook", times=2)
    async with wired(place, mode="webhook"):
        await paints(place, "a red fox")
        assert len(place.server.calls("setWebhook")) == 3


# ---------------------------------------------------------------- who may call


@pytest.mark.forms(1)
@pytest.mark.parametrize("shows", [None, b"", b"wrong", b"\xff\xfe"])
async def test_without_the_secret_nothing_is_done(place: TelegramWorld, shows: bytes | None) -> None:
    async with wired(place, mode="webhook") as easel:
        assert await post(place, wish(place, 5), shows=shows) == 401
        assert easel.desk.told == []


async def test_no_other_path_leads_in(place: TelegramWorld) -> None:
    async with wired(place, mode="webhook") as easel:
        assert await post(place, wish(place, 5), path="x") == 404
        assert easel.desk.told == []


async def test_polling_opens_no_path_at_all(place: TelegramWorld) -> None:
    async with wired(place) as easel, httpx.AsyncClient() as caller:
        answer = await caller.post(f"{easel.web.address}/telegram/anything")
        assert answer.status_code == 404


NO_UPDATES = [b"", b"{", b"null", b"[]", b"{}", b'"x"', b'{"update_id":1}', b"\xff", b"[" * 5000]


@pytest.mark.forms(2)
@pytest.mark.parametrize("body", NO_UPDATES)
async def test_what_is_no_update_is_refused(place: TelegramWorld, body: bytes) -> None:
    async with wired(place, mode="webhook") as easel:
        assert await post(place, body) == 400
        assert easel.desk.told == []


@pytest.mark.forms(1)
@pytest.mark.parametrize("chunked", [False, True])
async def test_what_is_too_large_for_an_update_is_refused(place: TelegramWorld, chunked: bool) -> None:
    async with wired(place, mode="webhook") as easel:
        assert await post(place, b" " * (MAX_UPDATE_BYTES + 1), chunked=chunked) == 413
        assert easel.desk.told == []


# ---------------------------------------------------------------- once, and not less


async def test_what_comes_before_easel_is_connected_or_after_its_end_is_asked_to_come_again(
    place: TelegramWorld,
) -> None:
    async with httpx.AsyncClient() as caller:
        async with wired(place, mode="webhook") as easel:
            port, url, secret = easel.web.port, place.server.webhook.url, place.server.webhook.secret or ""
            await easel.telegram.stop_receiving()
            answer = await caller.post(url, content=wish(place, 5), headers={AUTH_HEADER: secret})
            assert answer.status_code == 503
            assert easel.desk.told == []
        await place.server.down()
        async with wired(place, mode="webhook", port=port, waits=False) as easel:
            answer = await caller.post(url, content=wish(place, 5), headers={AUTH_HEADER: secret})
            assert answer.status_code == 503
            assert easel.desk.told == []
            await place.server.up()
            await wait_until(lambda: ready(easel))
            answer = await caller.post(url, content=wish(place, 5), headers={AUTH_HEADER: secret})
            assert answer.status_code == 200
            await place.wait_for_picture()


async def test_a_delivery_that_is_repeated_is_one_job(place: TelegramWorld) -> None:
    async with wired(place, mode="webhook"):
        assert [await post(place, wish(place, 7)) for _ in range(3)] == [200] * 3
        await place.wait_for_picture()
        assert len(place.bot_messages()) == 1
        assert await place.available_credits() == 49


async def test_a_delivery_is_repeated_while_the_database_is_away_and_answered_once(place: TelegramWorld) -> None:
    async with wired(place, mode="webhook") as easel:
        easel.storage.away = True
        gate = place.server.faults.hold("sendMessage")
        place.server.say(place.ada, place.private, "/quota")
        await place.until(lambda: 503 in [status for _, status in place.server.webhook.deliveries])
        easel.storage.away = False
        await place.wait_until_heard()
        gate.open()
        await place.until(place.bot_messages)
        await paints(place, "a red fox")
        assert len(place.bot_messages()) == 2
        assert len(easel.desk.told) == 2


async def test_a_restart_in_between_loses_nothing_and_repeats_nothing(place: TelegramWorld) -> None:
    port = await free_port()
    async with wired(place, mode="webhook", port=port):
        await paints(place, "a red fox")
    request = place.server.say(place.ada, place.private, "a blue fox")
    assert len(place.server.pending) == 1
    async with wired(place, mode="webhook", port=port) as easel:
        await wait_until(lambda: ready(easel))
        picture = await place.wait_for_picture(after=request)
        assert "a blue fox" in picture.caption
        assert len(place.bot_messages()) == 2
        assert await place.available_credits() == 48
