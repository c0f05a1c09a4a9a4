"""Why a file operation is refused: the sentence reaches whoever uses OpenSSH's sftp, which shows a code by itself."""

from pathlib import Path

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.i18n import translator
from bastion.proxy.files.rights import NO_DELETE, NO_UPLOAD
from tests.e2e.clients import run
from tests.policy_sets import straight_through
from tests.services.test_files import Verdicts


@pytest.fixture(params=["straight through", "through the desk"])
def policies(request, tmp_path: Path) -> Path | None:
    return straight_through(tmp_path / "policies") if request.param == "straight through" else None


@pytest.fixture
async def diagnosis(hospital, screens):
    """An open session that may fetch files and change nothing (R-21)."""
    hospital.services.files._antivirus = Verdicts()
    await hospital.grant(kind=InterventionKind.TELEDIAGNOSTIC)
    screen = screens(hospital.screen())
    await screen.expect("# ")
    return hospital


async def client(world, program: str, *words: str, batch: str = ""):
    arguments, variables = world.options()
    return await run([program, "-q", *arguments, "-P", str(world.listener.port), *words], variables, batch.encode(), 30)


async def test_sftp_shows_each_sentence_once_and_goes_on(diagnosis):
    world = diagnosis
    there = world.home / "device" / "log.txt"
    there.write_text("all well\n")
    sent = world.home / "firmware.bin"
    sent.write_bytes(b"new")
    asked = (f"rm {there}", f"put {sent} {there}", f"rm {there}", f"mkdir {there}.d", f"get {there} {world.home}/got")
    batch = "".join(f"-{line}\n" for line in asked)
    done = await client(
        world, "sftp", "-b", "-", "alice+ct-01@127.0.0.1", batch=f"{batch}get {there} {world.home}/got\n"
    )
    assert done.status == 0, done.says
    said = done.err.decode()
    assert said.count(NO_DELETE.sentence) == said.count(NO_UPLOAD.sentence) == 1, said
    assert (world.home / "got").read_text() == there.read_text() == "all well\n"


async def test_scp_shows_it_too_in_the_technician_s_language(diagnosis, screens):
    world = diagnosis
    sent = world.home / "firmware.bin"
    sent.write_bytes(b"new")
    done = await client(world, "scp", "-s", str(sent), f"alice+ct-01@127.0.0.1:{world.home}/device/firmware.bin")
    assert done.status != 0
    language = world.alice.technician.language
    assert translator(language)(NO_UPLOAD.sentence) in done.err.decode()
    assert not (world.home / "device" / "firmware.bin").exists()
