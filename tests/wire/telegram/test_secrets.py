"""The token shows nowhere: not in the log at its loudest, upstream, in messages, in the database, over HTTP."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from adapters import doctor
from adapters.telegram import api
from adapters.telegram.webhook import AUTH_HEADER
from bot.errors import SettingsWrong
from bot.settings import Settings
from tests.servers.telegram import Chat, Content, Message
from tests.support.images import png
from tests.support.waiting import wait_until
from tests.wire.telegram.easel import TelegramWorld, done
from tests.wire.telegram.edges import Edge, Wired, edge, pressed, wired

SECRET = "AAE_MarkedTokenThatNobodyMaySee-0"
TOKEN = f"700001:{SECRET}"
STALE = "AAE_AnotherMarkedTokenThatIsStale"
PATIENCE = 0.3  # real seconds of the library with a call, where a test has to see it run out


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Edge]:
    async with edge(tmp_path, token=TOKEN, http_webhooks=True) as made:
        made.time.skips = 1.0
        yield made


def written(folder: Path) -> bytes:
    """What lies in the database's files."""
    return b"".join(each.read_bytes() for each in sorted(folder.glob("easel.db*")))


async def served(easel: Wired) -> str:
    """What Easel's own server tells whoever asks."""
    async with httpx.AsyncClient() as caller:
        answers = [await caller.get(f"{easel.web.address}/{path}") for path in ("healthz", "readyz", "metrics")]
    return "".join(f"{answer.headers} {answer.text}" for answer in answers)


def said(place: TelegramWorld) -> str:
    """Every state of every message of the bot, and every answer to a click."""
    chats = [*place.server.core.world.chats.values()]
    states: list[Content] = [state for chat in chats for one in chat.messages.values() for state in one.history]
    states += [state for one in place.server.inline_messages.values() for state in one.history]
    clicks = [pressed.answer for pressed in place.server.core.queries.pressed.values()]
    return repr([(state.text, state.markup, state.invoice) for state in states]) + repr(clicks)


def sent(place: TelegramWorld) -> str:
    """The parameters of every call to Telegram: what members or the operator of a proxy might see."""
    return repr([(call.method, call.params) for call in place.server.requests])


async def nowhere(place: TelegramWorld, easel: Wired, log: pytest.LogCaptureFixture, *secrets: str) -> None:
    """Asserts that none of these shows."""
    files = await asyncio.to_thread(written, place.folder)
    shown = {
        "log": log.text + repr([record.__dict__ for record in log.records]),
        "upstream": repr(place.sandbox.requests),
        "messages": said(place),
        "http": await served(easel),
        "objects": repr([easel, easel.telegram, easel.app, vars(easel.telegram)]),
    }
    for secret in secrets:
        assert [where for where, text in shown.items() if secret in text] == []
        assert secret.encode() not in files


async def answered(place: TelegramWorld, request: Message) -> Message:
    """Waits until a request has come to its end, good or bad."""

    def ended() -> Message | None:
        found = [one for one in place.bot_messages(request.chat) if one.reply_to is request]
        return next((one for one in found if "easel:cancel:" not in repr(one.buttons)), None)

    return await place.server.until(ended)


@pytest.mark.thorough
async def test_the_token_shows_nowhere_whatever_fails(
    place: TelegramWorld, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "READ_TIMEOUT_S", PATIENCE)
    storage: Chat = place.server.add_group("Storage")
    faults = place.server.faults
    for method in ("setMyCommands", "getUpdates"):
        faults.fail(method)
        faults.drop(method)
        faults.garble(method)
    packs = [{"credits": 10, "stars": 5}]
    async with wired(place, storage_chat=storage.id, star_packs=packs) as easel:
        for spoil in (
            lambda: faults.fail("getFile", times=4),
            lambda: faults.drop("getFile", times=4),
            lambda: faults.garble("getFile", times=4),
            lambda: faults.delay("getFile", 2 * PATIENCE),
            lambda: faults.fail("file", times=4),
            lambda: faults.fail("file", status=404),
            lambda: faults.drop("file", times=4),
            lambda: faults.fail("sendMessage"),
            lambda: faults.delay("sendMessage", 2 * PATIENCE),
            lambda: faults.drop("sendMessage", when="after"),
            lambda: faults.fail("editMessageMedia"),
            lambda: faults.drop("editMessageMedia", when="after"),
            lambda: faults.limit("editMessageMedia", retry_after=1),
        ):
            spoil()
            request = place.server.photo(place.ada, place.private, png(), caption="make it night")
            await answered(place, request)
            await place.wait_until_settled()
            faults.planned.clear()
        request = place.server.say(place.ada, place.private, "a red fox")
        picture = await place.wait_for_picture(after=request)
        faults.drop("answerCallbackQuery")
        place.server.press(place.ada, picture, "Edit")
        await place.until(lambda: place.server.calls("answerCallbackQuery"))
        await pressed(place, picture, "Edit")
        offer = await _answer(place, "/buy")
        faults.drop("sendInvoice")
        await pressed(place, offer, offer.buttons[0][0])
        query = place.server.inline_query(place.ada, "a blue boat")
        await place.until(lambda: query.answered)
        faults.fail("sendPhoto")
        inline = place.server.choose_result(place.ada, query, "paint")
        await place.until(lambda: done(inline))
        await place.server.down()
        await wait_until(lambda: unwell(easel))
        assert SECRET not in await served(easel)
        await place.server.up()
        await _answer(place, "/history")
        assert [record for record in log.records if record.name.startswith(("httpx", "httpcore", "telegram"))] == []
        await nowhere(place, easel, log, SECRET)
        assert SECRET not in sent(place)
        assert place.sandbox.requests


