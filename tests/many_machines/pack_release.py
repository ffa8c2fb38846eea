"""Packs the gateway of a release, without its pages, as the fixture of the mixed-version test.

    python -m tests.many_machines.pack_release b33b29d 0.1.0

writes tests/many_machines/release-0.1.0.tar.xz; the same commit gives the same bytes.
"""

from __future__ import annotations

import io
import lzma
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def pack(commit: str, release: str) -> Path:
    """The archive of `handoff_service/` at the commit."""
    listed = ["git", "archive", "--format=tar", commit, "handoff_service", "LICENSE"]
    packed = subprocess.run(listed, cwd=HERE.parents[1], capture_output=True, check=True).stdout
    kept = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(packed)) as source, tarfile.open(fileobj=kept, mode="w") as target:
        for member in source:
            if not member.name.startswith(("handoff_service/web/", "handoff_service/launch/")):
                target.addfile(member, source.extractfile(member) if member.isfile() else None)
    path = HERE / f"release-{release}.tar.xz"
    path.write_bytes(lzma.compress(kept.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    return path


if __name__ == "__main__":
    made = pack(*sys.argv[1:3])
    sys.stdout.write(f"{made} {made.stat().st_size} bytes\n")
