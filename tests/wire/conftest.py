"""Fixtures of tests that look for secrets in whatever a component writes."""

import logging

import pytest


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that anybody logs, from before the adapters are made. The database's libraries would only repeat what
    lies in its files, which are read."""
    for name in (None, *logging.root.manager.loggerDict):
        if name is None or not name.startswith(("aiosqlite", "sqlalchemy")):
            caplog.set_level(logging.DEBUG, logger=name)
    return caplog
