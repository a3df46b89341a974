"""What admins read and change in a chat: a member, a job, pauses that hold over restarts; each change is logged."""

from pathlib import Path

import pytest

from bot.errors import UnknownJob, UnknownMember, UnknownProvider
from bot.ports.admin_views import JobFilter
from bot.sandbox import Sandbox
from bot.texts import translate, translate_error
from tests.flow.scenes import BOSS, ask, books
from tests.flow.world import MemoryWorld, world
from tests.support.platform import AMBER, Platform


async def boss_asks(easel: MemoryWorld, text: str) -> str:
    return (await ask(easel, text, sender=BOSS)).text


async def actions(easel: MemoryWorld) -> list[tuple[str, str, str]]:
    page = await easel.app.administration.audit()
    return [(row.who, row.action, row.target) for row in page.rows]


async def test_a_pause_of_the_bot_holds_over_a_restart_and_lets_admins_try(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Platform()
    async with world(tmp_path, sandbox, platform, admins=[BOSS.key]) as easel:
        said = await boss_asks(easel, "/admin pause bot Back at noon.")
        assert said == translate("en", "answer-bot-paused")
        assert (await ask(easel, "a cat")).text == "Back at noon."
        assert (await ask(easel, "/quota")).text.startswith("50 credits left")
    async with world(tmp_path, sandbox, platform, admins=[BOSS.key]) as easel:
        assert (await ask(easel, "a dog")).text == "Back at noon."
        assert await easel.app.problem() is None
        assert sandbox.requests == []
        await easel.say("a fox", sender=BOSS)
        await easel.settled()
        assert await boss_asks(easel, "/admin resume") == translate("en", "answer-bot-resumed")
        await easel.say("a cat")
        await easel.settled(1)
        assert await actions(easel) == [(BOSS.key, "resume-bot", ""), (BOSS.key, "pause-bot", "")]


async def test_a_paused_provider_is_not_asked_and_costs_nothing(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, admins=[BOSS.key]) as easel:
        [provider] = (await easel.app.administration.overview()).providers
        assert (provider.is_paused, provider.circuit, provider.under_way) == (False, "closed", 0)
        said = await boss_asks(easel, f"/admin pause {provider.name}y")
        known = {"nearest": provider.name, "all": provider.name}
        assert said == translate_error("en", UnknownProvider(name=f"{provider.name}y", **known))
        await boss_asks(easel, f"/admin pause {provider.name.upper()}")
        assert (await ask(easel, "a cat")).text == translate("en", "providers-paused")
        assert await books(easel) == (50, 0)
        assert sandbox.requests == []
        [paused] = (await easel.app.administration.overview()).providers
        assert paused.is_paused
        await boss_asks(easel, f"/admin resume {provider.name}")
        await easel.say("a cat")
        await easel.settled(1)


async def test_a_member_and_a_job_are_shown_without_their_words(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, admins=[BOSS.key]) as easel:
        await easel.say("a secret garden")
        await easel.settled(1)
        [row] = (await easel.app.administration.jobs(JobFilter(user_key=AMBER.key))).rows
        member = await boss_asks(easel, f"/admin user {AMBER.key}")
        assert row.id in member
        assert "Credits left: 49" in member
        job = await boss_asks(easel, f"/admin job {row.id.upper()}")
        for step in ("accepted", "attempt-started", "painted", "settled"):
            assert step in job
        assert "garden" not in member + job
        near = f"{row.id[:-1]}0"
        unknown = translate_error("en", UnknownJob(id=near, nearest=row.id))
        assert await boss_asks(easel, f"/admin job {near}") == unknown
        nobody = translate_error("en", UnknownMember(user="telegram:404", nearest="none"))
        assert await boss_asks(easel, "/admin user telegram:404") == nobody


@pytest.mark.parametrize("text", ["/admin user", "/admin job", "/admin resume a b"])
async def test_what_fits_no_form_gets_the_forms(tmp_path: Path, sandbox: Sandbox, text: str) -> None:
    async with world(tmp_path, sandbox, admins=[BOSS.key]) as easel:
        assert "/admin grant" in await boss_asks(easel, text)
