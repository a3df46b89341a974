"""What README.md and deploy/ say of settings is true: each snippet is accepted, each key and each preset is there."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from bot.providers.presets import PRESETS, resolve_providers
from bot.settings import Settings
from bot.settings.loading import keys
from bot.settings.providers import Provider
from tests.support.pages import PAGES

ANYWHERE = {"base_url": "http://127.0.0.1:9"}  # for presets without an address of their own


def snippets() -> Iterator[tuple[str, str]]:
    """Every TOML block with its place, as it stands and with the lines that are comments."""
    for page, text in sorted(PAGES.items()):
        for block in re.finditer(r"```toml\n(.*?)```", text, re.DOTALL):
            line = text[: block.start()].count("\n") + 1
            yield f"{page}:{line}", block[1]
            if (everything := re.sub(r"(?m)^# (?=[\w.]+ = )", "", block[1])) != block[1]:
                yield f"{page}:{line} with every line", everything


def accept(table: dict[str, Any]) -> None:
    """Raises where Easel would not start with these settings."""
    resolve_providers([each.model_dump() for each in Settings.model_validate(table).providers])


@pytest.mark.parametrize(("place", "snippet"), [pytest.param(*each, id=each[0]) for each in snippets()])
def test_a_snippet_of_settings_is_accepted(place: str, snippet: str) -> None:
    table = tomllib.loads(snippet)
    if place.startswith("deploy/wires.md") and "providers" not in table:
        table = {"providers": [{"preset": "openai", **table}]}
    accept(table)


INLINE = sorted(
    {
        each
        for name in ("README.md", "deploy/PROVIDERS.md", "deploy/SETTINGS.md", "deploy/MEMBERS.md")
        for each in re.findall(r"`([a-z_.]+ = [^`]+)`", PAGES[name])
        if "…" not in each
    }
)
OF_A_PRICE = ("auto", "default")  # keys of the table itself


@pytest.mark.parametrize("line", INLINE)
def test_a_setting_in_a_sentence_is_accepted(line: str) -> None:
    table: dict[str, Any] = tomllib.loads(line.replace("\n", " "))
    [name] = table
    if name in OF_A_PRICE:
        table = {"price": table}
    if not set(table) <= set(Settings.model_fields):
        table = {"providers": [{"preset": "openai-hk", "dialect": "images", **ANYWHERE, **table}]}
    accept(table)


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table behind a heading of a page in deploy/."""
    table = re.search(r"\n\|.*?\n\n", PAGES[f"deploy/{page}"].partition(f"{heading}\n")[2], re.DOTALL)
    assert table is not None
    return [line.strip("| ").split(" | ") for line in table[0].strip().splitlines()[2:]]


def test_the_table_of_settings_has_every_key_and_no_other() -> None:
    documented = {key for first, *_ in rows("SETTINGS.md", "## Every key") for key in re.findall(r"`([\w.]+)`", first)}
    [providers] = [row for row in rows("SETTINGS.md", "## Every key") if row[0] == "`providers`"]
    known = {key for key in keys() if ".*" not in key} | {key.partition(".*")[0] for key in keys() if ".*" in key}
    assert documented == known
    assert set(re.findall(r"`(\w+)`", providers[2])) == set(Provider.model_fields)


def test_the_table_of_presets_names_each_with_its_dialect_and_its_first_model() -> None:
    told = {row[0].strip("`"): row for row in rows("PROVIDERS.md", "# Providers, prices and moderation")}
    assert told.keys() == PRESETS.keys()
    for name, (_, dialect, models) in told.items():
        assert dialect == f"`{PRESETS[name].dialect}`"
        first = re.search(r"`([\w./-]+)`", models)
        assert first is None or name in ("azure", "sandbox", "relay") or first[1] == PRESETS[name].model
