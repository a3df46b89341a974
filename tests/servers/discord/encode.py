"""Entities encoded as Discord's JSON. The reader's rights are parameters; changes nothing.

Shapes from the docs' resources: User, Guild Member, Role, Channel, Guild, Attachment, Message.
"""

from datetime import datetime
from typing import Any

from tests.servers.discord.cdn import Cdn
from tests.servers.discord.entities import Attachment, Channel, Guild, Kind, Member, Role, User
from tests.servers.discord.errors import Json
from tests.servers.discord.world import World


def stamp(moment: datetime) -> str:
    return moment.isoformat()


def user(who: User) -> Json:
    return {
        "id": str(who.id),
        "username": who.name,
        "discriminator": "0",
        "global_name": who.name,
        "avatar": None,
        "bot": who.bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def member(who: Member, joined: datetime) -> Json:
    """Without the user, as inside of messages."""
    return {
        "roles": [str(role.id) for role in who.roles],
        "nick": who.nick,
        "avatar": None,
        "banner": None,
        "joined_at": stamp(joined),
        "premium_since": stamp(joined) if who.boosts else None,
        "communication_disabled_until": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


def entitlement(who: User, sku: int, world: World) -> Json:
    """A purchase that is in force."""
    return {
        "id": str(sku + 1),
        "sku_id": str(sku),
        "application_id": str(world.application_id),
        "user_id": str(who.id),
        "type": 8,
        "deleted": False,
        "consumed": False,
        "starts_at": None,
        "ends_at": None,
    }


def role(what: Role, position: int) -> Json:
    return {
        "id": str(what.id),
        "name": what.name,
        "permissions": str(what.permissions),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel(where: Channel, world: World) -> Json:
    body: Json = {"id": str(where.id), "type": int(where.kind), "flags": 0, "last_message_id": None}
    if where.messages:
        body["last_message_id"] = str(where.messages[-1].id)
    if where.guild is None:
        body["recipients"] = [user(one) for one in where.recipients]
        if where.kind is Kind.GROUP:
            body |= {"name": None, "icon": None, "owner_id": str(where.recipients[0].id)}
        return body
    body |= {"guild_id": str(where.guild.id), "name": where.name, "rate_limit_per_user": 0}
    if where.parent is not None:
        return body | _thread(where, where.parent, world)
    body |= {"position": 0, "nsfw": False, "parent_id": None, "topic": None, "permission_overwrites": []}
    if where.denied:
        bot = {"id": str(world.bot.id), "type": 1, "allow": "0", "deny": str(int(where.denied))}
        body["permission_overwrites"] = [bot]
    if where.kind is Kind.VOICE:
        body |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
    if where.kind is Kind.FORUM:
        body |= {"available_tags": [], "default_reaction_emoji": None, "default_forum_layout": 0}
    return body


def _thread(where: Channel, parent: Channel, world: World) -> Json:
    return {
        "parent_id": str(parent.id),
        "owner_id": str(where.guild.owner.id if where.guild else 0),
        "message_count": len(where.messages),
        "member_count": 1,
        "total_message_sent": len(where.messages),
        "thread_metadata": {
            "archived": where.archived,
            "archive_timestamp": stamp(world.now()),
            "auto_archive_duration": 1440,
            "locked": where.locked,
        },
    }


def guild(what: Guild, world: World) -> Json:
    """As in GUILD_CREATE: only the bot's own member, only threads that are not archived."""
    shown = [one for one in what.channels if one.bot_in]
    now = world.now()
    return {
        "id": str(what.id),
        "name": what.name,
        "icon": None,
        "splash": None,
        "owner_id": str(what.owner.id),
        "premium_tier": what.tier,
        "premium_subscription_count": 0,
        "preferred_locale": what.locale,
        "features": ["COMMUNITY"] if what.locale != "en-US" else [],
        "roles": [role(one, position) for position, one in enumerate(what.roles)],
        "emojis": [],
        "stickers": [],
        "channels": [channel(one, world) for one in shown if one.parent is None],
        "threads": [channel(one, world) for one in shown if one.parent is not None and not one.archived],
        "members": [{**member(one, now), "user": user(one.user)} for one in what.members.values() if one.user.bot],
        "member_count": len(what.members),
        "joined_at": stamp(now),
        "large": False,
        "unavailable": False,
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "afk_timeout": 300,
        "afk_channel_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "application_id": None,
        "description": None,
        "banner": None,
        "vanity_url_code": None,
    }


def attachment(what: Attachment, place: int, cdn: Cdn) -> Json:
    """With a fresh link."""
    link = cdn.link(what, place)
    facts = {
        "content_type": what.content_type,
        "width": what.width,
        "height": what.height,
        "description": what.description,
        "ephemeral": what.ephemeral or None,
    }
    return {
        "id": str(what.id),
        "filename": what.filename,
        "size": len(what.data),
        "url": link,
        "proxy_url": link,
        **{name: value for name, value in facts.items() if value is not None},
        "flags": 1 << 3 if what.spoiler else 0,
    }


def application(world: World, *, flags: int) -> Json:
    facts: dict[str, Any] = {
        "id": str(world.application_id),
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(world.owner),
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }
    return facts
