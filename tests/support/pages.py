"""The pages of the project: README.md, the operator's guide, and those beside the code."""

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
