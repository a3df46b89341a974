"""The cache of served files: bounded in number and bytes."""

from bot.sandbox.served_files import MAX_FILES, FileCache


def test_the_cache_holds_a_number_of_files_and_a_number_of_bytes():
    cache = FileCache()
    for number in range(MAX_FILES + 1):
        cache.add_file(str(number), b"x")
    assert cache.get_file("0") is None
    assert cache.get_file("1") is not None
    cache.add_file("heavy", bytes(256_000_001))
    assert cache.get_file("heavy") is not None
    assert cache.get_file("100") is None
