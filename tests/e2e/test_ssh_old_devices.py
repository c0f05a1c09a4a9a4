"""Devices from 2008 through a real `ssh`: old algorithms under their derogation (R-10)."""

import json
import sys
from pathlib import Path

import asyncssh
import pytest

from bastion.domain.device import SecretKind
from bastion.errors import DeviceNotReady
from bastion.secret import Secret
from tests.e2e.clients import run
from tests.e2e.old_devices import (
    DAY,
    OLD,
    OLDEST,
    code_now,
    derogate,
    endpoint_of,
    old_sshd,
    opened,
    pin,
    small_dropbear,
)
from tests.e2e.world import OPERATOR, clock_moved


# -- SSH ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("names", "bits"), [(OLD, 2048), (OLDEST, 1024)], ids=["2012", "2005"])
async def test_R10_an_old_ssh_server_is_read_and_worked_on_under_its_derogation(world, names, bits):
    device = await old_sshd(world, algorithms=names, bits=bits)
    with pytest.raises(DeviceNotReady):
        await pin(world, await endpoint_of(world))
    made = await derogate(world, device, *names)
    assert await pin(world, await endpoint_of(world)) == ["ssh-rsa"]
    await world.grant()
    done = await world.ssh("echo from 2008; exit 7")
    assert (done.status, done.out) == (7, b"from 2008\n"), done
    meta = (await opened(world)).meta
    assert meta.derogations == (made.words,)
    (event,) = await world.events("session:opened")
    assert event.fields["derogations"] == made.words


async def test_R10_a_shell_on_an_old_ssh_server(world, screens):
    device = await old_sshd(world)
    await derogate(world, device, *OLD)
    await pin(world, await endpoint_of(world))
    await world.grant()
    screen = screens(world.screen())
    screen.send("PS1='ready> '; stty size; exit 3\r")
    await screen.expect("30 100")
    assert await screen.ended() == 3
    assert b"stty size" in await world.recorded("i")


@pytest.mark.parametrize("missing", OLD)
async def test_R10_what_is_not_named_is_not_used(world, missing):
    device = await old_sshd(world)
    gone = await derogate(world, device, *OLD)
    await pin(world, await endpoint_of(world))
    await world.services.derogations.withdraw(OPERATOR, gone.id)
    await derogate(world, device, *(name for name in OLD if name != missing))
    await world.grant()
    done = await world.ssh("echo in")
    assert done.status != 0
    assert b"in\n" not in done.out
    assert "too old to be allowed without a derogation" in done.says


async def test_R10_one_that_ran_out_is_closed_and_the_technician_reads_whom_to_ask(world):
    device = await old_sshd(world)
    await derogate(world, device, *OLD, days=2)
    await pin(world, await endpoint_of(world))
    with clock_moved((3 * DAY).total_seconds()):
        await world.grant()
        done = await world.ssh("echo in", code=code_now(world))
    assert done.out == b""
    assert "has run out. Ask the hospital to renew it: Dr Vasseur answers for it." in done.says
    assert await world.records() == [], "nothing was opened, nothing was dialled"


async def test_R10_the_derogation_of_one_device_opens_no_other(world):
    first = await old_sshd(world, "old-01")
    await derogate(world, first, *OLD)
    await pin(world, await endpoint_of(world))
    second = await old_sshd(world, "old-11")
    with pytest.raises(DeviceNotReady):
        await pin(world, await endpoint_of(world))
    await derogate(world, second, *OLD)
    await pin(world, await endpoint_of(world))
    (theirs,) = await world.services.derogations.of(OPERATOR, second.id)
    await world.services.derogations.withdraw(OPERATOR, theirs.id)
    world.device = first
    await world.grant()
    assert (await world.ssh("echo first")).out == b"first\n"
    await world.settled()
    await world.forget_codes()
    world.device = second
    await world.grant()
    done = await world.ssh("echo second")
    assert done.out == b""
    assert "too old to be allowed without a derogation" in done.says


async def test_R10_a_running_session_ends_with_its_derogation(world, screens):
    device = await old_sshd(world)
    made = await derogate(world, device, *OLD)
    await pin(world, await endpoint_of(world))
    await world.grant()
    screen = screens(world.screen())
    screen.send("PS1='rea''dy> '\r")
    await screen.expect("ready> ")
    await world.services.derogations.withdraw(OPERATOR, made.id)
    await screen.expect("withdrawn: the derogation for this device has ended.", within=3)
    await screen.ended(within=3)
    await world.settled()
    (record,) = await world.records()
    assert (record.end_reason, record.end_why) == ("revoked", "the derogation for this device has ended")


async def test_R10_dropbear_with_a_small_key(world):
    device = await small_dropbear(world)
    with pytest.raises(DeviceNotReady):
        await pin(world, await endpoint_of(world))
    await derogate(world, device, "rsa-1024")
    assert await pin(world, await endpoint_of(world)) == ["ssh-rsa"]
    await world.grant()
    done = await world.ssh("echo small; exit 5")
    assert (done.status, done.out) == (5, b"small\n"), done


@pytest.mark.parametrize("named", [True, False])
async def test_R10_an_account_signs_with_sha1_only_where_that_is_named(world, named):
    """A server from before 2016 knows no other signature for an RSA key."""
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)

    class ByKey(asyncssh.SSHServer):
        def begin_auth(self, username):
            return True

        def public_key_auth_supported(self):
            return True

        def validate_public_key(self, username, offered):
            return offered == key.convert_to_public()

    async def greet(process):
        process.stdout.write(b"signed\n")
        process.exit(0)

    device = await world.simulated_device(greet, server=ByKey, signature_algs=["ssh-rsa"])
    view = await world.services.inventory.device(OPERATOR, device.id)
    pem = Secret(key.export_private_key("openssh"))
    await world.services.inventory.save_account(
        OPERATOR, device.id, "svc", SecretKind.PRIVATE_KEY, pem, view.accounts[0].id
    )
    await derogate(world, device, "ssh-rsa" if named else "hmac-sha1")
    await world.grant()
    done = await world.ssh("hello")
    assert (done.out == b"signed\n") is named, done
    assert ("refused the account" in done.says) is not named


async def test_T03_the_front_stays_as_it_is_whatever_devices_need(world):
    device = await old_sshd(world)
    await derogate(world, device, *OLDEST, *OLD)
    await pin(world, await endpoint_of(world))
    await world.grant()
    assert (await world.ssh("true")).status == 0
    done = await run(
        [str(Path(sys.executable).with_name("ssh-audit")), "--json", "-p", str(world.listener.port), "127.0.0.1"],
        {"PATH": "/usr/bin", "LANG": "C.UTF-8"},
    )
    report = json.loads(done.out)
    every = [entry for kind in ("kex", "key", "enc", "mac") for entry in report[kind]]
    assert not [entry["algorithm"] for entry in every if entry.get("notes", {}).get("fail")]
    offered = {entry["algorithm"] for entry in every}
    assert not {name for name in offered if "sha1" in name or "cbc" in name or name in {"ssh-rsa", "ssh-dss"}}
    assert all(entry.get("keysize", 4096) >= 2048 for entry in report["key"] if "rsa" in entry["algorithm"])
