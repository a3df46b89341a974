"""Who may talk to the playground: its own page on this computer, and nobody else. Pure; web.py asks.

Any site open in the browser can send requests to 127.0.0.1, and by DNS rebinding under its own name. Host
says under which name we were reached, Origin and Sec-Fetch-Site say whose page asks.
"""

import ipaddress
from collections.abc import Mapping

OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")
OWN_SITES = ("same-origin", "none")  # "none": typed into the address bar


def is_loopback(host: str) -> bool:
    """Whether a server bound to `host` is reached from this computer alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def may_visit(headers: Mapping[str, str], port: int) -> bool:
    """For the page's address, which a link elsewhere may lead to, and for the WebSocket.

    The WebSocket's Sec-Fetch-Site is not looked at: browsers do not agree whether ws: and http: are one site.
    """
    host = headers.get("Host", "").lower()
    if host not in own_hosts(port):
        return False
    origin = headers.get("Origin")
    return origin is None or origin.lower() == f"http://{host}"


def may_fetch(headers: Mapping[str, str], port: int) -> bool:
    """For everything that only the page itself asks for: scripts, styles, pictures."""
    return may_visit(headers, port) and headers.get("Sec-Fetch-Site", "none").lower() in OWN_SITES


def may_change(headers: Mapping[str, str], port: int) -> bool:
    """For what changes something: the browser must have said that our own page asks."""
    said = "Origin" in headers or headers.get("Sec-Fetch-Site", "").lower() == "same-origin"
    return said and may_fetch(headers, port)


def own_hosts(port: int) -> tuple[str, ...]:
    """The Host headers under which a server bound to `port` on the loopback is reached."""
    names = tuple(f"{name}:{port}" for name in OWN_NAMES)
    return names + OWN_NAMES if port == 80 else names
