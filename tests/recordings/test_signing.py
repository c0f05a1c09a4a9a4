"""T36: a key that cannot do its work is refused aloud, never worked around."""

import os
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from recordings.model import RecordingError
from recordings.signing import Signer, fingerprint, load_public, signed


def test_generate_then_load(tmp_path):
    made = Signer.generate(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    loaded = Signer.load(tmp_path / "key")
    assert loaded.public_pem == made.public_pem
    assert signed(load_public(made.public_pem), loaded.sign(b"m"), b"m")
    assert not signed(load_public(made.public_pem), loaded.sign(b"m"), b"n")


def test_an_existing_key_is_never_overwritten(tmp_path):
    (tmp_path / "key").write_text("precious")
    with pytest.raises(RecordingError, match="exists"):
        Signer.generate(tmp_path / "key")
    assert (tmp_path / "key").read_text() == "precious"


def test_T36_a_missing_key_is_refused(tmp_path):
    with pytest.raises(RecordingError, match="No such file"):
        Signer.load(tmp_path / "key")
    with pytest.raises(RecordingError, match="No such file"):
        Signer.generate(tmp_path / "no" / "key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_T36_a_key_others_can_read_is_refused(tmp_path, mode):
    Signer.generate(tmp_path / "key")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(RecordingError, match="chmod 600"):
        Signer.load(tmp_path / "key")


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "text",
    [b"", b"garbage", pem(Ed25519PrivateKey.generate())[:60], pem(ec.generate_private_key(ec.SECP256R1()))],
    ids=["empty", "garbage", "cut", "ec"],
)
def test_T36_a_bad_key_is_refused(tmp_path, text):
    path = tmp_path / "key"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(RecordingError, match="key"):
        Signer.load(path)


def test_T36_a_link_or_a_folder_is_no_key(tmp_path):
    Signer.generate(tmp_path / "key")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    (tmp_path / "folder").mkdir(mode=0o700)
    for path in ("link", "folder"):
        with pytest.raises(RecordingError):
            Signer.load(tmp_path / path)


def test_T36_a_key_that_signs_wrongly_is_refused(monkeypatch):
    signer = Signer(Ed25519PrivateKey.generate())
    monkeypatch.setattr(signer, "public", Ed25519PrivateKey.generate().public_key())
    with pytest.raises(RecordingError, match="do not hold"):
        signer.prove()


def test_T36_every_key_is_tried_before_it_is_trusted(tmp_path, monkeypatch):
    Signer.generate(tmp_path / "key")
    monkeypatch.setattr("recordings.signing.signed", lambda *_: False)
    with pytest.raises(RecordingError, match="do not hold"):
        Signer.load(tmp_path / "key")


def test_public_keys_are_read_as_pem_and_as_openssh():
    signer = Signer(Ed25519PrivateKey.generate())
    line = signer.public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    for text in (signer.public_pem, "\n" + signer.public_pem, line, line.decode() + " recordings@hospital\n"):
        assert fingerprint(load_public(text)) == signer.fingerprint


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PUBLIC KEY-----\n", "ssh-ed25519 AAAA"])
def test_what_is_no_public_key(text):
    with pytest.raises(RecordingError, match="public key"):
        load_public(text)


def test_a_public_key_of_another_kind_is_refused():
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(RecordingError, match="another kind"):
        load_public(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_the_fingerprint_is_the_one_ssh_keygen_prints(tmp_path):
    signer = Signer(Ed25519PrivateKey.generate())
    path = tmp_path / "key.pub"
    path.write_bytes(signer.public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    shown = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True, env=os.environ)
    assert signer.fingerprint in shown.stdout.split()
