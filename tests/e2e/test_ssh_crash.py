"""T37: the bastion is killed with -9 in the middle of a session; the recording opens and holds every byte."""

import asyncio
import json
import random
import sys

import pyotp
import pytest

from bastion.jobs import Archive
from recordings import container
from recordings.blobs import FileBlobs
from recordings.signing import Signer
from tests.databases import sqlite_fresh
from tests.e2e.world import recorded


@pytest.mark.parametrize("after", [0, 1, 3, 10, 40, 120])
async def test_T37_a_bastion_killed_with_minus_9_leaves_every_byte_in_the_recording(migrated_sqlite, tmp_path, after):
    """`after` is how many lines have come back when the process dies."""
    url = sqlite_fresh(migrated_sqlite, tmp_path)
    doomed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.e2e.doomed", str(tmp_path), url, stdout=asyncio.subprocess.PIPE
    )
    facts = json.loads(await doomed.stdout.readline())
    askpass = tmp_path / "askpass"
    askpass.write_text(f"#!/bin/sh\necho '{pyotp.TOTP(facts['totp']).now()}'\n")
    askpass.chmod(0o700)
    ssh = await asyncio.create_subprocess_exec(
        "ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={tmp_path}/known",
        "-o", "IdentitiesOnly=yes", "-i", facts["key"], "-p", str(facts["port"]), "alice+sim-01@127.0.0.1", "cat",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/bin", "SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force"}, start_new_session=True,
    )  # fmt: skip
    shown = b""
    for number in range(after + 1):
        ssh.stdin.write(f"line {number} of what is typed\n".encode() * random.randint(1, 40))
        if number < after:
            shown += await ssh.stdout.readline()
    await ssh.stdin.drain()
    while not list((tmp_path / "spool").glob("*/track-0.spool")):
        await asyncio.sleep(0.01)
    await asyncio.sleep(random.random() * 0.05)
    doomed.kill()
    await doomed.wait()
    shown += await ssh.stdout.read()
    await ssh.wait()
    received = (tmp_path / "received").read_bytes()

    signer, blobs = Signer.load(tmp_path / "signing.key"), FileBlobs(tmp_path / "recordings")
    archive = Archive(tmp_path / "spool", blobs, signer, 0)
    (spooled,) = [path.name for path in (tmp_path / "spool").iterdir()]
    (found,) = container.recover(archive.spool, archive.blobs, archive.signer)
    assert found.seal, found
    assert container.verify(blobs, spooled, signer.public).ok
    assert recorded(archive, signer, spooled, "i").startswith(received), "the device got what is not recorded"
    assert recorded(archive, signer, spooled, "o").startswith(shown), "the technician saw what is not recorded"
