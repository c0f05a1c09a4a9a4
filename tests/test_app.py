"""The whole bastion in this process: after a crash, started twice, behind a proxy, told to stop."""

import asyncio
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bastion import app, clock, config, limits, parts
from bastion.demo import hall, world
from bastion.domain.access_request import InterventionKind
from bastion.domain.parties import Actor, ActorKind, operator_actor
from bastion.domain.session_events import EndReason
from bastion.domain.work_plan import PLAIN
from bastion.errors import ConfigurationError
from bastion.services.actors import staff_actor
from bastion.services.drafts import RequestDraft
from bastion.services.opening import Connection
from bastion.store import ahead
from bastion.store.database import Database
from recordings.model import TrackKind
from recordings.recorder import Recorder
from recordings.retention import Retention
from tests.services.receivers import postbox
from web import warm

ROOT = Path(__file__).parent.parent
OPERATOR = operator_actor("test")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("BASTION_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BASTION_HOME", str(tmp_path / "home"))


def settings_with(**changes):
    changes.setdefault("test_networks", ("127.0.0.0/8",))
    return config.load(ssh_port=0, web_port=0, node="n1", language="en", **changes)


@pytest.fixture
async def settings():
    made = settings_with()
    await asyncio.to_thread(parts.prepare, made)
    return made


@asynccontextmanager
async def hospital(settings):
    """The demo's hospital over the services, with one simulated device."""
    async with hall.devices(settings.home / "devices", {}) as running, parts.opened(settings) as built:
        await world.fill(built.services, facts := world.Facts(), settings, running)
        await world.refresh(built.services, facts, running)
        yield built


async def open_session(services):
    people = {v.technician.login: v.technician for v in await services.people.technicians(OPERATOR)}
    staff = {s.login: s for s in await services.people.staff(OPERATOR)}
    alice = people["alice"]
    technician = Actor(
        ActorKind.TECHNICIAN, alice.id, "alice", alice.name, "127.0.0.1", supplier_id=alice.supplier_id, language="en"
    )
    draft = RequestDraft("ct-02", InterventionKind.TELEMAINTENANCE, "detector fault", 30, plan=PLAIN)
    asked = await services.access.request(technician, draft)
    claire = staff_actor(staff["claire"], "127.0.0.1", clock.now())
    agreed = await services.approvals.approve(claire, asked.id, asked.version, 30)
    await services.sessions.acknowledge(technician, agreed.grant_id, "terminal")
    return await services.sessions.open(
        technician, agreed.grant_id, Connection("n1", "OpenSSH", "SHA256:x", "key totp")
    )


async def test_T37_what_a_crash_left_is_sealed_and_closed_at_the_next_start(settings):
    async with hospital(settings) as built:
        opened = await open_session(built.services)
        recorder = Recorder.start(settings.spool, opened.meta)
        track = recorder.open_track(0, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True)
        track.write("i", b"last words\r")
        os.close(recorder._fd)  # what a dying process does: the lock on the spool goes, the files stay

        async with app.serving(built, "proxy"):
            view = await built.services.supervision.get(OPERATOR, opened.record.id)
        assert view.record.end_reason is EndReason.CRASHED
        assert view.record.recording_digest
        playback = await built.services.replay.open(replace(OPERATOR, factor_at=clock.now()), view.record.id, "a crash")
        assert b"last words" in b"".join(built.services.replay.stream(playback, 0))
        assert not list(settings.spool.iterdir())


@pytest.mark.parametrize("typed", [b"", b"ls\r"], ids=["nothing passed", "something passed"])
async def test_R59_after_a_crash_a_report_is_owed_if_anything_passed(settings, typed):
    async with hospital(settings) as built:
        opened = await open_session(built.services)
        recorder = Recorder.start(settings.spool, opened.meta)
        track = recorder.open_track(0, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True)
        if typed:
            track.write("i", typed)
        os.close(recorder._fd)
        async with app.serving(built, "proxy"):
            view = await built.services.supervision.get(OPERATOR, opened.record.id)
        assert view.record.end_reason is EndReason.CRASHED
        records = await Database.open(settings.database)
        async with records.read() as uow:
            assert (await uow.report_dues.get(opened.record.request_id) is not None) == bool(typed)
        await records.close()


