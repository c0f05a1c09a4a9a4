"""The words of devices' services and derogations, as English msgids. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.derogation import SMALL_RSA, AlgorithmUse, DerogationKind, DerogationStatus
from bastion.domain.device import Lack, Protocol, Recordability
from bastion.i18n import N_
from policies.model import Sas

DEROGATIONS: Mapping[str, str] = MappingProxyType(
    {
        DerogationKind.SSH_LEGACY: N_("Old SSH algorithms"),
        DerogationKind.TELNET: N_("Telnet, in clear"),
        DerogationKind.SERIAL: N_("Serial line, in clear"),
    }
)
DEROGATION_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        DerogationStatus.SCHEDULED: ("hold", N_("Scheduled")),
        DerogationStatus.ACTIVE: ("ok", N_("In force")),
        DerogationStatus.OVER: ("stop", N_("Run out")),
        DerogationStatus.WITHDRAWN: ("off", N_("Withdrawn")),
    }
)
ALGORITHM_USES: Mapping[str, str] = MappingProxyType(
    {
        AlgorithmUse.KEX: N_("key exchange"),
        AlgorithmUse.HOST_KEY: N_("identity"),
        AlgorithmUse.CIPHER: N_("encryption"),
        AlgorithmUse.MAC: N_("integrity"),
    }
)
ALGORITHM_NAMES: Mapping[str, str] = MappingProxyType({SMALL_RSA: N_("RSA below 2048 bits")})
"""What is no name on the wire."""
PROTOCOLS: Mapping[str, str] = MappingProxyType(
    {
        Protocol.SSH: "SSH",
        Protocol.TELNET: "Telnet",
        Protocol.SERIAL: N_("Serial line (RFC 2217)"),
        Protocol.TCP: "TCP",
        Protocol.HTTPS: "HTTPS",
        Protocol.RDP: "RDP",
        Protocol.VNC: "VNC",
        Protocol.DICOM: "DICOM",
    }
)
RECORDABILITY: Mapping[str, str] = MappingProxyType(
    {
        Recordability.FULL: N_("recorded in full"),
        Recordability.METADATA_ONLY: N_("encrypted end to end: only when and how much is recorded"),
    }
)
PASSING: Mapping[str, str] = MappingProxyType(
    {
        Sas.FREE: N_("straight through"),
        Sas.RULE: N_("through the release desk: checked, and passed when nothing is found"),
        Sas.PERSON: N_("through the release desk: each one is decided by a person"),
    }
)
LACKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        Lack.SERVICE: (N_("Say where the device answers, by SSH, telnet or a serial line."), "#h-end"),
        Lack.IDENTITY: (N_("Ask the device for its identity, compare it and confirm it."), "#h-end"),
        Lack.DEROGATION: (N_("Make or renew the derogation without which this way stays closed."), "#h-der"),
        Lack.ACCOUNT: (N_("Add the account with which the bastion signs in on the device."), "#h-acc"),
        Lack.SUPPLIER: (N_("Name the supplier who maintains it."), "/directory/devices/{device}/edit"),
        Lack.APPROVER: (
            N_("Let somebody decide on it: an approver for its hospital, and for its ward if that person has wards."),
            "/directory/staff",
        ),
    }
)
"""What is still to be done on a device, and where on the console."""
LACKS_SHORT: Mapping[str, str] = MappingProxyType(
    {
        Lack.SERVICE: N_("connection"),
        Lack.IDENTITY: N_("identity"),
        Lack.DEROGATION: N_("derogation"),
        Lack.ACCOUNT: N_("account on the device"),
        Lack.SUPPLIER: N_("supplier"),
        Lack.APPROVER: N_("somebody who decides"),
    }
)
NO_SCANNER: Final = N_("through the release desk, where a person decides on each one (no virus scanner is set up)")
"""What becomes of the rule where there is no scanner."""
PARITIES: Mapping[str, str] = MappingProxyType(
    {"none": N_("none"), "even": N_("even"), "odd": N_("odd"), "mark": N_("mark (1)"), "space": N_("space (0)")}
)
SERVERS: Mapping[str, str] = MappingProxyType({"rfc2217": "RFC 2217", "tcp": N_("plain TCP: the line cannot be set")})
LOGINS: Mapping[str, str] = MappingProxyType(
    {"asked": N_("the device asks; the bastion answers from the vault"), "none": N_("none: the line is open")}
)
