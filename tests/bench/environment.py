"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pysqlite3 as sqlite3


def show_environment(bot_venv: Path) -> None:
    """Prints processor, load and versions; says so when the machine is busy with something else."""
    load = os.getloadavg()[0]
    print(f"\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_processor()}, {os.cpu_count()} cores, load average {load:.1f}")
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, FAISS {version('faiss-cpu')}, "
        f"Rasa {_installed(bot_venv, 'rasa')}, {platform.system()} {platform.release()}"
    )
    if load > 1:
        print(f"The load average is {load:.1f}: something else uses this machine, so the figures are noisy.")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _installed(venv: Path, package: str) -> str:
    """The version of a package of another environment, as its folder is named."""
    for folder in venv.glob(f"lib/python3*/site-packages/{package}-*.dist-info"):
        return folder.name.removeprefix(f"{package}-").removesuffix(".dist-info")
    return "unknown"
