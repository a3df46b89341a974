"""Interactions: the request, its response, the lifetime of its token. No HTTP.

Rules from the docs' "Receiving and Responding": an answer within 3 s, once; the token lives 15 minutes.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from tests.servers.discord import encode
from tests.servers.discord.entities import NITRO_LIMIT, Channel, Kind, Message, User
from tests.servers.discord.errors import ApiError, Json, invalid_form, unknown
from tests.servers.discord.world import World

ACK_WITHIN = 3.0  # seconds
TOKEN_LIFE = 15 * 60.0  # seconds
FOLLOW_UPS = 5  # of an app that only the user installed


class InteractionKind(IntEnum):
    """Interaction types."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Answered(IntEnum):
    """Callback types."""

    MESSAGE = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(slots=True, kw_only=True, eq=False)
class Interaction:
    """`source`: the message whose component was used. `target`: that of a message command. `parent`: what
    opened the modal. `answered` and what follows tell what the bot did."""

    id: int
    token: str
    kind: InteractionKind
    user: User
    channel: Channel
    data: Json
    created: datetime
    name: str = ""
    source: Message | None = None
    target: Message | None = None
    parent: "Interaction | None" = None
    answered: Answered | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list[Message])
    choices: list[Json] | None = None
    modal: Json | None = None

    @property
    def by_user_install(self) -> bool:
        """The bot is not here: only the token reaches this place."""
        return not (self.channel.guild.bot_in if self.channel.guild else self.channel.kind is Kind.DM)

    @property
    def file_limit(self) -> int:
        """`attachment_size_limit`: the larger of the place's and the user's."""
        return max(self.channel.file_limit, NITRO_LIMIT if self.user.nitro else 0)

    @property
    def context(self) -> int:
        return 0 if self.channel.guild else 1 if self.channel.kind is Kind.DM else 2

    @property
    def owners(self) -> Json:
        """`authorizing_integration_owners`."""
        if self.by_user_install:
            return {"1": str(self.user.id)}
        return {"0": str(self.channel.guild.id) if self.channel.guild else "0"}

    @property
    def messages(self) -> list[Message]:
        """Those that the token may read and change."""
        mine = [self.original, *self.followups, self.source]
        return [message for message in mine if message is not None]

    def metadata(self) -> Json:
        """`interaction_metadata` of the messages that answer it."""
        body: Json = {
            "id": str(self.id),
            "type": int(self.kind),
            "user": encode.user(self.user),
            "authorizing_integration_owners": self.owners,
        }
        if self.kind is InteractionKind.COMPONENT and self.source is not None:
            body["interacted_message_id"] = str(self.source.id)
        if self.kind is InteractionKind.MODAL and self.parent is not None:
            body["triggering_interaction_metadata"] = self.parent.metadata()
        if self.target is not None:
            body["target_message_id"] = str(self.target.id)
        return body


class Interactions:
    """All interactions so far, by token."""

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        self.world = world
        self._now = now
        self._by_token: dict[str, Interaction] = {}

    @property
    def tokens(self) -> list[str]:
        """Of all interactions, oldest first."""
        return list(self._by_token)

    def ask(
        self,
        kind: InteractionKind,
        user: User,
        channel: Channel,
        data: Json,
        *,
        name: str = "",
        source: Message | None = None,
        target: Message | None = None,
        parent: Interaction | None = None,
    ) -> Interaction:
        interaction = Interaction(
            id=self.world.snowflake(),
            token=secrets.token_urlsafe(48),
            kind=kind,
            user=user,
            channel=channel,
            data=data,
            created=self._now(),
            name=name,
            source=source,
            target=target,
            parent=parent,
        )
        self._by_token[interaction.token] = interaction
        return interaction

    def answer(self, id_: int, token: str, type_: int) -> tuple[Interaction, Answered]:
        """Marks an interaction as answered.

        Raises ApiError 10062 when it is unknown or older than 3 s, 40060 when it has an answer, 50035 when
        this kind of answer does not fit.
        """
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != id_:
            raise unknown("Interaction")
        if interaction.answered is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if self._age(interaction) > ACK_WITHIN:
            raise unknown("Interaction")
        if type_ not in _fitting(interaction):
            raise invalid_form("type", "BASE_TYPE_CHOICES", f"Type {type_} does not answer this interaction.")
        interaction.answered = Answered(type_)
        return interaction, interaction.answered

    def by_token(self, application_id: int, token: str) -> Interaction:
        """Raises ApiError 10015 for an unknown or unanswered one, 50027 once 15 minutes have passed."""
        interaction = self._by_token.get(token)
        if interaction is None or application_id != self.world.application_id:
            raise unknown("Webhook")
        if self._age(interaction) >= TOKEN_LIFE:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if interaction.answered is None:
            raise unknown("Webhook")
        return interaction

    def _age(self, interaction: Interaction) -> float:
        return (self._now() - interaction.created).total_seconds()


def _fitting(interaction: Interaction) -> set[int]:
    if interaction.kind is InteractionKind.AUTOCOMPLETE:
        return {Answered.CHOICES}
    fitting: set[int] = {Answered.MESSAGE, Answered.DEFER}
    if interaction.source is not None:
        fitting |= {Answered.DEFER_UPDATE, Answered.UPDATE}
    if interaction.kind is not InteractionKind.MODAL:
        fitting.add(Answered.MODAL)
    return fitting
