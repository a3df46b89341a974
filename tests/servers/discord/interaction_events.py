"""INTERACTION_CREATE events: the options of a command, the fields of a submitted modal, the JSON.

Pure over the world: sends nothing and keeps nothing.
"""

from collections.abc import Callable, Mapping, Sequence

from tests.servers.discord import encode
from tests.servers.discord.cdn import Cdn
from tests.servers.discord.core import Core
from tests.servers.discord.entities import EVERYTHING, Channel, Role, Upload, User, walk
from tests.servers.discord.errors import Json
from tests.servers.discord.interactions import Interaction
from tests.servers.discord.world import World

Value = str | int | float | bool | User | Channel | Role | Upload | Sequence[Upload] | Sequence[str]

SUBCOMMAND, GROUP = 1, 2
STRING, USER, CHANNEL, ROLE, NUMBER, FILE = 3, 6, 7, 8, 10, 11
TEXT_INPUT, FILE_UPLOAD, CHECKBOX, RADIO, LABEL = 4, 19, 23, 21, 18


class Resolved:
    """The `resolved` part of an event: users, channels, roles and files that option values name by id."""

    def __init__(self, world: World, cdn: Cdn) -> None:
        self._world = world
        self._cdn = cdn
        self.body: Json = {}

    def value(self, value: Value) -> object:
        """The plain value, or the id of what it names."""
        match value:
            case Upload():
                stored = self._world.store(value, ephemeral=True)
                shown = encode.attachment(stored, self._world.application_id, self._cdn)
                return self._put("attachments", stored.id, shown)
            case User():
                return self._put("users", value.id, encode.user(value))
            case Channel():
                return self._put("channels", value.id, partial(value, self._world))
            case Role():
                return self._put("roles", value.id, encode.role(value, 1))
            case str() | int() | float():
                return value
            case _:
                return [self.value(one) for one in value]

    def _put(self, kind: str, id_: int, body: Json) -> str:
        self.body.setdefault(kind, {})[str(id_)] = body
        return str(id_)


def options(
    definition: Json, path: Sequence[str], values: Mapping[str, Value], resolved: Resolved, *, focused: str | None
) -> list[Json]:
    """The `options` of a command or autocomplete event, typed by the registered definition.

    `path`: subcommand names, if any. Raises AssertionError for what Discord's own client would not send.
    """
    known: list[Json] = definition.get("options") or []
    if path:
        inner = next((one for one in known if one["name"] == path[0]), None)
        assert inner is not None, f"no subcommand {path[0]!r}"
        nested = options(inner, path[1:], values, resolved, focused=focused)
        return [{"type": inner["type"], "name": path[0], "options": nested}]
    by_name = {one["name"]: one for one in known}
    assert set(values) <= set(by_name), f"no such options: {sorted(set(values) - set(by_name))}"
    missing = [one["name"] for one in known if one.get("required") and one["name"] not in values]
    assert focused is not None or not missing, f"required options are missing: {missing}"
    chosen: list[Json] = []
    for name, value in values.items():
        if name != focused:
            _check(by_name[name], value)
        option: Json = {"name": name, "type": by_name[name]["type"], "value": resolved.value(value)}
        chosen.append(option | ({"focused": True} if name == focused else {}))
    return chosen


def _check(option: Json, value: Value) -> None:
    """A client's own checks: type, length, range, choices."""
    name, kind = option["name"], option["type"]
    fits: dict[int, type | tuple[type, ...]] = {
        STRING: str,
        4: int,
        5: bool,
        USER: User,
        CHANNEL: Channel,
        ROLE: Role,
        NUMBER: (int, float),
        FILE: Upload,
    }
    assert isinstance(value, fits[kind]), f"option {name!r} of type {kind} does not take {value!r}"
    if isinstance(value, str):
        least, most = option.get("min_length") or 0, option.get("max_length") or 6000
        assert least <= len(value) <= most, f"option {name!r} takes {least} to {most} characters"
    if isinstance(value, int | float) and not isinstance(value, bool):
        assert value >= option.get("min_value", value), f"option {name!r}: too small"
        assert value <= option.get("max_value", value), f"option {name!r}: too large"
    if choices := option.get("choices"):
        assert value in [choice["value"] for choice in choices], f"option {name!r} has no choice {value!r}"


def fields(modal: Json, values: Mapping[str, Value], resolved: Resolved) -> list[Json]:
    """The `components` of a submitted form, in the form's own shape. `values` by custom_id; what is not named
    is sent empty, unless it is required (AssertionError)."""
    known = {node["custom_id"] for node in walk(modal["components"]) if "custom_id" in node}
    assert set(values) <= known, f"the form has no fields {sorted(set(values) - known)}"
    return [_field(node, values, resolved) for node in modal["components"]]


def _field(node: Json, values: Mapping[str, Value], resolved: Resolved) -> Json:
    base: Json = {"type": node["type"], "id": node.get("id") or 0}
    if node["type"] == LABEL:
        return base | {"component": _field(node["component"], values, resolved)}
    if "components" in node:
        return base | {"components": [_field(one, values, resolved) for one in node["components"]]}
    if "custom_id" not in node:
        return base
    custom_id = node["custom_id"]
    empty: Value = "" if node["type"] == TEXT_INPUT else ()
    value = values.get(custom_id, empty)
    required = node.get("required", True)
    assert value or not required, f"the form's field {custom_id!r} is required"
    _check_field(node, value)
    key = "value" if node["type"] in (TEXT_INPUT, RADIO, CHECKBOX) else "values"
    return base | {"custom_id": custom_id, key: resolved.value(value)}


def _check_field(node: Json, value: Value) -> None:
    if node["type"] == TEXT_INPUT:
        assert isinstance(value, str), f"{node['custom_id']!r} takes text"
        assert len(value) <= (node.get("max_length") or 4000), f"{node['custom_id']!r}: too long"
    if node["type"] == FILE_UPLOAD:
        assert isinstance(value, Sequence), f"{node['custom_id']!r} takes a list of uploads"
        most = node.get("max_values") or 1
        assert len(value) <= most, f"{node['custom_id']!r} takes {most} files at most"


def partial(channel: Channel, world: World) -> Json:
    """A channel as interactions show it, with the permissions of whoever asked."""
    return encode.channel(channel, world) | {"permissions": str(EVERYTHING)}


def event(core: Core, interaction: Interaction) -> Callable[[bool], Json]:
    """INTERACTION_CREATE, for a session with (True) or without the message-content intent."""
    channel = interaction.channel
    guild = channel.guild
    body: Json = {
        "id": str(interaction.id),
        "application_id": str(core.world.application_id),
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": partial(channel, core.world),
        "app_permissions": str(EVERYTHING & ~channel.all_denied),
        "locale": interaction.user.locale,
        "entitlements": [encode.entitlement(interaction.user, sku, core.world) for sku in interaction.user.skus],
        "entitlement_sku_ids": [str(sku) for sku in interaction.user.skus],
        "authorizing_integration_owners": interaction.owners,
        "context": interaction.context,
        "attachment_size_limit": interaction.file_limit,
        **core.member_json(interaction.user, channel),
    }
    if guild is not None:
        body |= {
            "guild_id": str(guild.id),
            "guild_locale": guild.locale,
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
        }
    source = interaction.source
    if source is None:
        return lambda _: body
    return lambda content: body | {"message": core.messages.seen(source, content=content)}
