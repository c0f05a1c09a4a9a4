import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bastion.errors import Invalid
from bastion.secret import Secret
from bastion.services.keys import fingerprint_of, private_key_problem, public_key
from tests.services.house import private_text, public_line


def rsa_line(bits: int) -> str:
    key = generate_private_key(65537, bits).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_the_fingerprint_is_the_one_ssh_keygen_prints(tmp_path):
    line = public_line()
    (tmp_path / "k.pub").write_text(line + "\n")
    shown = subprocess.run(["ssh-keygen", "-lf", tmp_path / "k.pub"], capture_output=True, text=True, check=True)
    assert fingerprint_of(line) in shown.stdout


def test_comments_fall_away_and_weak_rsa_is_refused():
    line = public_line()
    assert public_key(f"  {line} alice@laptop \n") == line
    assert public_key(rsa_line(2048)).startswith("ssh-rsa ")
    with pytest.raises(Invalid, match="weak"):
        public_key(rsa_line(1024))


def test_a_private_key_is_usable_without_passphrase_only():
    key = generate_private_key(65537, 2048)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x" * 12))
    assert private_key_problem(private_text()) == ""
    assert private_key_problem(Secret(plain)) == ""
    for bad in (locked, b"", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"):
        assert private_key_problem(Secret(bad))
