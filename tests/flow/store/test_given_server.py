"""Tests on a PostgreSQL that is there: databases of their own, which go, and nothing else changes."""

from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import Cluster, shared_cluster


def names(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {str(name) for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_a_server_that_is_named_is_used_and_left_as_it_was(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = postgres.url(postgres.create())
    monkeypatch.setenv("EASEL_TEST_DATABASE_URL", theirs)
    with shared_cluster(tmp_path / "shared") as given, shared_cluster(tmp_path / "shared") as beside:
        made = [given.create(), beside.create()]
        assert given.url("x").rpartition("/")[0] == theirs.rpartition("/")[0]
        assert names(given.url(made[0])).issuperset(made)
    left = names(theirs)
    assert left.isdisjoint(made)
    assert theirs.rpartition("/")[2] in left
