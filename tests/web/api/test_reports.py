"""Reports on interventions over the API (R-59)."""

from bastion.domain.session_events import EndReason
from bastion.services.sessions import Ending
from tests.web.api.conftest import problem

BODY = {"done": "Tube replaced.", "after": "in_service"}


async def test_what_is_owed_is_read_and_written_down_for_the_supplier(eve, ruth, house):
    opened = await house.opened()
    path = f"/requests/{opened.record.request_id}/report"
    assert (await eve.ask("GET", path)).json()["owed_since"] is None
    assert problem(await eve.ask("POST", path, **BODY)) == (409, "conflict")
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    owed = (await ruth.ask("GET", path)).json()
    assert (owed["overdue"], owed["reports"]) == (False, [])
    assert owed["owed_since"] < owed["due_at"]
    assert problem(await ruth.ask("POST", path, **BODY))[0] == 403
    assert problem(await eve.ask("POST", path, **BODY | {"taken": "logs"})) == (422, "invalid")
    written = (await eve.ask("POST", path, **BODY)).json()
    assert (written["owed_since"], written["reports"][0]["author_name"]) == (None, "Eve")
    assert written["reports"][0]["author_company"] == ""
    assert problem(await eve.ask("GET", f"/requests/{'0' * 32}/report"))[0] == 404
