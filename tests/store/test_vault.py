import base64
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.errors import ConfigurationError
from bastion.secret import Secret
from bastion.store.vault import Vault


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "vault.key"


@pytest.fixture
def vault(key_file: Path) -> Vault:
    return Vault.open(key_file)


def test_what_is_sealed_opens_again_even_after_a_restart(vault: Vault, key_file: Path) -> None:
    sealed = vault.seal(Secret.of("hunter2"), "account:1")
    assert b"hunter2" not in sealed
    assert Vault.open(key_file).unseal(sealed, "account:1").reveal() == b"hunter2"


@given(st.binary(max_size=5000), st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_bytes_come_back(tmp_path_factory: pytest.TempPathFactory, plain: bytes, aad: str) -> None:
    vault = Vault.open(tmp_path_factory.getbasetemp() / "any.key")
    assert vault.unseal(vault.seal(Secret(plain), aad), aad).reveal() == plain


def test_the_same_secret_never_looks_the_same(vault: Vault) -> None:
    one, other = (vault.seal(Secret.of("x"), "a") for _ in range(2))
    assert one != other
    assert not set(one[24:].hex()) <= set("0")


def test_one_row_does_not_open_in_the_place_of_another(vault: Vault) -> None:
    with pytest.raises(ConfigurationError):
        vault.unseal(vault.seal(Secret.of("x"), "account:1"), "account:2")


def test_every_changed_byte_is_noticed(vault: Vault) -> None:
    sealed = vault.seal(Secret.of("x"), "a")
    for position in range(len(sealed)):
        broken = bytearray(sealed)
        broken[position] ^= 1
        with pytest.raises(ConfigurationError):
            vault.unseal(bytes(broken), "a")


@pytest.mark.parametrize("length", [0, 3, 4, 12, 24, 71, 72, 84, 99])
def test_what_is_cut_short_is_refused(vault: Vault, length: int) -> None:
    with pytest.raises(ConfigurationError):
        vault.unseal(vault.seal(Secret.of("x"), "a")[:length], "a")


def test_a_stranger_key_file_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        Vault.open(tmp_path / "other.key").unseal(vault.seal(Secret.of("x"), "a"), "a")


def test_T48_rotation_leaves_no_wrap_of_the_old_key(vault: Vault, key_file: Path) -> None:
    sealed = vault.seal(Secret.of("canary"), "a")
    (old,) = vault.key_ids
    old_file = key_file.read_text()
    new = vault.rotate()
    assert vault.key_ids == (old, new)
    assert vault.unseal(sealed, "a").reveal() == b"canary"
    rewrapped = vault.rewrap(sealed, "a")
    assert vault.key_of(rewrapped) == new
    assert bytes.fromhex(old) not in rewrapped
    assert vault.retire() == 1
    assert old not in key_file.read_text()
    assert Vault.open(key_file).unseal(rewrapped, "a").reveal() == b"canary"
    with pytest.raises(ConfigurationError):
        vault.unseal(sealed, "a")
    key_file.write_text(old_file)  # and whoever stole the old key file opens nothing new
    with pytest.raises(ConfigurationError):
        Vault.open(key_file).unseal(rewrapped, "a")


def test_rewrapping_does_not_touch_the_ciphertext(vault: Vault) -> None:
    sealed = vault.seal(Secret.of("x"), "a")
    vault.rotate()
    assert vault.rewrap(sealed, "a")[72:] == sealed[72:]
    with pytest.raises(ConfigurationError):
        vault.rewrap(sealed, "b")


def test_a_rotation_by_another_process_is_noticed(vault: Vault, key_file: Path) -> None:
    sealed = vault.seal(Secret.of("x"), "a")
    command = Vault.open(key_file)
    command.rotate()
    rewrapped = command.rewrap(sealed, "a")
    command.retire()
    assert vault.unseal(rewrapped, "a").reveal() == b"x"
    assert command.unseal(vault.seal(Secret.of("y"), "a"), "a").reveal() == b"y"


def test_rotating_keeps_the_file_private_and_whole(vault: Vault, key_file: Path) -> None:
    key_file.with_name("vault.key.new").write_text("left by a rotation that died")
    vault.rotate()
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key_file.parent.iterdir()] == ["vault.key"]


