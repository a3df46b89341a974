"""Interaction tokens: which one still answers what, and for how long. Pure; time is a parameter.

From Discord's "Receiving and Responding": a token lives 15 minutes; messages made by it are then edited with the
bot's own token, where the bot has access, and not at all where it has none.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from bot.store.stored_values import StoredReader

TOKEN_LIFETIME_S = 14 * 60.0  # one minute less than Discord's 15, so that no call arrives too late
TOKEN_ONLY_RETENTION_S = 24 * 3600.0  # a dead token that was the only way to a place is known so long


def token_id(interaction_id: int) -> str:
    """The id of an interaction's token, by which the core knows its request."""
    return f"i{interaction_id}"


@dataclass(slots=True, kw_only=True)
class InteractionToken:
    """An interaction and the token to reply by."""

    id: str
    """As of `token_id`."""
    token: str = field(repr=False)
    """Discord's token, a secret."""
    created_s: float
    """When the interaction came in, seconds since 1970."""
    file_limit: int
    """Bytes that one file of a reply may have."""
    user: str
    """Id of the user who started the interaction."""
    token_only: bool
    """The token is the only way to its messages: the bot is not in that place, or may not see it."""
    ephemeral: bool = False
    """The reply is shown to the user alone, and soon of no interest."""
    reply_id: str | None = None
    """Id of the message that is the first reply; None until Discord has sent it."""
    message_ids: list[str] = field(default_factory=list[str])
    """Ids of all messages that it made or may edit."""
    replied: bool = False
    """The first reply no longer shows "thinking"."""
    dead: bool = False
    """Discord has refused the token."""

    @property
    def expires_s(self) -> float:
        """When it can no longer matter, seconds since 1970."""
        retained = self.token_only and not self.ephemeral
        return self.created_s + (TOKEN_ONLY_RETENTION_S if retained else TOKEN_LIFETIME_S)

    def is_usable(self, now_s: float) -> bool:
        """Whether Discord still accepts the token, as far as is known. `now_s`: seconds since 1970."""
        return not self.dead and abs(now_s - self.created_s) < TOKEN_LIFETIME_S  # later: by a clock that was ahead

    def merge(self, other: Self) -> Self:
        """Adds what another process knows of the same token. Returns this one."""
        self.message_ids.extend(each for each in other.message_ids if each not in self.message_ids)
        self.reply_id = self.reply_id or other.reply_id
        self.replied, self.dead = self.replied or other.replied, self.dead or other.dead
        return self

    def to_fields(self) -> dict[str, Any]:
        """A JSON object, to be read by `from_fields`."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Raises ValueError for anything that `to_fields` did not make."""
        return cls(**asdict(_TOKEN.read(dict(fields))))


_TOKEN = StoredReader[InteractionToken](InteractionToken)


class InteractionTokens:
    """All tokens that may still matter, by their ids and by the messages that they edit."""

    def __init__(self) -> None:
        self._tokens: dict[str, InteractionToken] = {}
        self._by_message: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._tokens)

    def add(self, token: InteractionToken) -> None:
        self._tokens[token.id] = token
        for message_id in token.message_ids:
            self._by_message[message_id] = token.id

    def assign_message(self, token: InteractionToken, message_id: str) -> None:
        """From now on that message is edited by this token."""
        if message_id not in token.message_ids:
            token.message_ids.append(message_id)
        self._by_message[message_id] = token.id

    def get(self, token_id: str | None) -> InteractionToken | None:
        return None if token_id is None else self._tokens.get(token_id)

    def for_message(self, message_id: str) -> InteractionToken | None:
        """The token by which a message is edited."""
        return self.get(self._by_message.get(message_id))

    def delete_expired(self, now_s: float) -> None:
        """Deletes what can no longer matter. `now_s`: seconds since 1970."""
        ahead_s = now_s + TOKEN_ONLY_RETENTION_S  # beyond: made by a clock that was ahead
        for token in [each for each in self._tokens.values() if now_s >= each.expires_s or each.created_s > ahead_s]:
            del self._tokens[token.id]
            for message_id in token.message_ids:
                if self._by_message.get(message_id) == token.id:
                    del self._by_message[message_id]
