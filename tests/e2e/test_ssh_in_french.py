"""What OpenSSH prints of a refused channel or a disconnect: it spells all that is not ASCII as octal."""

import asyncio

import pytest


@pytest.fixture
async def luc(hospital):
    """A French technician with an open authorisation for a real OpenSSH server."""
    person = await hospital.person("luc", "fr")
    hospital.request = await hospital.ask(who=person)
    return person


def readable(said: str) -> bool:
    return said.isascii() and "\\303" not in said and "\\342" not in said


async def test_a_tunnel_refused_to_a_french_technician_can_be_read_in_his_client(hospital, luc):
    done = await hospital.ssh(name="luc+ct-01", who=luc, before=["-W", "127.0.0.1:9"])
    said = done.err.decode()
    assert "open failed: administratively prohibited: Your request " in said
    (line,) = [line for line in said.splitlines() if "open failed" in line]
    assert readable(line)


async def test_a_kind_of_channel_refused_to_a_french_technician_can_be_read_in_his_client(hospital, luc):
    """`-L` to a socket of the device; whatever he asks for next on a terminal says it in French."""
    await hospital.approve(hospital.request)
    arguments, environment = hospital.options(luc)
    here = hospital.home / "here.sock"
    client = await asyncio.create_subprocess_exec(
        "ssh", *arguments, "-N", "-L", f"{here}:/run/there.sock", "-p", str(hospital.listener.port),
        "luc+ct-01@127.0.0.1", env=environment, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(15):
            while not here.exists():
                await asyncio.sleep(0.05)
            reader, writer = await asyncio.open_unix_connection(str(here))
            assert await reader.read() == b""
            writer.close()
            while b"open failed" not in (line := await client.stderr.readline()):
                assert line
    finally:
        client.kill()
        await client.wait()
    said = line.decode().strip()
    assert said.endswith(
        "open failed: administratively prohibited: This kind of access (socket forwarding) is not allowed here."
    )
    assert readable(said)


async def test_what_is_said_on_his_own_channel_stays_french(hospital, luc):
    await hospital.approve(hospital.request)
    done = await hospital.ssh("netconf", name="luc+ct-01", who=luc, before=["-s"])
    assert "Ce type d’accès (subsystem netconf) n’est pas permis ici." in done.says
