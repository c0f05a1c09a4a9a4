"""init, check, migrate, verify, vault, policies: what is made, what is found wrong, and with which exit code."""

import asyncio
import json
import sqlite3
import stat
from dataclasses import replace
from datetime import timedelta

from bastion import clock, config, parts
from bastion.cli.exits import Exit
from bastion.domain.paper import Paper, PaperKind
from bastion.domain.parties import Role, operator_actor
from bastion.services.directory import FacilityForm, SupplierForm
from bastion.services.people import StaffForm
from bastion.store.database import Database
from recordings.blobs import FileBlobs
from recordings.erasure import erase
from recordings.signing import Signer


def credentials(home):
    with sqlite3.connect(home / "bastion.db") as rows:
        return rows.execute("select count(*) from credentials").fetchone()[0]


def test_T51_the_first_start_makes_a_one_time_secret_and_no_password(bastion, tmp_path):
    made = bastion("init", "--login", "root", "--name", "First Administrator")
    assert made.code == 0
    secret = made.out.splitlines()[-1]
    assert len(secret) >= 32
    assert credentials(tmp_path / "home") == 0
    again = bastion("init")
    assert (again.code, again.out) == (Exit.REFUSED_VALUE, "")
    assert again.err == "This bastion is set up already. Invite people in the console.\n"
    assert secret not in (tmp_path / "home" / "bastion.db").read_bytes().decode(errors="replace")


