"""The page as one document: stylesheets and modules are put into the HTML, so that a browser asks once for all of it.

No tool chain: modules import by name from each other and export by name, and nothing else of the module syntax is used,
which is checked. A module becomes a function that returns what it exports; comments that stand on lines of their own
are left out, a fifth of what a browser would load. Pure but for reading the files.
"""

import base64
import gzip
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async function|function|const|class) (\w+))", re.M)
_MODULE_SYNTAX = re.compile(r"^\s*(?:import|export)\b|(?<![{<])\bimport\(|\bimport\.meta\b", re.M)
_COMMENT = re.compile(
    r"^[ \t]*(?://.*\n|/\*(?!!)(?:(?!\*/)[\s\S])*\*/[ \t]*\n)", re.M
)  # on lines of its own, never inside code; one that begins with /*! says whose the code is, and stays
_FILE = r"(?:[\w-]+/)?[\w-]+(?:\.[\w-]+)*"
_STYLESHEET = re.compile(rf'^ *<link rel="stylesheet" href="/static/({_FILE}\.css)">\n', re.M)
_SCRIPT = re.compile(rf'<script( type="module")? src="/static/({_FILE}\.js)"></script>')
_ASSET = re.compile(r'url\("([\w-]+\.svg)"\)')


class BundleError(ValueError):
    """A file of the page uses something that a bundle cannot express."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBundle:
    """The document, and what its headers say."""

    html: bytes
    """UTF-8."""
    compressed: bytes
    """The same with gzip."""
    etag: str
    """Quoted, as it stands in the header."""
    script_sources: str
    """Sources for `script-src` of the content policy: the hashes of the scripts inside."""
    style_sources: str
    """Sources for `style-src`."""


def make_bundle(folder: Path, *shared: Path) -> PageBundle:
    """The page of a folder with an `index.html`. `shared`: folders with files that it has not itself.

    Raises BundleError, OSError.
    """
    folders = (folder, *shared)
    document = _read(folders, "index.html")
    scripts: list[str] = []

    def put_script(found: re.Match[str]) -> str:
        text = bundle_modules(folder, found[2], *shared) if found[1] else _read_code(folders, found[2])
        if "</script" in text or "<!--" in text:
            raise BundleError(f"{found[2]}: a script in a document cannot contain </script or <!--")
        scripts.append(f"\n{text}")
        return f"<script{found[1] or ''}>{scripts[-1]}</script>"

    names = _STYLESHEET.findall(document)
    style = "\n" + _ASSET.sub(r'url("/static/\1")', "\n".join(_read_code(folders, name) for name in names))
    first, *others = _STYLESHEET.split(document)[::2]
    document = f"{first}    <style>{style}</style>\n{''.join(others)}"
    html = _SCRIPT.sub(put_script, document).encode()
    return PageBundle(
        html=html,
        compressed=gzip.compress(html, mtime=0),
        etag=f'"{hashlib.sha256(html).hexdigest()[:32]}"',
        script_sources=" ".join(map(_source, scripts)),
        style_sources=_source(style),
    )


def bundle_modules(folder: Path, entry: str, *shared: Path) -> str:
    """A module with all that it imports, each once and after what it needs. `shared`: as of `make_bundle`.

    Raises BundleError, also for a circle; OSError.
    """
    parts: dict[str, str] = {}

    def add(name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            raise BundleError(f"a circle of imports: {' → '.join((*importers, name))}")
        if name in parts:
            return
        text = _read_code((folder, *shared), name)
        for imported in _IMPORT.finditer(text):
            add(imported[2], (*importers, name))
        parts[name] = _wrap(name, text)

    add(entry, ())
    return "\n".join(parts.values())


def _wrap(name: str, text: str) -> str:
    """A module as a constant that holds what it exports."""
    exported = _EXPORT.findall(text)
    body = _EXPORT.sub("", _IMPORT.sub(_destructure, text))
    if wrong := _MODULE_SYNTAX.search(body):
        raise BundleError(f"{name}: {wrong[0].strip()} is not understood here")
    return f"const {_constant(name)} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"


def _destructure(found: re.Match[str]) -> str:
    names = ", ".join(each.strip().replace(" as ", ": ") for each in found[1].split(",") if each.strip())
    return f"const {{ {names} }} = {_constant(found[2])};\n"


def _constant(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name.removesuffix(".js"))


def _read(folders: Sequence[Path], name: str) -> str:
    """A file of the first folder that has it, else of the last."""
    found = next((each for each in folders if (each / name).is_file()), folders[-1])
    return (found / name).read_text(encoding="utf-8")


def _read_code(folders: Sequence[Path], name: str) -> str:
    return _COMMENT.sub("", _read(folders, name))


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
