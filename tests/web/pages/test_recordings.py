"""A reason first, an audit event before the first byte, nothing for whoever has not opened it (T31, T41)."""

import re

import pytest

from bastion.domain.session_events import EndReason
from bastion.errors import DeviceLoginFailed
from recordings.files import BEGUN, DONE, FileLine
from tests.web.scenery import FILES, HOSTILE, TUNNELS, moved
from tests.web.visitor import speak


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
    for version, asked in (("3", {}), ("3", {"version": "3"}), ("2", {"version": "2"})):
        copy = await fresh.send(f"{path}/download", track="1", why="for the supplier", **asked)
        assert f'"version":{version}' in copy.text.splitlines()[0]
    none = await fresh.send(f"{path}/download", track="1", why="for the supplier", version="1")
    assert (none.status_code, none.headers["location"]) == (303, path), "there is none of that version"
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


async def test_sessions_whose_account_was_refused_are_looked_for_as_they_are_named(house, scenery, visitor, people):
    await scenery.recorded(house.alice, "ct-01", "the refused one", EndReason.DEVICE_LOST, why=DeviceLoginFailed.code)
    await scenery.recorded(house.alice, "ct-01", "the lost one", EndReason.DEVICE_LOST)
    browser = await visitor().enter(people["security"])
    for reason, there, not_there in (
        ("account_refused", "the refused one", "the lost one"), ("device_lost", "the lost one", "the refused one"),
    ):  # fmt: skip
        found = (await browser.see(f"/recordings?reason={reason}")).text
        assert there in found
        assert not_there not in found
        assert f'value="{reason}" selected' in found


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


# -- files and tunnels -------------------------------------------------------------------------------------------------
@pytest.fixture
async def opened(house, scenery, visitor, people):
    """Open a recording as somebody of the security team: `browser, path = await opened(files=…, tunnels=…)`."""

    async def open_it(fresh=True, **what):
        record = await scenery.recorded(house.alice, "ct-01", "update", **what)
        browser, path = await visitor().enter(people["security"], fresh=fresh), f"/recordings/{record.id}"
        await browser.send(f"{path}/open", why="incident 12")
        return browser, path

    return open_it


def rows_of(text, title):
    """Return the cells of each row of the table below a title, as text."""
    table = re.search(rf"<h2[^>]*>{title}.*?<tbody>(.*?)</tbody>", text, re.DOTALL)[1]
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


async def test_the_page_tells_what_was_done_to_each_file(opened):
    browser, path = await opened(files=FILES)
    text = (await browser.see(f"{path}/watch")).text
    rows = rows_of(text, "Files")
    assert [(row[1], row[3], row[5]) for row in rows] == [
        ("Upload to the device", "48 MB", "Done"),
        ("Download from the device", "18 kB", "Done"),
        ("Download from the device", "524 kB", "Held back 42520689"),
        ("Upload to the device", "3.1 MB", "Broken off"),
        ("Rename", "–", "Done"),
        ("Delete", "–", "Not allowed The authorisation did not cover deleting files."),
        ("Upload to the device", "0 B", "No end recorded"),
    ]
    assert rows[0][2] == "/opt/tomolux/update/recon-7.2.2.bin"
    assert rows[4][2] == "/opt/tomolux/recon.bin → /opt/tomolux/recon.bin.2026-11-22"
    assert re.fullmatch(r"\d\d:\d\d:\d\d", rows[0][0])
    digest = FILES[1].sha256
    assert rows[0][4] == f"{digest[:12]}…"
    assert f'title="{digest}"' in text
    assert rows[3][4].endswith("out of order: over the pieces as they passed")
    assert 'title="48,213,004 bytes"' in text


async def test_T39_hostile_file_names_and_targets_are_inert(opened):
    lines = [
        FileLine("put", "in", HOSTILE, HOSTILE, 1, HOSTILE, HOSTILE, 1.0, f"failed: {HOSTILE}"),
        FileLine(HOSTILE, HOSTILE, HOSTILE * 40, outcome=HOSTILE),
    ]
    browser, path = await opened(files=lines, tunnels=[(HOSTILE, b"a", b"b")])
    text = (await browser.see(f"{path}/watch")).text
    for raw in ("<script>window", "<img src=x", "\x1b", "\x9b", "\u202e", "49.exe"):
        assert raw not in text
    assert "\\x1b]52" in text
    assert len(rows_of(text, "Files")[1][2]) < 1000


