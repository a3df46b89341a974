"""Types of single settings: secrets, addresses, keys of users; each checks its form and says what it should be.

Also what every table has in common. Knows nothing of the tables' keys.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Annotated, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr

from bot.prices import parse_price

PREFIX = "EASEL_"  # of the environment variables
PRESETS = (
    "acedata",
    "evolink",
    "toapis",
    "openai-hk",
    "openai",
    "azure",
    "openrouter",
    "relay",
    "sandbox",
)
OPENAI_URL = "https://api.openai.com/v1"
MODERATION_CATEGORIES = (  # of OpenAI's omni-moderation-latest
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}  # seconds
MAX_DURATION_S = 366 * 86_400
DIALECTS = ("chat", "tasks", "images")


class Table(BaseModel):
    """A table of settings: frozen, without unknown keys, and its values in no error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _stripped(value: object) -> object:
    """Tokens are pasted, and secrets mounted as files end in a line break."""
    return value.strip() if isinstance(value, str) else value


def _secret(value: object) -> object:
    """An empty one is a placeholder that nobody filled in."""
    return _stripped(value) or None


def _secret_url(value: SecretStr | None) -> SecretStr | None:
    if value is not None and re.fullmatch(r"https?://[^\s/]+\S*", value.get_secret_value()) is None:
        raise ValueError("must be an http(s) address")
    return value


def _file(value: object) -> object:
    """An empty one is a placeholder, too."""
    stripped = _stripped(value)
    if isinstance(stripped, str | PurePath) and "\0" in str(stripped):
        raise ValueError("must be the path of a file")
    return stripped or None


def _seconds(value: object) -> object:
    """`30m`, `6h`, `1d`, or a number of seconds."""
    if isinstance(value, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", value.strip().lower())
        value = None if found is None else float(found[1]) * UNITS[found[2]]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 1 <= cast("float", value) <= MAX_DURATION_S:
        raise ValueError("must be a time such as 30m, 6h or 1d, or a number of seconds from 1 on")
    return value


def _duration(value: object) -> object:
    return None if value is None or value == "" else _seconds(value)


def _channels(value: object) -> object:
    """One mistake, where a union would report one for each of its types."""
    if isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        ids = tuple(cast("Sequence[object]", value))
        if all(isinstance(each, int) and each < 0 for each in ids):
            return ids
    raise ValueError("must be true, false, or a list of channel ids such as -1001234567890")


def _shard_ids(value: object) -> object:
    """One mistake, where a union would report one for each of its types."""
    if value is None or value == "auto":
        return None
    if isinstance(value, list | tuple):
        ids = tuple(cast("Sequence[object]", value))
        if all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in ids):
            return ids
    raise ValueError("must be auto, or a list of shards such as [0, 1]")


def _price(value: object) -> object:
    """Checked in whole, and kept as it was written: which qualities and tiers there are, the preset knows."""
    parse_price(value)
    return value


def matching(pattern: str, meant: str) -> AfterValidator:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"must be {meant}")
        return value

    return AfterValidator(check)


def similar_name(name: str, names: tuple[str, ...], shown: str | None = None) -> str:
    near = get_close_matches(name, names, n=1, cutoff=0.7)
    if not near:
        return ""
    meant = near[0]
    for position in (part for part in (shown or "").split(".") if part.isdigit()):
        meant = meant.replace("*", position, 1)
    return f"; did you mean {meant}?"


def one_of(names: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"unknown; there are {', '.join(names)}{similar_name(value, names)}")
        return value

    return AfterValidator(check)


Secret = Annotated[SecretStr | None, BeforeValidator(_secret)]
SecretUrl = Annotated[SecretStr | None, BeforeValidator(_secret), AfterValidator(_secret_url)]
Duration = Annotated[float | None, BeforeValidator(_duration)]
SecretFile = Annotated[Path | None, BeforeValidator(_file)]
HttpUrl = Annotated[str, BeforeValidator(_stripped), matching(r"https?://[^\s/]+\S*", "an http(s) address")]
HttpsUrl = Annotated[str, BeforeValidator(_stripped), matching(r"https://[^\s/]+\S*", "an https address")]
SocketUrl = Annotated[str, BeforeValidator(_stripped), matching(r"wss?://[^\s/]+\S*", "a ws(s) address")]
DatabaseUrl = Annotated[
    str,
    BeforeValidator(_stripped),
    matching(r"sqlite:///\S.*|postgres(ql)?://\S+", "sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/NAME"),
]
PostgresUrl = Annotated[
    str,
    BeforeValidator(_stripped),
    matching(r"postgres(ql)?://\S+", "postgresql://USER:PASSWORD@HOST/NAME"),
]
UserKey = Annotated[str, matching(r"[a-z]+:\S+", "platform:id, such as telegram:123")]
HostPort = Annotated[str, matching(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}", "host:port")]
PriceTable = Annotated[int | float | dict[str, int | float], BeforeValidator(_price)]
ShardIds = Annotated[tuple[int, ...] | None, BeforeValidator(_shard_ids)]
Channels = Annotated[bool | tuple[int, ...], BeforeValidator(_channels)]
