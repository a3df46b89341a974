"""What adapters keep over a restart: values, blobs, received updates, moved chats, interaction tokens, notices."""

from datetime import datetime, timedelta

import pytest

from bot.job import State
from bot.ports import (
    AdapterStorage,
    InteractionTokenStorage,
    MovedRefs,
    PendingNotices,
    PostIntents,
    StoredToken,
    UpdateInbox,
)
from bot.store import adapter_store, quarantine
from bot.store.adapter_store import BLOB_DAYS, AdapterStore
from bot.store.store import Store
from tests.flow.store.stores import DIRECT, RULES, new_job
from tests.support.clocks import FakeClock
from tests.support.databases import query


def token(identity: str, expires: datetime, **fields: object) -> StoredToken:
    return StoredToken(id=identity, expires=expires, fields=fields)


def as_ports(
    store: AdapterStore,
) -> tuple[AdapterStorage, UpdateInbox, MovedRefs, PostIntents, InteractionTokenStorage, PendingNotices]:
    """Type-checked only: the store keeps the promises of these ports."""
    return store, store, store, store, store, store


# ---------------------------------------------------------------- values and blobs


async def test_a_value_is_replaced_and_deleted(store: Store) -> None:
    adapters = store.adapter_store
    assert await adapters.get_value("commands:discord") is None
    await adapters.set_value("commands:discord", "abc")
    await adapters.set_value("commands:discord", "def")
    assert await adapters.get_value("commands:discord") == "def"
    await adapters.delete_key("commands:discord")
    assert await adapters.get_value("commands:discord") is None


async def test_values_are_found_by_the_beginning_of_their_keys(store: Store) -> None:
    adapters = store.adapter_store
    for key in ("a_:1", "a_:2", "ab:3", "b"):
        await adapters.set_value(key, key)
    assert await adapters.values_with_prefix("a_:") == {"a_:1": "a_:1", "a_:2": "a_:2"}


async def test_what_is_kept_is_there_until_it_is_old(store: Store, clock: FakeClock) -> None:
    adapters = store.adapter_store
    assert await adapters.cached_blob("upload:1") is None
    await adapters.cache_blob("upload:1", b"one")
    await adapters.cache_blob("upload:1", b"\x00two")
    assert await adapters.cached_blob("upload:1") == b"\x00two"
    clock.jump(BLOB_DAYS * 86_400 + 1)
    await adapters.cache_blob("upload:2", b"three")
    assert await adapters.cached_blob("upload:1") is None
    assert await adapters.cached_blob("upload:2") == b"three"
    await adapters.delete_key("upload:2")
    assert await adapters.cached_blob("upload:2") is None


# ---------------------------------------------------------------- received updates


async def test_updates_wait_for_their_handling_in_order(store: Store) -> None:
    adapters = store.adapter_store
    largest = 2**62
    odd = {"text": "\0 \ud800 ünï"}
    await adapters.save_updates("telegram", {7: {"update_id": 7}, largest: odd, 5: {"deep": [{}]}})
    await adapters.save_updates("telegram", {7: {"update_id": 7, "again": None}})
    await adapters.save_updates("other", {1: {}})
    assert list((await adapters.saved_updates("telegram")).items()) == [
        (5, {"deep": [{}]}),
        (7, {"update_id": 7, "again": None}),
        (largest, odd),
    ]
    await adapters.delete_updates("telegram", [7])
    await adapters.delete_updates("telegram", [7])
    await adapters.delete_updates("telegram", [1])
    assert list(await adapters.saved_updates("telegram")) == [5, largest]
    assert await adapters.saved_updates("other") == {1: {}}


async def test_no_updates_cost_nothing(store: Store) -> None:
    await store.adapter_store.save_updates("telegram", {})
    assert await store.adapter_store.saved_updates("telegram") == {}


async def test_an_update_is_set_aside_whole_and_once(store: Store, clock: FakeClock, database_url: str) -> None:
    adapters = store.adapter_store
    await adapters.save_updates("telegram", {1: {"update_id": 1}, 2: {"update_id": 2}})
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    for _ in range(2):
        await adapters.set_aside_update("telegram", 1, {"update_id": 1, "text": "a\0b\ud800"}, "message: TypeError")
        await adapters.set_aside_update("telegram", None, {"text": "no number"}, "no usable update_id")
        await adapters.set_aside_update("discord", 1, nested, "MESSAGE_CREATE: RecursionError")
        clock.jump(1.0)
    assert list(await adapters.saved_updates("telegram")) == [2]
    kept = await store.quarantine.list_rows()
    assert all(each.is_update for each in kept)
    assert sorted(each.key.partition(" ")[0] for each in kept) == ["discord", "telegram", "telegram"]
    whole = '{"update_id": 1, "text": "a\\u0000b\ufffd"}'
    assert (whole,) in query(database_url, "SELECT content FROM quarantine")


