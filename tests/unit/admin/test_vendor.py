"""The library that draws charts is the one that its README names, byte for byte, with its licence beside it."""

import hashlib
import re

from adapters.admin.routes import SHARED, STATIC
from adapters.page_bundle import make_bundle

VENDOR = STATIC / "vendor"
LINE = re.compile(r"^\| `([\w.]+)` \| ([\d.]+) \| `([0-9a-f]{64})` \|$", re.M)


def test_every_file_is_named_with_its_version_and_digest() -> None:
    lines = LINE.findall((VENDOR / "README.md").read_text("utf-8"))
    named = {name: (version, digest) for name, version, digest in lines}
    files = {each.name for each in VENDOR.iterdir()} - {"README.md"}
    assert named.keys() == files
    for name, (_, digest) in named.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
    [version] = {version for version, _ in named.values()}
    assert f"(v{version})" in (VENDOR / "uPlot.iife.min.js").read_text("utf-8").splitlines()[0]
    assert "MIT" in (VENDOR / "uPlot.LICENSE").read_text("utf-8")


def test_the_page_says_whose_the_code_is_and_loads_nothing() -> None:
    html = make_bundle(STATIC, SHARED).html.decode()
    assert "/*! https://github.com/leeoniya/uPlot" in html
    assert re.findall(r'(?:src|href)="([^"$]+)"', html.partition("<body>")[0].partition("<style>")[0]) == ["data:,"]
    assert "<script src" not in html
    assert "/static/" not in html
    for each in re.findall(r"https?://[^\s\"'`)]+", html):
        assert each in ("https://github.com/leeoniya/uPlot",) or each.startswith("http://www.w3.org/")
