"""SIGINT and SIGTERM as events of the loop. The first asks Easel to stop in its order, the second to hurry."""

import asyncio
import os
import signal

HURRY_S = 5.0  # that the end may take after a second signal


def stop_on_signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Events that are set once SIGINT or SIGTERM arrives for the first and for the second time. After the second the
    process ends within HURRY_S, whatever hangs: the next start settles what was under way."""
    loop, stop, hurry = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def receive(number: int) -> None:
        if stop.is_set() and not hurry.is_set():
            hurry.set()
            loop.call_later(HURRY_S, os._exit, 128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, receive, number)
    return stop, hurry
