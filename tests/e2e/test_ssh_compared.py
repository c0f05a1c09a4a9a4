"""What was declared beside what a real technician did, found when the recording is sealed and shown (R-60)."""

import json
from pathlib import Path

import pytest

from bastion.config import Settings
from bastion.domain.access_request import InterventionKind
from recordings.container import Sealed
from tests.e2e.clients import run
from tests.policy_sets import straight_through
from tests.web.visitor import Visitor
from web.app import create

CANARY = "s3cret-Canary-42"


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return straight_through(tmp_path / "policies")


def a_reboot_that_harms_nothing(world) -> Path:
    script = world.home / "device" / "reboot"
    script.write_text("#!/bin/sh\necho going down\n")
    script.chmod(0o700)
    return script


async def scp(world, here: Path, there: Path) -> int:
    arguments, variables = world.options()
    copy = ["scp", "-q", "-s", *arguments, "-P", str(world.listener.port), str(here)]
    return (await run([*copy, f"alice+ct-01@127.0.0.1:{there}"], variables, timeout=30)).status


async def test_R60_a_diagnosis_in_which_a_writing_command_was_typed_is_a_finding(hospital, screens):
    grant = await hospital.grant(kind=InterventionKind.TELEDIAGNOSTIC)
    script = a_reboot_that_harms_nothing(hospital)
    screen = screens(hospital.screen())
    await screen.expect("# ")
    screen.send("echo $((40+2))\r")
    await screen.expect("42")
    await screen.expect("# ")
    screen.send("sh -c 'stty -echo; printf Pass%s word:; read -r it; stty echo; printf than%s ks'\r")
    await screen.expect("Password:")
    screen.send(f"{CANARY}\r")
    await screen.expect("thanks")
    await screen.expect("# ")  # what is typed before the prompt, the terminal may not show
    screen.send(f"{script} --now\r")
    await screen.expect("going down")
    (hospital.home / "new.conf").write_text("x = 1\n")
    assert await scp(hospital, hospital.home / "new.conf", hospital.home / "there.conf") != 0
    screen.send("exit\r")
    await screen.ended()
    await hospital.settled()

    record = next(one for one in await hospital.records() if one.acts)
    assert record.differences == ("changes",), record.acts
    counted = {line.split("\t")[0]: int(line.split("\t")[1]) for line in record.acts}
    assert counted == {"reboot": 1, "lines": 4, "hidden": 1}
    manifest = Sealed.open(hospital.archive.blobs, record.id, hospital.signer.public).manifest()
    assert CANARY not in manifest.as_bytes().decode(), "nothing that was typed stands in what was found"
    (event,) = await hospital.events("session:differed")
    assert (event.subject_id, event.fields["aspects"], event.fields["acts"]) == (record.id, "changes", "reboot")
    trail = json.dumps([one.fields for one in await hospital.events()])
    assert CANARY not in trail
    assert "--now" not in trail
    app = create(hospital.services, Settings(home=hospital.home))
    page = (await (await Visitor(app, hospital).enter(hospital.ruth)).see(f"/requests/{grant.request_id}/report")).text
    for words in (
        "It differs from what was declared: Changes to the device.", "changes nothing", "<b>1 restart or halt</b>",
        "1 file operation tried and refused", "Lines were typed that the device did not show",
    ):  # fmt: skip
        assert words in page


async def test_R60_a_file_nobody_announced_is_a_finding(hospital, screens):
    grant = await hospital.grant()
    screen = screens(hospital.screen())
    await screen.expect("# ")
    (hospital.home / "new.conf").write_text("x = 1\n")
    assert await scp(hospital, hospital.home / "new.conf", hospital.home / "there.conf") == 0
    screen.send("exit\r")
    await screen.ended()
    await hospital.settled()
    events = await hospital.events("session:differed")
    assert [event.fields["aspects"] for event in events] == ["files"]
    app = create(hospital.services, Settings(home=hospital.home))
    visitor = await Visitor(app, hospital).enter(hospital.ruth)
    page = (await visitor.see(f"/requests/{grant.request_id}")).text
    assert "<b>1 file seen and not announced</b>" in page
    assert "there.conf" in page
    listed = (await visitor.see("/recordings?differs=yes")).text
    assert f"/recordings/{events[0].subject_id}" in listed
