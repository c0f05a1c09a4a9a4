"""R-48: with the product gone, the recordings can still be checked and watched."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import recordings
from recordings.container import seal
from recordings.verify import main
from tests.recordings.test_container import NOISE, rewrite


@pytest.fixture
def sealed(finished, store, store_root, signer, tmp_path):
    seal(finished(("o", b"hello\r\n"), ("o", NOISE)), store, signer)
    (tmp_path / "key.pub").write_text(signer.public_pem)
    return store_root / "r-1"


def test_R48_it_runs_with_this_package_cryptography_and_zstandard_alone(sealed, tmp_path):
    """A copy of the package, no other module of ours or of anybody else's but the two."""
    alone = tmp_path / "alone"
    shutil.copytree(
        Path(recordings.__file__).parent, alone / "recordings", ignore=shutil.ignore_patterns("__pycache__")
    )
    program = (
        "import sys, importlib.abc, runpy\n"
        "allowed = {'recordings', 'cryptography', 'zstandard', '_cffi_backend', 'cffi'} | sys.stdlib_module_names\n"
        "class Gate(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] not in allowed: raise ImportError('not to be had: ' + name)\n"
        "sys.meta_path.insert(0, Gate())\n"
        f"sys.path.insert(0, {str(alone)!r})\n"
        "runpy.run_module('recordings.verify', run_name='__main__')\n"
    )
    command = [
        sys.executable,
        "-I",
        "-c",
        program,
        str(sealed),
        str(tmp_path / "key.pub"),
        "--export",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok       r-1  ")
    first, *rest = (tmp_path / "out" / "r-1-track-0.cast").read_text().splitlines()
    assert json.loads(first)["version"] == 3
    assert json.loads(rest[0])[1:] == ["o", "hello\r\n"]


def test_one_recording_or_all(sealed, store_root, tmp_path, capsys):
    key = str(tmp_path / "key.pub")
    assert main([str(sealed), key]) == 0
    assert main([str(store_root), key]) == 0
    assert capsys.readouterr().out.count("ok       r-1") == 2


def test_all_tracks_of_whole_recordings_are_exported(sealed, store_root, tmp_path):
    assert main([str(store_root), str(tmp_path / "key.pub"), "--export", str(tmp_path / "new" / "out")]) == 0
    assert [p.name for p in (tmp_path / "new" / "out").iterdir()] == ["r-1-track-0.cast"]


def test_T38_damage_is_told_with_its_spot(sealed, store_root, tmp_path, capsys):
    bad = bytearray((sealed / "track-0.zst").read_bytes())
    bad[300_000] ^= 1
    rewrite(sealed / "track-0.zst", bytes(bad))
    assert main([str(store_root), str(tmp_path / "key.pub"), "--export", str(tmp_path / "out")]) == 1
    assert "DAMAGED  r-1  track-0.zst, chunk 1: bytes 262144 to 524287" in capsys.readouterr().out
    assert list((tmp_path / "out").iterdir()) == []


def test_T38_a_recording_without_a_seal_is_damage(sealed, tmp_path, capsys):
    (sealed / "seal.json").unlink()
    assert main([str(sealed), str(tmp_path / "key.pub")]) == 1
    assert "seal.json: it is missing" in capsys.readouterr().out


def test_an_openssh_key_will_do(sealed, signer, tmp_path):
    (tmp_path / "ssh.pub").write_bytes(
        signer.public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" recordings\n"
    )
    assert main([str(sealed), str(tmp_path / "ssh.pub")]) == 0


@pytest.mark.parametrize("key", ["missing", "bad"])
def test_T36_without_a_good_key_nothing_is_called_good(sealed, tmp_path, capsys, key):
    (tmp_path / "bad").write_text("no key")
    assert main([str(sealed), str(tmp_path / key)]) == 2
    assert capsys.readouterr().out == ""


def test_nothing_to_check_is_not_success(tmp_path, sealed, capsys):
    (tmp_path / "empty").mkdir()
    for place in ("empty", "missing"):
        assert main([str(tmp_path / place), str(tmp_path / "key.pub")]) == 2
    assert "there is no recording" in capsys.readouterr().err


def test_T39_hostile_file_names_do_not_reach_the_terminal(sealed, tmp_path, capsys):
    (sealed / "x\x1b]52;c;evil\x07").write_text("")
    sealed.rename(sealed.with_name("r\x1b[2J"))
    sealed.with_name("\x9b2J").mkdir()
    assert main([str(sealed.parent), str(tmp_path / "key.pub")]) == 1
    shown = capsys.readouterr().out
    assert shown.count("DAMAGED") == 2
    sealed.with_name("r\x1b[2J").rename(sealed)
    assert main([str(sealed), str(tmp_path / "key.pub")]) == 1
    shown += capsys.readouterr().out
    assert "it is not part of the seal" in shown
    assert "\x9b" not in shown
    assert "\x1b" not in shown
