"""discord.py's objects as the core's values: users, messages, button presses, modals. Pure: nothing is fetched here."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord import ids
from adapters.discord.encode import SPOILER_PREFIX
from adapters.discord.ids import PLATFORM
from adapters.discord.markup import MentionKind, NameOf, read_markup
from adapters.discord.media import SPOILER_FLAG, ReceivedFile, decode_files, embed_addresses, make_attachment
from adapters.discord.rest import Json
from bot.chat import Action, Attachment, Chat, DeletedMessage, Message, MessageRef, User
from bot.intake.addresses import find_addresses, normalize_address, remove_addresses
from bot.ports import ButtonPress, read_target

BUTTON_ID = re.compile(rf"easel:(?P<action>{'|'.join(Action)}):(?P<target>[\w-]{{1,80}}(?::\d{{1,3}})?)")
MAX_TEXT_CHARS = (2000, 4000)  # characters of a user's message, without and with Nitro
CUT_SLACK = 100  # characters below the limit within which a text may have been cut
ANSWER_ID = re.compile(r"easel-answer:(?P<wanted>words|any)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedModal:
    """The values of a modal that was sent in."""

    prompt: str
    uploads: tuple[ReceivedFile, ...]
    """The files put into it, in the order of choosing."""


def decode_user(user: discord.abc.User, *, locale: str | None, skus: Sequence[int] = ()) -> User:
    """A user with what Discord knows of their standing: roles, boosts, and purchases by the ids of their SKUs."""
    roles = [f"{PLATFORM}:sku:{sku}" for sku in skus]
    if isinstance(user, discord.Member):
        roles += [f"{PLATFORM}:role:{role.id}" for role in user.roles if not role.is_default()]
        roles += [f"{PLATFORM}:booster"] if user.premium_since is not None else []
    return User(
        platform=PLATFORM,
        id=str(user.id),
        name=user.display_name,
        locale=locale,
        roles=tuple(roles),
    )


def decode_chat(message: discord.Message) -> Chat:
    guild = message.guild
    parent_id = _parent_id(message.channel)
    return ids.make_chat(guild.id if guild else None, message.channel.id, direct=guild is None, parent_id=parent_id)


def decode_resolved_file(body: Mapping[str, Any]) -> ReceivedFile:
    """An attachment as `resolved` of an interaction has it. Raises KeyError without an id or a URL."""
    filename, size, flags = str(body.get("filename") or ""), body.get("size"), body.get("flags")
    return ReceivedFile(
        id=str(body["id"]),
        url=str(body["url"]),
        size=size if isinstance(size, int) else None,
        media_type=str(body.get("content_type") or ""),
        filename=filename or None,
        spoiler=filename.startswith(SPOILER_PREFIX) or (isinstance(flags, int) and bool(flags & SPOILER_FLAG)),
    )


def decode_attachments(message: discord.Message) -> tuple[Attachment, ...]:
    return tuple(make_attachment(file, ref) for ref, file in decode_files(message))


def decode_text(message: discord.Message, bot_id: int, bot_roles: Sequence[int] = ()) -> str:
    """What a user wrote, without the mention of the bot or of its roles; others are mentioned by name."""
    names = {user.id: user.display_name for user in message.mentions}
    text = re.sub(rf"^\s*<@[!&]?{bot_id}>[,:]?\s*", "", message.content)
    return read_markup(text, _names_of(message.guild, {bot_id, *bot_roles}, names))


def decode_typed(interaction: discord.Interaction[Any], text: str) -> str:
    """What a user typed into a command or a form, of which Discord tells no names of users."""
    user = interaction.client.user
    return read_markup(text, _names_of(interaction.guild, set() if user is None else {user.id}, {}))


def _names_of(guild: discord.Guild | None, own_ids: Collection[int], users: Mapping[int, str]) -> NameOf:
    """Names as far as they are known. `own_ids`: of the bot and its roles, which are left out."""

    def name_of(kind: MentionKind, mentioned: int) -> str | None:
        if mentioned in own_ids:
            return ""
        if kind == "user":
            return f"@{users[mentioned]}" if mentioned in users else None
        if guild is None:
            return None
        if kind == "role":
            return None if (role := guild.get_role(mentioned)) is None else f"@{role.name.removeprefix('@')}"
        return None if (channel := guild.get_channel_or_thread(mentioned)) is None else f"#{channel.name}"

    return name_of


def remove_shown_addresses(text: str, message: discord.Message) -> str:
    """A message's text without the addresses of images that its embeds show, which are attachments then."""
    shown = _shown_addresses(message.embeds)
    addresses = [each for each in find_addresses(text) if normalize_address(each.url) in shown] if shown else []
    return remove_addresses(text, addresses) if addresses else text


def decode_links(message: discord.Message) -> tuple[str, ...]:
    """Addresses in the words that a message forwards, but for those of images that are attachments anyway."""
    return tuple(
        address.url
        for snapshot in message.message_snapshots
        for address in find_addresses(snapshot.content)
        if normalize_address(address.url) not in _shown_addresses(snapshot.embeds)
    )


def decode_written_links(message: discord.Message) -> list[str]:
    """Addresses in the words of a message, and of what it forwards, of which Discord shows nothing."""
    shown = {normalize_address(embed.url) for embed in message.embeds if embed.url} | _shown_addresses(message.embeds)
    written = [each.url for each in find_addresses(message.content) if normalize_address(each.url) not in shown]
    return [*written, *decode_links(message)]


def _shown_addresses(embeds: Sequence[discord.Embed]) -> set[str]:
    return {normalize_address(url) for embed in embeds for url in embed_addresses(embed.to_dict())}


