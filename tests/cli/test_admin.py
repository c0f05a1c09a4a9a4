"""The registers from the command line: what an administrator does in the console, without one."""

import io
import json
import re
from datetime import timedelta

import pytest

from bastion import clock
from bastion.cli.exits import Exit
from tests.cli.asked import a_request
from tests.services.house import private_text, public_line


@pytest.fixture
def staffed(bastion, home):
    """A hospital, a supplier and a technician."""
    for words in (
        ("facility", "add", "chu", "CHU de Valmont"),
        ("supplier", "add", "acme", "Acme", "--network", "203.0.113.0/24", "--contract-end", "2090-01-01"),
        ("technician", "add", "alice", "Alice Martin", "--supplier", "acme"),
    ):
        done = bastion("admin", *words)
        assert done.code == 0, done.err
    return bastion


def listed(bastion, *words):
    return json.loads(bastion("admin", *words, "--json").out)


def test_what_is_registered_is_listed(staffed):
    assert listed(staffed, "facility", "list") == [
        {"code": "chu", "name": "CHU de Valmont", "finess": "", "timezone": "Europe/Paris"}
    ]
    (supplier,) = listed(staffed, "supplier", "list")
    assert (supplier["networks"], supplier["contract_end"]) == (["203.0.113.0/24"], "2090-01-01")
    (person,) = listed(staffed, "technician", "list")
    assert (person["login"], person["supplier"], person["keys"], person["authenticator"]) == ("alice", "acme", 0, False)
    assert "alice  Alice Martin  acme" in staffed("admin", "technician", "list").out


def test_what_is_said_is_changed_and_all_else_stays(staffed):
    staffed(
        "admin", "device", "add", "ct-01", "Scanner", "--facility", "chu", "--supplier", "acme", "--ward", "Imagerie"
    )
    for words in (
        ("facility", "set", "chu", "--finess", "750000001"),
        ("supplier", "set", "acme", "--contract-end", "", "--network", "10.1.0.0/16", "--network", "10.2.0.0/16"),
        ("technician", "set", "alice", "--valid-until", "2090-06-30"),
        ("device", "set", "ct-01", "--criticality", "4"),
    ):
        done = staffed("admin", *words)
        assert (done.code, "is changed" in done.out) == (0, True), done.err
    (hospital,), (company,) = listed(staffed, "facility", "list"), listed(staffed, "supplier", "list")
    assert (hospital["finess"], hospital["name"]) == ("750000001", "CHU de Valmont")
    assert (company["networks"], company["contract_end"]) == (["10.1.0.0/16", "10.2.0.0/16"], None)
    (person,), (device,) = listed(staffed, "technician", "list"), listed(staffed, "device", "list")
    assert (person["valid_until"], person["name"]) == ("2090-06-30", "Alice Martin")
    assert (device["criticality"], device["suppliers"], device["name"]) == (4, ["acme"], "Scanner")
    staffed("admin", "technician", "set", "alice", "--valid-until", "")
    assert listed(staffed, "technician", "list")[0]["valid_until"] is None


@pytest.mark.parametrize("words", [("facility", "chu"), ("supplier", "acme"), ("technician", "alice")])
def test_what_is_to_be_changed_must_be_said_of_something_there_is(staffed, words):
    noun, name = words
    nothing = staffed("admin", noun, "set", name)
    assert (nothing.code != 0, "what is to be changed" in nothing.err) == (True, True)
    nobody = staffed("admin", noun, "set", "nobody", "--name", "Nobody")
    assert (nobody.code != 0, "nobody" in nobody.err) == (True, True)
    assert staffed("admin", noun, "set", name, "--name", "  ").code != 0, "the form's own checks"


def test_disabling_and_enabling(staffed):
    for noun, name in (("supplier", "acme"), ("technician", "alice")):
        assert staffed("admin", noun, "disable", name).code == 0
        assert listed(staffed, noun, "list")[0]["active"] is False
        assert staffed("admin", noun, "enable", name).code == 0
        assert listed(staffed, noun, "list")[0]["active"] is True


def test_a_technician_gets_a_key_and_an_authenticator(staffed, tmp_path):
    public = tmp_path / "id.pub"
    public.write_text(f"{public_line()} alice@laptop\n")
    added = staffed("admin", "key", "add", "alice", str(public), "--label", "laptop")
    assert added.code == 0, added.err
    (key,) = listed(staffed, "key", "list", "alice")
    assert key["fingerprint"] in added.out
    shown = staffed("admin", "technician", "totp", "alice")
    assert "otpauth://totp/" in shown.out
    assert "█" in shown.out
    assert listed(staffed, "technician", "list")[0]["authenticator"] is True
    assert staffed("admin", "key", "remove", "alice", key["fingerprint"]).code == 0
    assert listed(staffed, "key", "list", "alice") == []


