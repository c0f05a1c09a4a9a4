import asyncssh
import pytest

from bastion.errors import ConfigurationError
from bastion.proxy.ssh import server


def write_key(path, kind="ssh-ed25519", mode=0o600, **options):
    asyncssh.generate_private_key(kind, **options).write_private_key(path)
    path.chmod(mode)
    return path


def test_the_identity_is_read(tmp_path):
    assert server.read_host_key(write_key(tmp_path / "key")).algorithm == b"ssh-ed25519"


def test_an_identity_that_others_can_read_is_refused_with_the_cure(tmp_path):
    path = write_key(tmp_path / "key", mode=0o644)
    with pytest.raises(ConfigurationError) as refused:
        server.read_host_key(path)
    assert f"run: chmod 600 {path}" in refused.value.public


@pytest.mark.parametrize("content", [None, b"", b"not a key"])
def test_an_identity_that_is_none_is_said_so(tmp_path, content):
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        server.read_host_key(path)
    assert "holds no usable SSH host key" in refused.value.public


def test_T03_ed25519_comes_first_and_rsa_signs_with_sha2_only():
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    ed25519 = asyncssh.generate_private_key("ssh-ed25519")
    pairs = server._key_pairs([rsa, ed25519])
    assert list(pairs) == [b"ssh-ed25519", b"rsa-sha2-512", b"rsa-sha2-256"]
    assert [pair.sig_algorithm for pair in pairs.values()] == list(pairs)
    assert pairs[b"rsa-sha2-512"] is not pairs[b"rsa-sha2-256"], "a shared one would be switched by each key exchange"


@pytest.mark.parametrize("version", ["2.14.1", "2.13.2", "1.9.0"])
def test_T02_an_old_asyncssh_is_refused(monkeypatch, version):
    monkeypatch.setattr(asyncssh, "__version__", version)
    with pytest.raises(ConfigurationError):
        server._require_version()


@pytest.mark.parametrize("version", ["2.14.2", "2.24.1", "3.0.0"])
def test_T02_a_newer_one_is_not(monkeypatch, version):
    monkeypatch.setattr(asyncssh, "__version__", version)
    assert server._require_version() is None
