"""Routes about the bot itself, its guilds, other users, and opening direct conversations."""

from tests.servers.discord import encode
from tests.servers.discord.errors import Json, unknown
from tests.servers.discord.rest.call import Call, Routes


def me(call: Call) -> Json:
    body = encode.user(call.core.world.bot)
    return body | {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}


def user(call: Call) -> Json:
    found = call.core.world.users.get(call.number("user_id"))
    if found is None:
        raise unknown("User")
    return encode.user(found)


def application(call: Call) -> Json:
    return encode.application(call.core.world, flags=call.core.flags)


def gateway(call: Call) -> Json:
    return {"url": call.core.gateway.url}


def gateway_for_bot(call: Call) -> Json:
    used = len(call.core.gateway.identifies)
    return {
        "url": call.core.gateway.url,
        "shards": call.core.shards,
        "session_start_limit": {
            "total": 1000,
            "remaining": 1000 - used,
            "reset_after": 86_400_000,
            "max_concurrency": call.core.gateway.max_concurrency,
        },
    }


def open_dm(call: Call) -> Json:
    found = call.core.world.users.get(int(call.payload.get("recipient_id") or 0))
    if found is None:
        raise unknown("User")
    return encode.channel(call.core.world.open_dm(found), call.core.world)


def member(call: Call) -> Json:
    guild = call.core.world.guilds.get(call.number("guild_id"))
    if guild is None or not guild.bot_in:
        raise unknown("Guild")
    found = guild.members.get(call.number("user_id"))
    if found is None:
        raise unknown("Member")
    return {**encode.member(found, call.core.now()), "user": encode.user(found.user)}


BY_REST: Json = {
    "home_header": None,
    "discovery_splash": None,
    "region": "deprecated",
    "widget_enabled": False,
    "widget_channel_id": None,
    "max_presences": None,
    "max_members": 0,
    "max_stage_video_channel_users": 0,
    "max_video_channel_users": 0,
    "safety_alerts_channel_id": None,
    "premium_progress_bar_enabled": False,
    "nsfw": False,
    "incidents_data": None,
}
"""What a guild has beside what GUILD_CREATE tells of it."""


def guild(call: Call) -> Json:
    found = call.core.world.guilds.get(call.number("guild_id"))
    if found is None or not found.bot_in:
        raise unknown("Guild")
    return encode.guild(found, call.core.world) | BY_REST


ROUTES: Routes = {
    ("GET", "/users/@me"): me,
    ("GET", "/users/{user_id}"): user,
    ("GET", "/oauth2/applications/@me"): application,
    ("GET", "/applications/@me"): application,
    ("GET", "/gateway"): gateway,
    ("GET", "/gateway/bot"): gateway_for_bot,
    ("POST", "/users/@me/channels"): open_dm,
    ("GET", "/guilds/{guild_id}"): guild,
    ("GET", "/guilds/{guild_id}/members/{user_id}"): member,
}