def test_a_new_key_file_is_private_whatever_the_umask(key_file: Path) -> None:
    old = os.umask(0)
    try:
        Vault.open(key_file)
    finally:
        os.umask(old)
    assert key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601, 0o660])
def test_T48_a_key_file_others_can_reach_is_refused(vault: Vault, key_file: Path, mode: int) -> None:
    assert vault.key_ids
    key_file.chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        Vault.open(key_file)
    assert "chmod 600" in caught.value.public


def test_a_link_is_refused(vault: Vault, key_file: Path, tmp_path: Path) -> None:
    assert vault.key_ids
    link = tmp_path / "link.key"
    link.symlink_to(key_file)
    dangling = tmp_path / "dangling.key"
    dangling.symlink_to(tmp_path / "nowhere")
    for path in (link, dangling):
        with pytest.raises(ConfigurationError):
            Vault.open(path)
    assert not (tmp_path / "nowhere").exists()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("directory", "pipe", "missing/vault.key"):
        with pytest.raises(ConfigurationError):
            Vault.open(tmp_path / name)


def test_a_file_of_somebody_else_is_refused(vault: Vault, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vault.key_ids
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ConfigurationError) as caught:
        Vault.open(key_file)
    assert "somebody else" in caught.value.public


GOOD = "0011223344556677 " + base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "bastion master keys 1\n",
        f"bastion master keys 2\n{GOOD}\n",
        f"bastion master keys 1\n{GOOD}",
        f"bastion master keys 1\n{GOOD}\n{GOOD}\n",
        f"bastion master keys 1\n{GOOD}\n\n",
        f"bastion master keys 1\n{GOOD}\n" + "#" * 70_000 + "\n",
        "bastion master keys 1\n0011223344556677 " + base64.b64encode(bytes(31)).decode() + "\n",
        "bastion master keys 1\n0011223344556677 " + base64.b64encode(bytes(33)).decode() + "\n",
        "bastion master keys 1\n00112233445566 " + base64.b64encode(bytes(32)).decode() + "\n",
        "bastion master keys 1\n0011223344556677 ***\n",
        "bastion master keys 1\nAA11223344556677 " + base64.b64encode(bytes(32)).decode() + "\n",
        "bastion master keys 1\nzz11223344556677 " + base64.b64encode(bytes(32)).decode() + "\n",
    ],
)
def test_a_damaged_key_file_is_refused_whole(key_file: Path, text: str) -> None:
    key_file.touch(0o600)
    key_file.write_text(text)
    with pytest.raises(ConfigurationError):
        Vault.open(key_file)
    assert key_file.read_text() == text


def test_a_sound_key_file_is_read(key_file: Path) -> None:
    key_file.touch(0o600)
    key_file.write_text(f"bastion master keys 1\n{GOOD}\n")
    assert Vault.open(key_file).key_ids == ("0011223344556677",)


def test_a_key_file_that_went_away_is_a_clear_refusal(vault: Vault, key_file: Path) -> None:
    sealed = vault.seal(Secret.of("x"), "a")
    key_file.unlink()
    with pytest.raises(ConfigurationError):
        vault.unseal(sealed, "a")
    with pytest.raises(ConfigurationError):
        vault.seal(Secret.of("x"), "a")


def test_nothing_of_the_vault_prints_a_key(vault: Vault, key_file: Path) -> None:
    key = key_file.read_text().split()[-1]
    shown = repr(vault) + str(vars(vault))
    assert key not in shown
    assert base64.b64decode(key).hex() not in shown
    assert "<secret>" in shown
