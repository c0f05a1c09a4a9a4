"""What is offered in the key exchange, to technicians and to devices. No SHA-1, no CBC, no DSA at the front (T3).

Devices are in service for fifteen years. What only the old ones know is added for one device by its derogation, and to
nothing else (R-10).
"""

from collections.abc import Collection
from typing import Final

import asyncssh
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bastion.domain.derogation import LEGACY, SMALL_RSA, AlgorithmUse

FRONT_KEX: Final = ("curve25519-sha256", "curve25519-sha256@libssh.org", "mlkem768x25519-sha256")
"""curve25519 first: dropbear sends its guess before it has read our list, and a wrong guess makes asyncssh give up.
Clients that prefer mlkem768 still get it: the client's order decides."""
FRONT_CIPHERS: Final = (
    "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com",
    "aes256-ctr", "aes192-ctr", "aes128-ctr",
)  # fmt: skip
FRONT_MACS: Final = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
FRONT_SIGNATURES: Final = (
    "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com", "rsa-sha2-512", "rsa-sha2-256",
)  # fmt: skip
"""How a technician's key may sign. The host keys of the bastion itself are Ed25519 and, if there is one, RSA."""

DEVICE_KEX: Final = (
    "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
)  # fmt: skip
"""At most 20, what a derogation adds included: old dropbears read no more."""
DEVICE_CIPHERS: Final = FRONT_CIPHERS
DEVICE_MACS: Final = (*FRONT_MACS, "hmac-sha2-256", "hmac-sha2-512")
DEVICE_HOST_KEYS: Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
)  # fmt: skip
_USUAL: Final = {
    AlgorithmUse.KEX: DEVICE_KEX,
    AlgorithmUse.CIPHER: DEVICE_CIPHERS,
    AlgorithmUse.MAC: DEVICE_MACS,
    AlgorithmUse.HOST_KEY: DEVICE_HOST_KEYS,
}
LEAST_RSA: Final = 2048


def for_device(use: AlgorithmUse, legacy: Collection[str] = ()) -> tuple[str, ...]:
    """Return what one device is asked for: the modern, then exactly what its derogation names (R-10)."""
    return _USUAL[use] + tuple(name for name, its in LEGACY.items() if its is use and name in legacy and _on_wire(name))


def strong_enough(key: asyncssh.SSHKey, legacy: Collection[str] = ()) -> bool:
    """Tell whether a device may be known by this key; a small RSA key needs a derogation."""
    public = key.pyca_key
    return SMALL_RSA in legacy or not isinstance(public, RSAPublicKey) or public.key_size >= LEAST_RSA


def _on_wire(name: str) -> bool:
    return name != SMALL_RSA