async def test_whoever_serves_the_console_tells_people_and_a_proxy_alone_does_not(settings):
    async with postbox() as box:
        mailing = settings.model_copy(
            update={"smtp_url": SecretStr(f"smtp://127.0.0.1:{box.port}"), "mail_from": "bastion@chu.test"}
        )
        async with hospital(mailing) as built:
            await open_session(built.services)
            async with app.serving(built, "proxy"):
                await asyncio.sleep(3)
                assert box.raw == []
            async with app.serving(built, "web") as listening:
                async with asyncio.timeout(20):
                    while not any("http" in one.get_content() for one in box.letters):
                        await asyncio.sleep(0.1)
                link = next(one for one in box.letters if "http" in one.get_content()).get_content()
                assert f"http://127.0.0.1:{listening.web_port}/" in link


async def test_T22_certificates_that_cannot_be_read_are_named_at_the_start(settings, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(ConfigurationError) as refused:
            async with parts.opened(settings.model_copy(update={"outgoing_ca": path})):
                pass
        assert f"the certificates in {path} cannot be read" in refused.value.public


async def test_the_database_file_is_read_ahead_once_a_large_one(settings, monkeypatch):
    async with parts.opened(settings) as built:
        for small, events in ((1 << 40, []), (0, ["the database file was read ahead"])):
            monkeypatch.setattr(ahead, "SMALL", small)
            with capture_logs() as logs:
                async with app.serving(built, "web"), asyncio.timeout(20):
                    while small == 0 and not _about_the_file(logs):
                        await asyncio.sleep(0.05)
            assert _about_the_file(logs) == events


async def test_a_file_that_cannot_be_read_ahead_is_told_and_stops_nobody(settings, monkeypatch):
    monkeypatch.setattr(ahead, "SMALL", 0)
    monkeypatch.setattr(sys, "executable", "/nowhere")
    async with parts.opened(settings) as built:
        with capture_logs() as logs:
            async with app.serving(built, "web"), asyncio.timeout(20):
                while not _about_the_file(logs):
                    await asyncio.sleep(0.05)
        assert _about_the_file(logs) == ["the database file could not be read ahead"]


def _about_the_file(logs):
    return [one["event"] for one in logs if "read ahead" in one["event"]]


async def test_both_faces_answer_and_stop(settings):
    async with parts.opened(settings) as built:
        async with app.serving(built) as listening:
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.ssh_port)
            assert (await reader.readline()).startswith(b"SSH-2.0-Bastion")
            writer.close()
            async with httpx2.AsyncClient() as browser:
                door = await browser.get(f"http://127.0.0.1:{listening.web_port}/sign-in")
            assert door.status_code == 200
            assert "server" not in door.headers
        for port in (listening.ssh_port, listening.web_port):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
        tags = [event.tag for event in await built.services.audit.search(OPERATOR)]
    assert tags[:3] == ["bastion:stopped", "policy:loaded", "bastion:started"]


@pytest.mark.parametrize(
    ("only", "ssh", "web"), [("proxy", True, False), ("web", False, True), ("portal", False, True)]
)
async def test_one_face_alone(settings, only, ssh, web):
    async with parts.opened(settings) as built, app.serving(built, only) as listening:
        assert (bool(listening.ssh_port), bool(listening.web_port)) == (ssh, web)


async def test_a_second_proxy_of_the_same_node_does_not_start(settings):
    async with parts.opened(settings) as built, app.serving(built, "proxy"):
        with pytest.raises(ConfigurationError) as caught:
            async with app.serving(built, "proxy"):
                pass
    assert "a bastion runs already" in caught.value.public


