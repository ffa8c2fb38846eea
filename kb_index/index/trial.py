"""Reading a strange index file in a child process first: if that dies, it was not us."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_READ = """
import os, resource, sys
import faiss
size = os.stat(sys.argv[1]).st_size
own = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() if sys.platform == "linux" else 0
if own:  # a header that claims more than the file holds must not take the machine's memory
    most = own + 4 * size + int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
faiss.read_index(sys.argv[1], faiss.IO_FLAG_MMAP_IFC)
"""
SPARE_BYTES = 512 * 1024 * 1024
LONGEST_S = 60.0


def survives_reading(path: Path) -> bool:
    """Whether FAISS reads the file without an error, a crash, or a minute of silence."""
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _READ, str(path), str(SPARE_BYTES)],
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return tried.returncode == 0
