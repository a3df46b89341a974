"""What tests of every kind share: clocks, databases, platforms in memory, worlds."""

from pathlib import Path

PROJECT = Path(__file__).parents[2]
"""The checkout that is under test."""
