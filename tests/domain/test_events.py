import re
from pathlib import Path

import bastion
from bastion.domain.events import KINDS, Severity

ROOT = Path(bastion.__file__).parent.parent
USE = re.compile(r'"([a-z_]+:[a-z_]+)"')


def test_every_tag_follows_the_grammar():
    for tag in KINDS:
        assert re.fullmatch(r"[a-z]+:[a-z_]+", tag), tag


def test_no_field_name_speaks_of_a_secret():
    for kind in KINDS.values():
        assert not set(kind.fields) & {"password", "secret", "code", "token_text", "private_key"}, kind.tag


def test_what_gives_rights_back_or_confirms_them_is_above_everyday_news():
    assert {KINDS[tag].severity for tag in ("lock:lifted", "review:signed")} == {Severity.NOTICE}


def test_every_tag_is_written_somewhere_and_every_written_tag_is_declared():
    subjects = {tag.split(":")[0] for tag in KINDS}
    used = set()
    for source in (ROOT / "bastion").rglob("*.py"):
        if source.name != "events.py":
            used |= {t for t in USE.findall(source.read_text()) if t.split(":")[0] in subjects}
    assert used - set(KINDS) == set()
    assert set(KINDS) - used == set()
