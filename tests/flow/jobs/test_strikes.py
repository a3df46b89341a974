"""Refusals by moderation within a day pause a member, in words; each refused job counts once; admins end a pause."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Action, User
from bot.errors import FlaggedPrompt, Moderated, Paused
from bot.handlers.commands import help_text
from bot.handlers.replies import MAX_CAPTION_CHARS
from bot.job import Failure, State
from bot.jobs import cards
from bot.sandbox import Sandbox
from bot.store.store import Store
from bot.strikes import StrikeRules, refuse_until
from bot.texts import LOCALES, translate, translate_error
from tests.flow.jobs.test_clearance import gate
from tests.flow.scenes import BOSS, LONG, ask, books, click
from tests.flow.store.stores import ANN, BEN, RULES, new_job
from tests.flow.world import MemoryWorld, world
from tests.support.clocks import FakeClock, ShiftedClock
from tests.support.platform import AMBER, JADE, Platform

TWO: dict[str, Any] = {"user_strikes": 2, "strike_pause_hours": 6}
SIX_HOURS = StrikeRules(limit=2, pause=timedelta(hours=6))
REFUSED = Failure(key=Moderated.key)


async def refuse(easel: MemoryWorld, prompt: str = "a cat [[moderation]]", **given: Any) -> None:
    """A member asks for what an upstream refuses."""
    await easel.say(prompt, **given)
    await easel.settled(len(easel.platform.posts))


async def paused_words(easel: MemoryWorld, locale: str = "en") -> str:
    """What Amber is told who asks for something during her pause."""
    pause = await easel.app.store.strikes.pause_of(AMBER.key)
    assert pause is not None
    return translate_error(locale, refuse_until(pause.until, easel.clock.now()))


# ---------------------------------------------------------------- in words


async def test_the_second_refusal_within_a_day_pauses_a_member(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, clock=ShiftedClock(), limits=TWO) as easel:
        await refuse(easel)
        await easel.say("a cat")
        await easel.settled(2)
        assert easel.platform.posts[-1].images
        await refuse(easel)
        for words in ("a dog", "/imagine a dog", "/edit a dog"):
            assert (await ask(easel, words)).text in (
                await paused_words(easel),
                translate("en", "refusal-nothing-to-edit"),
            )
        assert await books(easel) == (49, 0)
        await easel.say("a dog", sender=JADE)  # nobody else is
        await easel.settled(len(easel.platform.posts))
        assert easel.platform.posts[-1].images


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_refusal_that_brings_the_pause_says_so_also_after_a_restart(
    tmp_path: Path, sandbox: Sandbox, locale: str
) -> None:
    async with world(tmp_path, sandbox, clock=ShiftedClock(), limits=TWO) as easel:
        amber = replace(AMBER, locale=locale)
        await refuse(easel, sender=amber)
        refused = translate(locale, Moderated.key)
        assert easel.platform.posts[-1].text == refused
        await refuse(easel, sender=amber)
        pause = await easel.app.store.strikes.pause_of(AMBER.key)
        assert pause is not None
        facts = refuse_until(pause.until, pause.until - timedelta(hours=6)).facts
        announced = f"{refused}\n{translate(locale, 'ended-paused', **facts)}"
        assert easel.platform.posts[-1].text == announced
        assert f"{pause.until:%H:%M} UTC" in announced
        job = (await easel.app.store.history(AMBER.key))[0]
        assert cards.ended_card(job, job.failure).text == announced  # as whoever finds it unsaid says it


async def test_refusals_by_the_operators_own_check_count_as_well(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, limits=TWO, moderation=gate(sandbox)) as easel:
        await refuse(easel, "a forbidden fox")
        assert easel.platform.posts[-1].text == translate_error("en", FlaggedPrompt(category="illicit"))
        await refuse(easel, "a forbidden fox")
        assert (await ask(easel, "a dog")).text == await paused_words(easel)


async def test_a_paused_member_may_do_what_paints_nothing(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, clock=ShiftedClock(), limits=TWO | {"user_strikes": 1}) as easel:
        await refuse(easel)
        paused = await paused_words(easel)
        assert (await ask(easel, "/quota")).text.startswith(f"{paused}\n50 credits left today.")
        assert (await ask(easel, "/help")).text == help_text("en")
        assert "1." in (await ask(easel, "/history")).text
        assert (await ask(easel, "/forget")).text == translate("en", "answer-forgotten", count=1)
        assert (await ask(easel, "a dog")).text == paused  # that has not ended it


async def test_a_retry_counts_again_and_is_refused_by_a_pause(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, clock=ShiftedClock(), limits=TWO) as easel:
        await refuse(easel)
        [post] = easel.platform.posts
        assert not (await click(easel, post, Action.RETRY)).text
        await easel.settled(2)
        assert (await click(easel, post, Action.RETRY)).text == await paused_words(easel)


async def test_what_waits_when_a_pause_begins_asks_no_upstream(tmp_path: Path) -> None:
    async with Sandbox(pace=LONG) as sandbox, world(tmp_path, sandbox, limits=TWO | {"user_concurrent": 1}) as easel:
        await easel.say("a fox")
        await easel.say("a dog")
        await easel.platform.until(lambda: len(easel.platform.posts) == 2 and sandbox.running == 1)
        async with easel.store() as store:
            for _ in range(2):
                job, _ = await store.accept_job(new_job(user=AMBER), RULES)
                await store.settle_job(job, State.FAILED, charged=0, failure=REFUSED, strikes=SIX_HOURS)
                await store.mark_notified(job.id)
        await click(easel, easel.platform.posts[0], Action.CANCEL)
        await easel.settled(2)
        assert easel.platform.posts[1].text == await paused_words(easel)
        assert len(sandbox.requests) == 1
        assert await books(easel) == (50, 0)


async def test_without_a_number_nobody_is_paused(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, limits={"user_strikes": 0}) as easel:
        for _ in range(3):
            await refuse(easel)
        await easel.say("a dog")
        await easel.settled(4)
        assert easel.platform.posts[-1].images


# ---------------------------------------------------------------- admins


@pytest.mark.parametrize("locale", LOCALES)
async def test_admins_see_who_is_paused_and_end_it(tmp_path: Path, sandbox: Sandbox, locale: str) -> None:
    async with world(tmp_path, sandbox, clock=ShiftedClock(), limits=TWO | {"user_strikes": 1}) as easel:
        await refuse(easel)
        async with easel.store() as store:
            await strike(store, user=JADE, strikes=StrikeRules(limit=9, pause=timedelta(hours=1)))
        boss = {"sender": BOSS.__class__(platform="memory", id="boss", name="Boss", locale=locale)}
        said = (await ask(easel, "/admin stats", **boss)).text
        assert said.splitlines()[-3:] == [
            translate(locale, "answer-stats-refused", count=2),
            translate(locale, "answer-stats-paused", user="memory:amber", count=1, hours=6),
            translate(locale, "answer-stats-strikes", user="memory:jade", count=1),
        ]
        ended = (await ask(easel, "/admin unpause memory:AMBER", **boss)).text
        assert ended == translate(locale, "answer-unpaused", user="memory:amber")
        assert "memory:amber" not in (await ask(easel, "/admin stats", **boss)).text
        await easel.say("a dog")
        await easel.settled(len(easel.platform.posts))
        assert easel.platform.posts[-1].images


# ---------------------------------------------------------------- counted exactly


async def strike(store: Store, *, strikes: StrikeRules = SIX_HOURS, **given: Any) -> None:
    job, _ = await store.accept_job(new_job(**given), RULES)
    await store.settle_job(job, State.FAILED, charged=0, failure=REFUSED, strikes=strikes)
    await store.mark_notified(job.id)


async def paused_hours(store: Store) -> int | None:
    try:
        await store.accept_job(new_job(), RULES)
    except Paused as refused:
        return int(str(refused.facts["hours"]))
    return None


async def test_a_pause_holds_in_every_process_and_has_an_end(store: Store, database_url: str, clock: FakeClock) -> None:
    other = await Store.open(database_url, clock=clock)
    await strike(store)
    assert await paused_hours(other) is None
    await strike(other)
    assert (await paused_hours(store), await paused_hours(other)) == (6, 6)
    await other.close()
    await clock.advance(5 * 3600)
    assert await paused_hours(store) == 1
    await store.accept_job(new_job(user=BEN), RULES)
    await clock.advance(3600)
    assert await paused_hours(store) is None
    await strike(store)  # the third within a day
    assert await paused_hours(store) == 6


async def test_a_pause_of_a_clock_that_was_a_month_ahead_ends_with_the_next_deletion(
    store: Store, clock: FakeClock
) -> None:
    clock.jump(30 * 86_400)
    await strike(store)
    await strike(store)
    clock.jump(-30 * 86_400)
    assert await store.strikes.pause_of(ANN.key) is not None
    await store.deletions.delete_expired(days=None)
    await store.strikes.check_pause(ANN.key)


async def test_a_job_counts_once_and_only_for_a_day(store: Store, clock: FakeClock) -> None:
    job, _ = await store.accept_job(new_job(), RULES)
    settled = [store.settle_job(job, State.FAILED, charged=0, failure=REFUSED, strikes=SIX_HOURS) for _ in range(3)]
    assert sorted(await asyncio.gather(*settled)) == [False, False, True]
    assert await store.strikes.pauses(10) == (1, [])
    await clock.advance(24 * 3600)
    assert await store.strikes.pauses(10) == (0, [])
    await strike(store)
    assert await store.strikes.pause_of(ANN.key) is None
    await store.deletions.delete_expired(days=None)
    assert await store.strikes.pauses(10) == (1, [])


async def test_other_ends_count_nothing(store: Store) -> None:
    for failure in (None, Failure(key="failed-down")):
        job, _ = await store.accept_job(new_job(), RULES)
        await store.settle_job(job, State.FAILED, charged=0, failure=failure, strikes=SIX_HOURS)
    assert await store.strikes.pauses(10) == (0, [])


async def test_a_pause_survives_a_restart_and_forget(tmp_path: Path, sandbox: Sandbox) -> None:
    platform = Platform()
    async with world(tmp_path, sandbox, platform, clock=ShiftedClock(), limits=TWO) as easel:
        await refuse(easel)
        await refuse(easel)
        await ask(easel, "/forget")
    async with world(tmp_path, sandbox, platform, clock=ShiftedClock(), limits=TWO) as easel:
        assert (await ask(easel, "a dog")).text == await paused_words(easel)


async def test_statistics_that_a_caption_does_not_hold_go_on_below_the_chart(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, clock=ShiftedClock()) as easel:
        async with easel.store() as store:
            for letter in "abcdefghij":
                user = User(platform="memory", id=letter * 120, name=letter)
                await strike(store, user=user, strikes=StrikeRules(limit=9, pause=timedelta(hours=1)))
        message = easel.platform.message("/admin stats", sender=BOSS)
        await easel.app.events.receive_message(message)
        [shown, rest] = [post for post in easel.platform.posts if post.reply_to == message.id]
        assert (len(shown.images), len(rest.images)) == (1, 0)
        assert len(shown.text) <= MAX_CAPTION_CHARS
        assert f"{shown.text}\n{rest.text}".count("Refused within a day") == 10
