"""The menus of commands, and what each command is answered: in the member's language, to whom it is meant for."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.telegram.commands import MENU_RETRY_S
from adapters.telegram.encode import WORD_JOINER
from bot.errors import AdminsOnly, BadArguments, UnknownCharge, UnknownCommand
from bot.handlers.commands import help_text
from bot.intake.commands import COMMANDS, Menu, in_menu
from bot.texts import LOCALES, translate, translate_error
from tests.servers.telegram import Chat, Message, User
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import Edge, edge

PACKS = [{"credits": 10, "stars": 5}]
SCOPES = 3  # private chats, groups, and the one admin
ALL = SCOPES * len(LOCALES)


@pytest.fixture(autouse=True)
def menus_unknown(place: TelegramWorld) -> None:
    place.menus_known = False


async def written(place: TelegramWorld, menus: int) -> None:
    """Waits until that many menus were written."""
    good = (200,)
    await place.until(
        lambda: len([each for each in place.server.calls("setMyCommands") if each.status in good]) >= menus
    )


async def asked(place: TelegramWorld, text: str, chat: Chat | None = None, *, by: User | None = None) -> str:
    """A member writes; the words that come back, as a person reads them."""
    chat = chat or place.private
    request = place.server.say(by or place.ada, chat, text)
    answer = await place.wait_for_reply(chat, after=request)
    return (answer.caption or answer.text).replace(WORD_JOINER, "")


def names(menu: list[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(name for name, _ in menu)


# ---------------------------------------------------------------- menus


@pytest.mark.forms(1)
@pytest.mark.parametrize("language", [*LOCALES, "de", None])
async def test_members_are_offered_the_commands_in_their_language(place: TelegramWorld, language: str | None) -> None:
    member = place.server.add_user("Cy", language_code=language)
    private = place.server.private(member, opened=True)
    locale = language if language in LOCALES else "en"
    async with place.easel():
        await written(place, ALL)
        assert place.server.menu(member, private) == [
            (name, translate(locale, f"hint-{name}")) for name in in_menu(Menu.DIRECT)
        ]
        assert place.server.menu(member, place.group) == [
            (name, translate(locale, f"hint-{name}")) for name in in_menu(Menu.GROUP)
        ]


async def test_only_admins_are_offered_what_is_for_admins(place: TelegramWorld, bo: User) -> None:
    async with place.easel():
        await written(place, ALL)
        assert names(place.server.menu(place.ada, place.private)) == (*in_menu(Menu.DIRECT), "admin")
        assert names(place.server.menu(bo, place.server.private(bo, opened=True))) == in_menu(Menu.DIRECT)
        assert names(place.server.menu(place.ada, place.group)) == in_menu(Menu.GROUP)


async def test_menus_are_written_only_where_they_changed(place: TelegramWorld, bo: User) -> None:
    private = place.server.private(bo, opened=True)
    async with place.easel():
        await written(place, ALL)
    async with place.easel():
        await asked(place, "/quota")
    assert len(place.server.calls("setMyCommands")) == ALL
    async with place.easel(star_packs=PACKS):
        await written(place, ALL + 2 * len(LOCALES))  # private chats, and the admin's
        assert names(place.server.menu(bo, private)) == (*in_menu(Menu.DIRECT), "buy")
        assert names(place.server.menu(place.ada, place.private)) == (*in_menu(Menu.DIRECT), "buy", "admin")
        assert names(place.server.menu(bo, place.group)) == in_menu(Menu.GROUP)
    assert len(place.server.calls("setMyCommands")) == ALL + 2 * len(LOCALES)


async def test_the_menu_of_who_is_no_admin_any_more_is_taken_away(place: TelegramWorld) -> None:
    async with place.easel():
        await written(place, ALL)
    place.settings["admins"] = []
    for _ in range(2):
        async with place.easel():
            await place.until(lambda: len(place.server.calls("deleteMyCommands")) == len(LOCALES))
            await asked(place, "/quota")
            assert names(place.server.menu(place.ada, place.private)) == in_menu(Menu.DIRECT)
    assert len(place.server.calls("deleteMyCommands")) == len(LOCALES)


async def test_an_admin_without_a_chat_is_no_trouble_and_gets_the_menu_later(place: TelegramWorld, bo: User) -> None:
    place.settings["admins"] = [f"telegram:{bo.id}", "discord:123", "telegram:987654"]
    with capture_logs() as logs:
        async with place.easel():
            await written(place, 2 * len(LOCALES))
            await asked(place, "/quota")
    assert [each for each in logs if each["log_level"] not in ("info", "debug")] == []
    private = place.server.private(bo, opened=True)
    async with place.easel():
        await written(place, 3 * len(LOCALES))
        assert names(place.server.menu(bo, private)) == (*in_menu(Menu.DIRECT), "admin")


@pytest.mark.parametrize("wait", [None, 90])
async def test_menus_that_could_not_be_written_are_written_later(
    world: Edge, place: TelegramWorld, wait: int | None
) -> None:
    place.server.faults.delay("setMyCommands", 0.0, times=ALL - 1)  # these pass; the last one does not
    if wait is None:
        place.server.faults.fail("setMyCommands")
    else:
        place.server.faults.limit("setMyCommands", retry_after=wait)
    async with place.easel():
        await place.until(lambda: len(place.server.calls("setMyCommands")) == ALL)
        world.time.skips = MENU_RETRY_S
        await written(place, ALL)
        assert names(place.server.menu(place.ada, place.private)) == (*in_menu(Menu.DIRECT), "admin")
        assert len(place.server.calls("setMyCommands")) == ALL + 1
    assert (wait or MENU_RETRY_S) in world.time.slept


# ---------------------------------------------------------------- who is meant


@pytest.mark.forms(2)
@pytest.mark.parametrize("command", ["/quota@easel_bot", "/QUOTA@Easel_Bot", "/quota@easel_bot please"])
async def test_a_command_with_the_bots_name_is_answered_where_it_was_said(place: TelegramWorld, command: str) -> None:
    async with place.easel():
        request = place.server.say(place.ada, place.group, command)
        answer = await place.wait_for_reply(place.group)
        assert answer.reply_to is request
        assert "50" in answer.text


async def test_a_command_for_another_bot_is_met_with_silence(tmp_path: Path) -> None:
    async with edge(tmp_path, can_read_all_group_messages=True) as world, world.place.easel():
        place = world.place
        for text in ("/quota@other_bot", "/imagine@other_bot a fox", "/help@easel_bott", "/paint", "/buy"):
            place.server.say(place.ada, place.group, text)
        place.server.say(place.ada, place.private, "/quota@other_bot")
        await place.wait_until_heard()
        await asked(place, "/quota")
        assert place.bot_messages(place.group) == []
        assert len(place.bot_messages()) == 1


async def test_a_bare_command_in_a_group_is_answered(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.group, "/help@easel_bot")
        first = await place.wait_for_reply(place.group)
        place.server.say(place.ada, place.group, "/quota")  # privacy mode: only to the bot that spoke last
        answer = await place.wait_for_reply(place.group, after=first)
        assert answer.text.startswith("50 credits")


# ---------------------------------------------------------------- what is answered


@pytest.mark.forms(1)
@pytest.mark.parametrize("locale", LOCALES)
async def test_every_command_answers_in_the_members_language(place: TelegramWorld, locale: str) -> None:
    member = place.server.add_user("Cy", language_code=locale)
    chat = place.server.private(member, opened=True)

    async def said(text: str) -> str:
        return await asked(place, text, chat, by=member)

    async with place.easel():
        assert await said("/start") == translate(locale, "answer-start")
        assert await said("/start inline") == translate(locale, "answer-start")
        assert await said("/help") == help_text(locale)
        quota = translate(locale, "answer-quota", left=50, held=0, daily=50, refill=1, running=0)
        assert (await said("/quota")).splitlines()[:-1] == quota.splitlines()[:-1]
        assert await said("/history") == translate(locale, "answer-history-empty")
        assert await said("/cancel") == translate(locale, "answer-nothing-to-cancel")
        assert await said("/admin stats") == translate_error(locale, AdminsOnly())
        assert await said("/paint a fox") == translate_error(locale, UnknownCommand(command="/paint"))
        assert await said("/buy") == translate_error(locale, UnknownCommand(command="/buy"))
        assert await said("/imagine") == translate(locale, "refusal-prompt-empty")
        assert await said("/edit make it night") == translate(locale, "refusal-nothing-to-edit")
        await said("/imagine a red fox")
        picture = await place.wait_for_picture(chat)
        assert [label for label, _ in picture.buttons] == [
            translate(locale, f"button-{each}") for each in ("retry", "vary", "edit", "more")
        ]
        assert translate(locale, "state-done") in await said("/history")


async def test_cancel_stops_what_runs(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        request = place.server.say(place.ada, place.private, "/imagine a red fox")
        status = await place.wait_for_reply()
        await upstream.fetched.wait()
        assert await asked(place, "/cancel") == translate("en", "answer-cancelled", count=1)
        await place.until(lambda: status.text == translate("en", "cancelled"))
        assert status.reply_to is request
        assert await place.available_credits() == 50


async def test_the_words_of_an_admin(place: TelegramWorld, bo: User) -> None:
    user = f"telegram:{bo.id}"
    async with place.easel():
        assert await asked(place, f"/admin grant {user} 20") == translate(
            "en", "answer-granted", user=user, credits=20, left=70
        )
        assert await place.available_credits(bo) == 70
        assert await asked(place, f"/admin set {user} 7") == translate("en", "answer-set", user=user, credits=7, left=7)
        assert await place.available_credits(bo) == 7
        assert await asked(place, f"/admin ban {user}") == translate("en", "answer-banned", user=user)
        private = place.server.private(bo, opened=True)
        assert await asked(place, "a fox", private, by=bo) == translate("en", "refusal-banned")
        assert await asked(place, f"/admin unban {user}") == translate("en", "answer-unbanned", user=user)
        assert (await asked(place, "/admin stats")).startswith("Today (UTC): ")
        assert await asked(place, "/admin refund abc") == translate_error("en", UnknownCharge(charge="abc"))
        assert await asked(place, "/admin dance") == translate_error("en", BadArguments(usage=COMMANDS["admin"].usage))
        assert await asked(place, "/admin grant me lots") == translate_error(
            "en", BadArguments(usage=COMMANDS["admin"].usage)
        )


async def test_a_grant_that_comes_again_is_given_once(place: TelegramWorld, bo: User) -> None:
    async with place.easel():
        await asked(place, f"/admin grant telegram:{bo.id} 20")
    place.server.redeliver(place.server.updates[-1])
    async with place.easel():
        await place.wait_until_heard()
        await asked(place, "/quota")
        assert await place.available_credits(bo) == 70


async def test_statistics_come_with_a_chart(place: TelegramWorld) -> None:
    async with place.easel():
        request = place.server.say(place.ada, place.private, "/admin stats")
        answer = await place.wait_for_reply(after=request)
        assert answer.photo is not None
        assert answer.caption.startswith("Today (UTC): 0 people asked.")
        assert answer.reply_to is request
        place.server.restrict(place.group, "photos", "documents")
        request = place.server.say(place.ada, place.group, f"/admin@{place.server.bot.username} stats")
        answer = await place.wait_for_reply(place.group, after=request)
        assert answer.photo is None
        assert answer.text.startswith("Today (UTC): 0 people asked.")


async def test_an_option_in_a_command_is_understood(place: TelegramWorld) -> None:
    async with place.easel():
        request: Message = place.server.say(place.ada, place.private, "/imagine a fox --file --n 2")
        picture = await place.wait_for_picture(after=request)
        assert picture.document is not None
        documents = [each for each in place.bot_messages() if each.document is not None]
        assert len(documents) == 2
        assert "--jpeg" in await asked(place, "/imagine a fox --jpeg")