def decode_message(
    message: discord.Message,
    *,
    bot_id: int,
    bot_roles: Sequence[int],
    sender: User,
    reply: discord.Message | DeletedMessage | None,
    to_me: bool,
) -> Message:
    """`reply`: the message that is replied to. `to_me` as of `Message`."""
    return Message(
        id=str(message.id),
        chat=decode_chat(message),
        sender=sender,
        text=remove_shown_addresses(decode_text(message, bot_id, bot_roles), message),
        attachments=decode_attachments(message),
        links=decode_links(message),
        reply_to=reply if reply is None or isinstance(reply, DeletedMessage) else decode_reply(reply, bot_id),
        to_me=to_me,
        sender_moderates=_sender_moderates(message),
        sent_at=message.created_at,
        edited_at=message.edited_at,
        forwarded=message.reference is not None and message.reference.type is discord.MessageReferenceType.forward,
        room=decode_room(message),
    )


def decode_room(message: discord.Message) -> int | None:
    """`Message.room`: some clients cut a text at the limit of its author's account, before a word that does not fit."""
    length = len(message.content)
    limit = next((limit for limit in MAX_TEXT_CHARS if limit - CUT_SLACK <= length <= limit), None)
    return None if limit is None else limit - length


def has_no_pictures(message: Message) -> bool:
    """Whether a message has no files, and is no reply to some, to the bot, or to what was deleted."""
    reply = message.reply_to
    return not message.attachments and (
        reply is None or (isinstance(reply, Message) and not reply.attachments and not reply.from_me)
    )


def decode_reply(message: discord.Message, bot_id: int) -> Message:
    """A message that is replied to, without what it replies to itself."""
    job_id, picture = job_of_message(message)
    return Message(
        id=str(message.id),
        chat=decode_chat(message),
        sender=decode_user(message.author, locale=None),
        text=remove_shown_addresses(message.content, message),
        attachments=decode_attachments(message),
        links=decode_links(message),
        from_me=message.author.id == bot_id,
        job_id=job_id,
        job_picture=picture,
    )


def decode_interaction_chat(interaction: discord.Interaction[Any], token_id: str | None) -> Chat:
    """Where an interaction was started. `token_id`: the interaction by whose token to reply there."""
    direct = interaction.guild_id is None and is_direct(interaction)
    return ids.make_chat(
        interaction.guild_id,
        interaction.channel_id or 0,
        direct=direct,
        token_id=token_id,
        parent_id=_parent_id(interaction.channel),
    )


def decode_button_press(
    interaction: discord.Interaction[Any], action: str, target: str, sender: User, token_id: str | None
) -> ButtonPress:
    assert interaction.message is not None  # buttons belong to messages
    chat = decode_interaction_chat(interaction, token_id)
    job_id, picture = read_target(target)
    return ButtonPress(
        id=str(interaction.id),
        message=MessageRef(chat=chat, message_id=str(interaction.message.id)),
        sender=sender,
        action=Action(action),
        job_id=job_id,
        picture=picture,
        sender_moderates=moderates(interaction),
        from_menu=interaction.message.flags.ephemeral,
    )


def job_of_message(message: discord.Message) -> tuple[str | None, int | None]:
    """Id of the job whose buttons a message carries, None: it has none; and the one picture of it that they are about,
    None: all."""
    rows = (row.children for row in message.components if isinstance(row, discord.ActionRow))
    ids_ = (str(item.custom_id or "") for children in rows for item in children)
    targets = (match["target"] for each in ids_ if (match := BUTTON_ID.fullmatch(each)) is not None)
    return next((read_target(each) for each in targets), (None, None))


def moderates(interaction: discord.Interaction[Any]) -> bool:
    """Whether whoever started an interaction may delete others' messages in that channel of a guild."""
    return interaction.guild_id is not None and interaction.permissions.manage_messages


def _sender_moderates(message: discord.Message) -> bool:
    """As `moderates`, of a message's author, as far as the guild's roles are known."""
    if message.guild is None or not isinstance(message.author, discord.Member):
        return False
    try:
        return message.channel.permissions_for(message.author).manage_messages
    except discord.ClientException:  # a thread whose channel is not known
        return False


def decode_modal(data: Mapping[str, Any]) -> SubmittedModal:
    """The values of a modal, whichever process showed it. Fields of unknown kinds are left out."""
    values: dict[str, Any] = {}
    for row in _objects(data.get("components")):
        fields = [*_objects([row.get("component")]), *_objects(row.get("components"))]
        values |= {
            str(field["custom_id"]): field.get("value", field.get("values")) for field in fields if "custom_id" in field
        }
    resolved = _object(_object(data.get("resolved")).get("attachments"))
    uploads = {str(file_id): body for file_id, body in resolved.items() if {"id", "url"} <= _object(body).keys()}
    chosen = [str(file_id) for file_id in _list(values.get("pictures"))]
    return SubmittedModal(
        prompt=str(values.get("prompt") or ""),
        uploads=tuple(decode_resolved_file(uploads[file_id]) for file_id in chosen if file_id in uploads),
    )


def is_direct(interaction: discord.Interaction[Any]) -> bool:
    """Whether it was started in the bot's own conversation with a user."""
    channel = interaction.channel
    return (
        channel is not None and channel.type is discord.ChannelType.private and interaction.context.dm_channel is True
    )


def is_token_only(interaction: discord.Interaction[Any]) -> bool:
    """Whether only the token reaches this place: the bot is not in it, or may not see it."""
    if interaction.guild_id is None:
        return not is_direct(interaction)
    return not (interaction.is_guild_integration() and interaction.app_permissions.view_channel)


def _parent_id(channel: object) -> int | None:
    return channel.parent_id if isinstance(channel, discord.Thread) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType] - JSON


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType] - JSON


def _objects(value: Any) -> list[Json]:
    return [item for item in _list(value) if isinstance(item, dict)]
