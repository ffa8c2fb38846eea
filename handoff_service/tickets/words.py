"""The words under which a ticket is found: words and numbers as they are, Chinese in pairs of characters. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MOST_WORDS = 32
MOST_ASKED = 8
_PAIRED = "一-鿿㐀-䶿぀-ヿ가-힯"
_LETTER = rf"(?![{_PAIRED}])\w"
_PIECE = re.compile(rf"[{_PAIRED}]+|{_LETTER}(?:(?:(?![{_PAIRED}])[\w@.\-])*{_LETTER})?")


def words_of(*texts: str) -> tuple[str, ...]:
    """At most MOST_WORDS different words, in order; each at most 40 characters."""
    return tuple(dict.fromkeys(_words(texts)))[:MOST_WORDS]


def asked_words(text: str) -> tuple[str, ...]:
    """The words that a ticket must have to be found for this text; none for a text without any."""
    return tuple(dict.fromkeys(_words([text])))[:MOST_ASKED]


def _words(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for piece in _PIECE.findall(unicodedata.normalize("NFKC", text).casefold()):
            if _is_paired(piece):
                yield from (piece[at : at + 2] for at in range(max(1, len(piece) - 1)))
            else:
                yield piece[:40]


def _is_paired(piece: str) -> bool:
    return re.match(f"[{_PAIRED}]", piece) is not None
