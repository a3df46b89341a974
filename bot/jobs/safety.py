"""Names of users for upstreams: each user's is always the same, and nobody outside can tell whose it is.

With it an upstream can block one user of many instead of the operator. The secret that makes the names stays in the
database, so that all processes make the same ones, and a restart changes none.
"""

import hmac
import secrets
from hashlib import sha256
from typing import Protocol

import structlog

from bot.errors import StoreFailed

log = structlog.get_logger()

SECRET_KEY = "safety-secret"  # noqa: S105 - of the stored value, not the secret
SECRET_BYTES = 32  # as many as the digest has


class SecretStorage(Protocol):
    """Where the secret is kept; as of `AdapterStore`."""

    async def get_value(self, key: str) -> str | None: ...

    async def settle_value(self, key: str, value: str) -> str: ...


class SafetyIdentifiers:
    """Makes the names of users."""

    def __init__(self, storage: SecretStorage) -> None:
        self._storage = storage
        self._secret: bytes | None = None

    async def load(self) -> None:
        """Reads the secret, or makes it, before a job needs it. A database that fails is asked again then."""
        try:
            await self._load()
        except StoreFailed as failed:
            log.warning("secret of the users' names not loaded", detail=failed.detail)

    async def identify(self, user_key: str) -> str:
        """The user's name for upstreams: 64 hexadecimal digits. Raises StoreFailed."""
        return identify(self._secret or await self._load(), user_key)

    async def _load(self) -> bytes:
        """Of several processes at their first start the first one's secret counts."""
        stored = await self._storage.get_value(SECRET_KEY)
        if stored is None:
            stored = await self._storage.settle_value(SECRET_KEY, secrets.token_hex(SECRET_BYTES))
        self._secret = stored.encode()
        return self._secret


def identify(secret: bytes, user_key: str) -> str:
    """The HMAC-SHA256 of a user's key, in hexadecimal digits."""
    return hmac.new(secret, user_key.encode(), sha256).hexdigest()
