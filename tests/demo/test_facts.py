"""`demo.json`: what scripts rely on, and only the owner reads."""

import json
import stat

from bastion.demo.facts import Account, DemoDevice, Facts

FACTS = Facts(
    2222,
    "http://127.0.0.1:8080",
    [Account("claire", "approver", "ABC", password="x", api_token="bst_y"), Account("alice", "technician", "DEF")],
    [DemoDevice("ct-01", "127.0.0.1:4022")],
)


def test_what_is_written_is_read_again_and_is_private(tmp_path):
    assert Facts.read(tmp_path) is None
    FACTS.write(tmp_path)
    assert Facts.read(tmp_path) == FACTS
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["demo.json"]


def test_the_keys_are_those_scripts_look_for(tmp_path):
    FACTS.write(tmp_path)
    kept = json.loads((tmp_path / "demo.json").read_text())
    assert kept.keys() == {"ssh_port", "web_url", "supplier_url", "accounts", "devices"}
    assert kept["accounts"][0].keys() == {"login", "role", "password", "totp_secret", "private_key_path", "api_token"}
    assert kept["devices"][0].keys() == {"code", "endpoint"}


def test_lookups():
    assert FACTS.account("alice").role == "technician"
    assert FACTS.account("nobody") is None
    assert (FACTS.port_of("ct-01"), FACTS.port_of("ct-09")) == (4022, 0)
