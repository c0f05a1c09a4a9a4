"""The demo's folder, told from a hospital's: nothing is filled with made-up people, or removed, that is no demo's."""

import shutil
from pathlib import Path
from typing import Final

from bastion import app
from bastion.demo import facts
from bastion.errors import ConfigurationError, Phrase

MARK: Final = "demo.begun"
LOCK: Final = "demo.lock"


def claim(home: Path) -> None:
    """Make `home` the demo's folder, if it is new, empty, or the demo's already. Raises `ConfigurationError` else."""
    if _is_demo(home):
        return
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(home.iterdir()):
        raise _no_demo(home)
    (home / MARK).write_text("This folder is a demo of the bastion. `make demo-reset` forgets it.\n")
    (home / MARK).chmod(0o600)


def forget(home: Path) -> bool:
    """Remove the demo with all that it holds, never while it runs, and say whether there was one.

    Raises `ConfigurationError` for another folder.
    """
    if not home.exists():
        return False
    if not _is_demo(home):
        raise _no_demo(home)
    with app.alone(home / LOCK):
        shutil.rmtree(home.resolve())
    return True


def _is_demo(home: Path) -> bool:
    return (home / MARK).exists() or (home / facts.FILE).exists()


def _no_demo(home: Path) -> ConfigurationError:
    why = Phrase("{folder} is not a demo's folder; name a new one with BASTION_HOME", folder=home)
    return ConfigurationError(str(home), why=why)
