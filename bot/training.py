"""Trains the Rasa model when its inputs changed; the same inputs give the same model name and the same weights."""

import contextlib
import hashlib
import io
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bot.settings import ROOT, Settings

MODEL = "tandem.tar.gz"
STAMP = "tandem.json"


class TrainingFailed(Exception):
    """Rasa could not train; the text holds what it said."""


def inputs() -> Iterator[Path]:
    """Every file that a model depends on, in a fixed order."""
    yield ROOT / "config.yml"
    yield ROOT / "bot" / "domain.yml"
    yield ROOT / "bot" / "requirements.lock"
    yield from sorted((ROOT / "data" / "training").rglob("*.yml"))
    yield from sorted((ROOT / "bot" / "components").glob("*.py"))


def fingerprint() -> str:
    """SHA-256 over names and contents of all inputs."""
    digest = hashlib.sha256()
    for path in inputs():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def is_current(models: Path) -> bool:
    """Whether the folder holds the model of the present inputs."""
    try:
        stamp = json.loads((models / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (models / MODEL).is_file() and stamp.get("inputs") == fingerprint()


def train(settings: Settings) -> float | None:
    """Train into the models folder; seconds taken, None when the model was current. Raises TrainingFailed."""
    models = settings.models
    if is_current(models):
        return None
    started = time.perf_counter()
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"  # Rasa would leave a cache folder where it was started
    import rasa.model_training

    models.mkdir(parents=True, exist_ok=True)
    wanted = fingerprint()
    with tempfile.TemporaryDirectory(dir=models) as folder:
        with contextlib.redirect_stdout(io.StringIO()) as said:  # it names the folder that is gone a moment later
            result = rasa.model_training.train(
                domain=str(ROOT / "bot" / "domain.yml"),
                config=str(ROOT / "config.yml"),
                training_files=[str(ROOT / "data" / "training")],
                output=folder,
                fixed_model_name=MODEL.removesuffix(".tar.gz"),
                force_training=True,
            )
        if result.code != 0 or result.model is None:
            raise TrainingFailed(f"Rasa ended training with code {result.code}: {said.getvalue()}")
        os.replace(result.model, models / MODEL)
        stamp = Path(folder) / STAMP
        stamp.write_text(json.dumps({"inputs": wanted}), encoding="utf-8")
        os.replace(stamp, models / STAMP)
    return time.perf_counter() - started
