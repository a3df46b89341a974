"""Discord in trouble, as a table: what happens to a call, at each step of a job; the picture comes, and is paid once.

For each: what the member sees, what is charged, what the operator reads.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from structlog.testing import capture_logs

from tests.discord_server import DiscordServer
from tests.wire.discord.easel import done, town

POST = ("POST", "/channels/{channel_id}/messages")
EDIT = ("PATCH", "/channels/{channel_id}/messages/{message_id}")


Plan = Callable[[DiscordServer, str, str], None]


def failing(status: int, times: int = 1) -> Plan:
    return lambda server, method, route: server.faults.fail(method, route, status=status, times=times)


def dropped(when: Literal["before", "after"]) -> Plan:
    return lambda server, method, route: server.faults.drop(method, route, when=when)


def limited(scope: Literal["shared", "global"]) -> Plan:
    return lambda server, method, route: server.faults.limit(method, route, retry_after=0.5, scope=scope)


TROUBLES: dict[str, Plan] = {
    "500": failing(500),
    "502 three times": failing(502, times=3),
    "reset before": dropped("before"),
    "reset after": dropped("after"),
    "429": limited("shared"),
    "429 for all": limited("global"),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("route", [POST, EDIT], ids=["first post", "edits"])
async def test_one_picture_paid_once(tmp_path: Path, route: tuple[str, str], trouble: Plan) -> None:
    async with town(tmp_path) as place:
        with capture_logs() as logs:
            async with place.easel() as easel:
                trouble(place.server, *route)
                place.server.say(place.ada, place.channel, f"{place.me} a red fox")
                picture = await place.picture()
                balance = await easel.app.store.balance(f"discord:{place.ada.id}", 50)
        assert (balance.left, balance.held) == (49, 0)
        assert place.mine() == [picture]  # Discord knows a post by its nonce, so that none stands twice
        assert len(picture.attachments) == 1
        heard = [each["event"] for each in logs if each["log_level"] in ("warning", "error")]
        assert "call failed" not in heard  # no bug of ours


async def test_a_discord_that_hangs_holds_up_no_other_channel(tmp_path: Path) -> None:
    async with town(tmp_path) as place, place.easel():
        other = place.server.world.add_channel(place.guild)
        gate = place.server.faults.hold(*EDIT)
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        await gate.arrived.wait()
        place.server.say(place.ada, other, f"{place.me} a blue fox")
        await place.until(lambda: any(done(one) for one in place.mine(other)))
        gate.open()
        await place.picture()
