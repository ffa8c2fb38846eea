"""Fitting: Rasa's training over the project's data and the reviewed lines, into an archive."""

import contextlib
import hashlib
import io
import os
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.models import lines as reviewed_lines
from bot.models.inputs import Sources
from bot.models.lines import Line
from bot.models.versions import ARCHIVE, ModelError

WEIGHTS = "components/"
"""The part of an archive that the inputs decide; the rest tells when and under which name it was made."""


class TrainingFailed(ModelError):
    """Rasa could not train; the text holds what it said."""


@dataclass(frozen=True)
class Material:
    """What is trained on: lines by intent, and the reviewed lines that were taken and that were left out, with why.

    `texts` are all lines as `same` makes them alike.
    """

    intents: dict[str, int]
    texts: frozenset[str]
    reviewed: tuple[Line, ...]
    left_out: dict[str, str]


def in_fixed_order() -> None:
    """Starts this program anew with sets in the same order every time, unless it was: Rasa writes some into archives.

    Does not return then. Call before any thread or lock.
    """
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def gather(sources: Sources) -> Material:
    """Reads the data and says which reviewed lines fit it: a known intent, and no other meaning in the data."""
    from rasa.shared.importers.importer import TrainingDataImporter
    from rasa.shared.nlu.constants import INTENT, TEXT

    importer = TrainingDataImporter.load_from_dict(training_data_paths=[str(sources.training)])
    known: dict[str, str] = {}
    intents: dict[str, int] = {}
    for example in importer.get_nlu_data().intent_examples:
        intents[example.get(INTENT)] = intents.get(example.get(INTENT), 0) + 1
        known[same(example.get(TEXT))] = example.get(INTENT)
    taken: list[Line] = []
    left_out: dict[str, str] = {}
    for line in reviewed_lines.read(sources.reviewed):
        if line.intent not in intents:
            left_out[line.text] = f"the data has no intent {line.intent}"
        elif known.get(same(line.text), line.intent) != line.intent:
            left_out[line.text] = f"the data reads it as {known[same(line.text)]}"
        elif same(line.text) not in known:
            taken.append(line)
            known[same(line.text)] = line.intent
            intents[line.intent] += 1
    return Material(dict(sorted(intents.items())), frozenset(known), tuple(taken), left_out)


def same(text: str) -> str:
    """The same for texts that differ only in case and space."""
    return " ".join(text.lower().split())


def fit(sources: Sources, reviewed: Sequence[Line], folder: Path) -> Path:
    """Trains into a folder; the archive. Raises TrainingFailed."""
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"  # Rasa would leave a cache folder where it was started
    import rasa.model_training

    files = [str(sources.training)]
    if reviewed:
        files.append(str(reviewed_lines.write(folder / "reviewed", reviewed)))
    said = io.StringIO()  # it names the folder that is gone a moment later, and draws bars
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        result = rasa.model_training.train(
            domain=str(sources.domain),
            config=str(sources.config),
            training_files=files,
            output=str(folder),
            fixed_model_name=ARCHIVE.removesuffix(".tar.gz"),
            force_training=True,
        )
    if result.code != 0 or result.model is None:
        raise TrainingFailed(f"Rasa ended training with code {result.code}: {said.getvalue()[-1500:]}")
    return Path(result.model)


def weights_hash(archive: Path) -> str:
    """SHA-256 over what the model has learned: two trainings of the same inputs have the same."""
    digest = hashlib.sha256()
    with tarfile.open(archive) as tar:
        members = {member.name.removeprefix("./"): member for member in tar.getmembers() if member.isfile()}
        for name in sorted(name for name in members if name.startswith(WEIGHTS)):
            content: Any = tar.extractfile(members[name])
            digest.update(f"{name} {members[name].size}\n".encode())
            digest.update(content.read())
    return digest.hexdigest()
