"""A PostgreSQL that several processes share, each with a cluster of its own in the process of the test."""

import pytest

from tests.support.postgres import Cluster as Server


@pytest.fixture
def shared_url(postgres: Server, postgres_template: str) -> str:
    return postgres.url(postgres.create(template=postgres_template))
