"""Stored rows that this adapter cannot make anything of: set aside, and everybody else is served."""

from typing import Any

import pytest

from tests.support.databases import put_updates
from tests.support.waiting import wait_until
from tests.support.world import open_store
from tests.wire.telegram.easel import TelegramWorld

BROKEN: list[Any] = [
    [],
    "words",
    5,
    {},
    {"update_id": "104"},
    {"update_id": 999},
    {"update_id": 106, "message": {"message_id": "x"}},
    {"update_id": 107, "message": []},
    {"update_id": 108, "callback_query": {"id": 5}},
]


@pytest.mark.parametrize("starts", [2])
async def test_what_cannot_be_read_of_before_is_set_aside_and_hides_nothing(place: TelegramWorld, starts: int) -> None:
    async with open_store(place.values({})["database_url"], place.clock) as store:
        adapters = store.adapter_store
        await adapters.save_updates("telegram", {number: {} for number in range(100, 100 + len(BROKEN))})
        await adapters.save_moved_ref("telegram", "-100", "elsewhere")
        await adapters.save_moved_ref("telegram", "-101", "٣")
        await adapters.set_value("pending-requests:telegram:1:telegram:1", "[")
        await adapters.set_value("telegram:commands", "no JSON")
    put_updates(place.values({})["database_url"], BROKEN)
    for _ in range(starts):
        async with place.easel() as easel:
            request = place.server.say(place.ada, place.private, "a fox")
            await place.wait_for_picture(after=request)

            async def all_set_aside() -> bool:
                rows = await easel.app.store.quarantine.list_rows()  # awaited within the turn
                return len(rows) == len(BROKEN) + 3

            await wait_until(all_set_aside)
            assert await easel.app.store.adapter_store.saved_updates("telegram") == {}
