"""What is offered in the key exchange, to technicians and to devices. No SHA-1, no CBC, no DSA at the front (T3)."""

from typing import Final

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
    "diffie-hellman-group14-sha256", "diffie-hellman-group14-sha1",
)  # fmt: skip
"""Devices are in service for fifteen years; the last entry is for those. At most 20: old dropbears read no more."""
DEVICE_CIPHERS: Final = (*FRONT_CIPHERS, "aes256-cbc", "aes128-cbc")
DEVICE_MACS: Final = (*FRONT_MACS, "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1")
DEVICE_HOST_KEYS: Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
    "ssh-rsa",
)  # fmt: skip
