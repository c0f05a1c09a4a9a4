"""Whatever the proxy says to a technician it can say in French."""

import ast
from pathlib import Path

import bastion.proxy
from bastion.i18n import catalogue
from bastion.proxy import notices
from bastion.proxy.lobby import screens
from bastion.proxy.ssh import admission, caller, front
from bastion.services.authentication import WRONG_CODE

FOLDER = Path(bastion.proxy.__file__).parent
SPEAKERS = {"say", "_say", "_question", "_needed", "_agrees"}


def spoken(source: str) -> set[str]:
    """The strings in `say("…")` and the like, and in `sentence="…"`."""
    found = set()
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            values = list(call.args[:1]) if name in SPEAKERS else []
            values += [keyword.value for keyword in call.keywords if keyword.arg == "sentence"]
            found |= {v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)}
    return found


def all_sentences() -> set[str]:
    sentences = {s for file in FOLDER.rglob("*.py") for s in spoken(file.read_text())}
    sentences |= {*notices._NOTICES.values(), *notices._ENDINGS.values()}
    sentences |= {*screens._KIND_NAMES.values(), *screens._CONDITIONS.values(), *screens._STATES.values()}
    sentences |= {admission.ASK_FIRST, admission.STILL_WAITING, admission.WHICH_DEVICE, WRONG_CODE, caller.WRONG_CODES}
    return sentences | (set(front._KINDS.values()) - {"X11"})


def test_every_sentence_has_a_french_one():
    assert all_sentences() - set(catalogue("fr")) == set()


def test_no_french_sentence_lost_or_invented_a_placeholder():
    import string

    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    wrong = {s for s in all_sentences() if places(s) != places(catalogue("fr").get(s, s))}
    assert wrong == set()
