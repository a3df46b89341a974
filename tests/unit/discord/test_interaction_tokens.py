"""Which token still replies to what, and for how long it is known."""

from adapters.discord.interaction_tokens import (
    TOKEN_LIFETIME_S,
    TOKEN_ONLY_RETENTION_S,
    InteractionToken,
    InteractionTokens,
)
from tests.unit.discord.tokens import CREATED_S, make_token


def test_a_token_lives_fourteen_minutes_unless_it_died_before() -> None:
    token = make_token()
    assert token.is_usable(CREATED_S + TOKEN_LIFETIME_S - 1)
    assert not token.is_usable(CREATED_S + TOKEN_LIFETIME_S)
    assert not make_token(dead=True).is_usable(CREATED_S)
    assert "secret" not in repr(token)


def test_a_token_made_while_the_clock_was_a_month_ahead_does_not_live_until_then() -> None:
    tokens, month_s = InteractionTokens(), 30 * 86_400
    tokens.add(token := make_token(message_ids=["m1"]))
    assert not token.is_usable(CREATED_S - month_s)
    tokens.delete_expired(CREATED_S - month_s)
    assert tokens.for_message("m1") is None


def test_a_message_is_edited_by_the_token_it_was_assigned_last() -> None:
    tokens = InteractionTokens()
    first, second = make_token("i1", message_ids=["m1"]), make_token("i2")
    tokens.add(first)
    tokens.add(second)
    assert tokens.for_message("m1") is first
    tokens.assign_message(second, "m1")
    tokens.assign_message(second, "m1")
    assert tokens.for_message("m1") is second
    assert second.message_ids == ["m1"]
    assert tokens.for_message("m9") is None
    assert tokens.get(None) is None


def test_a_token_is_read_as_it_was_written() -> None:
    token = make_token(message_ids=["m1"], reply_id="m1", token_only=True)
    assert InteractionToken.from_fields(token.to_fields()) == token


def test_tokens_are_deleted_when_they_cannot_matter_any_more() -> None:
    tokens = InteractionTokens()
    tokens.add(make_token("plain", message_ids=["plain"]))
    tokens.add(make_token("only way", message_ids=["only way"], token_only=True))
    tokens.add(make_token("ephemeral", message_ids=["ephemeral"], token_only=True, ephemeral=True))
    tokens.assign_message(make_token("elsewhere"), "plain")  # deleting the old token leaves the new assignment alone
    tokens.delete_expired(CREATED_S + TOKEN_LIFETIME_S - 1)
    assert len(tokens) == 3
    tokens.delete_expired(CREATED_S + TOKEN_LIFETIME_S)
    assert len(tokens) == 1
    assert tokens.for_message("only way") is not None
    tokens.delete_expired(CREATED_S + TOKEN_ONLY_RETENTION_S)
    assert len(tokens) == 0
    assert tokens.for_message("only way") is None
