"""Word lists: the *.txt files in words/, one or more words per line, '#' starts a comment."""

from __future__ import annotations

from pathlib import Path

from kb_index.text.folding import tokens

_FOLDER = Path(__file__).parent / "words"


def read_words(name: str) -> frozenset[str]:
    """The folded words of words/<name>.txt."""
    lines = (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines for word in line.partition("#")[0].split())


def read_tokens(name: str) -> frozenset[str]:
    """The same as tokens() gives them, who cuts endings: "does" is met as "doe", "this" as "thi"."""
    words = read_words(name)
    return words | {token for word in words if word.isascii() for token in tokens(word)}
