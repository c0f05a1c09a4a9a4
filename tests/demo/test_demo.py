"""The demo as a newcomer runs it: one command, then everything the README promises, driven from `demo.json` alone."""

import asyncio
import json
import stat
import sys
import time
from pathlib import Path

import pytest

from tests.demo.running import KINDLY_CLEAN, ROOT, Demo, running, typed
from tests.e2e.clients import Screen, free_port

pytestmark = pytest.mark.slow


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_a_newcomer_asks_is_approved_works_and_is_replayed(tmp_path):
    ssh_port, web_port = free_port(), free_port()
    async with running(tmp_path / "demo", ssh_port, web_port) as demo:
        assert (demo.facts["ssh_port"], demo.facts["web_url"]) == (ssh_port, f"http://127.0.0.1:{web_port}")
        assert {a["role"] for a in demo.accounts.values()} == {"approver", "security", "auditor", "admin", "technician"}
        assert [device["code"] for device in demo.facts["devices"]] == ["ct-01", "ct-02", "ct-03"]
        assert len(demo.screen.splitlines()) <= 23
        session = await asked_and_approved(demo, "ct-02")
        await proved(demo, session)
        devices = [int(device["endpoint"].rpartition(":")[2]) for device in demo.facts["devices"]]
        assert all([await answers(port) for port in devices])
    assert not any([await answers(port) for port in (ssh_port, web_port, *devices)])

    for path in [demo.home, *demo.home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    before = time.monotonic()
    async with running(tmp_path / "demo", ssh_port, web_port) as again:
        took = time.monotonic() - before
        assert again.accounts == demo.accounts
        (shown,) = (await again.ask("samir", "GET", "/recordings")).json()
        assert shown["id"] == session["id"]
    assert took < 30, took  # the bench measures it: second_start_s


async def test_the_most_critical_device_takes_two_who_agree_and_one_who_follows(tmp_path):
    """README step 4 (R-22, R-34, T10)."""
    async with running(tmp_path / "demo", free_port(), free_port()) as demo:
        alice, request = await asked(demo, "ct-03")
        for login in ("claire", "paul"):
            path = f"/requests/{request['id']}"
            version = (await demo.ask(login, "GET", path)).json()["version"]
            decision = {"version": version, "minutes": 30, "code": demo.code(login)}
            assert (await demo.ask(login, "POST", f"{path}/approve", **decision)).status_code == 200
        await alice.expect("doit suivre cette session")
        (live,) = (await demo.ask("samir", "GET", "/sessions?live=true")).json()
        assert live["state"] == "unwatched"
        page = f"/sessions/{live['id']}/watch"
        assert (await demo.ask("samir", "POST", page, code=demo.code("samir"))).status_code == 200
        following = asyncio.create_task(followed(demo, page))
        await alice.expect("Choix : ")
        alice.send("1\r")
        await alice.expect("E-")
        following.cancel()
        await alice.expect("rien ne passe")
        await alice.close()


async def followed(demo: Demo, page: str) -> None:
    while True:
        assert (await demo.ask("samir", "POST", f"{page}/beat")).status_code == 204
        await asyncio.sleep(0.15)


async def test_a_first_start_that_was_cut_short_says_what_to_do(tmp_path):
    home = tmp_path / "demo"
    async with running(home, free_port(), free_port()):
        pass
    (home / "demo.json").unlink()
    status, words = await bastion(home, "demo")
    assert (status, "make demo-reset" in words) == (3, True), words


async def bastion(home: Path, *words: str, **settings: str) -> tuple[int, str]:
    """Run one command on this folder; return its status and all it says."""
    environment = (
        KINDLY_CLEAN | {"BASTION_HOME": str(home), "BASTION_SSH_PORT": "0", "BASTION_WEB_PORT": "0"} | settings
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bastion", *words, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, " ".join(said.decode().split())


async def test_a_hospital_is_neither_filled_with_a_demo_nor_forgotten_as_one(tmp_path):
    """What `init` has made stays, byte for byte, whatever somebody types with BASTION_HOME still set."""
    home = tmp_path / "hospital"
    status, said = await bastion(home, "init")
    assert status == 0, said
    kept = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    for words in (["demo"], ["demo", "--reset"]):
        status, said = await bastion(home, *words)
        assert status == 3, said
        assert f"{home} is not a demo's folder" in said
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == kept
    elsewhere = {"BASTION_DATABASE_URL": f"sqlite:///{home / 'bastion.db'}"}
    facility = ["admin", "facility", "add", "chu", "CHU"]
    assert (await bastion(home, *facility))[0] == 0
    status, said = await bastion(tmp_path / "demo", "demo", **elsewhere)
    assert (status, "vault.key is missing while secrets are sealed" in said) == (3, True), said


async def test_a_demo_is_forgotten_whole_but_never_while_it_runs(tmp_path):
    home = tmp_path / "demo"
    status, said = await bastion(home, "demo", "--reset")
    assert (status, "There is no demo yet" in said) == (0, True), said
    async with running(home, free_port(), free_port()) as demo:
        status, said = await bastion(home, "demo", "--reset")
        assert (status, "a bastion runs already" in said) == (3, True), said
        assert (await demo.ask("claire", "GET", "/requests")).status_code == 200
    status, said = await bastion(home, "demo", "--reset")
    assert (status, home.exists()) == (0, False), said


async def asked(demo: Demo, device: str) -> tuple[Screen, dict]:
    """README step 1; returns the technician's terminal and the request that waits."""
    alice = await typed(demo, device)
    (request,) = (await demo.ask("claire", "GET", "/requests?state=pending")).json()
    return alice, request


async def asked_and_approved(demo: Demo, device: str) -> dict:
    """The whole way of README steps 1 to 3; returns the session as the API shows it afterwards."""
    alice, request = await asked(demo, device)
    decision = {"version": request["version"], "minutes": 30, "code": demo.code("claire")}
    agreed = await demo.ask("claire", "POST", f"/requests/{request['id']}/approve", **decision)
    assert agreed.json().get("state") == "approved", agreed.text
    await alice.expect("Choix : ")
    alice.send("1\r")
    await alice.expect("E-2207")
    (live,) = (await demo.ask("claire", "GET", "/sessions?live=true")).json()
    assert (await demo.ask("claire", "POST", f"/sessions/{live['id']}/freeze")).json()["state"] == "frozen"
    await alice.expect("Claire Dubois")
    assert (await demo.ask("claire", "POST", f"/sessions/{live['id']}/thaw")).json()["state"] == "active"
    await alice.expect("reprend")
    alice.send("7\r")
    assert await alice.ended(10) == 0
    await alice.close()
    return await sealed(demo, live["id"])


async def sealed(demo: Demo, ident: str) -> dict:
    async with asyncio.timeout(10):
        while not (shown := (await demo.ask("samir", "GET", f"/sessions/{ident}")).json())["recording_digest"]:
            await asyncio.sleep(0.1)
    return shown


async def proved(demo: Demo, session: dict) -> None:
    """README step 4: a reason, the recording, and the trail."""
    taken = await demo.ask("samir", "POST", f"/recordings/{session['id']}/cast", sure=True, reason="first look")
    header, *events = [json.loads(line) for line in taken.text.splitlines() if not line.startswith("#")]
    assert header["version"] == 3
    assert "E-2207" in "".join(event[2] for event in events if event[1] == "o")
    (viewed,) = (await demo.ask("aude", "GET", "/audit?tag=recording:viewed")).json()
    assert (viewed["actor_name"], viewed["fields"]["why"]) == ("Samir Benali, RSSI", "first look")
    assert (await demo.ask("aude", "POST", "/audit/verify")).json()["ok"] is True
    environment = KINDLY_CLEAN | {"BASTION_HOME": str(demo.home)}
    proof = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bastion", "verify", "--all", "--audit", cwd=ROOT, env=environment
    )
    assert await proof.wait() == 0
