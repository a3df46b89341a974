"""The users and roles that a text notifies, given its allowed_mentions. Pure; source: "Allowed Mentions Object"."""

import re
from typing import Any, cast

from tests.servers.discord.errors import Json

USER = re.compile(r"<@!?(\d+)>")
ROLE = re.compile(r"<@&(\d+)>")
EVERYONE = re.compile(r"@(everyone|here)\b")


def mentioned_users(text: str) -> list[int]:
    return [int(number) for number in USER.findall(text)]


def mentioned_by(content: str, allowed: Json | None, *, replied_to: int | None = None) -> list[str]:
    """`user:ID`, `role:ID`, `everyone`, `here`, in that order, each once.

    `allowed` None: the field was left out, and everything in the text rings, the replied-to author too.
    `replied_to`: the author of the message that is replied to.
    """
    found: list[str] = []
    if replied_to is not None and (allowed is None or allowed.get("replied_user")):
        found.append(f"user:{replied_to}")
    found += [f"user:{number}" for number in USER.findall(content) if _may("users", number, allowed)]
    found += [f"role:{number}" for number in ROLE.findall(content) if _may("roles", number, allowed)]
    if allowed is None or "everyone" in (allowed.get("parse") or []):
        found += EVERYONE.findall(content)
    return list(dict.fromkeys(found))


def _may(kind: str, number: str, allowed: Json | None) -> bool:
    if allowed is None or kind in (allowed.get("parse") or []):
        return True
    listed = cast("list[Any]", allowed.get(kind) or [])
    return number in [str(one) for one in listed]
