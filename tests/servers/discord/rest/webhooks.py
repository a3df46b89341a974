"""Routes by an interaction's token: its first answer, and follow-ups."""

from tests.servers.discord import message_changes
from tests.servers.discord.entities import Message, Permission
from tests.servers.discord.errors import ApiError, Json, missing_permissions, unknown
from tests.servers.discord.interactions import FOLLOW_UPS, Answered, Interaction
from tests.servers.discord.rest.call import Answer, Call, Routes
from tests.servers.discord.rest.callbacks import REPLY, ephemeral

WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = WEBHOOK + "/messages/@original"
MESSAGE = WEBHOOK + "/messages/{message_id}"


def follow_up(call: Call) -> Answer:
    """A new message; right after a deferred answer it fills that one instead (deprecated, still so)."""
    interaction = _interaction(call)
    _may_attach(call, interaction)
    original = interaction.original
    if interaction.answered is Answered.DEFER and original is not None and original.loading:
        _edited(call, interaction, original)
        return call.core.seen(original)
    if interaction.by_user_install and len(interaction.followups) >= FOLLOW_UPS:
        raise ApiError(400, 40094, "Maximum number of follow-up messages reached")
    message = message_changes.create(
        call.core,
        interaction.channel,
        call.payload,
        call.files,
        file_limit=interaction.file_limit,
        kind=REPLY,
        interaction=interaction,
        flags=ephemeral(interaction, call.payload),
    )
    interaction.followups.append(message)
    return call.core.seen(message) if call.query.get("wait") in ("1", "true") else None


def read(call: Call) -> Json:
    return call.core.seen(_message(call, _interaction(call)))


def edit(call: Call) -> Json:
    interaction = _interaction(call)
    _may_attach(call, interaction)
    return call.core.seen(_edited(call, interaction, _message(call, interaction)))


def delete(call: Call) -> None:
    message_changes.delete(call.core, _message(call, _interaction(call)))


def _may_attach(call: Call, interaction: Interaction) -> None:
    """What an app may reply depends on its permissions in the place, but for sending at all."""
    channel = interaction.channel
    if call.files and channel.guild is not None and not channel.allows(Permission.ATTACH_FILES):
        raise missing_permissions()


def _interaction(call: Call) -> Interaction:
    return call.core.interactions.by_token(call.number("webhook_id"), call.params["webhook_token"])


def _message(call: Call, interaction: Interaction) -> Message:
    asked = call.params.get("message_id")
    for message in interaction.messages:
        if (message is interaction.original if asked is None else str(message.id) == asked) and (not message.deleted):
            return message
    raise unknown("Message")


def _edited(call: Call, interaction: Interaction, message: Message) -> Message:
    return message_changes.edit(call.core, message, call.payload, call.files, file_limit=interaction.file_limit)


ROUTES: Routes = {
    ("POST", WEBHOOK): follow_up,
    ("GET", ORIGINAL): read,
    ("PATCH", ORIGINAL): edit,
    ("DELETE", ORIGINAL): delete,
    ("GET", MESSAGE): read,
    ("PATCH", MESSAGE): edit,
    ("DELETE", MESSAGE): delete,
}
