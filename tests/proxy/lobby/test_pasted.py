from bastion.domain.device import Endpoint, Protocol
from bastion.proxy.lobby import pasted
from bastion.proxy.notices import Words
from bastion.services.address import Address
from bastion.services.commands import EVERYTHING, TO_ASK, ready

EN, FR = Words("en"), Words("fr")
HERE = Address("bastion.chu.example", 2222, ("SHA256:4bd",))
SERVICES = tuple(
    Endpoint(f"e{port}", "d1", protocol, "10.0.0.7", port)
    for protocol, port in ((Protocol.SSH, 22), (Protocol.DICOM, 104), (Protocol.HTTPS, 443))
)


def found(holds=EVERYTHING, services=SERVICES, device="ct-01", **more):
    return ready(HERE, "alice", device, holds, services, **more)


def test_as_a_session_opens_files_and_the_first_service_have_a_line_each():
    assert pasted.brief(EN, found(), 120).splitlines() == [
        "Files: sftp -P 2222 alice+ct-01@bastion.chu.example",
        "Services: ct-01:104 (dicom): ssh -N -p 2222 -L 10104:ct-01:104 alice+ct-01@bastion.chu.example",
        "  1 more: “?” in the list of your devices shows how to reach all of them.",
    ]


def test_a_command_that_does_not_fit_beside_its_name_stands_below_it_and_is_never_broken():
    assert pasted.brief(FR, found(), 80).splitlines()[1:3] == [
        "Services : ct-01:104 (dicom) :",
        "  ssh -N -p 2222 -L 10104:ct-01:104 alice+ct-01@bastion.chu.example",
    ]


def test_who_may_neither_move_files_nor_reach_services_reads_nothing_of_them():
    assert pasted.brief(EN, found(TO_ASK), 80) == ""
    assert pasted.brief(EN, found(line=Protocol.TELNET), 80) == ""


def test_the_sheet_has_every_command_once_by_program_and_the_fingerprint():
    shown = pasted.sheet(EN, "ct-01", found(), HERE)
    lines = [line.strip() for line in shown.splitlines()]
    assert [line for line in lines if line in {"OpenSSH", "PuTTY", "WinSCP"}] == ["OpenSSH", "PuTTY", "WinSCP"]
    assert sorted(lines.count(command.text) for command in found()) == [1] * len(found())
    assert lines[lines.index("ssh -N -p 2222 -L 10443:ct-01:443 alice+ct-01@bastion.chu.example") - 1] == (
        "ct-01:443 (https) is then at localhost:10443:"
    )
    assert "SHA256:4bd" in lines


def test_where_shells_differ_each_text_says_which_it_is_for():
    shown = pasted.sheet(EN, "o'b", found(services=(), device="o'b"), HERE)
    assert """  bash: ssh -p 2222 'alice+o'"'"'b@bastion.chu.example'""" in shown.splitlines()
    assert '''  cmd: ssh -p 2222 "alice+o'b@bastion.chu.example"''' in shown.splitlines()
    assert "  PowerShell: ssh -p 2222 'alice+o''b@bastion.chu.example'" in shown.splitlines()


def test_T39_a_hostile_name_cannot_steer_the_screen():
    evil = "\x1b]52;c;aGFjaw==\x07\n"
    for text in (pasted.sheet(EN, evil, found(device=evil), HERE), pasted.brief(EN, found(device=evil), 80)):
        assert text.replace("\n", "").isprintable()


def test_without_any_command_the_sheet_says_what_to_do():
    assert pasted.sheet(EN, "ct-01", (), HERE) == "There is no command for ct-01; call the hospital.\n"
