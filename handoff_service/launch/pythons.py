"""Finds the two Pythons: the one that runs this (3.11 or newer) and a 3.10 for Rasa."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from handoff_service.launch.errors import LaunchError

ASK_S = 20
DOWNLOAD_S = 600
RASA_PYTHON = (3, 10)


def check_this_python() -> None:
    """LaunchError when this Python is older than the code needs."""
    if sys.version_info < (3, 11):
        raise LaunchError(f"Tandem needs Python 3.11 or newer, this is {sys.version.split()[0]}. Install python3.11.")


def find_python310(settings_path: str, environ: Mapping[str, str], *, uv: Path | None = None) -> str:
    """Path of a Python 3.10 that runs; LaunchError saying how to get one.

    Order: TANDEM_PYTHON310 (then no other), python3.10 on the PATH, pyenv's versions, a download by uv.
    """
    if settings_path:
        if works(settings_path, RASA_PYTHON, environ):
            return settings_path
        raise LaunchError(f"TANDEM_PYTHON310={settings_path} is not a working Python 3.10.")
    for candidate in _installed(environ):
        if works(candidate, RASA_PYTHON, environ):
            return candidate
    if uv is not None and (downloaded := _from_uv(uv, environ)):
        return downloaded
    raise LaunchError(
        "Rasa needs Python 3.10 and none was found (not on the PATH, in ~/.pyenv/versions, or by uv). "
        "Install it, for example with `pyenv install 3.10` or `brew install python@3.10`, "
        "or set TANDEM_PYTHON310=/path/to/python3.10, and run the same command again."
    )


def _installed(environ: Mapping[str, str]) -> Iterator[str]:
    if on_path := shutil.which("python3.10", path=environ.get("PATH", "")):
        yield on_path
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "~")).expanduser() / ".pyenv")
    for version in sorted(pyenv.glob("versions/3.10*/bin/python"), reverse=True):
        yield str(version)


def works(python: str, version: tuple[int, int], environ: Mapping[str, str]) -> bool:
    """It starts and is of that version: a pyenv shim exists even when its Python does not."""
    check = f"import sys, ctypes, ssl, venv; sys.exit(sys.version_info[:2] != {version})"
    try:
        return (
            subprocess.run([python, "-c", check], capture_output=True, env=dict(environ), timeout=ASK_S).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def _from_uv(uv: Path, environ: Mapping[str, str]) -> str | None:
    """Lets uv download one; None when it cannot."""
    if not os.access(uv, os.X_OK):
        return None
    print("      no Python 3.10 here, asking uv to download one …", flush=True)
    try:
        subprocess.run([uv, "python", "install", "3.10"], capture_output=True, env=dict(environ), timeout=DOWNLOAD_S)
        found = subprocess.run(
            [uv, "python", "find", "3.10"], capture_output=True, text=True, env=dict(environ), timeout=ASK_S
        )
    except subprocess.TimeoutExpired:
        return None
    path = found.stdout.strip()
    return path if found.returncode == 0 and works(path, RASA_PYTHON, environ) else None
