"""The page for operators about the wires' fields is what the wires say."""

from dataclasses import fields

from bot.providers.presets import ChatWire, ImagesWire, TasksWire, UploadWire
from tests.support.wire_reference import PAGE, reference


def test_the_page_is_what_the_wires_say() -> None:
    """`python -m tests.support.wire_reference` writes it."""
    assert PAGE.read_text(encoding="utf-8") == reference()


def test_every_field_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names = {each.name for wire in (ChatWire, TasksWire, ImagesWire) for each in fields(wire)}
    names |= {f"upload.{each.name}" for each in fields(UploadWire)}
    assert not [name for name in sorted(names) if f"| `{name}` |" not in text]
