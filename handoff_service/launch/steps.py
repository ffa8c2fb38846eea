"""Steps of the preparation: each is done once for its inputs and leaves a stamp with their hash."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# What programs write beside the sources; it changes without the sources changing.
GENERATED = frozenset({".venv", "node_modules", "dist", "__pycache__", ".pytest_cache", ".mypy_cache"})


@dataclass(frozen=True, kw_only=True)
class Step:
    """`act` makes `output` from `inputs` (files, folders) and `versions` (anything else it depends on).

    The stamp lies with the output wherever that can be, so that deleting one deletes the other.
    """

    title: str
    stamp: Path
    output: Path
    inputs: tuple[Path, ...]
    act: Callable[[], object]
    versions: tuple[str, ...] = ()


def content_hash(paths: Iterable[Path], versions: Iterable[str] = ()) -> str:
    """SHA-256 over names and contents of the files and of all files in the folders; missing: empty."""
    digest = hashlib.sha256()
    for version in versions:
        digest.update(f"{version}\0".encode())
    for path in paths:
        for file in _files(path):
            digest.update(f"{file.relative_to(path.parent)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if child.name not in GENERATED:
                yield from _files(child)


def is_done(step: Step) -> bool:
    """The output is there, and was made from the inputs as they are now."""
    if not _exists(step.output) or not step.stamp.is_file():
        return False
    return step.stamp.read_text() == content_hash(step.inputs, step.versions)


def _exists(output: Path) -> bool:
    return any(output.iterdir()) if output.is_dir() else output.exists()


def run_steps(steps: Iterable[Step]) -> None:
    """Does what is not done yet, in order; a failed step leaves no stamp, so the next run does it again."""
    for step in steps:
        if is_done(step):
            print(f"  ✓ {step.title}: unchanged", flush=True)
            continue
        print(f"  · {step.title} …", flush=True)
        begun = time.monotonic()
        key = content_hash(step.inputs, step.versions)
        step.stamp.unlink(missing_ok=True)
        step.act()
        step.stamp.parent.mkdir(parents=True, exist_ok=True)
        step.stamp.write_text(key)
        print(f"  ✓ {step.title}: done in {time.monotonic() - begun:.0f} s", flush=True)