def test_T13_a_key_file_of_two_lines_is_refused(staffed, tmp_path):
    public = tmp_path / "id.pub"
    public.write_text(f"{public_line()}\n{public_line()}\n")
    assert staffed("admin", "key", "add", "alice", str(public)).code == Exit.REFUSED_VALUE


def test_staff_are_invited_with_a_one_time_secret(staffed):
    made = staffed("admin", "staff", "add", "claire", "Claire", "--role", "approver", "--facility", "chu")
    assert made.code == 0, made.err
    again = staffed("admin", "staff", "invite", "claire")
    assert re.fullmatch(r"https?://\S+/setup#[\w-]{20,}", made.out.splitlines()[-1])
    assert made.out.splitlines()[-1] != again.out.splitlines()[-1]
    claire = next(p for p in listed(staffed, "staff", "list") if p["login"] == "claire")
    assert (claire["roles"], claire["facilities"]) == (["approver"], ["chu"])
    assert staffed("admin", "staff", "disable", "claire").code == 0
    assert next(p for p in listed(staffed, "staff", "list") if p["login"] == "claire")["active"] is False


def test_R5_an_address_that_may_not_be_dialled_is_refused_as_it_is_entered_with_the_reason(
    staffed, device_port, monkeypatch
):
    assert staffed("admin", "device", "add", "ct-01", "Scanner 1", "--facility", "chu", "--supplier", "acme").code == 0
    assert staffed("admin", "endpoint", "add", "ct-01", "127.0.0.1", "--port", str(device_port)).code == 0
    monkeypatch.setenv("BASTION_TEST_NETWORKS", "")
    entered = staffed("admin", "endpoint", "add", "ct-01", "169.254.169.254")
    scanned = staffed("admin", "endpoint", "pin", "ct-01")
    for done, why in ((entered, "169.254.169.254 may not be dialled (cloud metadata)"), (scanned, "(this machine)")):
        assert done.code == Exit.REFUSED_VALUE
        assert why in " ".join(done.err.split())
        assert "setting test_networks" in " ".join(done.err.split())


def test_a_device_is_commissioned(staffed, device_port, tmp_path):
    assert staffed("admin", "device", "add", "ct-01", "Scanner 1", "--facility", "chu", "--supplier", "acme").code == 0
    assert staffed("admin", "endpoint", "add", "ct-01", "127.0.0.1", "--port", str(device_port)).code == 0
    wrong = staffed("admin", "endpoint", "pin", "ct-01", "--fingerprint", "SHA256:guess")
    assert wrong.code == Exit.UNAVAILABLE
    key = tmp_path / "device_key"
    key.write_bytes(private_text().reveal())
    assert staffed("admin", "account", "add", "ct-01", "service", "--key", str(key)).code == 0
    (device,) = listed(staffed, "device", "list")
    assert (device["ready"], device["endpoints"]) == (False, [f"127.0.0.1:{device_port}"])
    assert listed(staffed, "account", "list", "ct-01") == [{"login": "service", "kind": "private_key"}]


def test_R22_who_changes_how_critical_a_device_is_reads_what_waits_on_it(bastion, home, monkeypatch):
    _ident, ref = a_request(bastion, monkeypatch)
    said = f"Waiting or planned here: {ref}. With another criticality"
    assert said in bastion("admin", "device", "set", "ct-01", "--criticality", "4").out
    assert said not in bastion("admin", "device", "set", "ct-01", "--ward", "B2").out
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert f": {ref}. Avec une autre criticité" in bastion("admin", "device", "set", "ct-01", "--criticality", "3").out


def test_what_was_entered_by_mistake_is_withdrawn(staffed, device_port, tmp_path):
    key = tmp_path / "device_key"
    key.write_bytes(private_text().reveal())
    staffed("admin", "device", "add", "ct-01", "Scanner 1", "--facility", "chu", "--supplier", "acme")
    for port in (device_port, device_port + 1):
        staffed("admin", "endpoint", "add", "ct-01", "127.0.0.1", "--port", str(port))
    for login in ("service", "servcie"):
        assert staffed("admin", "account", "add", "ct-01", login, "--key", str(key)).code == 0
    right, wrong = sorted(listed(staffed, "endpoint", "list", "ct-01"), key=lambda one: one["port"])
    assert staffed("admin", "endpoint", "withdraw", "ct-01", wrong["id"]).code == 0
    assert staffed("admin", "account", "withdraw", "ct-01", "servcie").code == 0
    assert [one["id"] for one in listed(staffed, "endpoint", "list", "ct-01")] == [right["id"]]
    assert [one["login"] for one in listed(staffed, "account", "list", "ct-01")] == ["service"]
    for gone in (("endpoint", "withdraw", "ct-01", wrong["id"]), ("account", "withdraw", "ct-01", "servcie")):
        assert staffed("admin", *gone).code == Exit.REFUSED_VALUE


