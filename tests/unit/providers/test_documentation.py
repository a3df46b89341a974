"""Public values of the providers document each of their fields."""

import ast
from itertools import pairwise

from tests.support import PROJECT


def test_every_field_of_a_public_dataclass_has_a_docstring_of_its_own() -> None:
    missing: list[str] = []
    for path in sorted((PROJECT / "bot" / "providers").rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.ClassDef) or node.name.startswith("_") or not _is_dataclass(node):
                continue
            for field, after in pairwise([*node.body, ast.Pass()]):
                if isinstance(field, ast.AnnAssign) and not _is_docstring(after):
                    missing.append(f"{path.stem}.{node.name}.{ast.unparse(field.target)}")
    assert not missing


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any(ast.unparse(each).startswith("dataclass") for each in node.decorator_list)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
