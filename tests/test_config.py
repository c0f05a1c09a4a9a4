"""The settings: where they come from, which mistakes are named, and that each one is documented."""

from pathlib import Path

import pytest

from bastion import config
from bastion.errors import ConfigurationError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in list(config.os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BASTION_HOME", str(tmp_path))
    return tmp_path


def why(**overrides):
    with pytest.raises(ConfigurationError) as caught:
        config.load(**overrides)
    return caught.value.public


def test_defaults_need_no_file_and_stay_on_this_machine(home):
    settings = config.load()
    assert settings.home == home
    assert (settings.ssh_host, settings.web_host) == ("127.0.0.1", "127.0.0.1")
    assert settings.database == f"sqlite:///{home / 'bastion.db'}"
    assert settings.vault_key.parent == settings.signing_key.parent == home / "keys"


def test_environment_wins_over_file_wins_over_default(home, monkeypatch):
    (home / "bastion.toml").write_text('ssh_port = 2022\nnode = "north"\n')
    monkeypatch.setenv("BASTION_SSH_PORT", "2023")
    settings = config.load()
    assert (settings.ssh_port, settings.node, settings.web_port) == (2023, "north", 8080)


def test_an_unknown_name_in_the_file_is_an_error_that_names_it(home):
    (home / "bastion.toml").write_text("ssh_prot = 2022\n")
    assert "ssh_prot: there is no setting of this name (bastion.toml)" in why()


def test_a_file_that_is_no_toml_is_one_sentence(home):
    (home / "bastion.toml").write_text("ssh_port == \n")
    assert "bastion.toml" in why()


def test_a_misspelt_variable_is_found(monkeypatch):
    monkeypatch.setenv("BASTION_SSH_PROT", "1")
    monkeypatch.setenv("BASTION_SSH_PORT", "1")
    assert config.unknown_variables() == ["BASTION_SSH_PROT"]


def test_a_wrong_value_is_named_without_being_shown():
    assert "database_url" in why(database_url=["hunter2"])
    assert "hunter2" not in why(database_url=["hunter2"])


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range_is_refused(port):
    assert "ssh_port" in why(ssh_port=port)


def test_the_console_never_leaves_loopback_without_tls():
    assert "without TLS" in why(web_host="0.0.0.0")
    assert "go together" in why(web_tls_cert=Path("cert.pem"))
    assert config.load(web_host="::1").console_url == "http://[::1]:8080"
    tls = config.load(web_host="0.0.0.0", web_tls_cert=Path("c"), web_tls_key=Path("k"))
    assert tls.console_url == "https://0.0.0.0:8080"
    assert config.load(web_host="0.0.0.0", trusted_proxies="10.0.0.1").trusted_proxies == ("10.0.0.1",)


def test_T16_trusted_proxies_are_networks_or_refused(monkeypatch):
    monkeypatch.setenv("BASTION_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1")
    assert config.load().trusted_proxies == ("10.0.0.0/8", "192.0.2.1")
    assert "trusted_proxies" in why(trusted_proxies="everyone")


def test_settings_cannot_be_changed_afterwards():
    settings = config.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.ssh_port = 1


def test_every_setting_is_explained():
    assert all(meaning.endswith(".") for _, _, meaning in config.reference())


def test_the_scanner_s_socket_is_a_path_or_an_address_with_a_port():
    assert config.socket_address("/run/clamav/clamd.ctl") == "/run/clamav/clamd.ctl"
    assert config.socket_address("[::1]:3310") == ("::1", 3310)
    assert config.load(clamd="127.0.0.1:3310").clamd == "127.0.0.1:3310"
    for wrong in ("3310", ":3310", "localhost", "host:0", "host:65536", "host:x", "clamd.ctl"):
        assert "clamd" in why(clamd=wrong)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://u:p%40ss@mail.test", ("mail.test", 465, "tls", "u")),
        ("smtp+starttls://mail.test:2587/", ("mail.test", 2587, "starttls", "")),
        ("smtp://127.0.0.1", ("127.0.0.1", 25, "none", "")),
        ("smtp://[::1]:2525", ("::1", 2525, "none", "")),
    ],
)
def test_a_mail_server_is_named_by_its_address(url, server):
    settings = config.load(smtp_url=url, mail_from="b@chu.test")
    read = config.MailServer.read(settings.smtp_url.get_secret_value())
    assert (read.host, read.port, read.security, read.user) == server
    assert "p@ss" not in f"{settings!r}{settings}{read!r}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://mail.test", "in the clear"), ("smtp://10.0.0.1:25", "in the clear"), ("mail.test:25", "smtps://"),
        ("https://mail.test", "smtps://"), ("smtps://u:s3cret@", "smtps://"), ("smtps://mail.test/x", "smtps://"),
        ("smtps://u:s3cret@mail.test:port", "no address"),
    ],
)  # fmt: skip
def test_T22_mail_in_the_clear_and_nonsense_are_refused_without_showing_the_password(url, said):
    told = why(smtp_url=url, mail_from="b@chu.test")
    assert said in told
    assert "s3cret" not in told


@pytest.mark.parametrize("sender", ["", "bastion", "a@b, c@d", "a@b\nBcc: x@y"])
def test_mail_comes_from_one_address(sender):
    assert "mail_from" in why(smtp_url="smtps://mail.test", mail_from=sender)
