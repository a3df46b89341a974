"""What the commands answer: in the member's language, in plain numbers, and to admins only what is theirs."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat import Card, Chat, MessageRef
from bot.errors import AdminsOnly, BadArguments, Banned, OutOfCredits, SendForbidden, StoreFailed
from bot.handlers.commands import help_text
from bot.intake.commands import COMMANDS
from bot.ports.admin_figures import DayFigures
from bot.quota import MAX_CREDITS, hours_to_refill
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from bot.store.administration.admin_store import AdminStore
from bot.texts import LOCALES, translate, translate_error
from tests.flow.scenes import BOSS, LONG, ask, books
from tests.flow.world import MemoryWorld, settings, world
from tests.support.platform import AMBER, GROUP, JADE, CorePlatform, Platform
from tests.support.waiting import wait_until
from tests.support.world import open_app


@pytest.fixture
async def easel(tmp_path: Path, sandbox: Sandbox) -> AsyncGenerator[MemoryWorld]:
    async with world(tmp_path, sandbox, limits={"user_daily": 1234}) as made:
        yield made


async def answer(easel: MemoryWorld, text: str, **given: object) -> str:
    """What the bot says to a command."""
    return (await ask(easel, text, **given)).text


@pytest.mark.forms(2)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("command", ["start", "help"])
async def test_words_of_welcome(easel: MemoryWorld, command: str, locale: str) -> None:
    said = await answer(easel, f"/{command}", sender=replace(AMBER, locale=locale))
    assert said == (help_text(locale) if command == "help" else translate(locale, "answer-start"))


@pytest.mark.parametrize("locale", LOCALES)
async def test_quota_tells_the_credits_as_a_plain_number(easel: MemoryWorld, locale: str) -> None:
    said = await answer(easel, "/quota", sender=replace(AMBER, locale=locale))
    refill = hours_to_refill(SystemClock().now())
    assert said == translate(locale, "answer-quota", left=1234, held=0, running=0, daily=1234, refill=refill)
    assert "1234" in said


async def test_quota_tells_what_runs_and_what_is_held_for_it(tmp_path: Path) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox) as easel:
        await easel.say("two cats --n 2")
        said = await answer(easel, "/quota")
        assert said.startswith("48 credits left today.\nHeld for unfinished pictures: 2\nRunning or waiting: 1\n")
        await easel.say("/cancel")
        await wait_until(lambda: sandbox.running == 0)
        assert (await answer(easel, "/quota")).startswith("50 credits left today.\nHeld for unfinished pictures: 0")


async def test_an_unknown_language_gets_the_operators(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, locale="ru") as easel:
        assert await answer(easel, "/help", sender=replace(AMBER, locale="fr")) == help_text("ru")
        assert await answer(easel, "/help", sender=replace(AMBER, locale=None)) == help_text("ru")


# ---------------------------------------------------------------- history


async def test_a_history_without_jobs(easel: MemoryWorld) -> None:
    assert await answer(easel, "/history") == translate("en", "answer-history-empty")


async def test_each_line_of_the_history_leads_to_its_message(easel: MemoryWorld) -> None:
    await easel.say("a lighthouse")
    await easel.settled(1)
    await easel.say("a cat [[400]]")
    await easel.settled(2)
    newest, oldest = (await answer(easel, "/history")).splitlines()
    done, failed = await easel.app.store.history(AMBER.key), easel.platform.posts[1]
    for line, job, state, link in (
        (newest, done[0], "state-failed", f"memory://direct/{failed.id}"),
        (oldest, done[1], "state-done", f"memory://direct/{easel.platform.posts[0].id}"),
    ):
        time = f"{job.created:%Y-%m-%d %H:%M} UTC"
        number = 1 if line is newest else 2
        words = translate(
            "en", "answer-history-line", number=number, time=time, state=translate("en", state), prompt=job.prompt
        )
        assert line == f"{words} {link}"


async def test_a_history_without_addresses(tmp_path: Path, sandbox: Sandbox) -> None:
    class Unlinked(Platform):
        def message_link(self, ref: MessageRef) -> str | None:
            return None

    async with world(tmp_path, sandbox, Unlinked()) as easel:
        await easel.say("a lighthouse")
        await easel.settled()
        assert (await answer(easel, "/history")).endswith("“a lighthouse”")


async def test_a_platform_without_optional_protocols_serves_a_job_the_history_and_forgetting(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = CorePlatform()
    async with open_app(settings(tmp_path, sandbox), {"memory": platform}, SystemClock()) as app:
        await app.start()
        await app.events.receive_message(platform.message("a lighthouse"))
        await platform.until(lambda: bool(platform.posts and platform.posts[0].images))
        for command, end in (("/history", "“a lighthouse”"), ("/forget", translate("en", "answer-forgotten", count=1))):
            await app.events.receive_message(platform.message(command))
            await platform.until(lambda end=end: platform.posts[-1].text.endswith(end))


async def test_the_last_twenty_jobs_and_nobody_elses(tmp_path: Path) -> None:
    limits = {"user_waiting": 100}
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox, limits=limits) as easel:
        for number in range(22):
            await easel.say(f"cat {number:02}")
        await easel.say("secret", sender=JADE)
        lines = (await answer(easel, "/history")).splitlines()
        assert ["cat 21" in lines[0], "cat 02" in lines[-1], len(lines)] == [True, True, 20]


async def test_what_was_asked_in_private_is_not_listed_in_a_group(easel: MemoryWorld) -> None:
    await easel.say("a surprise for Jade")
    await easel.settled(1)
    assert await answer(easel, "/history", chat=GROUP) == translate("en", "answer-history-empty")
    await easel.say("a lighthouse", chat=GROUP)
    await easel.settled(3)
    [line] = (await answer(easel, "/history", chat=GROUP)).splitlines()
    assert "“a lighthouse”" in line
    assert len((await answer(easel, "/history")).splitlines()) == 2


async def test_a_long_prompt_stays_on_its_line(easel: MemoryWorld) -> None:
    await easel.say("a cat\non a roof " + "x" * 200)
    await easel.settled()
    [line] = (await answer(easel, "/history")).splitlines()
    assert f"“a cat on a roof {'x' * 44}" in line
    assert "x" * 45 not in line


# ---------------------------------------------------------------- admins


@pytest.mark.parametrize("verb", ["grant memory:amber 5", "set memory:amber 5", "ban memory:jade", "stats", ""])
async def test_only_admins_may(easel: MemoryWorld, verb: str) -> None:
    assert await answer(easel, f"/admin {verb}") == translate_error("en", AdminsOnly())
    assert await books(easel) == (1234, 0)


async def test_credits_are_granted_and_set(easel: MemoryWorld) -> None:
    said = await answer(easel, "/admin grant memory:amber 6", sender=BOSS)
    assert said == translate("en", "answer-granted", user="memory:amber", credits=6, left=1240)
    assert await books(easel) == (1240, 0)
    said = await answer(easel, "/admin set memory:amber 3", sender=BOSS)
    assert said == translate("en", "answer-set", user="memory:amber", credits=3, left=3)
    assert await books(easel) == (3, 0)


@pytest.mark.parametrize("verb", ["grant", "set"])
async def test_a_change_that_is_told_twice_happens_once(easel: MemoryWorld, verb: str) -> None:
    message = easel.platform.message(f"/admin {verb} memory:amber 6", sender=BOSS)
    await easel.app.events.receive_message(message)
    once = await books(easel)
    await easel.say("/admin grant memory:amber 1", sender=BOSS)
    await easel.app.events.receive_message(message)
    assert await books(easel) == (once[0] + 1, 0)


async def test_a_banned_member_is_refused_until_unbanned(easel: MemoryWorld) -> None:
    assert await answer(easel, "/admin ban memory:amber", sender=BOSS) == translate(
        "en", "answer-banned", user="memory:amber"
    )
    assert await answer(easel, "a cat") == translate_error("en", Banned())
    said = await answer(easel, "/admin unban memory:amber", sender=BOSS)
    assert said == translate("en", "answer-unbanned", user="memory:amber")
    await easel.say("a cat")
    posts = await easel.settled(4)
    assert len(posts[-1].images) == 1
    assert await books(easel) == (1233, 0)


async def test_stats_of_the_day(easel: MemoryWorld) -> None:
    await easel.say("a lighthouse --n 2")
    await easel.say("a cat [[400]]", sender=JADE)
    await easel.settled(2)
    counts = {"waiting": 0, "running": 0, "done": 1, "failed": 1, "cancelled": 0, "charged": 2, "users": 2}
    message = easel.platform.message("/admin stats", sender=BOSS)
    for _ in range(2):
        await easel.app.events.receive_message(message)
    [said] = [post for post in easel.platform.posts if post.reply_to == message.id]
    assert said.text == translate("en", "answer-stats", **counts)
    assert said.cards[-1].alt_text == translate("en", "answer-stats-chart", days=30)
    assert said.deliveries == 1
    [chart] = said.images
    assert (chart.media_type, chart.width, chart.height) == ("image/png", 1200, 675)


async def test_stats_are_said_while_the_figures_of_the_chart_cannot_be_had(
    easel: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object, days: int) -> tuple[DayFigures, ...]:
        raise StoreFailed(detail=f"{days} days took too long")

    monkeypatch.setattr(AdminStore, "daily", fail)
    said = await ask(easel, "/admin stats", sender=BOSS)
    assert said.images == []
    assert said.text.startswith("Today (UTC): 0 people asked.")


async def test_stats_are_said_where_no_picture_may_be_posted(easel: MemoryWorld) -> None:
    easel.platform.failures = [SendForbidden(detail="no photos")]
    said = await ask(easel, "/admin stats", sender=BOSS)
    assert said.images == []
    assert said.text.startswith("Today (UTC): 0 people asked.")


@pytest.mark.forms(4)
@pytest.mark.parametrize(
    "words",
    [
        "",
        "grant",
        "grant memory:amber",
        "grant amber 5",
        "grant memory: 5",
        "grant memory:amber five",
        "grant memory:amber -5",
        "grant memory:amber 5 6",
        f"grant memory:amber {MAX_CREDITS + 1}",
        "set 5 memory:amber",
        f"set memory:amber {'9' * 3000}",
        "ban",
        "ban 7:amber",
        "unban amber",
        "stats now",
        "destroy",
    ],
)
async def test_what_is_not_understood_gets_the_form_that_is(easel: MemoryWorld, words: str) -> None:
    assert await answer(easel, f"/admin {words}", sender=BOSS) == translate_error(
        "en", BadArguments(usage=COMMANDS["admin"].usage)
    )
    assert await books(easel) == (1234, 0)


def test_the_form_of_admins_tells_what_a_user_is() -> None:
    assert COMMANDS["admin"].usage.endswith("(USER = platform:id)")


async def test_credits_of_nothing_are_nothing(easel: MemoryWorld) -> None:
    assert await answer(easel, "/admin set memory:amber 0", sender=BOSS) == translate(
        "en", "answer-set", user="memory:amber", credits=0, left=0
    )
    refill = hours_to_refill(SystemClock().now())
    assert await answer(easel, "a cat") == translate_error("en", OutOfCredits(left=0, cost=1, refill=refill))


async def test_an_answer_that_the_chat_does_not_take_harms_nobody(tmp_path: Path, sandbox: Sandbox) -> None:
    class Deaf(Platform):
        async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
            if chat == GROUP:
                raise RuntimeError("a bug in an adapter")
            return await super().post(chat, card, reply_to=reply_to, key=key)

    async with world(tmp_path, sandbox, Deaf()) as easel:
        await easel.say("/help", chat=GROUP)
        await asyncio.sleep(0)
        assert await answer(easel, "/help") == help_text("en")
        assert len(easel.platform.posts) == 1