async def test_a_port_in_use_is_one_sentence_and_nothing_stays_behind(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with parts.opened(settings) as built:
            busy = replace(built, settings=built.settings.model_copy(update={"web_port": port}))
            with pytest.raises(ConfigurationError) as caught:
                async with app.serving(busy):
                    pass
            assert f"port {port} cannot be listened on" in caught.value.public
            async with app.serving(built, "proxy"):
                pass


@pytest.mark.parametrize(("trusted", "believed"), [((), False), (("127.0.0.1",), True), (("192.0.2.0/24",), False)])
async def test_T16_forwarded_addresses_are_believed_from_named_proxies_only(settings, trusted, believed):
    async with hospital(settings) as built:
        changed = replace(built, settings=built.settings.model_copy(update={"trusted_proxies": trusted}))
        async with app.serving(changed, "web") as listening, httpx2.AsyncClient() as program:
            url = f"http://127.0.0.1:{listening.web_port}/sign-in"
            form = {"login": "claire", "password": "wrong password", "code": "000000"}
            headers = {"x-forwarded-for": "203.0.113.9", "sec-fetch-site": "same-origin"}
            await program.post(url, data=form, headers=headers)
        (failed, *_) = await built.services.audit.search(OPERATOR, tag_prefix="auth:failed")
    assert failed.source == ("203.0.113.9" if believed else "127.0.0.1")


async def test_the_console_is_warm_before_it_answers(settings, monkeypatch):
    done = []
    monkeypatch.setattr(warm, "routes", lambda console: done.append(f"routes of {console.title}"))

    async def pages(closing):
        done.append(f"pages, closing: {closing.is_set()}")

    monkeypatch.setattr(warm, "pages", pages)
    async with parts.opened(settings) as built, app.serving(built, "web") as listening:
        assert done[0] == "routes of Bastion"
        async with httpx2.AsyncClient() as browser:
            await browser.get(f"http://127.0.0.1:{listening.web_port}/health")
        assert done == ["routes of Bastion", "pages, closing: False"]


async def test_the_console_serves_tls(settings, tmp_path):
    await asyncio.to_thread(
        subprocess.run,
        ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", tmp_path / "k.pem", "-out", tmp_path / "c.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = {"web_tls_cert": tmp_path / "c.pem", "web_tls_key": tmp_path / "k.pem"}
    async with parts.opened(settings) as built:
        async with app.serving(replace(built, settings=built.settings.model_copy(update=tls)), "web") as listening:
            context = ssl.create_default_context(cafile=tmp_path / "c.pem")
            context.check_hostname = False
            async with httpx2.AsyncClient(verify=context) as browser:
                answer = await browser.get(f"https://127.0.0.1:{listening.web_port}/sign-in")
        assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("missing", ["keys/vault.key", "keys/signing.key", "recordings", "spool"])
async def test_T36_nothing_opens_with_a_part_missing(settings, missing):
    path = settings.home / missing
    await asyncio.to_thread(path.rmdir if path.is_dir() else path.unlink)
    with pytest.raises(ConfigurationError) as caught:
        async with parts.opened(settings):
            pass
    assert f"{path} is missing; run `bastion init` first" in caught.value.public


@pytest.mark.parametrize("name", ["vault.key", "signing.key", "ssh_host_ed25519_key"])
async def test_T36_a_key_others_can_read_stops_the_start(settings, name):
    path = settings.home / "keys" / name
    await asyncio.to_thread(path.chmod, 0o644)
    with pytest.raises(ConfigurationError):
        async with parts.opened(settings) as built, app.serving(built, "proxy"):
            pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_served_bastion_in_order(settings, number):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bastion", "serve", cwd=ROOT, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "BASTION_HOME": str(settings.home), "BASTION_SSH_PORT": "0", "BASTION_WEB_PORT": "0"},
    )  # fmt: skip
    lines = []
    while not lines or b"bastion is ready" not in lines[-1]:
        lines.append(await asyncio.wait_for(process.stderr.readline(), 60))
        assert lines[-1], b"".join(lines)
    process.send_signal(number)
    rest = await asyncio.wait_for(process.stderr.read(), 30)
    assert await process.wait() == 0
    assert b"bastion is stopping" in rest
    assert b"Traceback" not in rest
    async with parts.opened(settings) as built:
        (last,) = await built.services.audit.search(OPERATOR, limit=1)
    assert last.tag == "bastion:stopped"


async def test_what_the_operator_sets_reaches_whoever_must_obey(monkeypatch):
    settings = settings_with(proof_minutes=5, recording_months=3, idle_minutes=7, min_free_mb=2)
    await asyncio.to_thread(parts.prepare, settings)
    made = []

    def supervisor(*facts):
        made.append(facts)
        raise ConfigurationError("seen enough")

    monkeypatch.setattr(app, "Supervisor", supervisor)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, soft), hard))
    try:
        async with parts.opened(settings) as built:
            with pytest.raises(ConfigurationError):
                async with app.serving(built, "proxy"):
                    pass
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == limits.most_files()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    (_, _, keeping, _, idle) = made[0]
    assert (keeping.min_free, idle) == (2 * parts.MIB, timedelta(minutes=7))
    assert built.services.retention._keep == Retention(3)
    assert built.services.sessions._opening._proof_length == timedelta(minutes=5)
