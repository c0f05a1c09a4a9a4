"""SSH keys as text: one canonical line, a fingerprint, and whether a private key can be used at all."""

import base64
import binascii
import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from bastion.errors import Invalid
from bastion.secret import Secret

PLAIN_KINDS = {
    "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
}  # fmt: skip
TOKEN_KINDS = {"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"}
MIN_RSA_BITS = 2048
MAX_KEY_TEXT = 16_384


def public_key(text: str) -> str:
    """Return `kind base64` of the one public key in `text`; comment and anything else are dropped.

    Raises `Invalid` for options, several lines, weak RSA (NT_OpenSSH R8) and everything that is not a key (T13).
    """
    words = text.strip().split(" ") if len(text) <= MAX_KEY_TEXT and text.strip().isprintable() else []
    if len(words) < 2 or words[0] not in PLAIN_KINDS | TOKEN_KINDS:
        raise _not_a_key("kind")
    line = f"{words[0]} {words[1]}"
    try:
        blob = base64.b64decode(words[1], validate=True)
        key = load_ssh_public_key(line.encode()) if words[0] in PLAIN_KINDS else None
    except (ValueError, UnsupportedAlgorithm, binascii.Error):
        raise _not_a_key("data") from None
    if not blob.startswith(len(words[0]).to_bytes(4, "big") + words[0].encode()):
        raise _not_a_key("kind and data differ")
    if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        raise Invalid("weak RSA", field="key", sentence="This RSA key is too short; make an Ed25519 key instead.")
    return line


def fingerprint_of(public: str) -> str:
    """The fingerprint as `ssh-keygen -l` prints it."""
    digest = hashlib.sha256(base64.b64decode(public.split(" ")[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def private_key_problem(secret: Secret) -> str:
    """Say why a private key cannot be used, or return an empty string. Never says anything of the key itself."""
    text = secret.reveal()
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in text else load_pem_private_key
    try:
        load(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "not a usable private key"
    return ""


def _not_a_key(detail: str) -> Invalid:
    return Invalid(detail, field="key", sentence="Paste one line of an OpenSSH public key, as in id_ed25519.pub.")
