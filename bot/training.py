"""From data to a live model: fit, check, keep as a version, put live. The old model serves until the last step."""

import hashlib
import json
import logging
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.models.fit import Material, fit, gather, same, weights_hash
from bot.models.gate import BadChecks, Checks, Findings, Measured, verdict
from bot.models.inputs import Sources
from bot.models.lines import BadLine
from bot.models.progress import Progress, Say, now, only_training
from bot.models.rehearsal import not_handed_over, served, stories_played
from bot.models.stories import BadStory
from bot.models.versions import ModelError, Versions, file_hash

log = logging.getLogger("bot")

MADE_WITH = "3.6.21"
"""The Rasa that bot/requirements.lock pins."""

TIMELESS = ("inputs", "data", "code", "weights", "rasa", "intents", "reviewed", "left_out", "gate")
"""The parts of a manifest that follow from the inputs: its hash covers them."""

Failure = (ModelError, BadLine, BadChecks, BadStory)
"""Every way in which a training ends with a sentence instead of a model."""


@dataclass(frozen=True)
class Trained:
    """How a training ended: `result` is "live", "current" or "refused"; the text is for the person who asked."""

    result: str
    version: str
    text: str


def is_current(models: Path, sources: Sources | None = None) -> bool:
    """Whether the live model is that of the present inputs."""
    versions = Versions(models)
    try:
        live = versions.live()
        return live is not None and versions.manifest(live.version)["inputs"] == (sources or Sources.of(models)).hash()
    except ModelError:
        return False


def train(
    models: Path,
    *,
    by: str,
    say: Say = lambda _: None,
    again: bool = False,
    although_refused: bool = False,
    sources: Sources | None = None,
) -> Trained:
    """Trains if the live model is not of these inputs (or `again`) and puts the result live when its gate passes.

    Raises one of Failure; whatever is raised, and wherever the process dies, the live model stays what it was.
    """
    sources, versions = sources or Sources.of(models), Versions(models)
    if not again and is_current(models, sources):
        live = versions.live()
        assert live is not None
        return Trained("current", live.version, f"{live.version} is current")
    with only_training(models):
        progress = Progress(models, by, say)
        try:
            trained = _train(versions, sources, progress, again=again, although_refused=although_refused)
        except BaseException as error:
            text = str(error) if isinstance(error, Failure) else f"{type(error).__name__}: {error}"
            progress.over(version=None, result="failed", text=f"the training failed: {text}")
            raise
        progress.over(version=trained.version, result=trained.result, text=trained.text)
        versions.prune()
        return trained


def _train(versions: Versions, sources: Sources, progress: Progress, *, again: bool, although_refused: bool) -> Trained:
    known = None if again else versions.of_inputs(sources.hash())
    if known is not None:
        version = str(known["version"])
        versions.put_live(version, by=progress.by, at=now(), how="trained")
        return Trained("live", version, f"{version} was made of these inputs before; it is live again")
    for left in versions.leftovers():
        log.info("deleting what a stopped training left", extra={"folder": left.name})
    manifest = _candidate(versions, sources, progress)
    version, gate = str(manifest["version"]), manifest["gate"]
    if not gate["passed"] and not although_refused:
        return Trained("refused", version, f"{version} was refused, the old model stays: {'; '.join(gate['reasons'])}")
    versions.put_live(version, by=progress.by, at=now(), how="trained", although_refused=although_refused)
    told = "" if gate["passed"] else f", although its gate refuses it: {'; '.join(gate['reasons'])}"
    return Trained("live", version, f"{version} is live{told}; macro-F1 {gate['macro_f1']:.3f} on held-out lines")


def _candidate(versions: Versions, sources: Sources, progress: Progress) -> dict[str, Any]:
    """Trains and checks a version and keeps it; its manifest."""
    began = time.perf_counter()
    inputs = sources.hash()
    progress.at("reading", "reading the training data and the checks")
    material, checks = gather(sources), Checks.read(sources.checks)
    with tempfile.TemporaryDirectory(dir=versions.folder, prefix=".training-") as folder:
        count = sum(material.intents.values())
        progress.at(
            "training", f"fitting {count} lines of {len(material.intents)} intents, {len(material.reviewed)} reviewed"
        )
        archive = fit(sources, material.reviewed, Path(folder))
        gate = _gate(versions, checks, archive, material, progress)
        told: dict[str, Any] = {
            "inputs": inputs,
            "data": sources.data_hash(),
            "code": sources.code_hash(),
            "weights": weights_hash(archive),
            "rasa": MADE_WITH,
            "intents": material.intents,
            "reviewed": len(material.reviewed),
            "left_out": material.left_out,
            "gate": gate,
        }
        number = versions.next_number()
        manifest = {
            "version": f"v{number:04}-{manifest_hash(told)[:8]}",
            "number": number,
            "hash": manifest_hash(told),
            "trained_at": now(),
            "by": progress.by,
            "seconds": round(time.perf_counter() - began, 1),
            "archive": file_hash(archive),
            **told,
        }
        versions.add(archive, manifest)
    return manifest


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of what follows from the inputs: the same for two trainings of the same."""
    told = {name: manifest[name] for name in TIMELESS}
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _gate(versions: Versions, checks: Checks, archive: Path, material: Material, progress: Progress) -> dict[str, Any]:
    from bot.models.reading import measured

    held_out = [line for line in checks.held_out if same(line[0]) not in material.texts]
    progress.at("checking", f"reading {len(held_out)} held-out lines, with the live model too")
    candidate = measured(archive, held_out, known=frozenset(material.intents))
    live_version, live = _live_measured(versions, held_out)
    with served(archive, log=versions.folder / "rehearsal.log") as door:
        progress.at("asking", f"asking for a person in {len(checks.asking)} ways")
        missed = not_handed_over(door, checks.asking)
        progress.at("stories", f"playing {len(checks.stories)} stories")
        outcome = stories_played(door, checks.stories)
    return verdict(
        Findings(
            candidate=candidate,
            live=live,
            live_version=live_version,
            asked=len(checks.asking),
            not_handed_over=missed,
            stories=outcome,
        )
    )


def _live_measured(versions: Versions, held_out: Sequence[tuple[str, ...]]) -> tuple[str | None, Measured | None]:
    """The live model on the same lines; None when there is none, or none that this code can still run."""
    from rasa.shared.exceptions import RasaException

    from bot.models.reading import measured

    try:
        live = versions.live()
        if live is None:
            return None, None
        known = frozenset(versions.manifest(live.version)["intents"])
        return live.version, measured(versions.archive(live.version), held_out, known=known)
    except ModelError as error:
        log.warning("the live model is not compared: %s", error)
    except (RasaException, ImportError, LookupError, TypeError, ValueError, AttributeError, OSError) as error:
        # A model of another release, whose components are gone or have changed.
        log.warning("the live model is not compared, this code cannot run it: %r", error)
    return None, None
