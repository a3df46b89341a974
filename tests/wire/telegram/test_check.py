"""What `easel check` says of Telegram: the bot, its modes, the storage chat; and what is wrong, one line each."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from telegram import WebhookInfo

from adapters import doctor
from adapters.doctor import Finding
from adapters.telegram.connection import UNAUTHORIZED
from adapters.telegram.diagnostics import (
    INLINE_FEEDBACK_HINT,
    STORAGE_CHAT_MISSING,
    WebhookState,
    describe_webhook,
    diagnose,
)
from adapters.telegram.ids import make_chat, make_guest_chat
from adapters.telegram.webhook import webhook_path
from bot.settings import Settings
from bot.settings import Telegram as TelegramSettings
from bot.store.store import Store
from tests.flow.store.stores import RULES, new_job
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import edge

WRONG = "700001:AAE_stale-token_of_the_bot"


async def found(place: TelegramWorld, **telegram: Any) -> list[Finding]:
    """The lines about Telegram."""
    settings = Settings(
        database_url=place.database_url,
        telegram={"token": place.server.token, "api_base": place.server.api_base, **telegram},  # type: ignore[arg-type]  # pydantic reads it
    )
    return [each for each in await doctor.run_checks(settings) if each.subject.startswith("telegram")]


async def lines(place: TelegramWorld, **telegram: Any) -> dict[str, str]:
    """The same, where all is well."""
    findings = await found(place, **telegram)
    assert all(each.is_ok for each in findings)
    return {each.subject: each.message for each in findings}


async def fault(place: TelegramWorld, **telegram: Any) -> str:
    """The one line that says what is wrong."""
    (bad,) = [each for each in await found(place, **telegram) if not each.is_ok]
    assert bad.subject == "telegram"
    return bad.message


async def test_the_bot_and_its_modes(place: TelegramWorld) -> None:
    storage = place.server.add_group("Storage")
    assert await lines(place, storage_chat=storage.id) == {
        "telegram": "is @easel_bot; in groups it hears commands and replies to itself, everything where it is an "
        "administrator",
        "telegram inline mode": f"on; {INLINE_FEEDBACK_HINT}",
        "telegram guest mode": "on",
        "telegram channels": "off: telegram.channels names none",
    }


async def test_what_keeps_a_mode_off_is_named(tmp_path: Path) -> None:
    switches = {"supports_inline_queries": False, "supports_guest_queries": False}
    async with edge(tmp_path, can_read_all_group_messages=True, **switches) as made:
        storage = made.place.server.add_group("Storage")
        inline = "BotFather's switch is off (/setinline)"
        guest = "BotFather's switch is off (Bot Settings, Guest Mode)"
        assert await lines(made.place, storage_chat=storage.id) == {
            "telegram": "is @easel_bot; in groups it hears everything",
            "telegram inline mode": f"off: {inline}",
            "telegram guest mode": f"off: {guest}",
            "telegram channels": "off: telegram.channels names none",
        }
        without = await lines(made.place)
        assert without["telegram inline mode"] == f"off: {inline}; {STORAGE_CHAT_MISSING}"
        assert without["telegram guest mode"] == f"off: {guest}; {STORAGE_CHAT_MISSING}"


async def test_without_a_storage_chat_both_modes_are_off_and_that_is_no_fault(place: TelegramWorld) -> None:
    seen = await lines(place)
    assert seen["telegram inline mode"] == seen["telegram guest mode"] == f"off: {STORAGE_CHAT_MISSING}"


async def test_channels_that_are_heard_are_named_and_those_that_are_not_with_the_reason(place: TelegramWorld) -> None:
    news, art = place.server.add_channel("News"), place.server.add_channel("Art")
    heard = (await lines(place, channels=[news.id, art.id]))["telegram channels"]
    assert heard == f"on in News ({news.id}), Art ({art.id})"
    assert (await lines(place, channels=True))["telegram channels"].startswith("on, in every channel")
    place.server.demote(art)
    group = place.server.add_group("Painters")
    (bad,) = [each for each in await found(place, channels=[news.id, art.id, group.id, -1009]) if not each.is_ok]
    assert (bad.subject, bad.message.split("; ")) == (
        "telegram channels",
        [
            f"Art ({art.id}): the bot is no administrator there",
            f"Painters ({group.id}): is a supergroup and no channel",
            "groups need no such setting",
            "-1009: not reached (Chat not found)",
            "make the bot an administrator there",
        ],
    )


async def test_a_storage_chat_that_is_not_reached(place: TelegramWorld) -> None:
    says = await fault(place, storage_chat=-1009999999999)
    assert says == "telegram.storage_chat: not reached (Chat not found); add the bot to it"


@pytest.mark.parametrize("kind", ["kicked", "denied", "left"])
async def test_a_storage_chat_where_the_bot_may_not_post(place: TelegramWorld, kind: str) -> None:
    storage = place.server.add_group("Storage")
    if kind == "kicked":
        place.server.kick(storage)
    elif kind == "denied":
        place.server.restrict(storage, "photos")
    else:
        storage.bot_status = "left"
    assert (await fault(place, storage_chat=storage.id)).startswith("telegram.storage_chat: ")


async def test_a_channel_is_a_good_storage_chat(place: TelegramWorld) -> None:
    channel = place.server.add_channel()
    assert (await lines(place, storage_chat=channel.id))["telegram guest mode"] == "on"


@pytest.mark.forms(1)
@pytest.mark.parametrize("token", [WRONG, "nonsense"])
async def test_a_wrong_token_is_named_and_not_shown(place: TelegramWorld, token: str) -> None:
    assert await fault(place, token=token) == UNAUTHORIZED


async def test_a_telegram_that_does_not_answer(place: TelegramWorld) -> None:
    await place.server.down()
    says = await fault(place)
    assert says.startswith("Telegram does not answer (")
    assert place.server.token not in says


async def test_a_webhook_that_polling_will_take_away_is_said(place: TelegramWorld) -> None:
    place.server.webhook.url = "https://elsewhere.example/hook"
    assert "a webhook is set, which easel run will take away" in (await lines(place))["telegram"]
    assert place.server.calls("deleteWebhook") == []


async def test_check_changes_nothing(place: TelegramWorld) -> None:
    storage = place.server.add_group("Storage")
    await lines(place, storage_chat=storage.id)
    assert {each.method for each in place.server.requests} == {"getMe", "getWebhookInfo", "getChatMember"}
    assert place.bot_messages(storage) == []


# ---------------------------------------------------------------- the webhook


PUBLIC = "https://easel.example"


async def webhook(place: TelegramWorld) -> Finding:
    values = {"token": place.server.token, "api_base": place.server.api_base, "mode": "webhook"}
    report = await diagnose(TelegramSettings.model_validate(values), public_url=PUBLIC)
    assert report.webhook is not None
    return Finding(subject="", is_ok=report.webhook.is_ok, message=report.webhook.message, hint=report.webhook.hint)


async def test_the_state_of_the_webhook_is_told(place: TelegramWorld) -> None:
    told = await webhook(place)
    assert (told.status, told.message) == ("ok", "none is set; easel run sets it")
    place.server.webhook.url = "https://elsewhere.example/hook"
    told = await webhook(place)
    assert (told.status, told.message) == ("note", "another one is set, at elsewhere.example")
    place.server.webhook.url = PUBLIC + webhook_path(place.server.token)
    told = await webhook(place)
    assert (told.status, told.message) == ("ok", "is set; 0 updates wait")


def test_a_webhook_that_telegram_cannot_reach_is_a_fault_while_updates_wait() -> None:
    settings = TelegramSettings(token=SecretStr("1:a"), mode="webhook")
    url = PUBLIC + webhook_path("1:a")
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def state(waiting: int, minutes: int) -> WebhookState:
        hook = WebhookInfo(
            url,
            False,
            waiting,
            last_error_date=now - timedelta(minutes=minutes),
            last_error_message="Connection refused",
        )
        found = describe_webhook(settings, hook, f"{PUBLIC}/", now)
        assert found is not None
        return found

    assert state(3, 5).message == "is set; 3 updates wait; 5 min ago Telegram was refused: Connection refused"
    assert (state(3, 5).is_ok, state(0, 5).is_ok) == (False, True)
    assert state(3, 500) == WebhookState(is_ok=True, message="is set; 3 updates wait")


# ---------------------------------------------------------------- rights in the groups it knows


async def test_groups_in_which_no_picture_can_be_posted_are_named(place: TelegramWorld) -> None:
    fine, muted, left = (place.server.add_group(name) for name in ("Fine", "Muted", "Left"))
    store = await Store.open(place.database_url, clock=place.clock)
    try:
        for group in (fine, muted, left):
            await store.accept_job(new_job(chat=make_chat(group.id, direct=False)), RULES)
        await store.accept_job(new_job(chat=make_guest_chat(-7, direct=False, query="1")), RULES)
    finally:
        await store.close()
    assert (await lines(place))["telegram groups"] == "pictures can be posted in 3 of the 3 with the newest jobs"
    place.server.restrict(muted, "photos", "documents")
    place.server.kick(left)
    told = [each for each in await found(place) if each.subject == "telegram groups"]
    assert [(each.is_ok, each.message) for each in told] == [
        (False, f"Muted ({muted.id}): the bot may not send photos, files"),
        (True, "pictures can be posted in 1 of the 3 with the newest jobs"),
        (True, f"the bot is no longer in {left.id}"),
    ]
