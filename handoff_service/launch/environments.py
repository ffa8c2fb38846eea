"""The two Python environments, each made from its lock file with uv."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from handoff_service.launch.commands import run_logged
from handoff_service.launch.debian import apt_install, may_install
from handoff_service.launch.errors import LaunchError
from handoff_service.launch.pythons import find_python310, works
from handoff_service.launch.settings import Settings
from handoff_service.launch.steps import Step

UV_VERSION = "0.13.9"
NEEDED_BYTES = 5 * 1024**3


def environment_steps(settings: Settings) -> list[Step]:
    """First the main environment, because its uv makes the other one."""
    root, venv, bot_venv = settings.root, settings.venv, settings.bot_venv
    return [
        Step(
            title="Python environment .venv (gateway, knowledge index, tests)",
            stamp=venv / "stamp",
            output=venv / "bin" / "python",
            inputs=(root / "requirements.lock",),
            versions=(UV_VERSION, f"{sys.version_info[0]}.{sys.version_info[1]}", platform.machine()),
            act=lambda: _make_main(settings),
        ),
        Step(
            title="Python 3.10 environment bot/.venv (Rasa)",
            stamp=bot_venv / "stamp",
            output=bot_venv / "bin" / "python",
            inputs=(root / "bot" / "requirements.lock",),
            versions=(UV_VERSION, platform.machine(), settings.python310),
            act=lambda: _make_bot(settings),
        ),
    ]


def check_free_space(folder: Path, needed: int = NEEDED_BYTES) -> None:
    """LaunchError when the disk of `folder` has fewer than `needed` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LaunchError(
            f"Only {free / 1024**3:.1f} GB are free on the disk of {folder}; the environments need "
            f"{needed / 1024**3:.0f} GB. Free some space and run the same command again."
        )


def _run(settings: Settings, command: list[str], doing: str) -> None:
    run_logged(
        command,
        doing=doing,
        log=settings.logs / "setup.log",
        cwd=settings.root,
        environment={**settings.environ, **_registry_of_pip(settings), "UV_NO_PROGRESS": "1"},
    )


def _make_main(settings: Settings) -> None:
    check_free_space(settings.root)
    version = (sys.version_info[0], sys.version_info[1])
    pip = [settings.python, "-m", "pip", "--disable-pip-version-check"]
    if not works(settings.python, version, settings.environ):
        if importlib.util.find_spec("ensurepip") is None:
            _add_venv_module(settings, version)
        _run(
            settings,
            [sys.executable, "-m", "venv", "--clear", str(settings.venv)],
            "making the environment .venv",
        )
    _run(settings, [*pip, "install", f"uv=={UV_VERSION}"], "installing uv")
    links = _find_links(settings)
    source = [word for link in links for word in ("--find-links", link)] or ["--torch-backend", "cpu"]
    # The lock is complete: without --no-deps uv would want what tests/overrides.txt sets aside.
    install = [str(_uv(settings)), "pip", "install", "--python", settings.python, "--no-deps", *source]
    _run(settings, [*install, "-r", "requirements.lock"], "installing the packages of requirements.lock")


def _add_venv_module(settings: Settings, version: tuple[int, int]) -> None:
    """Debian ships Python without the module that makes environments."""
    package = f"python{version[0]}.{version[1]}-venv"
    if not may_install():
        raise LaunchError(
            f"This Python cannot make environments (module ensurepip is missing). Install it as root with "
            f"`apt-get install {package}` and run the same command again."
        )
    apt_install((package,), settings)


def _make_bot(settings: Settings) -> None:
    check_free_space(settings.root)
    uv = str(_uv(settings))
    if not works(settings.bot_python, (3, 10), settings.environ):
        python = find_python310(settings.python310, settings.environ, uv=_uv(settings))
        _run(settings, [uv, "venv", "--clear", "--python", python, str(settings.bot_venv)], "making bot/.venv")
    # The lock is complete: without --no-deps uv would bring back what bot/overrides.txt leaves out.
    install = [uv, "pip", "install", "--python", settings.bot_python, "--no-deps", "--compile-bytecode"]
    _run(
        settings,
        [*install, "-r", "bot/requirements.lock"],
        "installing the packages of Rasa",
    )


def _uv(settings: Settings) -> Path:
    return settings.venv / "bin" / "uv"


def _pip_setting(settings: Settings, name: str) -> str:
    """What the user's pip is configured with, "" when nothing: uv does not read pip's files."""
    command = [settings.python, "-m", "pip", "config", "get", f"global.{name}"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, env=dict(settings.environ), timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _find_links(settings: Settings) -> list[str]:
    return (settings.environ.get("PIP_FIND_LINKS") or _pip_setting(settings, "find-links")).split()


def _registry_of_pip(settings: Settings) -> dict[str, str]:
    """The mirror that pip is told to use, for uv too, unless uv has been told its own."""
    if "UV_DEFAULT_INDEX" in settings.environ or "UV_INDEX_URL" in settings.environ:
        return {}
    mirror = settings.environ.get("PIP_INDEX_URL") or _pip_setting(settings, "index-url")
    return {"UV_DEFAULT_INDEX": mirror} if mirror else {}
