"""Imports point down only. The floors stand in pyproject.toml; here they are a test."""

import pytest
from importlinter.cli import lint_imports

from tests.support import PROJECT


def test_imports_point_down_only(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    code = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert code == 0, capsys.readouterr().out
