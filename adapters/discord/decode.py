"""discord.py's objects as the core's words: users, messages, presses, forms. Pure: nothing is fetched here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord import ids
from adapters.discord.files import Given, embed_picture, handle
from adapters.discord.ids import PLATFORM, InMessage
from adapters.discord.rest import Json
from bot.chat import Action, Attachment, ButtonPress, Chat, DeletedMessage, Message, MessageRef, User

SPOILER = 1 << 3  # flag of an attachment
_MENTION = re.compile(r"<@[!&]?(\d{1,20})>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")
BUTTON = re.compile(r"easel:(?P<action>cancel|retry|vary|edit):(?P<job>[\w-]{1,80})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form that was sent in: the prompt, and the pictures put into it, in the order of choosing."""

    prompt: str
    uploads: tuple[Given, ...]


def decode_user(user: discord.abc.User, *, locale: str | None, skus: Sequence[int] = ()) -> User:
    """With what Discord knows of a member's standing: roles, boosts, purchases."""
    tiers = [f"{PLATFORM}:sku:{sku}" for sku in skus]
    if isinstance(user, discord.Member):
        tiers += [f"{PLATFORM}:role:{role.id}" for role in user.roles if not role.is_default()]
        tiers += [f"{PLATFORM}:booster"] if user.premium_since is not None else []
    return User(
        platform=PLATFORM,
        id=str(user.id),
        name=user.display_name,
        locale=locale,
        roles=tuple(tiers),
    )


def decode_chat(message: discord.Message) -> Chat:
    guild = message.guild
    parent = _parent(message.channel)
    return ids.chat(guild.id if guild else None, message.channel.id, direct=guild is None, parent=parent)


def decode_given(attachment: discord.Attachment) -> Given:
    return Given(
        id=str(attachment.id),
        url=attachment.url,
        size=attachment.size,
        media_type=attachment.content_type or "",
        filename=attachment.filename,
        spoiler=attachment.is_spoiler() or bool(attachment.flags.value & SPOILER),
    )


def decode_upload(body: Mapping[str, Any]) -> Given:
    """An attachment as `resolved` of an interaction has it."""
    filename, size, flags = str(body.get("filename") or ""), body.get("size"), body.get("flags")
    return Given(
        id=str(body["id"]),
        url=str(body["url"]),
        size=size if isinstance(size, int) else None,
        media_type=str(body.get("content_type") or ""),
        filename=filename or None,
        spoiler=filename.startswith("SPOILER_") or (isinstance(flags, int) and bool(flags & SPOILER)),
    )


def pictures_of(message: discord.Message) -> list[tuple[InMessage, Given]]:
    """All that may be pictures in a message: its attachments, those it forwards, and those its embeds show."""
    attachments = [*message.attachments, *(each for one in message.message_snapshots for each in one.attachments)]
    embeds = [*message.embeds, *(each for one in message.message_snapshots for each in one.embeds)]
    found = [decode_given(each) for each in attachments]
    for number, embed in enumerate(embeds):
        if (url := embed_picture(embed.to_dict())) is not None:
            found.append(Given(id=f"e{number}", url=url, size=None, media_type="", filename=None, spoiler=False))
    channel, identity = str(message.channel.id), str(message.id)
    return [(InMessage(channel=channel, message=identity, item=each.id), each) for each in found]


def decode_attachments(message: discord.Message) -> tuple[Attachment, ...]:
    return tuple(handle(given, str(place)) for place, given in pictures_of(message))


def decode_text(message: discord.Message, me: int, my_roles: Sequence[int] = ()) -> str:
    """What a member wrote, without the mention of the bot; others are mentioned by name."""
    names = {each.id: each.display_name for each in message.mentions}

    def named(match: re.Match[str]) -> str:
        identity = int(match[1])
        if identity == me or identity in my_roles:
            return ""
        return f"@{names[identity]}" if identity in names else match[0]

    text = re.sub(rf"^\s*<@[!&]?{me}>[,:]?\s*", "", message.content)
    return _EMOJI.sub(r"\1", _MENTION.sub(named, text)).strip()


def decode_message(
    message: discord.Message,
    *,
    me: int,
    my_roles: Sequence[int],
    sender: User,
    reply: discord.Message | DeletedMessage | None,
    to_me: bool,
) -> Message:
    return Message(
        id=str(message.id),
        chat=decode_chat(message),
        sender=sender,
        text=decode_text(message, me, my_roles),
        attachments=decode_attachments(message),
        reply_to=reply if reply is None or isinstance(reply, DeletedMessage) else decode_replied(reply, me),
        to_me=to_me,
    )


def decode_replied(message: discord.Message, me: int) -> Message:
    """A message that is answered, one hop."""
    return Message(
        id=str(message.id),
        chat=decode_chat(message),
        sender=decode_user(message.author, locale=None),
        text=message.content,
        attachments=decode_attachments(message),
        from_me=message.author.id == me,
    )


def decode_place(interaction: discord.Interaction[Any], ticket: str | None) -> Chat:
    direct = interaction.guild_id is None and is_direct(interaction)
    parent = _parent(interaction.channel)
    return ids.chat(interaction.guild_id, interaction.channel_id or 0, direct=direct, ticket=ticket, parent=parent)


def _parent(channel: object) -> int | None:
    return channel.parent_id if isinstance(channel, discord.Thread) else None


def decode_press(
    interaction: discord.Interaction[Any], action: str, job: str, sender: User, ticket: str | None
) -> ButtonPress:
    assert interaction.message is not None  # buttons hang on messages
    return ButtonPress(
        id=str(interaction.id),
        message=MessageRef(chat=decode_place(interaction, ticket), message_id=str(interaction.message.id)),
        sender=sender,
        action=Action(action),
        job_id=job,
    )


def decode_form(data: Mapping[str, Any]) -> Form:
    """The fields of a form, whichever process showed it."""
    values: dict[str, Any] = {}
    for row in _tables(data.get("components")):
        fields = [*_tables([row.get("component")]), *_tables(row.get("components"))]
        values |= {
            str(field["custom_id"]): field.get("value", field.get("values")) for field in fields if "custom_id" in field
        }
    resolved = _table(_table(data.get("resolved")).get("attachments"))
    uploads = {str(identity): body for identity, body in resolved.items() if {"id", "url"} <= _table(body).keys()}
    chosen = values.get("pictures")
    return Form(
        prompt=str(values.get("prompt") or ""),
        uploads=tuple(decode_upload(uploads[str(each)]) for each in _list(chosen) if str(each) in uploads),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType] - JSON


def _table(value: Any) -> Json:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType] - JSON


def _tables(value: Any) -> list[Json]:
    return [each for each in _list(value) if isinstance(each, dict)]


def is_direct(interaction: discord.Interaction[Any]) -> bool:
    """The bot's own conversation with a member."""
    channel = interaction.channel
    return (
        channel is not None and channel.type is discord.ChannelType.private and interaction.context.dm_channel is True
    )


def is_alone(interaction: discord.Interaction[Any]) -> bool:
    """Whether only the token reaches this place: the bot is not in it, or may not look."""
    if interaction.guild_id is None:
        return not is_direct(interaction)
    return not (interaction.is_guild_integration() and interaction.app_permissions.view_channel)
