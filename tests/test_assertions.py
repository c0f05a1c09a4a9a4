"""Each test can fail: it asserts, expects an error, or calls a helper of the tests that does."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
EXPECTING = {"raises", "warns", "fail"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def called(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            yield one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")


def asserts(node: ast.AST, helpers: set[str]) -> bool:
    plain = any(isinstance(one, ast.Assert) for one in ast.walk(node))
    return plain or any(name in EXPECTING or name in helpers or name.startswith("assert_") for name in called(node))


def test_no_test_is_without_an_assertion() -> None:
    every = [(path, one) for path in TESTS.rglob("*.py") for one in functions(ast.parse(path.read_text()))]
    helpers: set[str] = set()
    while more := {f.name for _, f in every if not f.name.startswith("test_") and asserts(f, helpers)} - helpers:
        helpers |= more
    empty = [f"{path.relative_to(TESTS)}: {one.name}" for path, one in every if one.name.startswith("test_")
             and not asserts(one, helpers)]  # fmt: skip
    assert empty == []
