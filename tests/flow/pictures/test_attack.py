"""Hostile pictures of full size: what they cost Easel in memory, and others in waiting. Minutes; the small forms stand
in `tests/unit/pictures/test_budgets.py`."""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from tests.support import PROJECT
from tests.support.hostile_images import (
    black_png,
    claiming_webp,
    frames_apng,
    frames_gif,
    resized_avif,
    scanned_jpeg,
)
from tests.support.images import encode_image

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

MOST_MB = 500
MOST_STALL_MS = 50
MOST_WAIT_MS = 2000


def detailed(width: int, height: int, kind: str, mode: str = "RGB", **how: Any) -> bytes:
    """A picture with something to decode everywhere."""
    small = Pillow.merge(mode, [Pillow.effect_noise((width // 16, height // 16), 90) for _ in mode])
    scaled = small.resize((width, height))  # pyright: ignore[reportUnknownMemberType] - hints at numpy
    return encode_image(scaled, kind, **how)


@dataclass(frozen=True, kw_only=True)
class Attack:
    make: Callable[[], bytes]
    """Makes the file."""
    work: str = "reference"
    """A key of `attack.WORK`."""
    count: int = 20
    """How often it is sent."""
    users: int = 20
    """By how many users."""
    outcome: str = "ok"
    """What becomes of each."""


PADDING = bytes(10_000_000)  # makes a file too large for a chat
TOO_MANY = "PictureTooManyPixels"
ATTACKS = {
    "38 bytes of WebP that claim 100 MP": Attack(make=lambda: claiming_webp(b"VP8 ", 10_000, 10_000), outcome=TOO_MANY),
    "38 bytes of WebP that claim 16.8 MP": Attack(
        make=lambda: claiming_webp(b"VP8 ", 4096, 4096), outcome="BrokenPicture"
    ),
    "WebP of 16.8 MP": Attack(make=lambda: detailed(4096, 4096, "WEBP", method=0)),
    "WebP of 16.8 MP as a result": Attack(make=lambda: detailed(4096, 4096, "WEBP", method=0), work="result"),
    "WebP of 100 MP": Attack(make=lambda: detailed(10_000, 10_000, "WEBP", method=0), outcome=TOO_MANY),
    "AVIF of 16.8 MP": Attack(make=lambda: detailed(4096, 4096, "AVIF", speed=10)),
    "AVIF of 100 MP": Attack(make=lambda: detailed(10_000, 10_000, "AVIF", speed=10), outcome=TOO_MANY),
    "AVIF of 100 MP that says 100 × 100": Attack(
        make=lambda: resized_avif((10_000, 10_000), (100, 100)), outcome=TOO_MANY
    ),
    "JPEG with 198 scans, two albums": Attack(make=lambda: scanned_jpeg((2800, 2100), 198), count=10, users=1),
    "PNG of 50 MP": Attack(make=lambda: black_png(8660, 5773)),
    "PNG of 50 MP fitted": Attack(make=lambda: black_png(8660, 5773) + PADDING, work="fitting"),
    "transparent PNG of 50 MP fitted": Attack(make=lambda: black_png(8660, 5773, colour=6) + PADDING, work="fitting"),
    "transparent PNG of 50 MP masked": Attack(make=lambda: black_png(8660, 5773, colour=6), work="masked", count=10),
    "PNG of 100 MP fitted": Attack(make=lambda: black_png(10_000, 10_000) + PADDING, work="fitting", outcome=TOO_MANY),
    "APNG of 500,000 frames as a result": Attack(make=lambda: frames_apng(500_000), work="result", count=4),
    "GIF of 4,000,000 frames as a result": Attack(make=lambda: frames_gif(4_000_000), work="result", count=4),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_hostile_picture_costs_little_and_nobody_else_waits(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    row = ATTACKS[name]
    file, photo = tmp_path / "file", tmp_path / "photo"
    file.write_bytes(await asyncio.to_thread(row.make))
    photo.write_bytes(await asyncio.to_thread(detailed, 4000, 3000, "JPEG", quality=85))
    control = await _start()
    attack = await _start(str(file), str(photo), row.work, str(row.count), str(row.users))
    found = json.loads((await attack.communicate())[0])
    machine_ms = int((await control.communicate(b""))[0])
    size = file.stat().st_size
    record_property("table", f"{name} × {row.count}, {size:,} bytes: {found}, an idle loop beside it {machine_ms} ms")
    assert found["outcomes"] == {row.outcome: row.count}
    assert found["peak_mb"] < MOST_MB
    assert found["photo_ms"] < MOST_WAIT_MS
    assert found["stall_ms"] <= max(MOST_STALL_MS, 2 * machine_ms)


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.flow.pictures.attack", *arguments),
        cwd=PROJECT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
