"""One way to write what the signals listen for: simplified characters, plain widths and quotation marks."""

import unicodedata
from pathlib import Path

PAIRS = Path(__file__).with_name("simplified.txt")


class _Plain(dict[int, str]):
    """A table for `str.translate`: the pairs of characters, and the plain form of whatever else has one."""

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKC", chr(code))
        self[code] = found = self.get(ord(plain), plain) if len(plain) == 1 else chr(code)
        return found


def _read_pairs(text: str) -> _Plain:
    """The table from the lines of pairs."""
    pairs = [pair for row in text.splitlines() if not row.startswith("#") for pair in row.split()]
    return _Plain({ord(pair[0]): pair[1] for pair in pairs} | {ord("\u2019"): "'", ord("\u2018"): "'"})


_PLAIN = _read_pairs(PAIRS.read_text(encoding="utf-8"))


def simplified(text: str) -> str:
    """The text in simplified characters and plain forms; exactly as long as `text`."""
    return text if text.isascii() else text.translate(_PLAIN)
