"""What a command line does to a device: every kind by its names, and what only looks stays nothing (R-60)."""

import time

import pytest

from bastion.domain.act import WRITING, Act
from bastion.domain.command_line import LONGEST, TABLE, acts_of, reads_commands
from policies.guards.typed import COMPLETED

R, A, F, I, C, D, E = Act.REBOOT, Act.ACCOUNT, Act.CONFIG, Act.INSTALL, Act.COPY, Act.DELETE, Act.EDITOR  # noqa: E741


@pytest.mark.parametrize(("line", "acts"), [
    ("sudo reboot", {R}), ("/sbin/shutdown -r now", {R}), ("init 6", {R}), ("init 3", set()),
    ("systemctl reboot", {R}), ("/tmp/x/reboot.sh --now", {R}), ("sudo -u root -- /usr/sbin/poweroff", {R}),
    ("shutdown.exe /r /t 0", {R}), ("Restart-Computer -Force", {R}), ("sudo su -c 'sleep 5; halt'", {R}),
    ('bash -lc "sudo reboot"', {R}), ("sleep 60 && reboot &", {R}), ("x=$(reboot)", {R}), ("nohup reboot", {R}),
    ("if true; then reboot; fi", {R}), ("timeout 5 reboot", {R}), ("env A=b B=c reboot", {R}), ("A=b reboot", {R}),
    ("useradd -m eve", {A}), ("sudo passwd root", {A}), ("net user eve pw /add", {A}), ("net user", set()),
    ("echo root:x | sudo chpasswd", {A}),
    ("systemctl restart pacs", {F}), ("systemctl status pacs", set()), ("service dicomd stop", {F}),
    ("/etc/init.d/pacs restart", {F}), ("/etc/init.d/pacs status", set()), ("crontab -e", {F}), ("crontab -l", set()),
    ("ip addr add 10.0.0.1/8 dev eth0", {F}), ("ip addr show", set()), ("iptables -L", set()), ("iptables -F", {F}),
    ("chmod 777 /etc/shadow", {F}), ("kill -9 12", {F}), ("date", set()), ("date -s 10:00", {F}),
    ("sysctl -a", set()), ("sysctl -w a=1", {F}), ("reg add HKLM\\x", {F}), ("conf t", {F}), ("sc config x", {F}),
    ("hostnamectl set-hostname a", {F}), ("mount", set()), ("mount -o rw,remount /", {F}),
    ("apt-get install -y x", {I}), ("yum update", {I}), ("apt list", set()), ("dpkg -l", set()), ("dpkg -i a.deb", {I}),
    ("rpm -qa", set()), ("rpm -Uvh a.rpm", {I}), ("./install.sh", {I}), ("sh ./update.sh", {I}), ("make", set()),
    ("make install", {I}), ("msiexec /i a.msi", {I}), ("D:\\Setup.exe", {I}), ("pip install x", {I}),
    ("pip list", set()), ("update", set()),
    ("cp a b", {C}), ("echo x > /etc/motd", {C}), ("dmesg 2>/dev/null", set()), ("ls >/dev/null 2>&1", set()),
    ("ls &>/tmp/out", {C}), ("cat a >> b", {C}), ("dmesg | tee /tmp/x", {C}), ("tar tf a.tar", set()),
    ("tar xzf a.tgz", {C}), ("sed -i s/a/b/ c", {C}), ("sed s/a/b/ c", set()), ("scp a b:", {C}),
    ("rm -rf /tmp/x", {D}), ("find / -name x -delete", {D}), ("find / -exec rm {} ;", {D}), ("del a.log", {D}),
    ("ls | xargs -n 1 rm", {D}), ("find / -name rm", set()),
    ("vi /etc/hosts", {E}), ("sudo nano x", {E}),
    ("cp a b; rm a && sudo reboot", {C, D, R}),
    ("echo reboot", set()), ("grep reboot /var/log/messages", set()), ("man shutdown", set()), ("which rm", set()),
    ("echo 'a; reboot'", set()), ('echo "x > y"', set()), ("ls -l /sbin/reboot", set()), ("cat a.conf", set()),
    ("", set()), ("   ", set()), ("'", set()), ("\\", set()), (">", set()), ("sudo", set()), ("ssh pacs reboot", set()),
    (f"sudo reb{COMPLETED}", set()), (f"systemctl restart pa{COMPLETED}", {F}), ("redémarrer maintenant", set()),
])  # fmt: skip
def test_what_a_line_does(line, acts):
    assert acts_of(line) == acts


@pytest.mark.parametrize(("command", "reads"), [
    ("bash", True), ("/bin/sh -s", True), ("bash -l", True), ("cat", False), ("bash x.sh", False), ("sh; ls", False),
    ("", False),
])  # fmt: skip
def test_which_command_takes_lines_from_its_input(command, reads):
    assert reads_commands(command) is reads


def test_every_row_of_the_table_names_a_kind_that_is_shown():
    assert {rule.act for rule in TABLE} == {*WRITING, Act.EDITOR}
    assert all(name == name.lower() for rule in TABLE for name in rule.names.split())


@pytest.mark.parametrize("line", [
    "a" * 10_000, "'" * 10_000, "$(" * 5_000, "sh -c '" * 1_000, "sudo " * 2_000, "\\" * 10_000, '"\\' * 5_000,
    "\x00\x1b[A\x07" * 3_000, "é" * 10_000, "> " * 5_000, "find -exec " * 900, "1>" * 5_000, "-" * 9_000,
])  # fmt: skip
def test_no_line_takes_long(line):
    before = time.process_time()
    acts_of(line)
    assert time.process_time() - before < 0.5
    assert acts_of("a" * LONGEST + "; reboot") == frozenset()
