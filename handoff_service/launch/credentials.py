"""Secrets and demo passwords of one state folder: made once, kept in var/secrets.json (0600)."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from handoff_service.launch.errors import LaunchError
from handoff_service.launch.settings import Settings

SECRET_NAMES = ("TANDEM_IDENTITY_SECRET", "TANDEM_SHOP_API_KEY", "TANDEM_ENCRYPTION_KEY", "TANDEM_KB_TOKEN")


def read_credentials(path: Path) -> dict[str, Any]:
    """What the file holds, {} when there is none; LaunchError when it is not a JSON object."""
    try:
        held = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise LaunchError(f"{path} is not readable ({error}). Move it away to have new secrets made.") from error
    if not isinstance(held, dict):
        raise LaunchError(f"{path} must hold a JSON object. Move it away to have new secrets made.")
    return held


def write_credentials(path: Path, held: dict[str, Any]) -> None:
    """Replaces the file in one step; nobody else may read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(held, file, indent=2)
    fresh.replace(path)


def ensure_secrets(path: Path) -> dict[str, str]:
    """The secrets by name, each 43 random characters; those that are missing are made and stored."""
    held = read_credentials(path)
    missing = [name for name in SECRET_NAMES if len(str(held.get(name, ""))) < 32]
    if missing:
        held |= {name: secrets.token_urlsafe(32) for name in missing}
        write_credentials(path, held)
    return {name: held[name] for name in SECRET_NAMES}


def parts_environment(settings: Settings) -> dict[str, str]:
    """The environment of every part and test: the caller's, the resolved settings, the secrets.

    What the caller set wins over secrets.json, so that a machine with its own secret store can use it. Except that
    compiled modules are kept, which images for containers forbid: compiling SQLAlchemy and the others anew takes every
    process seconds, and the tests start hundreds.
    """
    stored = ensure_secrets(settings.var / "secrets.json")
    given = {name: value for name, value in settings.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        "OMP_NUM_THREADS": "1",
        "RASA_TELEMETRY_ENABLED": "false",
        "TANDEM_ENVIRONMENT": "development",
        **given,
        **{name: given.get(name) or stored[name] for name in SECRET_NAMES},
        "TANDEM_VAR": str(settings.var),
        "TANDEM_GATEWAY_URL": settings.gateway_url,
        "TANDEM_KB_INDEX_URL": settings.kb_index_url,
        "TANDEM_SHOP_URL": settings.shop_url,
        "TANDEM_BOT_URL": settings.bot_url,
        # A log line must be in the file before the part dies, or nobody learns why.
        "PYTHONUNBUFFERED": "1",
    }
