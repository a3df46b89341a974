"""The one route that answers an interaction, in all its types."""

from tests.servers.discord import message_changes
from tests.servers.discord.entities import Flag, Message
from tests.servers.discord.errors import Json, unknown
from tests.servers.discord.interactions import Answered, Interaction, InteractionKind
from tests.servers.discord.rest.call import Answer, Call, Routes

COMMAND_ANSWER, CONTEXT_ANSWER, REPLY = 20, 23, 19  # message types


def callback(call: Call) -> Answer:
    interaction, answered = call.core.interactions.answer(
        call.number("interaction_id"), call.params["interaction_token"], int(call.payload.get("type") or 0)
    )
    data: Json = call.payload.get("data") or {}
    try:
        message = _carry_out(call, interaction, answered, data)
    except Exception:
        interaction.answered = None  # a refused answer is none
        raise
    if call.query.get("with_response") in (None, "0", "false"):
        return None
    return _described(call, interaction, answered, message)


def ephemeral(interaction: Interaction, data: Json) -> int:
    """The flag, if asked for or forced: members who may not use their own apps here answer only themselves."""
    forced = interaction.by_user_install and not interaction.channel.external_apps
    return Flag.EPHEMERAL if forced else int(data.get("flags") or 0) & Flag.EPHEMERAL


def kind(interaction: Interaction) -> int:
    if interaction.kind is InteractionKind.COMMAND:
        return CONTEXT_ANSWER if interaction.target is not None else COMMAND_ANSWER
    return REPLY if interaction.source is not None else 0


def _carry_out(call: Call, interaction: Interaction, answered: Answered, data: Json) -> Message | None:
    if answered is Answered.CHOICES:
        interaction.choices = data.get("choices") or []
        return None
    if answered is Answered.MODAL:
        interaction.modal = data
        return None
    if answered in (Answered.DEFER_UPDATE, Answered.UPDATE):
        return _update(call, interaction, answered, data)
    flags = ephemeral(interaction, data)
    if answered is Answered.DEFER:
        if set(data) - {"flags"} or int(data.get("flags") or 0) & ~Flag.EPHEMERAL:
            call.core.record_violation(f"a deferred answer may carry only the ephemeral flag, not {sorted(data)}")
        flags, data = flags | Flag.LOADING, {}
    interaction.original = message_changes.create(
        call.core,
        interaction.channel,
        data,
        call.files,
        file_limit=interaction.file_limit,
        kind=kind(interaction),
        interaction=interaction,
        flags=flags,
    )
    return interaction.original


def _update(call: Call, interaction: Interaction, answered: Answered, data: Json) -> Message | None:
    source = interaction.source
    if source is None or source.deleted:
        raise unknown("Message")
    interaction.original = source
    if answered is Answered.DEFER_UPDATE:
        return None
    return message_changes.edit(call.core, source, data, call.files, file_limit=interaction.file_limit)


def _described(call: Call, interaction: Interaction, answered: Answered, message: Message | None) -> Json:
    facts: Json = {"id": str(interaction.id), "type": int(interaction.kind)}
    if message is None:
        return {"interaction": facts}
    facts |= {
        "response_message_id": str(message.id),
        "response_message_loading": message.loading,
        "response_message_ephemeral": message.ephemeral,
        "channel_id": str(message.channel.id),
    }
    shown = 4 if answered is Answered.DEFER else int(answered)  # the resource of a type 5 is a message
    return {"interaction": facts, "resource": {"type": shown, "message": call.core.seen(message)}}


ROUTES: Routes = {("POST", "/interactions/{interaction_id}/{interaction_token}/callback"): callback}