async def test_many_files_are_shown_page_by_page(opened):
    lines = [line for number in range(120) for line in moved("get", f"/logs/{number:03}", number)]
    browser, path = await opened(files=lines)
    seen = {}
    for page in ("", "?at=1", "?at=2", "?at=999"):
        text = (await browser.see(f"{path}/watch{page}")).text
        links = [name for name in ("Earlier files", "Later files") if name in text]
        seen[page] = (text.count("/logs/") // 2, links)
    assert seen == {
        "": (50, ["Later files"]), "?at=1": (50, ["Earlier files", "Later files"]), "?at=2": (20, ["Earlier files"]),
        "?at=999": (0, ["Earlier files"]),
    }  # fmt: skip


async def test_the_page_tells_what_passed_through_each_tunnel(opened):
    browser, path = await opened(tunnels=TUNNELS)
    text = (await browser.see(f"{path}/watch")).text
    rows = rows_of(text, "Forwarded ports")
    assert [row[:4] + row[5:6] for row in rows] == [
        ["3", "tcp ct-01:104 dicom", "14 B", "14 B", "recorded"],
        ["4", "tcp ct-01:443 https", "51 kB", "48 MB", "times and sizes only"],
    ]
    assert f'href="{path}/watch?track=3#h-save"' in text
    chosen = (await browser.see(f"{path}/watch?track=3")).text
    assert re.search(r'<option value="3" selected>Forwarded port 4 tcp ct-01:443 https \(\.pcapng\)', chosen)


async def test_where_nothing_is_to_be_played_there_is_no_player(opened):
    browser, path = await opened(files=FILES, tunnels=TUNNELS, terminals=False)
    text = (await browser.see(f"{path}/watch")).text
    assert "data-replay" not in text
    assert "Files" in text
    assert "Forwarded ports" in text
    for number in (0, 1):
        assert (await browser.see(f"{path}/tracks/{number}")).status_code == 404


async def test_only_terminals_are_tracks_of_the_player(opened):
    browser, path = await opened(files=FILES, tunnels=TUNNELS)
    text = (await browser.see(f"{path}/watch")).text
    assert re.findall(r'role="tab"[^>]*data-number="(\d)"', text) == ["0", "1"]
    assert (await browser.see(f"{path}/tracks/2")).status_code == 404


@pytest.mark.parametrize(
    ("track", "end", "media", "first"),
    [("2", "csv", "text/csv", b"\xef\xbb\xbfat,track,op,"), ("3", "pcapng", "application/x-pcapng", b"\n\r\r\n")],
)
async def test_T41_a_copy_of_files_or_a_tunnel_is_a_viewing_too(house, opened, track, end, media, first):
    browser, path = await opened(files=FILES, tunnels=TUNNELS)
    assert (await browser.send(f"{path}/download", track=track, why=" ")).status_code == 422
    before = len(await house.tags("recording:viewed"))
    copy = await browser.send(f"{path}/download", track=track, why="for the supplier")
    assert copy.headers["content-disposition"] == f'attachment; filename="ct-01-{path[-8:]}-{track}.{end}"'
    assert copy.headers["content-type"].startswith(media)
    assert copy.content.startswith(first)
    event = await house.event("recording:viewed")
    assert len(await house.tags("recording:viewed")) == before + 1
    assert (event.fields["how"], event.fields["why"]) == ("download", "for the supplier")


async def test_T41_no_copy_of_a_tunnel_without_a_fresh_code(house, opened):
    browser, path = await opened(fresh=False, tunnels=TUNNELS)
    stale = await browser.send(f"{path}/download", track="2", why="for the supplier")
    assert stale.status_code == 403
    assert re.search(r'<option value="2" selected>', stale.text)
    assert [event.fields["how"] for event in [await house.event("recording:viewed")]] == ["watch"]


async def test_a_table_that_no_longer_matches_its_seal_is_not_shown(house, opened, tmp_path):
    browser, path = await opened(files=FILES)
    blob = tmp_path / "recordings" / path.rpartition("/")[2] / "track-2.zst"
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1] + b"\x00")
    answer = await browser.see(f"{path}/watch")
    assert answer.status_code == 409
    assert "/opt/tomolux" not in answer.text
    assert "recording:damaged" in await house.tags()


async def test_a_file_without_an_end_says_so_in_the_table_only_once(opened):
    lines = [FileLine("put", "in", "/a", outcome=BEGUN), FileLine("mkdir", path="/b", outcome=DONE)]
    browser, path = await opened(files=lines)
    assert [row[5] for row in rows_of((await browser.see(f"{path}/watch")).text, "Files")] == [
        "No end recorded",
        "Done",
    ]


async def test_why_a_file_did_not_pass_is_said_in_the_readers_language(house, scenery, visitor, people):
    line = FileLine("put", "in", "/a", outcome="refused: This recording is not in the store (any more).")
    record = await scenery.recorded(house.alice, "ct-01", "update", files=[line])
    browser, path = await visitor().enter(await speak(house, people["security"], "fr")), f"/recordings/{record.id}"
    await browser.send(f"{path}/open", why="incident 12")
    (row,) = rows_of((await browser.see(f"{path}/watch")).text, "Fichiers")
    assert row[5] == "Non autorisé Cet enregistrement n’est pas (ou plus) dans l’archive."


async def test_a_recording_that_shows_patients_says_so_wherever_it_stands(house, scenery, visitor, people):
    marked = await scenery.recorded(house.alice, "ct-01", "tube", shown="patient 1 85 05 78 006 084 91\r\n")
    plain = await scenery.recorded(house.alice, "ct-01", "gantry")
    browser = await visitor().enter(people["security"])
    assert (await browser.see("/recordings")).text.count("patient data</") == 1
    only = (await browser.see("/recordings?health=yes")).text
    assert f"/recordings/{marked.id}" in only
    assert f"/recordings/{plain.id}" not in only
    assert "it is health data" in (await browser.see(f"/recordings/{marked.id}")).text
    assert "it is health data" not in (await browser.see(f"/recordings/{plain.id}")).text
    assert "French identity number (NIR, INS)" in (await browser.see(f"/recordings/{marked.id}")).text