def test_init_makes_everything_private(home):
    for path in [home, *home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_nothing_starts_before_init(bastion, tmp_path):
    for words in (("serve",), ("lock", "--all", "--reason", "drill"), ("verify", "--all"), ("sessions",)):
        refused = bastion(*words)
        assert (refused.code, refused.out) == (Exit.CONFIGURATION, "")
        assert "is missing; run `bastion init` first" in refused.err
        assert len(refused.err.splitlines()) == 1


def test_T36_a_key_that_is_gone_is_not_quietly_made_anew(bastion, home):
    (home / "keys" / "vault.key").unlink()
    assert bastion("sessions").code == Exit.CONFIGURATION
    assert not (home / "keys" / "vault.key").exists()


def test_check_finds_nothing_on_a_fresh_home(bastion, home):
    found = bastion("check", "--json")
    assert found.code == 0, found.out
    assert "bad" not in {finding["verdict"] for finding in json.loads(found.out)}


def test_check_names_what_must_be_mended(bastion, home, monkeypatch):
    (home / "keys" / "vault.key").chmod(0o644)
    monkeypatch.setenv("BASTION_MIN_FREE_MB", "1000000000")
    monkeypatch.setenv("BASTION_SSH_PROT", "22")
    found = bastion("check", "--json")
    assert found.code == Exit.CHECK_FAILED
    findings = json.loads(found.out)
    assert {f["what"] for f in findings if f["verdict"] == "bad"} == {"keys", "disk"}
    assert "BASTION_SSH_PROT is no setting; is it misspelt?" in [f["text"] for f in findings]


def test_a_vault_key_others_can_read_is_refused(bastion, home):
    (home / "keys" / "vault.key").chmod(0o640)
    refused = bastion("sessions")
    assert refused.code == Exit.CONFIGURATION
    assert "others may read it: chmod 600" in refused.err


def test_an_old_schema_is_named_and_migrated(bastion, home):
    with sqlite3.connect(home / "bastion.db") as rows:
        rows.execute("update alembic_version set version_num = '0001'")
        rows.commit()
    assert "run `bastion migrate`" in bastion("sessions").err


def test_migrating_an_up_to_date_database_changes_nothing(bastion, home):
    before = (home / "bastion.db").read_bytes()
    assert bastion("migrate").code == 0
    assert (home / "bastion.db").read_bytes() == before


def test_a_trail_that_was_changed_is_damaged(bastion, home):
    assert bastion("verify", "--audit").code == 0
    with sqlite3.connect(home / "bastion.db") as rows:
        for (trigger,) in rows.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            rows.execute(f'drop trigger "{trigger}"')
        rows.execute("update audit_events set actor_name = 'nobody' where seq = 1")
    broken = bastion("verify", "--audit")
    assert broken.code == Exit.DAMAGED
    assert "BROKEN at event 1" in broken.err


def test_verify_wants_to_know_what(bastion, home):
    assert bastion("verify").code == Exit.USAGE
    assert bastion("verify", "--all").code == 0
    for slip in ("01a2048dbd95a4f15dd325fe38cf267c", "nope"):
        missing = bastion("verify", slip)
        assert (missing.code, "No recording is stored under this id" in missing.err) == (Exit.NOT_FOUND, True)
    for path in ("../keys", "a/b", "x\0y"):
        assert bastion("verify", path).code not in {0, Exit.DAMAGED}, "a slip of the keyboard is no destroyed evidence"


def test_the_vault_is_rotated(bastion, home):
    before = (home / "keys" / "vault.key").read_bytes()
    assert bastion("vault", "rotate").code == 0
    assert (home / "keys" / "vault.key").read_bytes() != before
    assert bastion("verify", "--audit").code == 0


def test_policies_are_checked_before_they_are_used(bastion, home, tmp_path, monkeypatch):
    folder = tmp_path / "rules"
    folder.mkdir()
    wrong = bastion("policies", "check", str(folder))
    assert wrong.code == Exit.CONFIGURATION
    assert "There is no *.cedar file" in wrong.err
    monkeypatch.setenv("BASTION_POLICIES_DIR", str(folder))
    assert bastion("sessions").code == Exit.CONFIGURATION


def test_usage_errors_leave_with_2(bastion):
    assert bastion("nonsense").code == Exit.USAGE
    assert bastion("lock", "--everything").code == Exit.USAGE
    assert bastion("--help").code == 0


def test_sentences_follow_the_language_of_the_shell(bastion, monkeypatch):
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert "La configuration ne peut pas être utilisée" in bastion("sessions").err


def test_a_fault_of_ours_is_one_sentence(bastion, home, monkeypatch):
    monkeypatch.setattr("bastion.cli.terminal.operator", lambda: 1 / 0)
    fault = bastion("sessions")
    assert fault.code == Exit.UNEXPECTED
    assert "Something unexpected went wrong (ZeroDivisionError)" in fault.err


def test_check_says_that_the_vault_s_key_is_gone_and_not_to_make_another(bastion, home):
    key = home / "keys" / "vault.key"
    key.unlink()

    def said():
        return next(f["text"] for f in json.loads(bastion("check", "--json").out) if f["what"] == "keys")

    assert said().startswith(f"{key} is missing, but 1 secrets are sealed with it: put it back from your copy")
    (home / "bastion.db").rename(home / "elsewhere.db")
    assert said() == f"{key} is missing; run `bastion init`"
    (home / "elsewhere.db").rename(home / "bastion.db")
    refused = bastion("init")
    assert refused.code == Exit.CONFIGURATION
    assert "is missing while secrets are sealed with it; run `bastion check`" in refused.err
    assert not key.exists()


def test_check_says_how_many_sessions_the_open_files_allow(bastion, home, monkeypatch):
    def said(files):
        monkeypatch.setattr("bastion.limits.most_files", lambda: files)
        return next(f for f in json.loads(bastion("check", "--json").out) if f["what"] == "files")

    assert said(4100) == {
        "verdict": "good", "what": "files", "text": "4100 files may be open at once: about 800 sessions",
    }  # fmt: skip
    few = said(256)
    assert few["verdict"] == "doubt"
    assert few["text"].endswith("about 31 sessions; raise LimitNOFILE or ulimit -n")


def test_R70_check_names_who_decides_in_every_hospital_once_there_are_several(bastion, home):
    def said():
        return [f["text"] for f in json.loads(bastion("check", "--json").out) if f["what"] == "rights"]

    async def fill(code):
        async with parts.opened(config.load()) as built:
            use, me = built.services, operator_actor("test")
            await use.directory.save_facility(me, FacilityForm(code, f"Hospital {code}"))
            for login, places in ((f"all-{code}", ()), (f"one-{code}", (code,))):
                form = StaffForm(login, login.title(), f"{login}@x.example", frozenset({Role.APPROVER}), places, "en")
                await use.people.save_staff(me, form)

    asyncio.run(fill("nord"))
    assert said() == [], "one hospital is every hospital"
    asyncio.run(fill("sud"))
    (text,) = said()
    assert text.startswith("decide on access in every hospital: all-nord, all-sud; where each")


def test_R19_check_names_the_hospitals_in_which_no_review_was_begun_for_half_a_year(bastion, home, monkeypatch):
    def said():
        return [f["text"] for f in json.loads(bastion("check", "--json").out) if f["what"] == "reviews"]

    async def fill():
        async with parts.opened(config.load()) as built:
            await built.services.directory.save_facility(operator_actor("test"), FacilityForm("nord", "Hospital Nord"))

    asyncio.run(fill())
    assert said() == []
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=184))
    (text,) = said()
    assert text.startswith("no review of access rights was begun for half a year in: nord; begin one in the console")


