"""Tokens of links to the region page: good ones, forged ones, expired ones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RegionLinkExpired, RegionLinkUnknown
from bot.handlers.region_tokens import ID_BYTES, KEY_BYTES, make_token, read_token, session_id

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
KEY = bytes(range(KEY_BYTES))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.binary(min_size=ID_BYTES, max_size=ID_BYTES), st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES))
def test_a_token_leads_to_its_session_until_it_expires(identity: bytes, key: bytes) -> None:
    token = make_token(key, identity, LATER)
    assert read_token(key, token, LATER - timedelta(seconds=1)) == session_id(identity)
    with pytest.raises(RegionLinkExpired):
        read_token(key, token, LATER)


def test_a_token_of_a_clock_that_was_ahead_does_not_live_until_then() -> None:
    token = make_token(KEY, bytes(ID_BYTES), LATER)
    with pytest.raises(RegionLinkExpired):
        read_token(KEY, token, NOW - timedelta(days=30))
    read_token(KEY, token, NOW - timedelta(seconds=30))  # a clock that was set right


def test_platforms_take_it_as_it_is() -> None:
    token = make_token(KEY, bytes(ID_BYTES), LATER)
    assert len(token) <= 64  # of Telegram's `start`
    assert set(token) <= set(ALPHABET)


@given(st.integers(0, 61), st.sampled_from(ALPHABET))
def test_a_token_with_one_other_character_is_unknown(at: int, other: str) -> None:
    token = make_token(KEY, bytes(ID_BYTES), LATER)
    forged = token[:at] + other + token[at + 1 :]
    if forged != token:
        with pytest.raises(RegionLinkUnknown):
            read_token(KEY, forged, NOW)


@given(st.text(max_size=80))
def test_any_other_text_is_unknown(text: str) -> None:
    with pytest.raises(RegionLinkUnknown):
        read_token(KEY, text, NOW)


def test_a_token_of_another_easel_is_unknown_whether_it_has_expired_or_not() -> None:
    for expires in (LATER, NOW - timedelta(days=1)):
        with pytest.raises(RegionLinkUnknown):
            read_token(KEY, make_token(bytes(KEY_BYTES), bytes(ID_BYTES), expires), NOW)