async def test_the_newest_updates_that_were_set_aside_are_kept(
    store: Store, clock: FakeClock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MAX_UPDATES", 3)
    monkeypatch.setattr(quarantine, "MAX_UPDATE_CHARS", 10)
    for number in range(5):
        await store.adapter_store.set_aside_update("telegram", number, "long " * 10, "odd")
        clock.jump(1.0)
    assert [each.key for each in await store.quarantine.list_rows()] == ["telegram 2", "telegram 3", "telegram 4"]
    assert query(database_url, "SELECT DISTINCT LENGTH(content) FROM quarantine") == [(10,)]


# ---------------------------------------------------------------- moved chats and messages


async def test_the_newest_moves_are_kept(
    store: Store, clock: FakeClock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_store, "MAX_MOVED_REFS", 10)
    adapters = store.adapter_store
    await adapters.save_moved_ref("other", "-1", "-9")
    await adapters.save_moved_ref("telegram", "-1", "-1001")
    clock.jump(1)
    for number in range(2, 11):
        await adapters.save_moved_ref("telegram", f"-{number}", f"-100{number}")
    assert len(await adapters.moved_refs("telegram")) == 10
    clock.jump(1)
    await adapters.save_moved_ref("telegram", "-5/7", "-1005/8")
    moves = await adapters.moved_refs("telegram")
    assert len(moves) == 10
    assert "-1" not in moves
    assert list(moves.items())[-1] == ("-5/7", "-1005/8")
    assert await adapters.moved_refs("other") == {"-1": "-9"}
    assert query(database_url, "SELECT COUNT(*) FROM moved_ref") == [(11,)]


async def test_a_chat_that_moves_again_is_found_at_its_last_place(store: Store, clock: FakeClock) -> None:
    adapters = store.adapter_store
    for old, new in (("-1", "-2"), ("-3", "-4"), ("-1", "-5")):
        await adapters.save_moved_ref("telegram", old, new)
        clock.jump(1)
    assert list((await adapters.moved_refs("telegram")).items()) == [("-3", "-4"), ("-1", "-5")]


# ---------------------------------------------------------------- interaction tokens


async def test_tokens_are_kept_one_by_one_until_they_expire(store: Store, clock: FakeClock, database_url: str) -> None:
    adapters, now = store.adapter_store, clock.now()
    early, late = now + timedelta(minutes=14), now + timedelta(days=1)
    second = token("i2", late, token="t2", messages=["m"])
    await adapters.save_tokens("discord", [second, token("i1", early, dead=False)])
    await adapters.save_tokens("discord:1", [token("i1", early, token="of another process")])
    await adapters.save_tokens("discord", [token("i1", early, dead=True)])
    assert await adapters.load_tokens("discord") == [token("i1", early, dead=True), second]
    clock.jump(14 * 60)
    assert await adapters.load_tokens("discord") == [second]
    await adapters.delete_expired_tokens("discord")
    assert query(database_url, "SELECT scope, id FROM interaction_token ORDER BY scope") == [
        ("discord", "i2"),
        ("discord:1", "i1"),
    ]
    await store.deletions.delete_expired(days=None)
    assert query(database_url, "SELECT scope, id FROM interaction_token") == [("discord", "i2")]


async def test_tokens_of_a_clock_that_was_ahead_are_not_kept_until_then(store: Store, clock: FakeClock) -> None:
    adapters = store.adapter_store
    clock.jump(30 * 86_400)
    await adapters.save_tokens("discord", [token("i1", clock.now() + timedelta(minutes=14))])
    clock.jump(-30 * 86_400)
    assert await adapters.load_tokens("discord") == []
    await adapters.delete_expired_tokens("discord")
    clock.jump(30 * 86_400)
    assert await adapters.load_tokens("discord") == []


async def test_a_token_is_not_shown(clock: FakeClock) -> None:
    assert "secret" not in repr(token("i1", clock.now(), token="secret"))


# ---------------------------------------------------------------- posts


async def test_intents_of_posts_are_kept_while_their_jobs_are_open(
    store: Store, clock: FakeClock, database_url: str
) -> None:
    adapters = store.adapter_store
    new = new_job()
    job, _ = await store.accept_job(new, RULES, begun=True)
    await adapters.save_post_intent("telegram", job.id, {"after": 1})
    await adapters.save_post_intent("telegram", job.id, {"after": 2})
    await adapters.save_post_intent("telegram", f"{job.id}:again", {"after": 3})
    await adapters.save_post_intent("telegram", "another", {"after": 4})
    await adapters.save_post_intent("discord", job.id, {})
    ours = {job.id: {"after": 2}, f"{job.id}:again": {"after": 3}}
    assert await adapters.post_intents("telegram") == ours
    await store.settle_job(job, State.FAILED, charged=0)
    assert await adapters.post_intents("telegram") == ours
    await store.mark_notified(job.id)
    assert await adapters.post_intents("telegram") == {}
    await store.deletions.delete_expired(days=None)
    assert len(query(database_url, "SELECT key FROM post_intent")) == 4
    clock.jump(-30 * 86_400)  # a clock that was ahead
    await store.deletions.delete_expired(days=None)
    assert query(database_url, "SELECT key FROM post_intent") == []


async def test_a_chat_knows_which_messages_are_jobs(store: Store) -> None:
    one, _ = await store.accept_job(new_job(), RULES, begun=True)
    await store.set_status_message(one.id, "11")
    assert await store.adapter_store.job_messages("telegram", ["10", "11", "12"]) >= {(DIRECT.key, "11")}
    assert one.request_id is not None
    assert await store.adapter_store.job_messages("telegram", [one.request_id]) == {(DIRECT.key, one.request_id)}
    assert await store.adapter_store.job_messages("discord", ["11"]) == set()


# ---------------------------------------------------------------- pending notices


async def test_notices_wait_until_they_are_shown(store: Store) -> None:
    adapters = store.adapter_store
    await adapters.add_pending_notice("discord", "1")
    await adapters.add_pending_notice("discord", "1")
    await adapters.add_pending_notice("discord", "2")
    await adapters.add_pending_notice("discord:1", "3")
    assert await adapters.pending_notices("discord") == {"1", "2"}
    await adapters.delete_pending_notice("discord", "1")
    await adapters.delete_pending_notice("discord", "1")
    assert await adapters.pending_notices("discord") == {"2"}
    assert await adapters.pending_notices("discord:1") == {"3"}
