"""What the adapter saves: one row a token, one transaction for those that come together, nothing for ever."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from typing_extensions import override

from adapters.discord.interaction_tokens import TOKEN_LIFETIME_S
from adapters.discord.state import MAX_USERS, DiscordState
from bot.cluster.local import LocalMembership
from bot.errors import StoreFailed
from bot.ports import StoredToken
from tests.support.clocks import FakeClock, settle
from tests.unit.discord.tokens import make_token


class Storage:
    """Tokens and notices by scope. `transactions`: the ids of each `save_tokens`; they wait while `gate` is closed,
    and fail where `broken`."""

    def __init__(self, clock: FakeClock) -> None:
        self.tokens: dict[str, dict[str, StoredToken]] = {}
        self.notices: dict[str, set[str]] = {}
        self.transactions: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False
        self._clock = clock

    async def save_tokens(self, scope: str, tokens: Sequence[StoredToken]) -> None:
        self.transactions.append([token.id for token in tokens])
        await self.gate.wait()
        self._check()
        self.tokens.setdefault(scope, {}).update({token.id: token for token in tokens})

    async def delete_expired_tokens(self, scope: str) -> None:
        self._check()
        kept = self.tokens.get(scope, {})
        self.tokens[scope] = {key: token for key, token in kept.items() if token.expires > self._clock.now()}

    async def load_tokens(self, scope: str, token_id: str | None = None) -> list[StoredToken]:
        self._check()
        kept = self.tokens.get(scope, {}).values()
        return [each for each in kept if token_id in (None, each.id)]

    async def add_pending_notice(self, scope: str, user_id: str) -> None:
        self._check()
        self.notices.setdefault(scope, set()).add(user_id)

    async def delete_pending_notice(self, scope: str, user_id: str) -> None:
        self._check()
        self.notices[scope].discard(user_id)

    async def pending_notices(self, scope: str) -> set[str]:
        return set(self.notices.get(scope, ()))

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        raise NotImplementedError

    async def set_value(self, key: str, value: str) -> None:
        raise NotImplementedError

    async def get_value(self, key: str) -> str | None:
        raise NotImplementedError

    async def cache_blob(self, key: str, data: bytes) -> None:
        raise NotImplementedError

    async def cached_blob(self, key: str) -> bytes | None:
        raise NotImplementedError

    async def delete_key(self, key: str) -> None:
        raise NotImplementedError

    def _check(self) -> None:
        if self.broken:
            raise StoreFailed


class MembershipOfMany(LocalMembership):
    @override
    def alone(self) -> bool:
        return False


async def test_a_save_costs_one_row_however_many_tokens_there_are_and_expired_ones_go() -> None:
    clock = FakeClock()
    storage = Storage(clock)
    state = DiscordState(storage, clock)
    start_s = clock.now().timestamp()
    for number in range(100):
        fields = {"message_ids": [f"m{number}"], "token_only": number == 0}
        token = make_token(f"i{number}", created_s=start_s + number, **fields)
        state.tokens.add(token)
        await state.save_token(token)
        await state.close()
    assert storage.transactions == [[f"i{number}"] for number in range(100)]
    again = DiscordState(storage, clock)
    await again.load()
    assert len(again.tokens) == 100
    assert again.tokens.for_message("m1") == state.tokens.for_message("m1")
    clock.jump(timedelta(seconds=100 + TOKEN_LIFETIME_S).total_seconds())
    late = make_token("late", created_s=clock.now().timestamp())
    again.tokens.add(late)
    await again.save_token(late)
    await again.close()
    assert len(again.tokens) == 2  # the one of a place that has no other way, and the late one
    assert storage.tokens["discord"].keys() == {"i0", "late"}


async def test_saves_that_come_during_a_transaction_share_the_next_one() -> None:
    clock = FakeClock()
    storage = Storage(clock)
    state = DiscordState(storage, clock)
    storage.gate.clear()
    for number in range(4):
        await state.save_token(make_token(f"i{number}", created_s=clock.now().timestamp()))
    assert storage.transactions == [["i0"]]
    storage.gate.set()
    await state.close()
    assert storage.transactions == [["i0"], ["i1", "i2", "i3"]]


async def test_processes_find_each_others_tokens_and_notices() -> None:
    clock = FakeClock()
    storage = Storage(clock)
    first, second = DiscordState(storage, clock), DiscordState(storage, clock)
    token = make_token(created_s=clock.now().timestamp())
    first.tokens.add(token)
    await first.save_token(token)
    await first.close()
    await first.add_pending_notice("7")
    third = DiscordState(storage, clock)
    await third.load_token(token.id)
    await third.load_token(token.id)
    assert third.tokens.get(token.id) == token
    await second.load()
    assert (len(second.tokens), second.has_pending_notice("7")) == (1, True)
    await first.load()
    assert first.tokens.get(token.id) is token  # its own is newer
    await second.delete_pending_notice("7")
    assert (second.has_pending_notice("7"), storage.notices) == (False, {"discord": set()})


async def test_a_process_reads_what_others_know_of_a_token() -> None:
    clock = FakeClock()
    storage, created_s = Storage(clock), clock.now().timestamp()
    first, second = DiscordState(storage, clock), DiscordState(storage, clock)
    await second.load_token("i1")
    assert second.tokens.get("i1") is None
    token = make_token(created_s=created_s)
    first.tokens.add(token)
    first.tokens.assign_message(token, "70")
    await first.save_token(token)
    await first.close()
    await second.load_token("i1")
    assert second.tokens.for_message("70") == token
    mine = make_token(created_s=created_s, reply_id="69")
    third = DiscordState(storage, clock)
    third.tokens.add(mine)
    third.tokens.assign_message(mine, "69")
    await third.load_token("i1")
    assert third.tokens.for_message("69") is third.tokens.for_message("70") is mine
    assert (mine.reply_id, mine.message_ids) == ("69", ["69", "70"])
    storage.broken = True
    await third.load_token("i1")
    assert third.tokens.get("i1") is mine


async def test_among_several_processes_a_token_is_written_before_anything_else_is_done() -> None:
    clock = FakeClock()
    storage = Storage(clock)
    state = DiscordState(storage, clock, MembershipOfMany())
    storage.gate.clear()
    saving = asyncio.create_task(state.save_token(make_token(created_s=clock.now().timestamp())))
    await settle()
    assert not saving.done()
    storage.gate.set()
    await saving
    assert storage.tokens["discord"].keys() == {"i1"}
    storage.broken = True
    await state.save_token(make_token("i2", created_s=clock.now().timestamp()))


async def test_a_database_that_fails_costs_nothing_but_what_it_would_keep() -> None:
    clock = FakeClock()
    storage = Storage(clock)
    storage.broken = True
    state = DiscordState(storage, clock)
    await state.load()
    await state.save_token(make_token(created_s=clock.now().timestamp()))
    await state.close()
    await state.add_pending_notice("7")
    assert state.has_pending_notice("7")
    await state.delete_pending_notice("7")
    assert not state.has_pending_notice("7")
    storage.broken = False
    await state.save_token(make_token("i2", created_s=clock.now().timestamp()))
    await state.close()
    assert storage.tokens["discord"].keys() == {"i2"}


def test_roles_of_all_guilds_count_and_are_replaced_by_guild() -> None:
    clock = FakeClock()
    state = DiscordState(Storage(clock), clock)
    assert state.merge_roles("7", 1, ("a", "b")) == ("a", "b")
    assert state.merge_roles("7", 0, ("b", "c")) == ("a", "b", "c")
    assert state.merge_roles("7", 1, ()) == ("b", "c")
    assert state.merge_roles("8", 1, ()) == ()


def test_not_every_user_is_remembered_for_ever() -> None:
    clock = FakeClock()
    state = DiscordState(Storage(clock), clock)
    for number in range(MAX_USERS + 1):
        state.remember_locale(str(number), "ru")
    assert (state.locale("0"), state.locale("1")) == (None, "ru")
