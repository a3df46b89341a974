"""What a preset is: an upstream as data, before and after the operator's overrides.

Values only; which presets there are, and how overrides are merged in, stands beside this module.
"""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.painting import Capabilities
from bot.providers.presets.wires import Wire

Dialect = Literal["chat", "tasks", "images"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrice:
    """What an upstream takes for its tokens: (text in × `text` + images in × `image` + out × `output`) × `factor`,
    in its own credits."""

    text: float
    image: float
    output: float
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An upstream before the operator's overrides. `dialect` says who reads `wire`.

    `base_url` None: must be set. `auth_header` carries `auth_prefix` and the key. `price` in our credits an image;
    `timeout_s` for a whole painting, `idle_timeout_s` without a sign of life, in seconds. `token_price`: where the
    upstream charges by tokens. `probe`: a path that answers a GET without painting, for
    `easel check`; `probe_proves`: the upstream is known to answer it with a success, so that a 404 proves the base
    address wrong; `lists_models`: with a list of its models, so that one which is not there is gone.
    """

    dialect: Dialect
    wire: Wire
    base_url: str | None = None
    files_base_url: str | None = None
    auth_header: str = "Authorization"
    auth_prefix: str = "Bearer "
    model: str
    stream: bool = True
    price: int = 1
    token_price: TokenPrice | None = None
    timeout_s: float = 600.0
    idle_timeout_s: float = 120.0
    probe: str = "/models"
    probe_proves: bool = False
    lists_models: bool = False
    capabilities: Capabilities = field(default_factory=Capabilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One configured upstream: a preset with the operator's overrides. The key hides itself from `repr`.

    `usage_rate`: our credits for one of the upstream's own, where members are charged by usage. Addresses end
    without a slash.
    """

    name: str
    preset: str | None = None
    dialect: Dialect
    wire: Wire
    base_url: str
    files_base_url: str | None = None
    api_key: SecretStr | None = None
    auth_header: str = "Authorization"
    auth_prefix: str = "Bearer "
    model: str
    stream: bool
    price: int
    token_price: TokenPrice | None = None
    usage_rate: float | None = None
    timeout_s: float
    idle_timeout_s: float
    probe: str = "/models"
    probe_proves: bool = False
    lists_models: bool = False
    capabilities: Capabilities

    @property
    def key(self) -> str:
        """The key itself, for what must hide it from quotes; empty when there is none."""
        return self.api_key.get_secret_value() if self.api_key else ""

    def auth_headers(self) -> dict[str, str]:
        """The header that carries the key; empty without one."""
        return {self.auth_header: self.auth_prefix + self.key} if self.key else {}

    def url(self, path: str) -> str:
        """The address of a path."""
        return join_url(self.base_url, path)


def join_url(base: str, path: str) -> str:
    """A path behind a base address. What the one ends with and the other begins with stands there once, so that
    it does not matter whether an operator writes `https://toapis.com` or `https://toapis.com/v1`."""
    base, steps = base.rstrip("/"), path.strip("/").split("/")
    stands = "/" + urlsplit(base).path.strip("/")
    for count in range(len(steps), 0, -1):
        if stands.endswith("/" + "/".join(steps[:count])):
            return "/".join((base, *steps[count:]))
    return "/".join((base, *steps))
