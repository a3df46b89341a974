"""Each line is one JSON object, whatever is logged and by whom, and holds no secret that Easel knows."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Generator
from typing import Any

import pytest
import structlog

from bot.observability import logs
from bot.observability.job_context import about_job, bind_job, current_job
from bot.observability.secrets import SecretFilter, secrets_in
from bot.settings import Settings

TOKEN = "123456:AAE-a-token-of-nobody"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Generator[io.StringIO]:
    """What the log's own handler writes."""
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    secrets = SecretFilter()
    secrets.add([TOKEN])
    monkeypatch.setattr(logs, "SECRETS", secrets)
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure_logging("json", "debug")
    yield stream
    root.handlers, root.level = before


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in written.getvalue().splitlines()]


def test_each_line_is_one_object(written: io.StringIO) -> None:
    circle: list[Any] = []
    circle.append(circle)
    log = structlog.get_logger()
    log.info("plain", text="two\nlines “and” \u2028 more", job="abc")
    log.info("odd", score=float("nan"), far=float("inf"), what=object(), circle=circle, broken="\udc80", key={1: 2})
    logging.getLogger("library").warning("of a library: %s", "x")
    log.error("failed", exc_info=ValueError("a\nb"))
    found = lines(written)
    assert [each["event"] for each in found] == ["plain", "odd", "of a library: x", "failed"]
    assert all(each["level"] and each["timestamp"].endswith("Z") for each in found)
    assert found[0]["text"] == "two\nlines “and” \u2028 more"
    assert (found[1]["score"], found[1]["far"]) == ("nan", "inf")
    assert "ValueError: a\nb" in found[3]["exception"]


def test_no_secret_stands_in_any(written: io.StringIO) -> None:
    error = RuntimeError(f"https://api.telegram.org/bot{TOKEN}/getMe")
    structlog.get_logger().error("failed", url=f"/bot{TOKEN}/", quoted=TOKEN.replace(":", "%3A"), exc_info=error)
    assert "token-of-nobody" not in written.getvalue()
    assert lines(written)[0]["url"] == "/bot…/"


def test_secrets_are_found_wherever_settings_hold_them() -> None:
    settings = Settings.model_validate(
        {
            "telegram": {"token": TOKEN},
            "database_url": "postgresql://easel:hush-hush@db/easel",
            "providers": [
                {"preset": "openai", "api_key": "key-of-openai", "wire": {"headers": {"X-Org": "org-of-nobody"}}},
            ],
            "moderation": {"headers": {"X-Key": "of-moderation"}},
            "notifications": {"webhook": "https://hooks.example/secret-path"},
        }
    )
    found = set(secrets_in(settings))
    assert {
        TOKEN,
        "hush-hush",
        "key-of-openai",
        "org-of-nobody",
        "of-moderation",
        "https://hooks.example/secret-path",
    } <= found


def test_short_secrets_garble_no_line_and_replaced_ones_stay_hidden() -> None:
    secrets = SecretFilter()
    assert secrets.hide("nothing is known") == "nothing is known"
    secrets.add(["sandbox", "first-key"])
    secrets.add(["first-key"])
    secrets.add(['second"key'])
    line = json.dumps({"a": 'second"key', "b": "first-key", "c": "sandbox"}, ensure_ascii=False)
    assert json.loads(secrets.hide(line)) == {"a": "…", "b": "…", "c": "sandbox"}


def test_work_is_about_a_job_within_a_block() -> None:
    assert current_job() is None
    with about_job("outer"):
        with about_job(None):
            assert current_job() == "outer"
        with about_job("inner"):
            assert current_job() == "inner"
        assert current_job() == "outer"
    assert current_job() is None
    with structlog.contextvars.bound_contextvars(job="x"):
        bind_job("y")
        assert current_job() == "y"


UNCAUGHT = """
import threading, warnings
from bot.observability.logs import configure_logging, log_everything_else
configure_logging("json", "info")
log_everything_else()
warnings.warn("a warning")
def fail(): raise ValueError("in a thread")
thread = threading.Thread(target=fail, name="painter")
thread.start(); thread.join()
raise KeyError("at the end")
"""


def test_what_python_itself_would_write_is_in_the_log_too() -> None:
    ended = subprocess.run([sys.executable, "-c", UNCAUGHT], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    found = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [each["level"] for each in found] == ["warning", "error", "critical"]
    assert "a warning" in found[0]["event"]
    assert (found[1]["thread"], found[2]["event"]) == ("painter", "uncaught exception")
    assert "KeyError: 'at the end'" in found[2]["exception"]
