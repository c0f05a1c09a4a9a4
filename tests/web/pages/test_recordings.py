"""A reason first, an audit event before the first byte, nothing for whoever has not opened it (T31, T41)."""

from bastion.domain.session import EndReason
from tests.web.scenery import HOSTILE


async def test_T41_nothing_is_shown_before_a_reason_is_kept(house, scenery, visitor, people):
    record = await scenery.recorded(house.alice, "ct-01", "tube")
    browser, path = await visitor().enter(people["security"]), f"/recordings/{record.id}"
    assert (await browser.see(f"{path}/tracks/0")).status_code == 404
    assert (await browser.see(f"{path}/watch")).headers["location"] == path
    silent = await browser.send(f"{path}/open", why=" ")
    assert silent.status_code == 422
    assert "The reason is missing" in silent.text
    assert "recording:viewed" not in await house.tags()
    assert (await browser.send(f"{path}/open", why="incident 12")).headers["location"] == f"{path}/watch"
    event = await house.event("recording:viewed")
    assert (event.actor_name, event.fields["why"], event.fields["how"]) == ("Security", "incident 12", "watch")
    track = await browser.see(f"{path}/tracks/0")
    assert '"version":3' in track.text.splitlines()[0]
    assert "gantry.service" in track.text


async def test_the_player_gets_its_own_policy_and_no_other_page_does(house, scenery, visitor, people):
    record = await scenery.recorded(house.alice, "ct-01", "tube")
    browser, path = await visitor().enter(people["auditor"]), f"/recordings/{record.id}"
    await browser.send(f"{path}/open", why="yearly audit")
    page = await browser.see(f"{path}/watch")
    assert "'wasm-unsafe-eval'" in page.headers["content-security-policy"]
    assert "Seal unbroken" in page.text
    assert page.text.count('role="tab"') == 2
    assert "df -h /data" in page.text
    assert "wasm" not in (await browser.see(path)).headers["content-security-policy"]


async def test_T31_what_one_opened_another_has_not(house, scenery, visitor, people):
    record = await scenery.recorded(house.alice, "ct-01", "tube")
    mine, other = await visitor().enter(people["security"]), await visitor().enter(people["auditor"])
    await mine.send(f"/recordings/{record.id}/open", why="incident 12")
    assert (await other.see(f"/recordings/{record.id}/tracks/0")).status_code == 404
    assert (await visitor().see(f"/recordings/{record.id}/tracks/0")).status_code == 303
    await mine.send("/sign-out")
    assert (await mine.see(f"/recordings/{record.id}/tracks/0")).status_code == 303


async def test_T41_a_copy_is_a_viewing_of_its_own_with_a_fresh_code(house, scenery, visitor, people):
    record = await scenery.recorded(house.alice, "ct-01", "tube")
    browser, path = await visitor().enter(people["security"], fresh=False), f"/recordings/{record.id}"
    await browser.send(f"{path}/open", why="incident 12")
    stale = await browser.send(f"{path}/download", track="1", why="for the supplier")
    assert stale.status_code == 403
    fresh = await visitor().enter(people["security"])
    copy = await fresh.send(f"{path}/download", track="1", why="for the supplier")
    assert copy.headers["content-disposition"] == f'attachment; filename="ct-01-{record.id[-8:]}-1.cast"'
    assert "/dev/sda2" in copy.text
    event = await house.event("recording:viewed")
    assert (event.fields["how"], event.fields["why"]) == ("download", "for the supplier")
    assert (await fresh.send(f"{path}/download", track="9", why="for the supplier")).status_code == 404


async def test_a_damaged_recording_is_not_shown_and_says_where(house, scenery, visitor, people, tmp_path):
    record = await scenery.recorded(house.alice, "ct-01", "tube")
    blob = next(path for path in (tmp_path / "recordings" / record.id).rglob("track-*") if path.is_file())
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1] + b"\x00")
    browser = await visitor().enter(people["security"])
    answer = await browser.send(f"/recordings/{record.id}/open", why="incident 12")
    assert answer.status_code == 409
    assert "does not match its seal" in answer.text
    assert "recording:damaged" in await house.tags()


async def test_recordings_are_found_by_who_what_when_and_how(house, scenery, visitor, people):
    await scenery.recorded(house.alice, "ct-01", "the tube", EndReason.CUT, "Eve", "patient")
    browser = await visitor().enter(people["security"])
    supplier, device = house.alice.supplier_id, house.device.id
    for query in (
        "", "?text=tube", "?technician=martin", f"?supplier={supplier}", f"?device={device}", "?reason=cut",
        "?since=2020-01-01", "?until=2099-12-31", f"?technician=alice&device={device}&reason=cut&since=2020-01-01",
    ):  # fmt: skip
        assert "the tube" in (await browser.see(f"/recordings{query}")).text, query
    for query in ("?text=other", "?technician=bob", "?reason=idle", "?since=2099-01-01", "?until=2020-01-01"):
        assert "No recording fits" in (await browser.see(f"/recordings{query}")).text, query
    nonsense = await browser.see("/recordings?since=tomorrow")
    assert nonsense.status_code == 422
    assert "Give a date such as" in nonsense.text


async def test_T39_hostile_names_are_inert_in_lists_and_file_names(house, scenery, visitor, people):
    record = await scenery.recorded(house.alice, "ct-01", HOSTILE)
    browser = await visitor().enter(people["security"])
    for page in ("/recordings", f"/recordings/{record.id}", f"/sessions/{record.id}", "/audit", "/requests"):
        text = (await browser.see(page)).text
        assert "<script>window" not in text, page
        assert "\x1b" not in text, page
        assert "\x9b" not in text, page
        assert "\u202e" not in text, page


async def test_a_live_session_has_no_recording_to_watch_yet(house, visitor, people):
    opened = await house.opened()
    browser = await visitor().enter(people["security"])
    assert (await browser.see(f"/recordings/{opened.record.id}")).headers["location"] == f"/sessions/{opened.record.id}"
