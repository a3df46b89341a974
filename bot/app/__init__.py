"""A whole core: what opens it, what wires its parts together, and what may change while it runs."""

from bot.app.app import App

__all__ = ["App"]
