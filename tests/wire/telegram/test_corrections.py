"""Messages that their authors correct: while nobody works on them, after a refusal, as chatter, after a restart."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.handlers import draft_jobs
from bot.job import Job
from bot.jobs import service
from tests.support.clocks import PausableClock
from tests.wire.telegram.easel import SPEED, TelegramWorld
from tests.wire.telegram.standing import StandingClock, shot, standing_world


@pytest.fixture
def clock() -> PausableClock:
    return StandingClock(SPEED)


@pytest.fixture
async def place(tmp_path: Path, clock: PausableClock) -> AsyncGenerator[TelegramWorld]:
    async with standing_world(tmp_path, clock) as made:
        yield made


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("correction", "prompt", "left"),
    [
        ("a red fox", "a red fox", 49),
        ("a fox --n 2", "a fox", 48),
        ("/imagine a fox --size 3:2", "a fox", 49),
    ],
)
async def test_a_request_that_nobody_works_on_yet_takes_its_correction(
    place: TelegramWorld, clock: PausableClock, correction: str, prompt: str, left: int
) -> None:
    async with place.easel():
        with clock.paused():
            request = place.server.say(place.ada, place.private, "a fxo")
            status = await place.wait_for_reply()
            place.server.edit(request, correction)
            place.server.edit(request, correction)  # told twice
            await place.wait_until_heard()
        picture = await place.wait_for_picture()
        assert place.bot_messages()[0] is status
        assert {each.prompt.partition("\n")[0] for each in place.sandbox.requests} == {prompt}
        assert prompt in picture.caption
        assert await place.available_credits() == left


async def test_a_job_that_waits_in_line_takes_its_correction_and_a_started_one_none(place: TelegramWorld) -> None:
    place.settings["limits"] = {"user_concurrent": 1}
    async with place.gallery() as upstream, place.easel():
        running = place.server.say(place.ada, place.private, "an owl")
        await upstream.fetched.wait()
        waiting = place.server.say(place.ada, place.private, "a fxo")
        await place.until(lambda: len(place.bot_messages()) == 2)
        place.server.edit(waiting, "a fox")
        place.server.edit(running, "an eagle")
        await place.wait_until_heard()
        place.server.say(place.ada, place.private, "/quota")  # behind the edits
        await place.until(lambda: len(place.bot_messages()) == 3)
        upstream.open.set()
        await place.wait_until_settled()
        place.server.edit(running, "a hawk")
        await place.wait_until_heard()
        shown = [one.caption for one in place.bot_messages() if one.photo is not None]
        assert ["an owl" in shown[0], "a fox" in shown[1], len(shown)] == [True, True, 2]
        assert upstream.asked == 2
        assert await place.available_credits() == 48


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("correction", "key"),
    [
        ("a secret", "refusal-forbidden-word"),
        ("a fox --size 7", "refusal-bad-option"),
        ("a fox --n 4", "refusal-too-dear"),
    ],
)
async def test_a_correction_that_is_refused_ends_the_job_and_can_be_corrected_again(
    place: TelegramWorld, clock: PausableClock, correction: str, key: str
) -> None:
    place.settings |= {"access": {"blocked_words": ["secret"]}, "providers": [place.provider(price=20)]}
    async with place.easel():
        with clock.paused():
            request = place.server.say(place.ada, place.private, "a fxo")
            status = await place.wait_for_reply()
            place.server.edit(request, correction)
            await place.wait_until_heard()
        await place.wait_until_settled()
        await place.until(lambda: not status.buttons)
        job = (await history(place))[0]
        assert job.failure is not None
        assert job.failure.key == key
        assert await place.available_credits() == 50
        place.advance_clock(5.0)  # edits are told apart by their seconds
        place.server.edit(request, "a fox")
        picture = await place.wait_for_picture(after=status)
        assert "a fox" in picture.caption
        assert [each.prompt.strip() for each in place.sandbox.requests] == ["a fox"]
        assert await place.available_credits() == 30


async def history(place: TelegramWorld) -> list[Job]:
    async with place.store() as store:
        return await store.history(f"telegram:{place.ada.id}")


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("said", "correction"),
    [
        ("/imagine a fox --size 7", "/imagine a fox --size 3:2"),
        ("/imagine", "/imagine a fox"),
        ("/imagin a fox", "/imagine a fox"),
    ],
)
async def test_a_refused_message_that_is_corrected_is_a_new_try(
    place: TelegramWorld, said: str, correction: str
) -> None:
    async with place.easel():
        request = place.server.say(place.ada, place.private, said)
        refusal = await place.wait_for_reply()
        place.server.edit(request, correction)
        picture = await place.wait_for_picture(after=refusal)
        assert picture.reply_to is request
        assert [each.prompt.partition("\n")[0] for each in place.sandbox.requests] == ["a fox"]


@pytest.mark.forms(1)
@pytest.mark.parametrize("late", [False, True])
async def test_chatter_becomes_a_request_by_an_edit_only_for_a_while(place: TelegramWorld, late: bool) -> None:
    async with place.easel():
        chatter = place.server.say(place.ada, place.group, "a fox")
        await place.wait_until_heard()
        if late:
            place.advance_clock(3600.0)
        place.server.edit(chatter, "@easel_bot a fox")
        await place.wait_until_heard()
        place.server.say(place.ada, place.group, "/quota@easel_bot")
        await place.until(lambda: any("credits" in one.text for one in place.bot_messages(place.group)))
        await place.wait_until_settled()
        assert len(place.sandbox.requests) == (0 if late else 1)


async def test_an_answered_command_is_not_given_again_by_an_edit(place: TelegramWorld) -> None:
    async with place.easel():
        command = place.server.say(place.ada, place.private, "/quota")
        await place.wait_for_reply()
        place.server.edit(command, "/quota please")
        await place.wait_until_heard()
        place.server.say(place.ada, place.private, "/help")
        await place.until(lambda: len(place.bot_messages()) == 2)


async def test_the_caption_of_an_album_is_corrected(place: TelegramWorld) -> None:
    shots = [shot(0), shot(1)]
    place.settings["limits"] = {"user_concurrent": 1}
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.private, "an owl")
        await upstream.fetched.wait()
        first, _ = place.server.album(place.ada, place.private, shots, caption="a colage")
        await place.until(lambda: len(place.bot_messages()) == 2)
        place.server.edit(first, "a collage")
        await place.wait_until_heard()
        place.server.say(place.ada, place.private, "/quota")
        await place.until(lambda: len(place.bot_messages()) == 3)
        jobs = {job.prompt: len(job.references) for job in await history(place)}
        assert jobs == {"an owl": 0, "a collage": 2}
        upstream.open.set()
        await place.wait_until_settled()
        assert upstream.asked == 2


async def test_a_correction_after_a_restart_is_understood(
    place: TelegramWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_jobs, "FORWARD_HOLD_S", 600.0)
    async with place.easel():
        request = place.server.say(place.ada, place.private, "a fxo")
        status = await place.wait_for_reply()
    monkeypatch.setattr(service, "RESUME_HOLD_S", 600.0)
    async with place.easel() as easel:
        await place.wait_for_unfinished_jobs(1)
        place.server.edit(request, "a fox")
        await place.wait_until_heard()
        easel.app.jobs.move_hold((await history(place))[0].id, 0.0)
        assert await place.wait_for_picture() is status
        assert [each.prompt.strip() for each in place.sandbox.requests] == ["a fox"]