def test_R23_check_names_who_runs_the_bastion_and_looks_into_what_was_done(bastion, home):
    async def fill():
        async with parts.opened(config.load()) as built:
            me = operator_actor("test")
            for login, roles in (
                ("both", {Role.ADMIN, Role.AUDITOR}),
                ("runs", {Role.ADMIN}),
                ("looks", {Role.SECURITY}),
            ):
                form = StaffForm(login, login.title(), f"{login}@x.example", frozenset(roles), (), "en")
                await built.services.people.save_staff(me, form)

    asyncio.run(fill())
    (text,) = [f["text"] for f in json.loads(bastion("check", "--json").out) if f["what"] == "rights"]
    assert text.startswith("administer the bastion and look into recordings or the trail: both; give")


def test_R6_check_names_whose_papers_have_no_end(bastion, home):
    def said() -> list[str]:
        return [f["text"] for f in json.loads(bastion("check", "--json").out) if f["what"] == "papers"]

    async def fill() -> None:
        async with parts.opened(config.load()) as built:
            company = await built.services.directory.save_supplier(operator_actor("test"), SupplierForm("acme", "Acme"))
            now = clock.now()
            old = Paper("p-1", company.id, PaperKind.ATTESTATION, "ATT-1", now, None, "", "Ruth", now)
        database = await Database.open(config.load().database)
        async with database.write() as uow:
            await uow.papers.add(old)
        await database.close()

    assert said() == []
    asyncio.run(fill())
    assert said() == ["no end: to be completed for acme: yearly security attestation"]


def test_R5_check_names_who_had_declared_every_address(bastion, home):
    def said() -> list[str]:
        return [f["text"] for f in json.loads(bastion("check", "--json").out) if f["what"] == "networks"]

    async def fill() -> None:
        async with parts.opened(config.load()) as built:
            form = SupplierForm("acme", "Acme", ("10.0.0.0/8",))
            company = await built.services.directory.save_supplier(operator_actor("test"), form)
        database = await Database.open(config.load().database)
        async with database.write() as uow:
            await uow.suppliers.save(replace(company, networks=("10.0.0.0/8", "::/0")))
        await database.close()

    assert said() == []
    asyncio.run(fill())
    assert said() == [
        (
            "every address there is counts as no declared network: nobody connects by it for acme; declare those from"
            " which they work"
        )
    ]


def test_R54_verify_says_erased_where_nothing_is_missing(bastion, home):
    signer = Signer.load(home / "keys" / "signing.key")
    (home / "recordings" / "r1").mkdir()
    erase(FileBlobs(home / "recordings"), "r1", "ab" * 32, "2027-05-22T10:00:00+00:00", signer)
    proved = bastion("verify", "--all")
    assert (proved.code, proved.out) == (0, "r1  erased on 2027-05-22\n")


def test_R54_a_recording_is_held_and_released_with_a_reason(bastion, home):
    assert bastion("recording", "hold", "x").code == Exit.USAGE
    for deed in ("hold", "release"):
        assert bastion("recording", deed, "x", "--reason", "incident 42").code == Exit.NOT_FOUND
