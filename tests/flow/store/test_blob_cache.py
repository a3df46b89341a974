"""Bytes that an adapter keeps: there after a restart, gone after a month."""

from bot.store.store import KEPT_DAYS, Store
from tests.support.clocks import FakeClock


async def test_what_is_kept_is_there_until_it_is_old(store: Store, clock: FakeClock) -> None:
    assert await store.cached_blob("upload:1") is None
    await store.cache_blob("upload:1", b"one")
    await store.cache_blob("upload:1", b"\x00two")
    assert await store.cached_blob("upload:1") == b"\x00two"
    clock.jump(KEPT_DAYS * 86_400 + 1)
    await store.cache_blob("upload:2", b"three")
    assert await store.cached_blob("upload:1") is None
    assert await store.cached_blob("upload:2") == b"three"
