"""The sandbox: an image upstream for the demo, the tests and the benchmarks. Imports nothing of the rest of `bot`.

Speaks every upstream dialect over real HTTP and paints real pictures that show what it received.

async with Sandbox(pace=0, faults=[Fault("429", 3)]) as sandbox:
    ...  # POST {sandbox.address}/chat/completions or /images/generations, key "sandbox"
"""

from bot.sandbox.faults import Fault
from bot.sandbox.request_log import RecordedRequest
from bot.sandbox.server import Sandbox

__all__ = ["Fault", "RecordedRequest", "Sandbox"]
