"""Routes about a channel: its facts, typing, reactions."""

from urllib.parse import unquote

from tests.servers.discord import encode
from tests.servers.discord.entities import Permission
from tests.servers.discord.errors import Json, missing_permissions, thread_archived
from tests.servers.discord.rest.call import Call, Routes

REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"


def channel(call: Call) -> Json:
    return encode.channel(call.channel, call.core.world)


def change(call: Call) -> Json:
    """Only unarchiving a thread: who may write there may, unless it is locked."""
    place = call.channel
    if place.locked or not place.allows(Permission.SEND_MESSAGES_IN_THREADS):
        raise missing_permissions()
    if call.payload == {"archived": False} and place.parent is not None:
        place.archived = False
        call.core.dispatch_channel("THREAD_UPDATE", place)
    else:
        call.core.record_violation(f"PATCH of a channel with {call.payload}")
    return encode.channel(place, call.core.world)


def typing(call: Call) -> None:
    call.core.typings.append(call.place)


def react(call: Call) -> None:
    message = call.message
    if message.channel.archived:
        raise thread_archived()
    if message.channel.guild and not message.channel.allows(Permission.ADD_REACTIONS | Permission.READ_MESSAGE_HISTORY):
        raise missing_permissions()
    who = message.reactions.setdefault(unquote(call.params["emoji_name"]), [])
    if call.core.world.bot not in who:
        who.append(call.core.world.bot)


def unreact(call: Call) -> None:
    emoji = unquote(call.params["emoji_name"])
    who = call.message.reactions.get(emoji, [])
    if call.core.world.bot in who:
        who.remove(call.core.world.bot)
    if not who:
        call.message.reactions.pop(emoji, None)


ROUTES: Routes = {
    ("GET", "/channels/{channel_id}"): channel,
    ("PATCH", "/channels/{channel_id}"): change,
    ("POST", "/channels/{channel_id}/typing"): typing,
    ("PUT", REACTION): react,
    ("DELETE", REACTION): unreact,
}
