"""Same-origin checks of requests: the playground answers its own page on this computer, and nobody else. Pure.

Any site open in the browser can send requests to 127.0.0.1, and by DNS rebinding under its own name. Host says under
which name the server was reached, Origin and Sec-Fetch-Site say whose page sent the request.
"""

import ipaddress
from collections.abc import Mapping

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
OWN_SITES = ("same-origin", "none")  # "none": typed into the address bar


def is_loopback(host: str) -> bool:
    """Whether a server bound to `host` is reached from this computer alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def may_navigate(headers: Mapping[str, str], port: int) -> bool:
    """The rule of the page's address, which a link elsewhere may lead to, and of the websocket.

    The websocket's Sec-Fetch-Site is not checked: browsers do not agree whether ws: and http: are one site.
    """
    host = headers.get("Host", "").lower()
    if host not in own_hosts(port):
        return False
    origin = headers.get("Origin")
    return origin is None or origin.lower() == f"http://{host}"


def may_load(headers: Mapping[str, str], port: int) -> bool:
    """The rule of everything that only the page itself requests: scripts, styles, pictures."""
    return may_navigate(headers, port) and headers.get("Sec-Fetch-Site", "none").lower() in OWN_SITES


def may_upload(headers: Mapping[str, str], port: int) -> bool:
    """The rule of what changes something: the browser must have declared the request as our own page's."""
    is_declared = "Origin" in headers or headers.get("Sec-Fetch-Site", "").lower() == "same-origin"
    return is_declared and may_load(headers, port)


def own_hosts(port: int) -> tuple[str, ...]:
    """The Host headers under which a server bound to `port` on the loopback is reached."""
    names = tuple(f"{name}:{port}" for name in LOOPBACK_NAMES)
    return names + LOOPBACK_NAMES if port == 80 else names
