import pytest

from bastion.domain.announced_file import Announced
from bastion.domain.held_file import Direction, FileState, Scan
from bastion.services import antivirus, files
from policies.guards.verdict import FindingKind
from policies.model import Sas
from web import desk_words as words


@pytest.mark.parametrize(("table", "members"), [
    (words.STATES, FileState), (words.DIRECTIONS, Direction), (words.SCANS, Scan), (words.ANNOUNCED, Announced),
    (words.FINDINGS, FindingKind), (words.RELEASED, Sas),
    (words.UNSCANNED, {value for name, value in vars(antivirus).items() if name.isupper() and name[0] != "_"}),
    (words.BROKEN, {files.CONTENT_CHANGED, files.BASTION_STOPPED, files.TECHNICIAN_LEFT, files.DEVICE_FAILED}),
])  # fmt: skip
def test_every_member_has_a_word_and_no_word_is_idle(table, members):
    assert set(table) == set(members)