async def _answer(place: TelegramWorld, text: str) -> Message:
    request = place.server.say(place.ada, place.private, text)
    return await place.wait_for_reply(after=request)


async def unwell(easel: Wired) -> bool:
    return await easel.telegram.problem() is not None


async def test_a_local_server_names_paths_and_the_token_shows_nowhere(
    place: TelegramWorld, log: pytest.LogCaptureFixture
) -> None:
    """The operator forgot `telegram.local`: the library makes an address of the path, with the token in it."""
    async with wired(place) as easel:
        path = b'{"ok":true,"result":{"file_id":"x","file_unique_id":"x","file_path":"/var/lib/files/photo.jpg"}}'
        place.server.faults.garble("getFile", body=path)
        request = place.server.photo(place.ada, place.private, png(), caption="make it night")
        await answered(place, request)
        await nowhere(place, easel, log, SECRET)


async def test_nothing_shows_behind_a_webhook(place: TelegramWorld, log: pytest.LogCaptureFixture) -> None:
    async with wired(place, mode="webhook") as easel:
        hook = place.server.webhook
        address, secret = hook.url, hook.secret or ""
        async with httpx.AsyncClient() as caller:
            for body, shows in ((b"{}", secret), (b"{", secret), (b"{}", "wrong"), (b" " * 2_000_000, secret)):
                await caller.post(address, content=body, headers={AUTH_HEADER: shows})
        log.clear()  # the caller's own lines
        place.server.faults.fail("sendMessage")
        request = place.server.say(place.ada, place.private, "a red fox")
        await place.wait_for_picture(after=request)
        place.server.faults.fail("getWebhookInfo")
        place.server.faults.fail("setWebhook")
        hook.url = ""
        await place.until(lambda: hook.url == address)
        await nowhere(place, easel, log, SECRET, secret, address.rpartition("/")[2])


@pytest.mark.parametrize("token", [f"700001:{STALE}", f"not a token {STALE}"])
async def test_a_token_that_is_not_accepted_is_not_shown_either(
    place: TelegramWorld, log: pytest.LogCaptureFixture, token: str
) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        async with wired(place, token=token):
            pass
    settings = Settings(telegram={"token": token, "api_base": place.server.api_base})  # type: ignore[arg-type]  # pydantic reads it
    findings = await doctor.run_checks(settings)
    for text in (log.text, str(wrong.value), repr(wrong.value.problems), repr(findings), repr(settings)):
        assert STALE not in text
    assert wrong.value.__cause__ is None


async def test_a_token_whose_server_is_away_is_not_shown_by_check(
    place: TelegramWorld, log: pytest.LogCaptureFixture
) -> None:
    await place.server.down()
    settings = Settings(telegram={"token": TOKEN, "api_base": place.server.api_base})  # type: ignore[arg-type]  # pydantic reads it
    findings = await doctor.run_checks(settings)
    assert SECRET not in repr(findings) + log.text


def test_a_token_of_a_wrong_kind_is_not_quoted() -> None:
    with pytest.raises(ValidationError) as wrong:
        Settings(telegram={"token": [STALE]})  # type: ignore[arg-type]  # pydantic reads it
    assert STALE not in str(wrong.value)
