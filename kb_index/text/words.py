"""Word lists: the *.txt files in words/, one or more words per line, '#' starts a comment."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "words"


def read_words(name: str) -> frozenset[str]:
    """The folded words of words/<name>.txt."""
    lines = (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines for word in line.partition("#")[0].split())
