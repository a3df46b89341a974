"""No part of the process can use up the descriptors of the others, however few there are."""

import resource

import pytest

from bot.runtime import descriptors


@pytest.mark.parametrize("limit", [64, 256, 1024, 65_536])
def test_the_shares_of_all_parts_fit_into_the_limit(limit: int) -> None:
    jobs = descriptors.concurrent_jobs(limit)
    parts = (
        descriptors.FILES,
        descriptors.server_connections(limit),
        descriptors.CHAT_CLIENTS * descriptors.chat_connections(limit),
        jobs,
    )
    assert sum(parts) <= limit
    assert jobs >= descriptors.MIN_JOBS


@pytest.mark.parametrize(("limit", "jobs"), [(16, 2), (64, 16), (1024, 676)])
def test_how_many_jobs_run_at_once(limit: int, jobs: int) -> None:
    assert descriptors.concurrent_jobs(limit) == jobs


def test_the_limit_is_raised_as_far_as_the_system_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {resource.RLIMIT_NOFILE: (256, 4096)}
    monkeypatch.setattr(resource, "getrlimit", limits.__getitem__)
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
    descriptors.raise_limit()
    assert limits == {resource.RLIMIT_NOFILE: (4096, 4096)}
    assert descriptors.limit() == 4096
    limits[resource.RLIMIT_NOFILE] = (1024, resource.RLIM_INFINITY)
    descriptors.raise_limit()
    assert descriptors.limit() == descriptors.MAX_LIMIT
    limits[resource.RLIMIT_NOFILE] = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    descriptors.raise_limit()
    assert descriptors.limit() == descriptors.MAX_LIMIT
