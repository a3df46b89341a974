"""Requests one picture from a running demo, as its page does; exits 0 when a picture came: paint_once.py PORT

Needs no package beyond those of Easel itself.
"""

import asyncio
import json
import sys
from io import BytesIO
from typing import Any
from uuid import uuid4

import aiohttp
from PIL import Image

TIMEOUT_S = 60.0  # the demo takes about 8 s for a picture


async def paint_once(port: int) -> str:
    """Requests one picture and describes the result in one line."""
    home = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession(headers={"Origin": home}) as web, asyncio.timeout(TIMEOUT_S):
        async with web.get(home) as page:
            page.raise_for_status()
        async with web.ws_connect(f"{home}/ws") as socket:
            await socket.send_json({"type": "start", "locale": "en"})
            await next_frame(socket, "hello")
            await socket.send_json(
                {
                    "type": "send",
                    "as": "amber",
                    "chat": "direct-amber",
                    "text": "a lighthouse",
                    "files": [],
                    "reply_to": None,
                    "nonce": uuid4().hex,
                }
            )
            file_id = await finished_file(socket)
        async with web.get(f"{home}/files/{file_id}") as answer:
            answer.raise_for_status()
            data = await answer.read()
    with Image.open(BytesIO(data)) as picture:
        picture.load()
        if picture.format not in ("PNG", "JPEG"):
            raise SystemExit(f"came as {picture.format}")
        return f"{picture.format} {picture.width}x{picture.height}, {len(data)} bytes"


async def next_frame(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next frame of a type."""
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            received: dict[str, Any] = json.loads(message.data)
            if received.get("type") == kind:
                return received
    raise SystemExit(f"the demo closed the connection before any {kind}")


async def finished_file(socket: aiohttp.ClientWebSocketResponse) -> str:
    """The id of the first file that the bot delivers."""
    last = ""
    while True:
        message = (await next_frame(socket, "message"))["message"]
        if message["sender"] != "easel":
            continue
        if message["files"]:
            return str(message["files"][0]["id"])
        if message["text"] != last:
            last = message["text"]
            sys.stdout.write(f"  {last!r}\n")


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(paint_once(int(sys.argv[1]))) + "\n")
