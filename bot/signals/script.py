"""One way to write what the signals listen for: simplified characters, plain widths and quotation marks."""

from collections.abc import Mapping
from pathlib import Path

from bot.entities.folding import fold

PAIRS = Path(__file__).with_name("simplified.txt")


def _read_pairs(text: str) -> Mapping[int, str]:
    """A table for `str.translate` from the lines of pairs."""
    pairs = [pair for row in text.splitlines() if not row.startswith("#") for pair in row.split()]
    return {ord(pair[0]): pair[1] for pair in pairs} | {ord("\u2019"): "'", ord("\u2018"): "'"}


_SIMPLIFIED = _read_pairs(PAIRS.read_text(encoding="utf-8"))


def simplified(text: str) -> str:
    """The text in simplified characters and plain forms; exactly as long as `text`."""
    return text if text.isascii() else fold(text).translate(_SIMPLIFIED)
