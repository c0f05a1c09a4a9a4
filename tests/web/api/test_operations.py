"""Sessions, locks, audit and recordings over the API."""

import pytest

from bastion.domain.session_events import EndReason
from bastion.errors import DeviceLoginFailed
from bastion.services.sessions import Ending
from tests.services.house import CONNECTION
from tests.services.watched import watched_session
from tests.web.api.conftest import problem


async def test_a_live_session_is_seen_frozen_thawed_and_cut(eve, house):
    opened = await house.opened()
    (shown,) = (await eve.ask("GET", "/sessions?live=true")).json()
    assert (shown["id"], shown["state"], shown["client"]) == (opened.record.id, "active", CONNECTION.client)
    path = f"/sessions/{opened.record.id}"
    assert (await eve.ask("POST", f"{path}/freeze")).json()["state"] == "frozen"
    assert (await eve.ask("POST", f"{path}/thaw")).json()["state"] == "active"
    assert problem(await eve.ask("POST", f"{path}/cut", why="patient")) == (403, "fresh_factor_needed")
    assert (await eve.ask("POST", f"{path}/cut", why="patient", code=eve.code())).status_code == 200
    wish = (await house.services.sessions.wishes(CONNECTION.node))[opened.record.id]
    assert (wish.cut_by, wish.cut_why) == (house.eve.name, "patient")


async def test_a_refused_account_is_an_end_of_its_own(eve, house):
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.DEVICE_LOST, why=DeviceLoginFailed.code))
    (shown,) = (await eve.ask("GET", "/sessions?end_reason=account_refused")).json()
    assert (shown["id"], shown["end_reason"]) == (opened.record.id, "account_refused")
    assert (await eve.ask("GET", "/sessions?end_reason=device_lost")).json() == []
    assert problem(await eve.ask("GET", "/sessions?end_reason=refused"))[0] == 422


async def test_R34_a_session_is_followed_over_the_api_by_the_token_that_gave_the_code(eve, house):
    opened = await watched_session(house)
    path = f"/sessions/{opened.record.id}"
    shown = (await eve.ask("GET", path)).json()
    assert (shown["state"], shown["must_be_watched"], shown["watched_by"]) == ("unwatched", True, [])
    assert problem(await eve.ask("POST", f"{path}/watch", code="")) == (403, "fresh_factor_needed")
    assert problem(await eve.ask("POST", f"{path}/watch/beat")) == (409, "conflict")
    assert (await eve.ask("POST", f"{path}/watch", code=eve.code())).status_code == 200
    assert (await eve.ask("POST", f"{path}/watch/beat")).status_code == 204
    (watch,) = await house.services.watching.standing([opened.grant.id])
    assert (watch.beats, watch.holder[:6]) == (1, "token:")
    await house.services.watching.judged({watch.id: True}, [])
    shown = (await eve.ask("GET", path)).json()
    assert (shown["state"], shown["watched_by"]) == ("active", ["Eve"])
    assert (await eve.ask("POST", f"{path}/watch/leave")).status_code == 204
    assert (await eve.ask("GET", path)).json()["state"] == "unwatched"


async def test_everything_is_cut_and_restored(ruth, eve, house):
    request = await house.approved()
    lock = {"scope": "all", "reason": "ransomware next door"}
    assert problem(await eve.ask("POST", "/locks", **lock, code=eve.code())) == (403, "forbidden")
    made = await ruth.ask("POST", "/locks", **lock, code=ruth.code())
    assert made.status_code == 201
    assert [one["reason"] for one in (await eve.ask("GET", "/locks")).json()] == ["ransomware next door"]
    (grant_now,) = (await ruth.ask("GET", "/audit?tag=grant:revoked")).json()
    assert grant_now["subject_id"] == request.grant_id
    lifted = await ruth.ask("POST", f"/locks/{made.json()['id']}/lift", why="all clear", code=ruth.code())
    assert lifted.json()["lifted_by"] == house.ruth.name
    assert (await eve.ask("GET", "/locks")).json() == []


async def test_the_trail_is_read_page_by_page_and_verified(ruth, house):
    await house.approved()
    newest = (await ruth.ask("GET", "/audit?limit=2")).json()
    older = (await ruth.ask("GET", f"/audit?limit=2&before_seq={newest[-1]['seq']}")).json()
    assert [e["seq"] for e in newest + older] == list(range(newest[0]["seq"], newest[0]["seq"] - 4, -1))
    verdict = (await ruth.ask("POST", "/audit/verify")).json()
    assert (verdict["ok"], verdict["count"]) == (True, newest[0]["seq"])


@pytest.mark.parametrize("action", ["open", "cast", "files", "capture"])
async def test_T41_no_recording_without_a_reason_and_none_that_is_not_there(ruth, house, action):
    opened = await house.opened()
    path = f"/recordings/{opened.record.id}/{action}"
    assert problem(await ruth.ask("POST", path, reason="")) == (422, "reason_needed")
    assert problem(await ruth.sure("POST", path, reason="complaint 17")) == (404, "not_found")
    assert (await ruth.ask("GET", "/recordings")).json() == []
