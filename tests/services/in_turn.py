"""The rules of the operator's guide that put agreements one after the other."""

import re
from pathlib import Path
from typing import Final

import policies
from policies.engine import PolicyEngine
from policies.loader import load

_GUIDE: Final = Path(__file__).parents[2] / "docs" / "operator.en.md"
_EXAMPLES: Final = """
[people.wanda]
kind = "staff"
duties = { approver = ["nord/imaging"] }

[devices.ct-04]
facility = "nord"
ward = "imaging"
suppliers = ["acme"]
criticality = 4

[[example]]
says = "the hospital before the ward"
who = "bruno"
action = "approve"
device = "ct-04"
context = { approvals = 0 }
allowed = false
rules = ["ward-first"]

[[example]]
says = "the ward once more"
who = "wanda"
action = "approve"
device = "ct-04"
context = { approvals = 1 }
allowed = false
rules = ["hospital-last"]
"""


def engine(folder: Path) -> PolicyEngine:
    """The library with these rules; `folder` is made."""
    found = re.search(r"\*\*One after the other\.\*\*.*?```cedar\n(.*?)```", _GUIDE.read_text(), re.DOTALL)
    assert found
    more = {"staff.cedar": found[1], "examples.toml": _EXAMPLES}
    folder.mkdir()
    for file in (Path(policies.__file__).parent / "library").iterdir():
        (folder / file.name).write_text(file.read_text() + more.get(file.name, ""))
    return PolicyEngine(load(folder))
