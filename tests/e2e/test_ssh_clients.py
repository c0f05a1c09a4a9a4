"""Other clients and servers: PuTTY's plink, dropbear's dbclient, scp; dropbear as a device; ssh-audit as judge."""

import asyncio
import base64
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from bastion.domain.device import SecretKind
from bastion.secret import Secret
from tests.e2e.clients import free_port, run
from tests.e2e.world import OPERATOR
from tests.policy_sets import straight_through


def program(name: str) -> str:
    found = shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")
    assert found, f"{name} is not installed"
    return found


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Files straight through: how they are held and released is shown in test_ssh_desk.py."""
    return straight_through(tmp_path / "policies")


@pytest.fixture
async def signed_in(hospital, screens):
    """An open session, so that further connections need no code."""
    await hospital.grant()
    screen = screens(hospital.screen())
    await screen.expect("# ")
    return hospital


async def test_the_old_scp_both_ways(signed_in):
    world = signed_in
    arguments, variables = world.options()
    sent = world.home / "sent"
    sent.write_bytes(os.urandom(3 << 20))
    copy = ["scp", "-O", *arguments, "-P", str(world.listener.port)]
    remote = f"alice+ct-01@127.0.0.1:{world.home}/there"
    assert (await run([*copy, str(sent), remote], variables)).status == 0
    assert (await run([*copy, remote, f"{world.home}/back"], variables)).status == 0
    digests = {hashlib.sha256((world.home / name).read_bytes()).hexdigest() for name in ("sent", "there", "back")}
    assert len(digests) == 1


async def test_plink(signed_in):
    world = signed_in
    key = world.home / "alice.ppk"
    made = await run([program("puttygen"), str(world.alice.key), "-O", "private", "-o", str(key)], environment(world))
    assert made.status == 0, made
    fingerprint = hashlib.sha256(_public_blob(world.home / "host_key")).digest()
    pinned = "SHA256:" + base64.b64encode(fingerprint).decode().rstrip("=")
    done = await run(
        [program("plink"), "-batch", "-ssh", "-hostkey", pinned, "-i", str(key), "-P", str(world.listener.port),
         "alice+ct-01@127.0.0.1", "echo from plink; exit 3"],
        environment(world),
    )  # fmt: skip
    assert (done.status, done.out) == (3, b"from plink\n"), done


async def test_dropbear_as_a_client(signed_in):
    world = signed_in
    key = world.home / "alice_dropbear"
    await run([program("dropbearconvert"), "openssh", "dropbear", str(world.alice.key), str(key)], environment(world))
    done = await run(
        [program("dbclient"), "-y", "-y", "-i", str(key), "-p", str(world.listener.port), "alice+ct-01@127.0.0.1",
         "echo from dropbear; exit 4"],
        environment(world),
    )  # fmt: skip
    assert (done.status, done.out) == (4, b"from dropbear\n"), done


async def test_dropbear_as_a_device_is_scanned_pinned_and_met_by_its_own_key(world):
    """An Ed25519-only dropbear aborts when it is asked for other keys first."""
    key, port = world.home / "dropbear_key", free_port()
    await run([program("dropbearkey"), "-t", "ed25519", "-f", str(key)], environment(world))
    server = await asyncio.create_subprocess_exec(
        program("dropbear"), "-F", "-E", "-s", "-p", f"127.0.0.1:{port}", "-r", str(key),
        "-P", str(world.home / "dropbear.pid"), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    world._closing.append(server)
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            break
    device = await world.commission("old-01", port, "nobody", SecretKind.PASSWORD, Secret.of("x"))
    endpoint = (await world.services.inventory.device(OPERATOR, device.id)).endpoints[0]
    assert [line.split()[0] for line in endpoint.host_keys] == ["ssh-ed25519"]
    await world.grant()
    done = await world.ssh("id")
    assert "refused the account the hospital keeps for it" in done.says, (
        "it got as far as the login, with the right key"
    )


async def test_T03_ssh_audit_finds_no_fault_with_the_listener(world):
    auditor = Path(sys.executable).with_name("ssh-audit")
    done = await run(
        [str(auditor), "--json", "-p", str(world.listener.port), "127.0.0.1"], {"PATH": "/usr/bin", "LANG": "C.UTF-8"}
    )
    report = json.loads(done.out)
    faults = {
        (kind, entry["algorithm"]): entry["notes"]["fail"]
        for kind in ("kex", "key", "enc", "mac")
        for entry in report[kind]
        if entry.get("notes", {}).get("fail")
    }
    assert faults == {}
    offered = {entry["algorithm"] for kind in ("kex", "key", "enc", "mac") for entry in report[kind]}
    assert "kex-strict-s-v00@openssh.com" in offered, "Terrapin"
    assert not {name for name in offered if "sha1" in name or "cbc" in name or name in {"ssh-rsa", "ssh-dss"}}
    assert not report["cves"]


def environment(world) -> dict[str, str]:
    return {"HOME": str(world.home), "PATH": "/usr/bin:/bin"}


def _public_blob(private: Path) -> bytes:
    return base64.b64decode(Path(f"{private}.pub").read_text().split()[1])
