"""Reading a strange index file in a child process first: if that dies, it was not us."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_READ = "import resource, sys, faiss; faiss.read_index(sys.argv[1], faiss.IO_FLAG_MMAP_IFC)"
LONGEST_S = 60.0


def survives_reading(path: Path) -> bool:
    """Whether FAISS reads the file without an error, a crash, or a minute of silence."""
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _READ, str(path)], capture_output=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return tried.returncode == 0
