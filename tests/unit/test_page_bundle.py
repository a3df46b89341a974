"""The page as one document: modules keep their meaning, and what a bundle cannot express is refused."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest

from adapters.page_bundle import BundleError, bundle_modules, make_bundle
from adapters.playground.routes import STATIC


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


def test_a_module_stands_once_and_after_what_it_needs(tmp_path: Path):
    write(
        tmp_path,
        app='import { b as other } from "./b.js";\nimport { a } from "./a.js";\nother(a);\n',
        a="export const a = 1;\n",
        b='import { a } from "./a.js";\nexport function b() {\n  return a;\n}\n',
    )
    bundle = bundle_modules(tmp_path, "app.js")
    assert re.findall(r"^const (module_\w+)", bundle, re.M) == ["module_a", "module_b", "module_app"]
    assert "const { b: other } = module_b;" in bundle
    assert "return { b };" in bundle
    assert "export" not in bundle


def test_comments_stay_behind_and_code_does_not(tmp_path: Path):
    code = 'const a = "https://b/*c*/"; // why\n/** @type {B} */ (f(a)); /* d */\n'
    text = f"// law\n/** @type {{string}}\n *  of many lines */\n  /** one */\n{code}"
    write(tmp_path, app=text)
    bundle = bundle_modules(tmp_path, "app.js")
    assert code in bundle
    assert "law" not in bundle
    assert "many" not in bundle
    assert "one" not in bundle


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('import all from "./a.js";\n', "not understood"),
        ('import "./a.js";\n', "not understood"),
        ("export default 1;\n", "not understood"),
        ("export let count = 0;\n", "not understood"),
        ('const later = await import("./a.js");\n', "not understood"),
        ('import { app } from "./app.js";\n', "circle"),
    ],
)
def test_what_a_bundle_cannot_express_is_refused(tmp_path: Path, text: str, why: str):
    write(tmp_path, app=text, a="export const a = 1;\n")
    with pytest.raises(BundleError, match=why):
        bundle_modules(tmp_path, "app.js")


def test_the_page_asks_for_no_other_code_and_its_policy_names_every_part():
    page = make_bundle(STATIC)
    html = page.html.decode()
    assert re.findall(r'(?:src|href)="([^"]+)"', html.split("<body>")[0].split("<style>")[0]) == ["/static/icon.svg"]
    assert "<script src" not in html
    assert "stylesheet" not in html
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", html, re.S)
    styles = re.findall(r"<style>(.*?)</style>", html, re.S)
    assert len(scripts) == 2
    for sources, parts in ((page.script_sources, scripts), (page.style_sources, styles)):
        digests = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in parts]
        assert sources == " ".join(f"'sha256-{digest}'" for digest in digests)
    assert gzip.decompress(page.compressed) == page.html
    modules = {path.name for path in STATIC.glob("*.js")} - {"theme.js", "protocol.js"}  # types alone
    assert len(re.findall(r"^const module_", scripts[1], re.M)) == len(modules)
