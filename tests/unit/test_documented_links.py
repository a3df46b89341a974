"""What the pages name is there: each link leads to a file and a heading, each path in a message to a page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import PROJECT
from tests.support.pages import PAGES

SOURCES = sorted([*PROJECT.glob("bot/**/*"), *PROJECT.glob("adapters/**/*"), *PROJECT.glob("deploy/*")])


def anchors(page: Path) -> set[str]:
    """What its headings are called in links, as GitHub makes it of them."""
    headings = re.findall(r"(?m)^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", link):
            yield link


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    page = PROJECT / name
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_pages_that_messages_and_files_send_operators_to_are_there() -> None:
    named: set[str] = set()
    for source in SOURCES:
        if source.suffix in (".py", ".ftl", ".yaml", ".yml", ".service", ".example"):
            text = source.read_text("utf-8")
            named |= set(re.findall(r"\bdeploy/[\w.-]+\.md\b", text))
            if source.parent.name == "deploy":
                named |= {f"deploy/{each}" for each in re.findall(r"(?<![\w/])[A-Z]{4,}\.md\b", text)}
    assert named >= {"deploy/SETTINGS.md", "deploy/BACKUP.md"}
    assert not [each for each in sorted(named) if not (PROJECT / each).is_file()]


def test_each_page_of_the_guide_is_a_chapter_of_it() -> None:
    guide = PROJECT / "deploy" / "README.md"
    table = guide.read_text("utf-8").partition("\n\n")[2].partition("\n\n")[0]
    chapters = set(re.findall(r"\]\(([\w.]+)\)", table))
    assert {each.name for each in guide.parent.glob("*.md")} - {guide.name} <= chapters


def test_three_readers_find_their_part_on_the_first_screen() -> None:
    first_screen = (PROJECT / "README.md").read_text("utf-8").splitlines()[:20]
    assert set(re.findall(r"\]\(#([\w-]+)\)", "\n".join(first_screen))) == {"try-it", "run-it", "change-it"}
