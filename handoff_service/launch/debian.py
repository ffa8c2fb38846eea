"""What may be missing on a bare Debian: installed when we are root there, else asked for in one sentence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from handoff_service.launch.commands import run_logged
from handoff_service.launch.errors import LaunchError
from handoff_service.launch.settings import Settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)


def may_install() -> bool:
    """We are root on a system with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(packages: Sequence[str], settings: Settings) -> None:
    """Installs Debian packages; LaunchError with apt's last lines when it cannot."""
    environment = {**settings.environ, "DEBIAN_FRONTEND": "noninteractive"}
    log = settings.logs / "setup.log"
    for command, doing in (
        (["apt-get", "update"], "reading Debian's package lists"),
        (
            ["apt-get", "install", "-y", "--no-install-recommends", *packages],
            f"installing {' '.join(packages)}",
        ),
    ):
        run_logged(command, doing=doing, log=log, cwd=settings.root, environment=environment)


def find_browser() -> str | None:
    """Path of a Chromium or Chrome, None when there is none."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    return next((str(path) for path in MAC_BROWSERS if path.exists()), None)


def ensure_browser(settings: Settings) -> str | None:
    """Path of a browser for the tests, installing Chromium where we may; LaunchError when CI has none."""
    if found := find_browser():
        return found
    why = "no Chromium or Chrome is installed"
    if may_install():
        print("  · Chromium for the browser tests …", flush=True)
        try:
            apt_install(("chromium", "fonts-noto-cjk"), settings)
        except LaunchError as error:
            why = str(error)
        if found := find_browser():
            return found
    if settings.environ.get("CI"):
        raise LaunchError(f"The browser tests must run in CI, but there is no browser: {why}.")
    print(
        f"\n  !! BROWSER TESTS WILL BE SKIPPED: {why}.\n"
        "  !! Install one (Debian: apt-get install chromium fonts-noto-cjk) and run the tests again.\n",
        flush=True,
    )
    return None
