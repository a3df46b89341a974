"""Follows the build stage of deploy/Dockerfile in a temporary folder: its files, its environment, its commands.

    python .ci/install_as_image.py

Once as it stands, once more with the extra of PostgreSQL. Fails unless all that the constraints pin installs, `easel`
runs from there, and every file of the packages (pages, texts, migrations) has come along. Installs from the package
index that pip is set up for.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1]
EXTRAS = ("", "[postgres]")  # of the build, one after the other
PACKAGES = ("bot", "adapters")
COMMANDS = (["--version"], ["check", "--help"], ["demo", "--help"], ["run", "--help"], ["db", "--help"])


def steps() -> Iterator[tuple[str, str]]:
    """The instructions of the build stage, each as its word and the rest."""
    text = (PROJECT / "deploy/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    stages = [index for index, line in enumerate(lines) if line.startswith("FROM ")]
    for line in lines[stages[0] + 1 : stages[1]]:
        word, _, rest = line.partition(" ")
        yield word, rest


class Stage:
    """The stage with its paths below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = self._work = folder
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("EASEL_")}
        self._environment["PIP_QUIET"] = "1"

    def follow(self, word: str, rest: str) -> None:
        """One instruction."""
        match word:
            case "WORKDIR":
                self._work = Path(self._here(rest))
                self._work.mkdir(parents=True)
            case "ENV":
                self._environment |= dict(each.split("=", 1) for each in rest.split())
            case "ARG" if rest == 'EXTRAS=""':
                pass
            case "COPY":
                *sources, target = rest.split()
                for source in sources:
                    is_inside = target.endswith("/") and (PROJECT / source).is_file()
                    copy(
                        PROJECT / source, self._work / target / Path(source).name if is_inside else self._work / target
                    )
            case "RUN":
                for extras in EXTRAS if "${EXTRAS}" in rest else ("",):
                    self._run(rest.replace("${EXTRAS}", extras))
            case _:
                sys.exit(f"{word} {rest}: not understood; teach .ci/install_as_image.py to follow it")

    def _run(self, command: str) -> None:
        sys.stderr.write(f"$ {command}\n")
        command = re.sub(r"^python\b", sys.executable, self._here(command))
        subprocess.run(["/bin/sh", "-c", command], check=True, cwd=self._work, env=self._environment)  # noqa: S603 - as Docker does

    def _here(self, text: str) -> str:
        return re.sub(r"(?<![\w./])/(?=opt/|src)", f"{self._folder}/", text)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def missing_files(environment: Path) -> list[str]:
    """Files of the packages that are in the project and not in the environment."""
    [site] = environment.glob("lib/python*/site-packages")
    ours = [path for package in PACKAGES for path in (PROJECT / package).rglob("*") if path.is_file()]
    named = [path.relative_to(PROJECT) for path in ours if "__pycache__" not in path.parts]
    return [str(each) for each in named if not (site / each).is_file()]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        stage = Stage(Path(name))
        for word, rest in steps():
            stage.follow(word, rest)
        programs = Path(name, "opt/easel/bin")
        for command in (["python", "-m", "pip", "check"], *(["easel", *words] for words in COMMANDS)):
            program, *words = command
            subprocess.run([programs / program, *words], check=True, cwd=name, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
        if missing := missing_files(programs.parent):
            sys.exit("not in the image: " + ", ".join(missing))
    sys.stderr.write("The image's steps install Easel as it is pinned, with all its files.\n")


if __name__ == "__main__":
    main()
