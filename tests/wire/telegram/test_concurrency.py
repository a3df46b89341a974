"""How many members are painted for at once, with the settings that Easel comes with."""

from pathlib import Path

from tests.servers.telegram import UNLIMITED
from tests.support.waiting import wait_until
from tests.wire.telegram.easel import done, telegram_world

CROWD = 20


async def test_twenty_members_who_ask_at_once_are_all_at_the_upstream_at_once(tmp_path: Path) -> None:
    members = [f"member {number}" for number in range(CROWD)]
    async with telegram_world(tmp_path, members=members, limits=UNLIMITED) as place:
        crowd = [user for user in place.server.core.world.users.values() if user.name in members]
        async with place.gallery() as upstream, place.easel():
            for each in crowd:
                place.server.say(each, place.group, "/imagine@easel_bot a fox")
            await place.wait_for_unfinished_jobs(CROWD)
            await wait_until(lambda: upstream.asked == CROWD)
            assert not any(done(one) for one in place.bot_messages(place.group))
            upstream.open.set()
            await place.until(lambda: sum(done(one) for one in place.bot_messages(place.group)) == CROWD)
            await place.wait_until_settled()
