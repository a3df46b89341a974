"""What the machine gives: folders, disk, the port, and an Easel that runs there already. Changes nothing."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx

from adapters.doctor.findings import Finding
from adapters.http.server import INSTANCE_HEADER
from bot.settings import Server, Settings
from bot.store.backup_folder import backup_folder
from bot.store.engine import is_sqlite, parse_url
from bot.store.migrate import sqlite_path

MEGABYTE = 1_000_000
MIN_FREE_BYTES = 200 * MEGABYTE  # below, a busy hour may fill the disk, and nothing is accepted then
LOW_FREE_BYTES = 1_000 * MEGABYTE
ASK_TIMEOUT_S = 4.0  # that an Easel on this machine may take to answer; its readiness checks end after 3 s


def folders_of(settings: Settings) -> dict[str, Path]:
    """The folders in which Easel makes files, by the key that names each."""
    url = parse_url(settings.database_url)
    folders = {"database_url": sqlite_path(url).parent} if is_sqlite(url) else {}
    if is_sqlite(url) and settings.backup.every is not None:
        folders["backup.folder"] = backup_folder(url, settings.backup.folder)
    if settings.playground.enabled:
        folders["playground.path"] = settings.playground.path.parent
    return folders


def nearest_folder(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())


def check_folders(settings: Settings) -> list[Finding]:
    """The folders in which Easel makes files, where it may not: one finding each. None for those that are fine."""
    found: list[Finding] = []
    for key, folder in folders_of(settings).items():
        nearest = nearest_folder(folder)
        try:
            with tempfile.TemporaryFile(dir=nearest):
                pass
        except OSError as error:
            message = f"{nearest} cannot be written ({error.strerror})"
            hint = f"let the user that runs Easel write there, or set {key} to another place"
            found.append(Finding(subject=key, is_ok=False, message=message, hint=hint))
    return found


def check_disk(settings: Settings) -> list[Finding]:
    """Free space where Easel writes, once for each file system."""
    return list(_describe_space(settings))


def _describe_space(settings: Settings) -> Iterator[Finding]:
    seen: set[int] = set()
    for folder in (*folders_of(settings).values(), Path(tempfile.gettempdir())):
        nearest = nearest_folder(folder)
        device = nearest.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(nearest).free
        message = f"{size(free)} free at {nearest}"
        hint = "" if free >= LOW_FREE_BYTES else "make room: when it is full, requests are refused until there is some"
        yield Finding(subject="disk", is_ok=free >= MIN_FREE_BYTES, message=message, hint=hint)


def size(count: int) -> str:
    """Bytes for people: `34.1 GB`."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


# ------------------------------------------------------------ the server


async def running_instance(server: Server) -> str | None:
    """What an Easel that answers at the server's address calls itself; None: there is none."""
    answer = await _ask(server, "/healthz")
    return None if answer is None else answer.headers.get(INSTANCE_HEADER)


async def check_port(server: Server) -> Finding:
    """Whether the server can listen. Where an Easel does already, it is asked whether it is ready."""
    where = f"{server.host}:{server.port}"
    try:
        await asyncio.to_thread(_bind, server.host, server.port)
    except OSError as error:
        if (answers := await _describe_running(server, where)) is not None:
            return answers
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        message = f"server.port: cannot listen on {where} ({why})"
        hint = "set server.host to an address of this machine, or server.port to a free port"
        return Finding(subject="server", is_ok=False, message=message, hint=hint)
    return Finding(subject="server", is_ok=True, message=f"can listen on {where}")


async def _describe_running(server: Server, where: str) -> Finding | None:
    """What an Easel at that address says of itself; None: nobody there is one."""
    health = await _ask(server, "/healthz")
    if health is None or not health.is_success:
        return None
    readiness = await _ask(server, "/readyz")
    reasons, warnings = ({}, {}) if readiness is None else (_told(readiness, each) for each in ("reasons", "warnings"))
    if reasons:
        words = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        message = f"an Easel answers at {where}, and is not ready ({words})"
        return Finding(subject="server", is_ok=False, message=message, hint="its log says more")
    hint = "; ".join(f"{name}: {warning}" for name, warning in warnings.items())
    return Finding(subject="server", is_ok=True, message=f"an Easel answers at {where}", hint=hint)


def _told(readiness: httpx.Response, what: str) -> dict[str, str]:
    """Why an Easel is not ready, or what it warns of."""
    try:
        reasons: object = readiness.json()[what]
    except (ValueError, KeyError, TypeError):
        return {}
    given = cast("dict[str, object]", reasons) if isinstance(reasons, dict) else {}
    return {name: str(reason) for name, reason in given.items()}


async def _ask(server: Server, path: str) -> httpx.Response | None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 - compared, not bound
    address = f"http://[{host}]:{server.port}" if ":" in host else f"http://{host}:{server.port}"
    try:
        async with httpx.AsyncClient(timeout=ASK_TIMEOUT_S, trust_env=False) as client:
            return await client.get(address + path)
    except (httpx.HTTPError, httpx.InvalidURL):
        return None


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
