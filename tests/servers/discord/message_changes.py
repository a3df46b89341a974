"""Creating, editing and deleting messages of the bot: attachments, counted mentions, events.

Who may write where is decided before this (rest/), what a message may hold in message_rules.py.
"""

from collections.abc import Mapping

from tests.servers.discord import mentions, message_rules
from tests.servers.discord.core import Core
from tests.servers.discord.entities import Attachment, Channel, Flag, Message, Reference, Upload, User, walk
from tests.servers.discord.errors import ApiError, Json, invalid_form
from tests.servers.discord.interactions import Interaction

SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 12
SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | Flag.COMPONENTS_V2
Files = Mapping[int, Upload]


def create(
    core: Core,
    channel: Channel,
    payload: Json,
    files: Files,
    *,
    file_limit: int,
    kind: int = 0,
    reference: Reference | None = None,
    interaction: Interaction | None = None,
    flags: int = 0,
) -> Message:
    """A new message of the bot. `flags`: beside those asked for. Raises ApiError."""
    _moderate(channel, payload)
    flags |= int(payload.get("flags") or 0) & SETTABLE
    message_rules.check_message(payload, files, flags=flags, file_limit=file_limit)
    message_rules.check_count(max(len(files), len(payload.get("attachments") or [])))
    if not flags & Flag.LOADING:
        message_rules.check_not_empty(payload, files)
    message = Message(
        id=core.world.snowflake(),
        channel=channel,
        author=core.world.bot,
        created=core.now(),
        content=payload.get("content") or "",
        kind=kind,
        flags=flags,
        embeds=_typed(payload.get("embeds") or []),
        components=_numbered(payload.get("components") or []),
        reference=reference,
        interaction=interaction,
        nonce=None if payload.get("nonce") is None else str(payload["nonce"]),
    )
    message.attachments = _attachments(core, message, payload, files)
    core.world.add_message(message)
    _count_mentions(core, message, payload)
    core.dispatch_message("MESSAGE_CREATE", message)
    return message


def _moderate(channel: Channel, payload: Json) -> None:
    """AutoMod of the guild: rules about words."""
    words = () if channel.guild is None else channel.guild.blocked_words
    shown = f"{payload.get('content') or ''} {payload.get('embeds') or ''}".lower()
    if any(word in shown for word in words):
        raise ApiError(400, 200000, "Message was blocked by automatic moderation")


def edit(core: Core, message: Message, payload: Json, files: Files, *, file_limit: int) -> Message:
    """Only what the payload names changes. Raises ApiError."""
    _moderate(message.channel, payload)
    asked = int(payload.get("flags") or 0)
    flags = (message.flags & ~Flag.LOADING) | (asked & (SUPPRESS_EMBEDS | Flag.COMPONENTS_V2))
    becomes: Json = {
        "content": message.content,
        "embeds": message.embeds,
        "components": message.components,
    } | {name: value for name, value in payload.items() if name not in ("attachments", "flags")}
    message_rules.check_message(becomes, files, flags=flags, file_limit=file_limit)
    attachments = _attachments(core, message, payload, files)
    message_rules.check_count(len(attachments))
    if not attachments:
        message_rules.check_not_empty(becomes, files)
    message.attachments = attachments
    message.content = becomes["content"] or ""
    message.embeds = _typed(becomes["embeds"] or [])
    message.components = _numbered(becomes["components"] or [])
    message.flags = flags
    message.edited = core.now()
    message.versions.append(message.content)
    if "content" in payload:  # only an edited text is parsed for mentions again
        _count_mentions(core, message, payload)
    core.dispatch_message("MESSAGE_UPDATE", message)
    return message


def delete(core: Core, message: Message) -> None:
    message.deleted = True
    core.dispatch_deletion(message)


def _attachments(core: Core, message: Message, payload: Json, files: Files) -> list[Attachment]:
    """What the message holds afterwards ("Editing Message Attachments"): with the array, exactly its entries;
    without it, the old ones and all new files."""
    entries: list[Json] | None = payload.get("attachments")
    if entries is None:
        added = [core.world.store(files[number], ephemeral=message.ephemeral) for number in sorted(files)]
        return [*message.attachments, *added]
    old = {attachment.id: attachment for attachment in message.attachments}
    kept: list[Attachment] = []
    added = list[Attachment]()
    for entry in entries:
        number = int(entry["id"])
        if number in files:
            attachment = core.world.store(files[number], ephemeral=message.ephemeral)
            attachment.filename = entry.get("filename") or attachment.filename
            added.append(attachment)
        elif number in old:
            attachment = old[number]
            kept.append(attachment)
        else:
            raise invalid_form("attachments", "ATTACHMENT_NOT_FOUND", f"No file and no attachment {number}.")
        attachment.description = entry.get("description", attachment.description)
    if unnamed := set(files) - {int(entry["id"]) for entry in entries}:
        raise invalid_form("attachments", "ATTACHMENT_NOT_FOUND", f"Files {sorted(unnamed)} are not listed.")
    return [*kept, *added]  # new files come after those that stay


def _count_mentions(core: Core, message: Message, payload: Json) -> None:
    reply = message.reference if message.reference and message.reference.kind == "reply" else None
    allowed: Json | None = payload.get("allowed_mentions")
    mentioned = mentions.mentioned_by(
        message.content, allowed, replied_to=reply.message.author.id if reply is not None else None
    )
    message.unguarded += "allowed_mentions" not in payload
    message.pinged += [one for one in mentioned if one not in message.pinged]
    message.mentions = [user for one in mentioned if (user := _user(core, one)) is not None]


def _user(core: Core, mentioned: str) -> User | None:
    kind, _, number = mentioned.partition(":")
    return core.world.users.get(int(number)) if kind == "user" else None


def _typed(embeds: list[Json]) -> list[Json]:
    """Whatever a bot embeds is "rich"."""
    return [{"type": "rich", **embed} for embed in embeds]


def _numbered(components: list[Json]) -> list[Json]:
    """Discord gives every component that has none an id."""
    for number, node in enumerate(walk(components), start=1):
        if not node.get("id"):
            node["id"] = number
    return components
