"""What can be seen from outside: whether the public address leads here, and whether this machine's clock is right."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from statistics import median

import httpx

from adapters.doctor.findings import Finding
from adapters.doctor.machine import running_instance
from adapters.http.server import INSTANCE_HEADER, HttpServer
from bot.administration.sign_in import ADMIN_PATH, server_address
from bot.errors import SettingsWrong
from bot.ports import REGION_PATH
from bot.runtime.clock import SystemClock
from bot.runtime.tls import client_context
from bot.settings import Settings

TIMEOUT_S = 8.0  # of one request
MAX_SKEW_S = 30.0  # signed addresses, sessions and certificates of others begin to fail about there
NOTED_SKEW_S = 5.0  # no clock that is kept by NTP is that wrong

# ------------------------------------------------------------ the public address


async def check_public_address(settings: Settings) -> list[Finding]:
    """Asks one's own public address for a path that a proxy passes on to Easel, and looks who answers. Where no Easel
    runs, this process listens in its place for as long as that takes."""
    server = settings.server
    if server.public_url is None or not server.enabled:
        return []
    if (instance := await running_instance(server)) is not None:
        return [await _ask_public_address(server.public_url, instance, settings)]
    stand_in = HttpServer(server.host, server.port)
    try:
        await stand_in.start()
    except SettingsWrong:  # which the line of the server says
        return [await _ask_public_address(server.public_url, None, settings)]
    try:
        return [await _ask_public_address(server.public_url, stand_in.instance, settings)]
    finally:
        await stand_in.stop()


async def _ask_public_address(public_url: str, instance: str | None, settings: Settings) -> Finding:
    """`instance`: who should answer; None: nobody knows."""
    address = f"{public_url.rstrip('/')}/callbacks/check-{secrets.token_urlsafe(8)}"

    def say(message: str, *, is_ok: bool = False, hint: str = "") -> Finding:
        return Finding(subject="public address", is_ok=is_ok, message=f"{public_url} {message}", hint=hint)

    try:
        async with httpx.AsyncClient(verify=client_context(), timeout=TIMEOUT_S, follow_redirects=False) as client:
            answer = await client.get(address)
    except httpx.TimeoutException:
        return say(
            f"does not answer within {TIMEOUT_S:g} s", hint="open its port in the firewall; is the proxy running?"
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return say(f"cannot be reached ({error})", hint=_network_hint(str(error)))
    answered = answer.headers.get(INSTANCE_HEADER)
    if answered is None:
        who = answer.headers.get("Server", "something else")
        hint = f"let the proxy pass /callbacks/, /telegram/ and /region on to http://{settings.server.host}:{settings.server.port}"
        return say(f"answers with HTTP {answer.status_code} of {who}, and not as Easel", hint=hint)
    if answered == instance:
        return say("answers over HTTPS as this Easel", is_ok=True)
    if settings.database_url.startswith("sqlite"):
        hint = "does it lead to another machine, or to an older process?"
        return say("answers as an Easel, but not as the one of this machine", is_ok=instance is None, hint=hint)
    return say("answers over HTTPS as another process of Easel", is_ok=True)


def _network_hint(error: str) -> str:
    if "certificate" in error.lower() or "ssl" in error.lower():
        return "renew the proxy's certificate, and let it name this host; Caddy gets one by itself"
    if "name" in error.lower() or "address" in error.lower():
        return "let the name's DNS record lead to this machine or its proxy"
    return "start the proxy, and open its port in the firewall"


def describe_region_page(settings: Settings, platforms: Sequence[str]) -> list[Finding]:
    """Where members of the platforms paint regions by hand, or why they cannot."""
    if not platforms:
        return []
    subject, server = "region page", settings.server
    if server.public_url is not None and server.enabled:
        return [
            Finding(
                subject=subject, is_ok=True, message=f"members paint at {server.public_url.rstrip('/')}{REGION_PATH}"
            )
        ]
    why = "server.enabled is false" if server.public_url is not None else "server.public_url is not set"
    return [
        Finding(
            subject=subject,
            is_ok=True,
            message=f"no Region button in {' and '.join(platforms)}: {why}",
            hint="give the server an HTTPS address, and let the proxy pass /region on",
        )
    ]


def describe_admin_page(settings: Settings) -> list[Finding]:
    """Where administrators sign in; nothing where the page is off."""
    if not settings.admin_page.enabled:
        return []
    server = settings.server
    host = f"[{server.host}]" if ":" in server.host else server.host
    address = server_address(server.public_url, f"http://{host}:{server.port}") + ADMIN_PATH
    if server.public_url is not None:
        message, hint = f"administrators sign in at {address}, over HTTPS", ""
    else:
        message = f"administrators sign in at {address}, on this computer alone"
        hint = "" if server.is_loopback else "set server.public_url to reach it from elsewhere, over HTTPS"
    return [Finding(subject="admin page", is_ok=True, message=message, hint=hint)]


# ------------------------------------------------------------ the clock


async def check_clock(addresses: Sequence[str]) -> list[Finding]:
    """Compares this machine's clock with the Date of answers. `addresses`: of platforms and upstreams, which are
    asked without any key."""
    if not addresses:
        return []
    async with httpx.AsyncClient(verify=client_context(), timeout=TIMEOUT_S, follow_redirects=False) as client:
        asked = await asyncio.gather(*(_skew(client, address) for address in dict.fromkeys(addresses)))
    skews = [each.total_seconds() for each in asked if each is not None]
    if not skews:
        return []  # nobody answers, which other lines say
    skew = median(skews)
    if abs(skew) < NOTED_SKEW_S:
        return [Finding(subject="clock", is_ok=True, message=f"agrees with {len(skews)} of those it talks to")]
    message = f"is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'} of what others say"
    hint = "let NTP set it: timedatectl set-ntp true"
    return [Finding(subject="clock", is_ok=abs(skew) < MAX_SKEW_S, message=message, hint=hint)]


async def _skew(client: httpx.AsyncClient, address: str) -> timedelta | None:
    """How far this machine is ahead of who answers; None: no answer says the time."""
    clock = SystemClock()
    before = clock.now()
    try:
        async with client.stream("GET", address, headers={"Cache-Control": "no-cache"}) as answer:
            middle = before + (clock.now() - before) / 2
            stated = parsedate_to_datetime(answer.headers["Date"])
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError):
        return None
    theirs = stated if stated.tzinfo is not None else stated.replace(tzinfo=UTC)
    return middle - _middle_of_second(theirs)


def _middle_of_second(stated: datetime) -> datetime:
    """A Date says whole seconds."""
    return stated + timedelta(seconds=0.5)
