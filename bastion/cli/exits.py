"""The edge table of errors: which exit code each leaves with. `docs/exit-codes.md` is generated from here."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from bastion import errors as e


class Exit(IntEnum):
    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    NOT_FOUND = 4
    REFUSED_VALUE = 5
    NOT_ALLOWED = 6
    UNAVAILABLE = 7
    DAMAGED = 8
    CHECK_FAILED = 9
    INTERRUPTED = 130


MEANING: Mapping[Exit, str] = MappingProxyType(
    {
        Exit.DONE: "Done.",
        Exit.UNEXPECTED: "Something unexpected went wrong; the log has the detail.",
        Exit.USAGE: "The command line itself is wrong: an unknown option, a missing argument.",
        Exit.CONFIGURATION: "A setting, a key file or a policy set cannot be used.",
        Exit.NOT_FOUND: "There is nothing under that name.",
        Exit.REFUSED_VALUE: "A value cannot be accepted, or the state does not allow the change.",
        Exit.NOT_ALLOWED: "The role, the policy or a lock does not allow it.",
        Exit.UNAVAILABLE: "The database, a device or the recording store cannot be reached.",
        Exit.DAMAGED: "A recording or the audit trail does not match its seal.",
        Exit.CHECK_FAILED: "`bastion check` has found something that must be mended.",
        Exit.INTERRUPTED: "Stopped with Ctrl-C.",
    }
)

CODES: Mapping[type[e.BastionError], Exit] = MappingProxyType(
    {
        e.BastionError: Exit.UNEXPECTED,
        e.ConfigurationError: Exit.CONFIGURATION,
        e.NotFound: Exit.NOT_FOUND,
        e.Invalid: Exit.REFUSED_VALUE,
        e.Conflict: Exit.REFUSED_VALUE,
        e.AlreadyExists: Exit.REFUSED_VALUE,
        e.IllegalTransition: Exit.REFUSED_VALUE,
        e.DeviceBusy: Exit.REFUSED_VALUE,
        e.DeviceNotReady: Exit.REFUSED_VALUE,
        e.AddressRefused: Exit.REFUSED_VALUE,
        e.NotAcknowledged: Exit.REFUSED_VALUE,
        e.FileHeld: Exit.NOT_ALLOWED,
        e.Forbidden: Exit.NOT_ALLOWED,
        e.FreshFactorNeeded: Exit.NOT_ALLOWED,
        e.AuthenticationFailed: Exit.NOT_ALLOWED,
        e.LinkSpent: Exit.NOT_ALLOWED,
        e.PolicyRefused: Exit.NOT_ALLOWED,
        e.Locked: Exit.NOT_ALLOWED,
        e.Suspended: Exit.NOT_ALLOWED,
        e.NoGrant: Exit.NOT_ALLOWED,
        e.ChannelRefused: Exit.NOT_ALLOWED,
        e.Unavailable: Exit.UNAVAILABLE,
        e.RecordingUnavailable: Exit.UNAVAILABLE,
        e.NoRoom: Exit.UNAVAILABLE,
        e.DeviceUnreachable: Exit.UNAVAILABLE,
        e.DeviceLoginFailed: Exit.UNAVAILABLE,
        e.HostKeyChanged: Exit.UNAVAILABLE,
        e.RecordingDamaged: Exit.DAMAGED,
    }
)


def code_of(error: e.BastionError) -> Exit:
    """Return the code of the nearest class in the table."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
