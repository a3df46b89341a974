"""What Telegram hands to a Mini App: its own word is read, everything else proves nothing."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telegram.launch_data import MAX_AGE, MAX_AHEAD, read_launch_user

TOKEN = "123456789:AAFakeTokenOfNobody"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
AMBER = {"id": 4711, "first_name": "Amber & Co", "language_code": "en"}


def sign(fields: dict[str, str], token: str = TOKEN) -> str:
    """As Telegram does it, written anew from its description."""
    checked = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return urlencode(fields | {"hash": hmac.new(secret, checked.encode(), hashlib.sha256).hexdigest()})


def fields(at: datetime = NOW, **more: str) -> dict[str, str]:
    told = {"query_id": "AAHdF6IQ", "auth_date": str(int(at.timestamp())), "signature": "abc-_"}
    return told | {"user": json.dumps(AMBER)} | more


def test_who_has_opened_the_app_is_read() -> None:
    assert read_launch_user(sign(fields(start_param="x" * 62)), TOKEN, NOW) == "4711"


def test_the_example_of_another_implementation_is_read() -> None:
    """Computed once by the code that Telegram's documentation prints, for a bot that does not exist."""
    secret = hmac.digest(b"WebAppData", b"5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8", "sha256")
    fields = {"auth_date": "1796040000", "query_id": "AAF", "user": '{"id":279058397}'}
    told = "\n".join(f"{name}={value}" for name, value in fields.items())
    launch = urlencode(fields)
    launch += f"&hash={hmac.digest(secret, told.encode(), 'sha256').hex()}"
    at = datetime.fromtimestamp(1796040000, UTC)
    assert read_launch_user(launch, "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8", at) == "279058397"


@pytest.mark.parametrize(
    "launch",
    [
        "",
        "hash=",
        sign(fields(), "999:AnotherBot"),
        sign(fields()).replace("4711", "4712"),
        sign(fields()) + "&user=%7B%22id%22%3A1%7D",
        sign(fields()).rpartition("&")[0],
        sign(fields()).replace("hash=", "hash=é"),
        sign(fields(user="")),
        sign(fields(user="[]")),
        sign(fields(user='{"id": "4711"}')),
        sign(fields(user='{"id": true}')),
        sign(fields(user="{")),
        sign(fields(auth_date="")),
        sign(fields(auth_date="soon")),
        sign(fields(auth_date="9" * 30)),
        sign(fields(NOW - MAX_AGE - timedelta(seconds=1))),
        sign(fields(NOW + MAX_AHEAD + timedelta(seconds=1))),
        sign(fields(more="x" * 9_000)),
    ],
)
def test_everything_else_proves_nothing(launch: str) -> None:
    assert read_launch_user(launch, TOKEN, NOW) is None


@given(st.text(max_size=300))
def test_any_text_proves_nothing(launch: str) -> None:
    assert read_launch_user(launch, TOKEN, NOW) is None
