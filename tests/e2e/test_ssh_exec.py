"""exec through the bastion with an unmodified OpenSSH client and a real sshd as the device."""


async def test_output_error_and_status_come_apart(hospital):
    await hospital.grant()
    done = await hospital.ssh("echo out; echo err >&2; exit 7")
    assert (done.status, done.out) == (7, b"out\n")
    assert b"err\n" in done.err
