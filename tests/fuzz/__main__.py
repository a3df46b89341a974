"""libFuzzer by way of atheris: `pip install -e '.[test,fuzz]'`, then `python -m tests.fuzz TARGET -max_total_time=60`.

Without a target it lists them. What it finds is written to a file whose bytes, handed to the target, show it again.
"""

import sys
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

atheris: Any = import_module("atheris")  # an extra of its own, and untyped

with atheris.instrument_imports(include=["bot", "adapters"]):
    from tests.fuzz.targets import SEEDS, TARGETS


def main() -> None:
    name, *options = [*sys.argv[1:], ""]
    if name not in TARGETS:
        sys.exit(f"python -m tests.fuzz TARGET [-max_total_time=SECONDS]; there are {', '.join(TARGETS)}")
    corpus = Path(mkdtemp(prefix=f"fuzz-{name}-"))
    for number, seed in enumerate(SEEDS[name]):
        (corpus / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], *filter(None, options), str(corpus)], TARGETS[name])
    atheris.Fuzz()


main()
