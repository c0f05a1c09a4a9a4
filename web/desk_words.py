"""The words of the release desk, as English msgids. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType

from bastion.domain.announced_file import Announced
from bastion.domain.held_file import Direction, FileState, Scan
from bastion.i18n import N_
from bastion.services import antivirus, files
from policies.guards.verdict import FindingKind
from policies.model import Sas

STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        FileState.ARRIVING: ("off", N_("Arriving")),
        FileState.HELD: ("wait", N_("Held")),
        FileState.RELEASED: ("ok", N_("Released")),
        FileState.DELIVERED: ("ok", N_("Delivered")),
        FileState.REFUSED: ("stop", N_("Turned away")),
        FileState.BROKEN: ("off", N_("Broken off")),
        FileState.PURGED: ("off", N_("Removed")),
    }
)
DIRECTIONS: Mapping[str, str] = MappingProxyType(
    {Direction.IN: N_("to the device"), Direction.OUT: N_("from the device")}
)
SCANS: Mapping[str, str] = MappingProxyType(
    {Scan.CLEAN: N_("no virus found"), Scan.INFECTED: N_("virus found"), Scan.UNSCANNED: N_("not scanned")}
)
UNSCANNED: Mapping[str, str] = MappingProxyType(
    {
        antivirus.NOT_CONFIGURED: N_("no scanner is set up"),
        antivirus.TOO_LARGE: N_("too large for the scanner"),
        antivirus.AWAY: N_("the scanner did not answer"),
        antivirus.SLOW: N_("the scanner took too long"),
        antivirus.FAILED: N_("the scanner failed"),
    }
)
"""Why nobody could look for viruses."""
ANNOUNCED: Mapping[str, str] = MappingProxyType(
    {
        Announced.NONE: N_("not announced"),
        Announced.MATCHES: N_("as announced"),
        Announced.DIFFERS: N_("not what was announced"),
    }
)
FINDINGS: Mapping[str, str] = MappingProxyType(
    {
        FindingKind.DICOM: N_("DICOM"),
        FindingKind.HL7: N_("HL7 message"),
        FindingKind.FHIR: N_("FHIR resource"),
        FindingKind.CDA: N_("CDA document"),
        FindingKind.IDENTITY_NUMBER: N_("French identity number (NIR, INS)"),
        FindingKind.ENCRYPTED: N_("encrypted, could not be looked into"),
        FindingKind.UNREADABLE: N_("could not be read"),
        FindingKind.TOO_LARGE: N_("too large to be looked into"),
    }
)
BROKEN: Mapping[str, str] = MappingProxyType(
    {
        files.CONTENT_CHANGED: N_("the content was no longer what had been released"),
        files.BASTION_STOPPED: N_("the bastion stopped"),
        files.TECHNICIAN_LEFT: N_("the technician left"),
        files.DEVICE_FAILED: N_("the device did not take it, or did not give it"),
    }
)
"""Why a file broke off; `no_room` has an error's words."""
RELEASED: Mapping[str, str] = MappingProxyType(
    {Sas.RULE: N_("by rule"), Sas.PERSON: N_("by a person"), Sas.FREE: N_("without a check")}
)