def test_R9_pinning_shows_the_fingerprint_and_asks(staffed, device_port, monkeypatch):
    staffed("admin", "device", "add", "ct-01", "Scanner 1", "--facility", "chu", "--supplier", "acme")
    staffed("admin", "endpoint", "add", "ct-01", "127.0.0.1", "--port", str(device_port))
    for said in ("n\n", "", "\n", "ok\nno\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        refused = staffed("admin", "endpoint", "pin", "ct-01")
        assert refused.code == Exit.REFUSED_VALUE
        assert "SHA256:" in refused.out
        assert "Is it the same? (yes/no)" in refused.out
        assert listed(staffed, "endpoint", "list", "ct-01")[0]["pinned_at"] is None
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("d’accord\nO\n"))
    pinned = staffed("admin", "endpoint", "pin", "ct-01")
    assert pinned.code == 0
    question = "Est-ce la même ? (oui/non) "
    assert f"{question}Répondez par oui ou par non. {question}" in pinned.out
    assert listed(staffed, "endpoint", "list", "ct-01")[0]["pinned_by"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("supplier", "add", "Acme!", "x"), Exit.REFUSED_VALUE),
        (("supplier", "add", "acme", "x"), Exit.REFUSED_VALUE),
        (("supplier", "add", "b", "x", "--network", "everywhere"), Exit.REFUSED_VALUE),
        (("supplier", "add", "b", "x", "--contract-end", "soon"), Exit.REFUSED_VALUE),
        (("technician", "add", "bob", "Bob", "--supplier", "nobody"), Exit.REFUSED_VALUE),
        (("technician", "totp", "nobody"), Exit.REFUSED_VALUE),
        (("staff", "add", "x", "X", "--role", "king"), Exit.USAGE),
        (("endpoint", "pin", "nothing"), Exit.REFUSED_VALUE),
        (("token", "revoke", "nothing"), Exit.NOT_FOUND),
    ],
)
def test_mistakes_are_one_sentence_and_a_code(staffed, words, code):
    refused = staffed("admin", *words)
    assert refused.code == code
    assert refused.out == ""
    assert code == Exit.USAGE or len(refused.err.splitlines()) == 1


def test_T39_hostile_names_are_inert_in_lists(staffed, bastion):
    hostile = staffed("admin", "device", "list", "\x1b]52;c;x\x07")
    assert "\x1b" not in hostile.out + hostile.err


def test_R10_an_old_device_gets_a_service_and_a_derogation_that_is_taken_back(staffed):
    assert staffed("admin", "device", "add", "ct-01", "Scanner 1", "--facility", "chu", "--supplier", "acme").code == 0
    added = staffed(
        "admin", "endpoint", "add", "ct-01", "192.0.2.9", "--port", "2001", "--protocol", "serial",
        "--option", "baud=19200", "--option", "prompt_login=Benutzer:",
    )  # fmt: skip
    assert added.code == 0, added.err
    (service,) = listed(staffed, "endpoint", "list", "ct-01")
    assert (service["protocol"], service["options"]) == ("serial", ["baud=19200", "prompt_login=Benutzer:"])
    until = (clock.now() + timedelta(days=90)).date().isoformat()
    facts = ("--owner", "Dr Vasseur", "--reason", "no update from the maker")
    made = staffed("admin", "derogation", "add", "ct-01", "serial", *facts, "--until", until)
    assert made.code == 0, made.err
    old = staffed("admin", "derogation", "add", "ct-01", "ssh_legacy", *facts, "--until", until,
                  "--algorithm", "ssh-rsa", "--algorithm", "aes128-cbc")  # fmt: skip
    assert old.code == 0, old.err
    newest, first = listed(staffed, "derogation", "list", "ct-01")
    assert (newest["algorithms"], first["kind"], first["status"]) == (["ssh-rsa", "aes128-cbc"], "serial", "active")
    assert first["id"] in made.out
    assert staffed("admin", "derogation", "withdraw", first["id"]).code == 0
    assert listed(staffed, "derogation", "list", "ct-01")[1]["status"] == "withdrawn"


@pytest.mark.parametrize(
    "words",
    [
        ("endpoint", "add", "ct-01", "192.0.2.9", "--protocol", "serial", "--option", "baud"),
        ("endpoint", "add", "ct-01", "192.0.2.9", "--protocol", "telnet", "--option", "baud=9600"),
        ("derogation", "add", "ct-01", "telnet", "--owner", "V", "--reason", "old one", "--until", "2000-01-01"),
        ("derogation", "add", "ct-01", "telnet", "--owner", "V", "--reason", "old one", "--until", ""),
        ("derogation", "add", "nothing", "telnet", "--owner", "V", "--reason", "old one", "--until", "2000-01-01"),
    ],
    ids=" ".join,
)
def test_R10_mistakes_about_old_devices_are_one_sentence(staffed, words):
    staffed("admin", "device", "add", "ct-01", "Scanner 1", "--facility", "chu", "--supplier", "acme")
    refused = staffed("admin", *words)
    assert refused.code == Exit.REFUSED_VALUE
    assert len(refused.err.splitlines()) == 1
