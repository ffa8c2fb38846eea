"""`make clean`: removes what can be made again, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from handoff_service.launch.errors import LaunchError
from handoff_service.launch.lock import lock_holder
from handoff_service.launch.running import LOCK_NAME
from handoff_service.launch.settings import Settings


def clean(settings: Settings) -> None:
    """Environments, pages, models, index, logs and caches go; databases and secrets stay."""
    if (holder := lock_holder(settings.var / LOCK_NAME)) is not None:
        raise LaunchError(f"Tandem runs (process {holder}). Stop it before `make clean`.")
    for path in _made(settings):
        if path.exists():
            print(f"  removing {path}", flush=True)
            shutil.rmtree(path)
    kept = sorted(path.name for path in settings.var.iterdir()) if settings.var.is_dir() else []
    if kept:
        print(
            f"  kept in {settings.var}: {', '.join(kept)} (delete the folder to start from nothing)",
            flush=True,
        )


def _made(settings: Settings) -> list[Path]:
    root, var, web = settings.root, settings.var, settings.web
    return [
        settings.venv,
        settings.bot_venv,
        web / "node_modules",
        web / "dist",
        *(var / name for name in ("bot", "kb_index", "stamps", "logs", "reports")),
        *(root / name for name in (".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis")),
    ]
