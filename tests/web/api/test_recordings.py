"""What was recorded, over the API: tracks, files, tunnels."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.web.api.conftest import problem
from tests.web.scenery import FILES, TUNNELS, Scenery


@pytest.fixture
async def recording(house, tmp_path):
    """The path of a sealed recording with a terminal, a command, files and tunnels."""
    record = await Scenery(house, tmp_path).recorded(house.alice, "ct-01", "update", files=FILES, tunnels=TUNNELS)
    return f"/recordings/{record.id}"


async def test_an_opened_recording_tells_its_tracks_and_what_passed(ruth, recording):
    tracks = (await ruth.ask("POST", f"{recording}/open", reason="complaint 17")).json()["tracks"]
    assert [(t["kind"], t["command"], t["files"], t["sent"], t["received"], t["unkept"]) for t in tracks[1:]] == [
        ("exec", "df -h /data", 0, 0, 46, 0),
        ("files", "", 11, 0, 0, 0),
        ("tunnel", "tcp ct-01:104 dicom", 0, 14, 14, 0),
        ("tunnel", "tcp ct-01:443 https", 0, 51_200, 48_000_000, 48_051_200),
    ]


async def test_the_files_of_a_recording_are_listed_and_that_is_a_viewing(ruth, house, recording):
    answer = (await ruth.ask("POST", f"{recording}/files", reason="complaint 17", limit=2, offset=2)).json()
    assert answer["total"] == 7
    held, broken = answer["files"]
    assert held | {"began": "", "seconds": 0} == {
        "began": "", "track": 2, "op": "get", "direction": "out", "path": "/data/export/série-12.dcm", "target": "",
        "size": 524_288, "sha256": FILES[5].sha256, "pieces": "", "seconds": 0,
        "outcome": "held: 42520689",
    }  # fmt: skip
    assert (broken["outcome"], broken["pieces"]) == ("broken off", "scattered")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(held["began"])) < timedelta(minutes=5)
    event = await house.event("recording:viewed")
    assert (event.fields["how"], event.fields["why"]) == ("watch", "complaint 17")


async def test_T41_a_tunnel_is_downloaded_with_a_fresh_code_and_audited(ruth, house, recording):
    assert problem(await ruth.ask("POST", f"{recording}/capture", reason="complaint 17", track=3))[0] == 403
    assert "recording:viewed" not in await house.tags()
    answer = await ruth.sure("POST", f"{recording}/capture", reason="complaint 17", track=3)
    assert answer.content.startswith(b"\n\r\r\n")
    assert b"A-ASSOCIATE-AC" in answer.content
    assert answer.headers["content-type"] == "application/x-pcapng"
    assert answer.headers["content-disposition"].endswith('-3.pcapng"')
    event = await house.event("recording:viewed")
    assert (event.fields["how"], event.fields["why"]) == ("download", "complaint 17")


@pytest.mark.parametrize(
    ("action", "track"), [("capture", 0), ("capture", 2), ("cast", 2), ("cast", 3), ("capture", 9)]
)
async def test_a_track_of_another_kind_is_not_there(ruth, recording, action, track):
    assert problem(await ruth.sure("POST", f"{recording}/{action}", reason="complaint 17", track=track)) == (
        404, "not_found"
    )  # fmt: skip


async def test_the_description_names_what_a_download_is(ruth):
    paths = (await ruth.ask("GET", "/openapi.json")).json()["paths"]
    told = paths["/api/v1/recordings/{ident}/capture"]["post"]["responses"]["200"]["content"]
    assert list(told) == ["application/x-pcapng"]
    listed = paths["/api/v1/recordings/{ident}/files"]["post"]["responses"]["200"]["content"]["application/json"]
    assert listed["schema"]["$ref"].endswith("/FilesShape")


@pytest.mark.parametrize("action", ["files", "capture"])
async def test_T30_who_may_not_watch_gets_neither_list_nor_capture(eve, house, recording, action):
    assert problem(await eve.sure("POST", f"{recording}/{action}", reason="curious"))[0] == 403
    assert "recording:viewed" not in await house.tags()
