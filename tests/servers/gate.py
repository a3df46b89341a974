"""A gate before or behind a call, which a test opens when it likes. Shared by the servers of all platforms."""

import asyncio


class Gate:
    """Holds calls back. `arrived` is set when one is held; `open()` releases all."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self._opened = asyncio.Event()

    def open(self) -> None:
        self._opened.set()

    async def wait_until_open(self) -> None:
        self.arrived.set()
        await self._opened.wait()
