"""What a command line does to a device, by kind: one table, and the little of a shell's grammar it takes (R-60).

A heuristic: it knows commands by name. A script of any other name, an alias or a program that is typed into hide what
they do; whoever reads the result is told so.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from bastion.domain.act import Act
from policies.guards.typed import COMPLETED

LONGEST: Final = 4096
"""Characters of a line that are read."""
DEEPEST: Final = 4
"""Commands within commands: `sh -c "su -c '…'"`."""


class Rule(NamedTuple):
    """Commands of these names; where `argument` is not empty, only with an argument that it matches from its start."""

    names: str
    act: Act
    argument: str = ""


_CHANGED: Final = r"(add|del|delete|set|flush|replace|change|modify|up|down)$"
_STARTED: Final = (
    r"(start|stop|restart|reload|force-reload|try-restart|enable|disable|mask|unmask|edit|kill|isolate|set-.*|"
    r"daemon-reload|on|off)$"
)
TABLE: Final = (
    Rule("reboot shutdown halt poweroff reload restart-computer stop-computer", Act.REBOOT),
    Rule("init telinit", Act.REBOOT, "[06]$"),
    Rule("systemctl", Act.REBOOT, r"(reboot|poweroff|halt|kexec|soft-reboot|rescue|emergency)$"),
    Rule(
        "useradd adduser usermod userdel deluser groupadd addgroup groupmod groupdel delgroup passwd chpasswd gpasswd "
        "chage chsh chfn vipw vigr visudo newusers ssh-copy-id new-localuser set-localuser remove-localuser "
        "add-localgroupmember remove-localgroupmember",
        Act.ACCOUNT,
    ),
    Rule("net", Act.ACCOUNT, "/(add|delete|active)"),
    Rule("systemctl service rc-service net sc", Act.CONFIG, _STARTED),
    Rule("sc", Act.CONFIG, "(config|create|delete|failure)$"),
    Rule("chkconfig update-rc.d rc-update initctl launchctl", Act.CONFIG, "."),
    Rule("chmod chown chgrp chattr setfacl icacls takeown", Act.CONFIG, "."),
    Rule("kill killall pkill taskkill stop-process stop-service start-service restart-service", Act.CONFIG, "."),
    Rule("crontab", Act.CONFIG, "(?!-l$)"),
    Rule("sysctl", Act.CONFIG, r"(-w|--write|-p|--load|\S+=)"),
    Rule("ip nmcli netsh hostnamectl timedatectl localectl uci nft firewall-cmd", Act.CONFIG, _CHANGED),
    Rule("hostnamectl timedatectl localectl", Act.CONFIG, "set-"),
    Rule("nft", Act.CONFIG, "-f"),
    Rule("firewall-cmd", Act.CONFIG, "--(add|remove|set|reload|complete-reload)"),
    Rule("iptables ip6tables ebtables arptables", Act.CONFIG, "(-[ADIFPXNRZ]|--(append|delete|insert|flush|policy))"),
    Rule("ufw", Act.CONFIG, "(allow|deny|reject|limit|enable|disable|delete|reset|insert|reload)$"),
    Rule("route", Act.CONFIG, "(add|del|delete|change)$"),
    Rule("ifconfig", Act.CONFIG, r"(up|down|netmask|[0-9]+\.)"),
    Rule("ifup ifdown modprobe rmmod insmod swapoff swapon setenforce iptables-restore fw_setenv setx", Act.CONFIG),
    Rule("mount umount", Act.CONFIG, "."),
    Rule("mkfs fdisk parted sgdisk wipefs mkswap lvremove vgremove diskpart", Act.CONFIG, "."),
    Rule("date", Act.CONFIG, "(-s|--set)"),
    Rule("reg", Act.CONFIG, "(add|delete|import|restore)$"),
    Rule("conf configure", Act.CONFIG, "t"),
    Rule("write", Act.CONFIG, "(mem|erase)"),
    Rule("set-itemproperty new-itemproperty set-service new-service", Act.CONFIG),
    Rule(
        "apt apt-get aptitude yum dnf zypper apk opkg snap flatpak choco winget pip pip2 pip3 npm gem cpan brew",
        Act.INSTALL,
        "(install|reinstall|remove|uninstall|purge|upgrade|dist-upgrade|full-upgrade|autoremove|erase|add|del|refresh|"
        "update$|downgrade)",
    ),
    Rule("pacman", Act.INSTALL, "-[SUR]"),
    Rule("dpkg", Act.INSTALL, "(-i|-r|-P|--install|--remove|--purge|--unpack|--configure)"),
    Rule("rpm", Act.INSTALL, "(-[iUFe]|--(install|upgrade|erase|freshen|reinstall))"),
    Rule("make", Act.INSTALL, "(un)?install"),
    Rule("fwupdmgr", Act.INSTALL, "(install|update|upgrade|downgrade|reinstall)"),
    Rule("flashrom", Act.INSTALL, "(-w|--write|-E|--erase)"),
    Rule("dfu-util", Act.INSTALL, "(-D|--download)"),
    Rule(
        "msiexec wusa dism flashcp flash_erase nandwrite sysupgrade swupdate rauc avrdude esptool ubiupdatevol mtd "
        "alien install-package update-module install-module",
        Act.INSTALL,
    ),
    Rule("cp mv scp rsync sftp ftp lftp tftp wget curl dd tee ln mkdir touch install mkfifo mknod", Act.COPY, "."),
    Rule("copy xcopy robocopy move md copy-item move-item new-item set-content add-content out-file", Act.COPY, "."),
    Rule("invoke-webrequest iwr bitsadmin certutil rename-item ren rename patch", Act.COPY, "."),
    Rule("sed perl", Act.COPY, "(-i|--in-place)"),
    Rule("tar", Act.COPY, "-?[a-zA-Z]*[xcrA]|--(extract|get|create|append)"),
    Rule("unzip", Act.COPY, "(?!-[lZtvp])"),
    Rule("gunzip gzip bunzip2 bzip2 xz unxz zip 7z cpio", Act.COPY, "(?!-(l|t|c|-list|-test|-stdout))"),
    Rule("git", Act.COPY, "(clone|pull|checkout|reset|apply|merge|stash|clean)$"),
    Rule("rm rmdir unlink shred truncate del erase rd remove-item clear-content", Act.DELETE),
    Rule("find", Act.DELETE, "-delete$"),
    Rule("format", Act.DELETE, "[A-Za-z]:"),
    Rule("vi vim vim.tiny nvim view nano pico emacs ed joe mcedit edit notepad", Act.EDITOR),
)
"""Every command that is known. A name may stand in several rows."""

_RULES: Final = {
    name: [(rule.act, re.compile(rule.argument)) for rule in TABLE if name in rule.names.split()]
    for name in {one for rule in TABLE for one in rule.names.split()}
}
_ENDINGS: Final = re.compile(r"\.(sh|bash|exe|com|cmd|bat|ps1|py|pl)$")
_SCRIPTS: Final = re.compile(r"(un)?(install|setup|upgrade|update|flash|firmware)([-_.]|$)")
"""Programs and scripts that are called after what they do, run by their path."""
_VALUED: Final = {
    "sudo": "-u -g -h -p -C -T -R -D -r -t", "doas": "-u -C", "nice": "-n", "ionice": "-c -n -p", "env": "-u -C -S",
    "timeout": "-s -k", "xargs": "-n -I -P -L -d -a -s", "stdbuf": "-i -o -e", "watch": "-n", "chroot": "",
    "nohup": "", "time": "", "setsid": "", "exec": "-a", "command": "", "builtin": "", "busybox": "", "then": "",
    "do": "", "else": "", "if": "", "while": "", "until": "", "!": "", "{": "", "cmd": "", "start": "", "runas": "",
}  # fmt: skip
"""Words before a command, and which of their options take a value."""
_OPERAND: Final = frozenset({"timeout", "chroot"})
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "su", "powershell", "pwsh"})
_NOWHERE: Final = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "nul", "&1", "&2", "&-", "$null"})
_ASSIGNED: Final = re.compile(r"[A-Za-z_]\w*=")


def acts_of(line: str) -> frozenset[Act]:
    """Return the kinds of what a line does; none for one that only looks, or that is not known."""
    return frozenset(_acts(line[:LONGEST], DEEPEST))


def reads_commands(command: str) -> bool:
    """Whether a single command takes command lines from its input: it is a shell that was given nothing to do."""
    words = [words for words, _ in _commands(command[:LONGEST])]
    return len(words) == 1 and _name(words[0][0]) in _SHELLS and all(word.startswith("-") for word in words[0][1:])


def _acts(line: str, deep: int) -> Iterator[Act]:
    for words, writes in _commands(line):
        if writes:
            yield Act.COPY
        yield from _of_command(words, deep)


def _of_command(words: list[str], deep: int) -> Iterator[Act]:
    words = _bare(words)
    if not words or COMPLETED in words[0]:
        return
    name, arguments = _name(words[0]), words[1:]
    if name in _SHELLS or name == "eval":
        if deep and (inner := _inner(name, arguments)):
            yield from _acts(inner, deep - 1)
        return
    yield from _by_name(words[0], name, arguments)
    for given in ("-exec", "-execdir", "-ok"):
        if deep and name == "find" and given in arguments:
            yield from _of_command(arguments[arguments.index(given) + 1 :], deep - 1)


def _by_name(path: str, name: str, arguments: list[str]) -> Iterator[Act]:
    for act, argument in _RULES.get(name, ()):
        if not argument.pattern or any(argument.match(one) for one in arguments):
            yield act
    if "/init.d/" in path and any(re.match(_STARTED, one) for one in arguments):
        yield Act.CONFIG
    if ("/" in path or "\\" in path or path.lower().endswith(".exe")) and _SCRIPTS.match(name):
        yield Act.INSTALL


def _inner(name: str, arguments: list[str]) -> str:
    """What a shell is given to do, as text; or the script it runs."""
    if name == "eval":
        return " ".join(arguments)
    for number, one in enumerate(arguments[:-1]):
        if re.fullmatch(r"-[a-z]*c|-command|--command|/c", one.lower()):
            return arguments[number + 1]
    run = next((one for one in arguments if not one.startswith("-")), "")
    return "" if name == "su" else run


def _bare(words: list[str]) -> list[str]:
    """A command without assignments, and without words before it such as `sudo -u root`."""
    while words:
        name = _name(words[0])
        if _ASSIGNED.match(words[0]):
            words = words[1:]
        elif name in _VALUED:
            words = _without_options(words[1:], _VALUED[name].split())
            if name in _OPERAND:
                words = words[1:]
        else:
            return words
    return words


def _without_options(words: list[str], valued: list[str]) -> list[str]:
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in valued else words[1:]
    return words


def _name(word: str) -> str:
    return _ENDINGS.sub("", re.split(r"[/\\]", word)[-1].lower())


def _commands(line: str) -> Iterator[tuple[list[str], bool]]:
    """Each simple command of a line: its words, and whether its output is written into a file."""
    words: list[str] = []
    writes = redirected = False
    for kind, text in _tokens(line):
        if kind == ">":
            redirected = True
        elif kind == ";":
            if words or writes:
                yield words, writes
            words, writes, redirected = [], False, False
        elif redirected:
            writes, redirected = writes or text.lower() not in _NOWHERE, False
        else:
            words.append(text)
    if words or writes:
        yield words, writes


_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t]+)|(?P<into>(?:\d|&)?>[>|]?(?=&)|(?:\d|&)?>[>|]?)|(?P<from><+)|"""
    r"""(?P<end>\|\|?|&&|&(?![0-9>-])|;+|\n|\r|\$\(|[()`])|"""
    r"""(?P<single>'[^']*'?)|(?P<double>"(?:[^"\\]|\\.)*"?)|(?P<escaped>\\.)|(?P<plain>&?[^\s;&|<>()`'"\\$]+|.)""",
    re.DOTALL,
)


def _tokens(line: str) -> Iterator[tuple[str, str]]:
    """Words, `>` before what is written into, and `;` between commands; quotes are taken off."""
    word: str | None = None
    for token in _TOKEN.finditer(line):
        kind, text = token.lastgroup, token[0]
        if kind in {"single", "double"}:
            word = (word or "") + (text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:])
        elif kind == "escaped":
            word = (word or "") + (text if re.match(r"\\\w", text) else text[1:])
        elif kind == "plain":
            word = (word or "") + text
        else:
            if word is not None:
                yield "", word
            word = None
            if kind == "into":
                yield ">", text
            elif kind == "end":
                yield ";", text
    if word is not None:
        yield "", word
