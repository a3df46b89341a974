"""An image upstream to try things on, over real HTTP, with honest pictures. Apart from the rest of `bot`.

async with Sandbox(pace=0, faults=[Fault("429", 3)]) as sandbox:
    ...  # POST {sandbox.address}/chat/completions or /images/generations, key "sandbox"
"""

from bot.sandbox.faults import Fault
from bot.sandbox.request_log import Received
from bot.sandbox.server import Sandbox

__all__ = ["Fault", "Received", "Sandbox"]
