"""A crowded group within Telegram's limits, which the server counts as Telegram does. Time runs fast for all."""

from pathlib import Path

import pytest

from tests.servers.telegram import Limits
from tests.support.clocks import FastClock
from tests.wire.telegram.easel import done, telegram_world

SPEED = 15.0
PAINTING = 20.0  # seconds that a picture takes


async def test_twenty_jobs_at_once_in_one_group_all_get_their_picture_and_nothing_is_refused(tmp_path: Path) -> None:
    crowd = [f"member {number}" for number in range(20)]
    clock = FastClock(SPEED)
    async with telegram_world(tmp_path, clock=clock, pace=PAINTING / SPEED, members=crowd, limits=Limits()) as place:
        place.settings["jobs"] = {"concurrency": 30}
        members = [user for user in place.server.core.world.users.values() if user.name.startswith("member")]
        async with place.easel():
            asked = [place.server.say(each, place.group, "/imagine@easel_bot a fox") for each in members]
            await place.until(lambda: sum(done(one) for one in place.bot_messages(place.group)) == 20)
            await place.wait_until_settled()
            assert place.server.refusals == []
            assert sorted(one.reply_to.id for one in place.bot_messages(place.group) if one.reply_to) == [
                one.id for one in asked
            ]
            assert all(one.photo is not None for one in place.bot_messages(place.group))
            assert len(place.bot_messages(place.group)) == 20  # at most one message a job, whoever had to wait
            assert [await place.available_credits(each) for each in members] == [49] * 20
            assert all(one.reactions for one in asked)  # everybody was told at once that they were seen


@pytest.mark.thorough
async def test_albums_count_as_many_and_are_not_refused_either(tmp_path: Path) -> None:
    clock = FastClock(SPEED)
    async with telegram_world(tmp_path, clock=clock, members=["Bob", "Cleo"], limits=Limits()) as place:
        members = [place.ada, *(u for u in place.server.core.world.users.values() if u.name in ("Bob", "Cleo"))]
        async with place.easel():
            for _ in range(2):
                for each in members:
                    place.server.say(each, place.group, "/imagine@easel_bot a fox --n 4")
            await place.until(lambda: sum(done(one) for one in place.bot_messages(place.group)) == 6)
            await place.wait_until_settled()
            assert place.server.refusals == []
            assert len(place.bot_messages(place.group)) == 24


@pytest.mark.thorough
async def test_a_flood_limit_of_one_chat_holds_up_that_chat_alone(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, clock=FastClock(SPEED)) as place, place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.group, "/imagine@easel_bot a fox")
        place.server.say(place.ada, place.private, "a dog")
        status, own = await place.wait_for_reply(place.group), await place.wait_for_reply()
        await upstream.fetched.wait()
        place.server.faults.limit("editMessageMedia", retry_after=150)
        upstream.open.set()
        await place.until(lambda: done(status) or done(own))
        first, late = (status, own) if done(status) else (own, status)
        assert not done(late)
        refused_at = place.clock.monotonic()
        await place.until(lambda: done(late))
        assert place.clock.monotonic() - refused_at > 100
        assert done(first)
