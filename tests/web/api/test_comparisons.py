"""What was declared beside what was observed, over both APIs (R-60)."""

from tests.services.test_comparisons import ended, passed
from tests.web.api.conftest import problem


async def test_what_differs_is_read_of_a_session_of_its_request_and_in_the_list(eve, ruth, house):
    opened = await house.opened()
    request = f"/requests/{opened.record.request_id}/comparison"
    await house.services.sessions.note(opened.record, [passed()])
    await ended(house, opened, acts=("unread\t1\t0\t3",))
    for path in (request, f"/sessions/{opened.record.id}/comparison"):
        told = (await ruth.ask("GET", path)).json()
        assert told["differences"] == ["files"]
        (row,) = [one for one in told["rows"] if one["aspect"] == "files"]
        assert row["mark"] == "differs"
        assert [(one["what"], one["count"]) for one in row["observed"]] == [("unannounced", 1)]
        assert [(one["name"], one["standing"]) for one in told["files"]] == [("a.conf", "unannounced")]
        assert told["unseen"] == ["unread"]
    assert (await eve.ask("GET", f"/sessions/{opened.record.id}")).json()["differences"] == ["files"]
    assert [one["id"] for one in (await ruth.ask("GET", "/recordings", differs="true")).json()] == [opened.record.id]
    assert problem(await eve.ask("GET", f"/requests/{'0' * 32}/comparison"))[0] == 404


async def test_where_there_was_no_session_there_is_nothing(eve, house):
    request = await house.approved()
    told = (await eve.ask("GET", f"/requests/{request.id}/comparison")).json()
    assert told == {"differences": [], "rows": [], "files": [], "unseen": []}
