"""How a file is packed, told from its first bytes. zip is not here: it is looked for everywhere, see `examine`."""

import re
from enum import Enum, auto

HEAD = 512


class Packing(Enum):
    PLAIN = auto()
    TAR = auto()
    GZIP = auto()
    BZIP2 = auto()
    XZ = auto()
    ZSTD = auto()
    ENCRYPTED = auto()
    FOREIGN = auto()


_PGP = (  # a session key, for a person or from a passphrase (RFC 9580, 5.1 and 5.3)
    rb"(?:\x84.|\x85..|\xc1[\x00-\xbf]|\xc1[\xc0-\xdf].)\x03.{8}[\x01\x02\x10\x12\x19]"
    rb"|[\x8c\xc3][\x04-\x2e]\x04[\x01-\x0d]\x03"
)
_SIGNS = [
    (re.compile(sign, re.DOTALL), kind, evidence)
    for sign, kind, evidence in (
        (rb"\x1f\x8b\x08", Packing.GZIP, "gzip"),
        (rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", Packing.BZIP2, "bzip2"),
        (rb"\xfd7zXZ\x00", Packing.XZ, "xz"),
        (rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", Packing.ZSTD, "zstd"),
        (rb"Salted__|U2FsdGVkX1", Packing.ENCRYPTED, "openssl"),  # the second is the first in base64
        (rb"-----BEGIN PGP MESSAGE-----", Packing.ENCRYPTED, "pgp"),
        (_PGP, Packing.ENCRYPTED, "pgp"),
        (rb"age-encryption\.org/|-----BEGIN AGE", Packing.ENCRYPTED, "age"),
        (rb"LUKS\xba\xbe", Packing.ENCRYPTED, "luks"),
        (rb"7z\xbc\xaf\x27\x1c", Packing.FOREIGN, "7z"),
        (rb"Rar!\x1a\x07", Packing.FOREIGN, "rar"),
        (rb"MSCF\x00{4}", Packing.FOREIGN, "cab"),
        (rb"LZIP\x01", Packing.FOREIGN, "lzip"),
        (rb"\x04\x22\x4d\x18", Packing.FOREIGN, "lz4"),
        (rb"\x1f\x9d", Packing.FOREIGN, "compress"),
        (rb"\x89LZO\x00", Packing.FOREIGN, "lzop"),
        (rb"hsqs", Packing.FOREIGN, "squashfs"),
        (rb"\x60\xea", Packing.FOREIGN, "arj"),
        (rb"..-lh[0-9d]-", Packing.FOREIGN, "lha"),
    )
]
_OLE, _OLE_ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "EncryptedPackage".encode("utf-16-le")


def packing(head: bytes) -> tuple[Packing, str]:
    """Return how a file with this head is packed, and by what."""
    for sign, kind, evidence in _SIGNS:
        if sign.match(head):
            return kind, evidence
    return (Packing.TAR, "tar") if is_tar(head) else (Packing.PLAIN, "plain")


def is_encrypted_office(head: bytes) -> bool:
    return head.startswith(_OLE) and _OLE_ENCRYPTED in head


def is_tar(header: bytes) -> bool:
    """Whether these 512 bytes carry the right checksum of a tar header, in any of its dialects."""
    if len(header) < 512 or not header[0]:
        return False
    stated = header[148:156].strip(b" \x00")
    if not 1 <= len(stated) <= 7 or stated.strip(b"01234567"):
        return False
    spaced = header[:148] + b" " * 8 + header[156:512]
    signed = sum(byte - 256 if byte > 127 else byte for byte in spaced)  # some old writers sum signed bytes
    return int(stated, 8) in {sum(spaced), signed}
