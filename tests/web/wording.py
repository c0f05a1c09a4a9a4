"""Finds every sentence the console can say: in templates, in code, in the tables of labels."""

import ast
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import nodes
from jinja2.lexer import TOKEN_DATA

from web.render import HERE, environment

MARKS = {"t": 1, "N_": 1, "tn": 2}
"""What is said, by how many of its first arguments are sentences."""


def of_templates() -> Iterator[tuple[str, str]]:
    """Yield where and what, for each `t("…")` and `tn("…", "…")` of a template."""
    env = environment()
    for path in sorted((HERE / "templates").rglob("*.html")):
        tree = env.parse(path.read_text())
        for call in tree.find_all(nodes.Call):
            said = MARKS.get(call.node.name, 0) if isinstance(call.node, nodes.Name) else 0
            for argument in call.args[:said]:
                if isinstance(argument, nodes.Const):
                    yield path.name, argument.value


def of_code() -> Iterator[tuple[str, str]]:
    """Yield where and what, for each marked sentence and each sentence of an error in `web/`."""
    for path in sorted(HERE.rglob("*.py")):
        if "api" in path.relative_to(HERE).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                for argument in node.args[: MARKS.get(name, 0)]:
                    if isinstance(argument, ast.Constant):
                        yield path.name, str(argument.value)
                for keyword in node.keywords:
                    if keyword.arg == "sentence" and isinstance(keyword.value, ast.Constant):
                        yield path.name, str(keyword.value.value)


def everything() -> dict[str, str]:
    """Return where by what."""
    return {what: where for where, what in (*of_templates(), *of_code())}


def _wordy(text: str) -> bool:
    return any(c.isalpha() for c in text)


def loose_words(path: Path) -> list[str]:
    """Return text of a template that is not translated: words between tags, or in attributes people meet."""
    env = environment()
    data = "".join(value if kind == TOKEN_DATA else " " for _, kind, value in env.lex(path.read_text()))
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            spoken = {"title", "placeholder", "alt", "aria-label", "label"}
            found.extend(value for name, value in attributes if name in spoken and value and _wordy(value))

        def handle_data(self, text: str) -> None:
            found.extend(word for word in text.split() if _wordy(word) and not word.startswith(("aria-", "autofocus")))

    Reader().feed(data)
    return found


if __name__ == "__main__":
    for what, where in sorted(everything().items(), key=lambda item: item[1]):
        print(f"{where}\t{what}")
