"""Every sentence of the command is said in French too, with the same facts in it."""

import ast
import re
from pathlib import Path

import pytest

from bastion import cli
from bastion.i18n import catalogue

FACT = re.compile(r"\{(\w+)\}")


def sentences():
    for path in sorted(Path(cli.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"t", "say", "read_secret"}
            ):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    yield first.value
            if isinstance(node, ast.keyword) and node.arg == "sentence" and isinstance(node.value, ast.Constant):
                yield node.value.value


@pytest.mark.parametrize("english", sorted(set(sentences())))
def test_every_sentence_is_said_in_french(english):
    french = catalogue("fr")[english]
    assert set(FACT.findall(french)) == set(FACT.findall(english))
