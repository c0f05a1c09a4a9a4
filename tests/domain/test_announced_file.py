import pytest

from bastion.domain.announced_file import MOST, Announced, AnnouncedFile, checked, compare, parse
from bastion.errors import Invalid

A, B = "a" * 64, "0b" * 32


def test_it_reads_what_sha256sum_writes():
    text = f"{A}  fw/scanner 7.bin\n\n{B.upper()} *C:\\out\\notes.txt\r\n{A}  fw/scanner 7.bin\n"
    assert parse(text) == (AnnouncedFile("scanner 7.bin", 0, A), AnnouncedFile("notes.txt", 0, B))


@pytest.mark.parametrize("line", ["fw.bin", f"{A[:-1]}  fw.bin", f"{A}", f"{A}  ", f"{'g' * 64}  fw.bin"])
def test_any_other_line_is_refused(line):
    with pytest.raises(Invalid) as problem:
        parse(f"{B}  fine.bin\n{line}")
    assert problem.value.field == "announced"


@pytest.mark.parametrize("file", [
    AnnouncedFile("", 1, A), AnnouncedFile("x" * 401, 1, A), AnnouncedFile("x", -1, A), AnnouncedFile("x", 1, "ab"),
])  # fmt: skip
def test_what_a_program_announces_is_looked_at_too(file):
    with pytest.raises(Invalid):
        checked([file])


def test_there_is_an_end_to_announcing():
    files = [AnnouncedFile(f"{n}.bin", n, f"{n:064x}") for n in range(MOST + 1)]
    assert len(checked(files[:MOST])) == MOST
    with pytest.raises(Invalid):
        checked(files)


@pytest.mark.parametrize(("size", "sha256", "outcome"), [
    (5, A, Announced.MATCHES), (6, A, Announced.DIFFERS), (9, B, Announced.MATCHES), (5, "c" * 64, Announced.DIFFERS),
])  # fmt: skip
def test_what_comes_is_one_of_those_announced_or_differs(size, sha256, outcome):
    assert compare(size, sha256, [AnnouncedFile("fw.bin", 5, A), AnnouncedFile("x", 0, B)]) is outcome


def test_who_announced_nothing_is_held_to_nothing():
    assert compare(5, A, []) is Announced.NONE
