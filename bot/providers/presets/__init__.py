"""Differences between upstreams and between models as data: a new relay needs a preset here, not code elsewhere.

No I/O. `upstreams` merges the settings' overrides; the tables stand in the modules beside it.
"""

from bot.providers.presets.shape import Dialect, ModelRule, Preset, TokenPrice, Upstream, join_url
from bot.providers.presets.upstreams import DIALECTS, PRESETS, resolve_providers, resolve_upstream, resolve_upstreams
from bot.providers.presets.wires import ChatWire, ImagesWire, Path, TaskState, TasksWire, UploadWire, Wire

__all__ = [
    "DIALECTS",
    "PRESETS",
    "ChatWire",
    "Dialect",
    "ImagesWire",
    "ModelRule",
    "Path",
    "Preset",
    "TaskState",
    "TasksWire",
    "TokenPrice",
    "UploadWire",
    "Upstream",
    "Wire",
    "join_url",
    "resolve_providers",
    "resolve_upstream",
    "resolve_upstreams",
]
