"""The commands a technician may paste into a terminal of his own, as his present one shows them."""

from collections.abc import Sequence
from typing import Final

from bastion.proxy.notices import Words, plain
from bastion.services.address import Address
from bastion.services.commands import Client, Command, Shell, Use

CLIENTS: Final = {Client.OPENSSH: "OpenSSH", Client.PUTTY: "PuTTY", Client.WINSCP: "WinSCP"}
SHELLS: Final = {Shell.BASH: "bash", Shell.CMD: "cmd", Shell.POWERSHELL: "PowerShell", Shell.ADDRESS: ""}


def brief(words: Words, commands: Sequence[Command], cols: int) -> str:
    """How files and services are reached, as a session opens: a line for each, or nothing."""
    mine = [command for command in commands if command.client is Client.OPENSSH]
    files = [command for command in mine if command.use is Use.FILES]
    services = [command for command in mine if command.use is Use.SERVICE]
    lines = [_beside(words.say("Files:"), files[0].text, cols)] if files else []
    if services:
        lines.append(
            _beside(words.say("Services: {service}:").format(service=_service(services[0])), services[0].text, cols)
        )
    if len(services) > 1:
        more = words.say("{count} more: “?” in the list of your devices shows how to reach all of them.")
        lines.append("  " + more.format(count=len(services) - 1))
    return "".join(f"{line}\n" for line in lines)


def sheet(words: Words, device: str, commands: Sequence[Command], address: Address) -> str:
    """Every command for a device, and by what the bastion is known. A command is never broken: it is copied whole."""
    if not commands:
        return words.say("There is no command for {device}; call the hospital.").format(device=plain(device)) + "\n"
    lines = ["", words.say("Commands for {device}, for a terminal of your own computer:").format(device=plain(device))]
    for client, name in CLIENTS.items():
        mine = [command for command in commands if command.client is client]
        lines += [name, *(line for command in mine for line in _command(words, command))] if mine else []
    if address.fingerprints:
        lines += [
            words.say("The bastion shows this identity (fingerprint):"),
            *(f"  {f}" for f in address.fingerprints),
        ]
    return "\n".join(lines) + "\n\n"


def _command(words: Words, command: Command) -> list[str]:
    lines = []
    if command.service is not None:
        met = words.say("{service} is then at localhost:{local}:")
        lines.append("  " + met.format(service=_service(command), local=command.local))
    single = len(command.variants) == 1
    for variant in command.variants:
        where = "" if single else "/".join(SHELLS[shell] for shell in variant.shells) + ": "
        lines.append(f"  {where}{variant.text}")
    return lines


def _service(command: Command) -> str:
    service = command.service
    return f"{plain(command.device)}:{service.port} ({service.protocol})" if service is not None else ""


def _beside(label: str, command: str, cols: int) -> str:
    return f"{label} {command}" if len(label) + len(command) + 1 < cols else f"{label}\n  {command}"
