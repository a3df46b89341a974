"""The pages of the project: README.md, the operator's guide, and those beside the code; and what they say to type."""

import re
import shlex

from tests.support import PROJECT

PAGES = {
    path.relative_to(PROJECT).as_posix(): path.read_text("utf-8")
    for path in sorted(
        [
            PROJECT / "README.md",
            *(page for folder in ("adapters", "bot", "deploy", "tests") for page in (PROJECT / folder).rglob("*.md")),
        ]
    )
}
"""Text by path."""
OF_OTHERS = (
    "systemctl",
    "journalctl",
    "createdb",
    "createuser",
    "psql",
    "mkdir",
    "install",
    "chown",
    "cp",
    "git",
    "kubectl",
)
"""Programs to which `easel` is the name of a service, a database, a user or a folder."""
PLACEHOLDERS = {"N": "5", "SECONDS": "5", "USER": "telegram:123", "…": ""}


def commands_below(page: str, heading: str) -> str:
    """The first block of commands below a heading, without its indentation."""
    below = PAGES[page].partition(f"# {heading}\n")[2]
    block = re.search(r"(?m)^(?:    .*\n|\n(?=    ))+", below)
    assert block is not None, f"no commands below {heading!r} in {page}"
    return re.sub(r"(?m)^    ", "", block[0])


def words_for_easel(line: str) -> list[str] | None:
    """What stands behind `easel`; None where the line is not about the command."""
    try:
        words = shlex.split(line.strip().lstrip("("), comments=True)
    except ValueError:
        return None
    words = words[: words.index("|")] if "|" in words else words
    words = [word for word in words if not re.fullmatch(r"[A-Z_]+=.*", word)]
    if not words or words[0] in OF_OTHERS or "--entrypoint" in words:
        return None
    at = [index for index, word in enumerate(words) if word.rpartition("/")[2] == "easel" and "://" not in word]
    if not at or (at[-1] + 1 == len(words) and words[0] != words[at[-1]]):
        return None
    return [PLACEHOLDERS.get(word, word) for word in words[at[-1] + 1 :] if PLACEHOLDERS.get(word, word)]
