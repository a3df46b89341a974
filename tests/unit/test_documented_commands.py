"""What the pages say to type can be typed: each `easel …` of them is one that the command line understands.

Further names in them as well: keys of settings, variables, metrics, files.
"""

import pkgutil
import re
import shlex
from collections.abc import Iterator

import pytest
from prometheus_client.metrics import MetricWrapperBase
from typer.testing import CliRunner

from adapters.cli import app
from bot.observability import metrics
from bot.settings import Settings, keys, variables
from tests.support import PROJECT
from tests.support.pages import PAGES, words_for_easel

SHELL_BLOCK = re.compile(r"```(?:sh|console)\n(.*?)```|((?:^    .*\n)+)", re.DOTALL | re.MULTILINE)
FENCED = re.compile(r"```.*?```", re.DOTALL)


def typed(page: str) -> Iterator[str]:
    """Every command line of a page."""
    for block in SHELL_BLOCK.finditer(PAGES[page]):
        text = (block[1] or block[2]).replace("\\\n", " ")
        for line in text.splitlines():
            if not line.lstrip().startswith("|"):
                yield from re.split(r"&&|;|\|\||\$\(|\)\s*$", line.removeprefix("$ "))
    for line in re.findall(r"`([^`]+)`", FENCED.sub("", PAGES[page])):
        if not line.startswith("easel "):
            continue
        choices = re.search(r"(\w+(?:\\?\|\w+)+)", line)
        for choice in re.split(r"\\?\|", choices[1]) if choices else [""]:
            yield line.replace(choices[1], choice) if choices else line


COMMANDS = sorted(
    {(page, shlex.join(words)) for page in PAGES for line in typed(page) if (words := words_for_easel(line))}
)


def test_commands_are_found_in_the_pages() -> None:
    found = {words.split()[0] for _, words in COMMANDS}
    assert found >= {"run", "worker", "demo", "init", "check", "quota", "sandbox", "db"}


@pytest.mark.parametrize(("page", "words"), COMMANDS)
def test_a_command_is_understood(page: str, words: str) -> None:
    # what is unknown is told before help is
    done = CliRunner().invoke(app, [*shlex.split(words), "--help"])
    assert done.exit_code == 0, f"{page}: easel {words}\n{done.output}"


@pytest.mark.parametrize("page", PAGES)
def test_names_in_a_page_are_there(page: str) -> None:
    text = PAGES[page]
    known = {key.replace(".*", "") for key in keys()}
    prefixes = {key[: at.start()] for key in known for at in re.finditer(r"\.", key)} | known
    named = [each for each in re.findall(r"`([a-z_]+\.[a-z_.]+)`", text) if not each.endswith((".db", ".py"))]
    assert [each for each in named if each.split(".")[0] in Settings.model_fields and each not in prefixes] == []
    assert set(re.findall(r"\bEASEL_[A-Z][A-Z_]*[A-Z]\b", text)) <= {*variables(), *OF_TESTS}
    assert set(re.findall(r"`(easel_[a-z_]+)`", text)) <= exported()
    for dotted in re.findall(r"`((?:bot|adapters|tests)\.[\w.]*\w)`", text):
        assert pkgutil.resolve_name(dotted), dotted
    for path in re.findall(r"`((?:bot|adapters|deploy|tests|\.ci)/[\w./-]*\w)`", text):
        assert (PROJECT / path).exists(), path


OF_TESTS = ("EASEL_SPECS", "EASEL_TEST_DATABASE_URL", "EASEL_DATABASE")  # the last one is Litestream's


def exported() -> set[str]:
    """Names of series."""
    names: set[str] = set()
    for collector in vars(metrics).values():
        if isinstance(collector, MetricWrapperBase):
            [family] = collector.describe()
            names |= {family.name + suffix for suffix in ("", "_total", "_bucket", "_sum", "_count")}
    return names
