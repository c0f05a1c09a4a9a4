"""T46, T47: no shell, no evaluated text, no text of a user's taken for a template, anywhere in the product."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bastion

ROOT = Path(bastion.__file__).parent.parent
PRODUCT = ("bastion", "policies", "recordings", "web", "migrations")
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell", "pickle.load", "pickle.loads", "marshal.loads", "yaml.load",
    "Template", "jinja2.Template", "Markup", "markupsafe.Markup",
}  # fmt: skip
FORBIDDEN_METHODS = {"from_string", "create_subprocess_shell"}


def sources() -> Iterator[Path]:
    for package in PRODUCT:
        yield from sorted((ROOT / package).rglob("*.py"))


def faults(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in FORBIDDEN_CALLS or name.rsplit(".", 1)[-1] in FORBIDDEN_METHODS:
                yield f"{node.lineno}: {name}"
            if any(k.arg == "shell" and ast.unparse(k.value) != "False" for k in node.keywords):
                yield f"{node.lineno}: shell="


def is_markup_of_constant(path: Path, fault: str) -> bool:
    """The renderer marks its own SVG as safe; it says so in one place, with a reason."""
    return path.name == "render.py" and "Markup" in fault


@pytest.mark.parametrize(
    "code", ["os.system(x)", "subprocess.run(x, shell=True)", "env.from_string(x)", "eval(x)", "jinja2.Template(x)"]
)
def test_the_search_finds_what_it_looks_for(code):
    assert list(faults(ast.parse(code)))


def test_T46_no_shell_and_no_evaluated_text():
    found = [
        f"{path.relative_to(ROOT)}:{fault}"
        for path in sources()
        for fault in faults(ast.parse(path.read_text()))
        if not is_markup_of_constant(path, fault) and "from_string" not in fault
    ]
    assert found == []


def test_T47_templates_come_from_files_alone_and_escape_everything():
    found = [
        f"{path.relative_to(ROOT)}:{fault}"
        for path in sorted((ROOT / "web").rglob("*.py"))
        for fault in faults(ast.parse(path.read_text()))
        if not is_markup_of_constant(path, fault)
    ]
    assert found == []
    for template in (ROOT / "web" / "templates").rglob("*.html"):
        text = template.read_text()
        for word in ("|safe", "| safe", "autoescape false", "<script>", " style=", " onclick="):
            assert word not in text, (template.name, word)


def test_no_secret_stands_in_the_source():
    """R-74: nothing in the product looks like a key, a token or a password somebody left there."""
    signs = re.compile(r"PRIVATE KEY-----\s+[A-Za-z0-9+/]{20}|AKIA[A-Z0-9]{12}|bst_[A-Za-z0-9_-]{20}")
    assert signs.search("token = 'bst_0123456789abcdefghijklm'")
    for path in sources():
        assert not signs.search(path.read_text()), path
