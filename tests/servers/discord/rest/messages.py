"""Routes about the messages of a channel, with the bot's own token: read, post, edit, delete."""

from tests.servers.discord import message_changes
from tests.servers.discord.entities import Channel, Message, Permission, Reference
from tests.servers.discord.errors import ApiError, Json, invalid_form, missing_permissions, thread_archived
from tests.servers.discord.rest.call import Call, Routes

OLD = 3600.0  # seconds; edits of older messages have a limit of their own
REPLY = 19


def one(call: Call) -> Json:
    message = call.message
    if message.channel.guild and not message.channel.allows(Permission.READ_MESSAGE_HISTORY):
        raise missing_permissions()
    return call.core.seen(message)


def several(call: Call) -> list[Json]:
    """The newest first; `limit`, `before`, `after`, `around` as in the docs' "Get Channel Messages"."""
    shown = [message for message in reversed(call.channel.standing) if not message.ephemeral]
    limit = int(call.query.get("limit", "50"))
    if "before" in call.query:
        shown = [message for message in shown if message.id < int(call.query["before"])]
    if "after" in call.query:
        shown = [message for message in shown if message.id > int(call.query["after"])][-limit:]
    return [call.core.seen(message) for message in shown[:limit]]


def post(call: Call) -> Json:
    channel = call.place
    _may_write(call, channel)
    nonce = call.payload.get("nonce")
    if nonce is not None and call.payload.get("enforce_nonce"):
        for message in channel.messages:
            if message.nonce == str(nonce):  # said before: nothing new is posted
                return call.core.seen(message)
    reference = _reference(call, channel)
    if channel.archived:
        channel.archived = False  # writing wakes a thread
        call.core.dispatch_channel("THREAD_UPDATE", channel)
    message = message_changes.create(
        call.core,
        channel,
        call.payload,
        call.files,
        file_limit=channel.file_limit,
        kind=REPLY if reference is not None and reference.kind == "reply" else 0,
        reference=reference,
    )
    return call.core.seen(message)


def edit(call: Call) -> Json:
    message = call.message
    channel = message.channel
    if message.author is not call.core.world.bot:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    if channel.archived:
        raise thread_archived()
    if call.files and not channel.allows(Permission.ATTACH_FILES):
        raise missing_permissions()
    if (call.core.now() - message.created).total_seconds() > OLD:
        _may_edit_old(call, channel)
    file_limit = channel.file_limit
    return call.core.seen(message_changes.edit(call.core, message, call.payload, call.files, file_limit=file_limit))


def delete(call: Call) -> None:
    message = call.message
    if message.channel.archived:
        raise thread_archived()
    if message.author is not call.core.world.bot:
        raise missing_permissions()
    message_changes.delete(call.core, message)


def _may_write(call: Call, channel: Channel) -> None:
    if channel.guild is None:
        if not all(user.dms_open for user in channel.recipients):
            raise ApiError(403, 50007, "Cannot send messages to this user")
        return
    speak = Permission.SEND_MESSAGES if channel.parent is None else Permission.SEND_MESSAGES_IN_THREADS
    if not channel.allows(speak) or (call.files and not channel.allows(Permission.ATTACH_FILES)):
        raise missing_permissions()
    if call.payload.get("embeds") and not channel.allows(Permission.EMBED_LINKS):
        raise missing_permissions()
    if channel.locked and channel.archived:
        raise thread_archived()


def _reference(call: Call, channel: Channel) -> Reference | None:
    asked: Json | None = call.payload.get("message_reference")
    if asked is None:
        return None
    target = _target(call, asked)
    if asked.get("type") == 1:
        if target is None:
            raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return Reference(message=target, kind="forward")
    if channel.guild is not None and not channel.allows(Permission.READ_MESSAGE_HISTORY):
        raise ApiError(403, 160002, "Cannot reply without permission to read message history")
    if target is None or target.channel is not channel:
        if asked.get("fail_if_not_exists", True):
            raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None
    return Reference(message=target, kind="reply")


def _target(call: Call, asked: Json) -> Message | None:
    message = call.core.world.messages.get(int(asked["message_id"]))
    return None if message is None or message.deleted or message.ephemeral else message


def _may_edit_old(call: Call, channel: Channel) -> None:
    wait = call.core.buckets.take_old_edit(channel.id)
    if wait > 0:
        raise ApiError(
            429,
            30046,
            "Maximum number of edits to messages older than 1 hour reached. Try again later",
            extra={"retry_after": wait, "global": False},
        )


MESSAGE = "/channels/{channel_id}/messages/{message_id}"
ROUTES: Routes = {
    ("GET", "/channels/{channel_id}/messages"): several,
    ("POST", "/channels/{channel_id}/messages"): post,
    ("GET", MESSAGE): one,
    ("PATCH", MESSAGE): edit,
    ("DELETE", MESSAGE): delete,
}
