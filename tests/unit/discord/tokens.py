"""Interaction tokens for tests."""

from typing import Any

from adapters.discord.interaction_tokens import InteractionToken

CREATED_S = 1000.0


def make_token(interaction: str = "i1", **fields: Any) -> InteractionToken:
    values: dict[str, Any] = {
        "token": "secret",
        "created_s": CREATED_S,
        "file_limit": 10,
        "user": "7",
        "token_only": False,
    }
    return InteractionToken(id=interaction, **(values | fields))
