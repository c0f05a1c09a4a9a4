"""Files as they leave a hospital, built byte by byte; the people in them do not exist."""

import io
import struct
import tarfile
import zipfile
import zlib

from policies.guards.examine import examine
from policies.guards.verdict import DEFAULT, FindingKind, Limits, Verdict

NIR = "185057800608491"
NIR_CORSICA = "253072B07300470"
HL7 = (
    "MSH|^~\\&|LAB|HOP|DPI|HOP|20261122||ORU^R01|1|P|2.5\rPID|1||123456^^^HOP^PI||DUPONT^JEANNE||19700101|F\r"
    "PV1|1|I\rOBX|1|NM|GLU||5.4|mmol/L\r"
)
ACK = "MSH|^~\\&|DPI|HOP|LAB|HOP|20261122||ACK^R01|1|P|2.5\rMSA|AA|1\r"
FHIR = '{"resourceType": "Patient", "id": "p1", "name": [{"family": "DUPONT"}]}'
FHIR_XML = '<?xml version="1.0"?>\n<Patient xmlns="http://hl7.org/fhir"><id value="p1"/></Patient>'
CDA = '<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"><typeId root="2.16"/></ClinicalDocument>'
DATA = (b"DUPONT", b"JEANNE", b"123456", b"19700101", NIR.encode(), NIR_CORSICA.encode())
"""What may stand in no verdict."""

LONG = {"OB", "SQ", "UN", "UT", "OW"}
PATIENT = [(0x0010, 0x0010, "PN", b"DUPONT^JEANNE"), (0x0010, 0x0020, "LO", b"123456"), (0x0010, 0x0030, "DA", b"")]
STUDY = [
    (0x0008, 0x0005, "CS", b"ISO_IR 100"),
    (0x0008, 0x0016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
    (0x0008, 0x0018, "UI", b"1.2.826.0.1.3680043.8.498.1"),
    (0x0008, 0x0060, "CS", b"CT"),
]
PIXELS = [(0x7FE0, 0x0010, "OW", bytes(3000))]
EXPLICIT, IMPLICIT, BIG, DEFLATED = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
)


def element(group: int, number: int, vr: str, value: bytes, syntax: str = EXPLICIT) -> bytes:
    value += b" " * (len(value) % 2)
    end = ">" if syntax == BIG else "<"
    if syntax == IMPLICIT:
        return struct.pack("<HHI", group, number, len(value)) + value
    head = struct.pack(end + "HH2s", group, number, vr.encode())
    if vr in LONG:
        return head + struct.pack(end + "HI", 0, len(value)) + value
    return head + struct.pack(end + "H", len(value)) + value


def dataset(syntax: str = EXPLICIT, patient=PATIENT) -> bytes:
    return b"".join(element(*one, syntax) for one in [*STUDY, *patient, *PIXELS])


def dicom(syntax: str = EXPLICIT, patient=PATIENT, data: bytes | None = None) -> bytes:
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    meta = (
        element(2, 1, "OB", b"\0\1") + element(2, 2, "UI", b"1.2.840.10008.5.1.4.1.1.2\0") + element(2, 0x10, "UI", uid)
    )
    body = dataset(syntax, patient) if data is None else data
    if syntax == DEFLATED:
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(body) + packer.flush()
    return bytes(128) + b"DICM" + element(2, 0, "UL", struct.pack("<I", len(meta))) + meta + body


def zipped(*members: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"member-{number}.dat", member)
    return out.getvalue()


class Unseekable(io.BytesIO):
    """Zip files written into a pipe state their sizes after the data."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_args):
        raise io.UnsupportedOperation

    def tell(self):
        raise io.UnsupportedOperation


def streamed_zip(*members: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = Unseekable()
    with zipfile.ZipFile(out, "w", method) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"member-{number}.dat", member)
    return out.getvalue()


def tarred(*members: bytes, fmt: int = tarfile.GNU_FORMAT, mode: str = "w", name: str = "member-{}.dat") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=fmt) as archive:
        for number, member in enumerate(members):
            info = tarfile.TarInfo(name.format(number))
            info.size = len(member)
            archive.addfile(info, io.BytesIO(member))
    return out.getvalue()


def look(data: bytes, limits: Limits = DEFAULT, name: str = "file") -> Verdict:
    return examine(io.BytesIO(data), name, limits)


def kinds(data: bytes, limits: Limits = DEFAULT) -> set[FindingKind]:
    return {finding.kind for finding in look(data, limits).findings}


def only(data: bytes, limits: Limits = DEFAULT):
    """The one finding there is."""
    (finding,) = look(data, limits).findings
    return finding
