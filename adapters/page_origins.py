"""Which requests of a browser come from a page of Easel's own: by their origin, and by whose page sent them. Pure.

For pages under the public address or on this computer. Their tokens stand in headers and strict cookies, which no other
site can send along; this is the second lock.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
OWN_SITES = ("same-origin", "none")  # "none": typed into the address bar


def is_own_host(host: str, public_url: str | None) -> bool:
    """Whether a Host header names this server: its public address, or this computer."""
    name = host.lower()
    if public_url is not None and name == urlsplit(public_url).netloc.lower():
        return True
    return name.rpartition(":")[0] in LOOPBACK_NAMES or name in LOOPBACK_NAMES


def may_read(headers: Mapping[str, str], public_url: str | None) -> bool:
    """The rule of what the page loads: no other site's page has asked for it."""
    if headers.get("Sec-Fetch-Site", "none").lower() not in OWN_SITES:
        return False
    origin = headers.get("Origin")
    return origin is None or _is_own_origin(origin, headers.get("Host", ""), public_url)


def may_change(headers: Mapping[str, str], public_url: str | None) -> bool:
    """The rule of what changes something: the browser says that the page itself has asked for it."""
    return "Origin" in headers and may_read(headers, public_url)


def _is_own_origin(origin: str, host: str, public_url: str | None) -> bool:
    """Whether an Origin header is the public address's, or that of this computer under the name that was asked."""
    if public_url is not None:
        public = urlsplit(public_url)
        if origin.lower() == f"{public.scheme}://{public.netloc}".lower():
            return True
    return is_own_host(host, None) and origin.lower() == f"http://{host.lower()}"
