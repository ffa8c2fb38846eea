"""How alike two texts are, over pairs of characters or words; enough to hear a question put a second time."""

import re
import unicodedata
from functools import lru_cache

HAN = re.compile(r"[\u3400-\u9fff]")
WORDS = re.compile(r"[^\W_]+")
FILLERS = re.compile(
    r"请问|麻烦|你好|您好|那个|我想|我要|一下|[吗呢吧啊呀哦了的]|\b(?:please|pls|hi|hello|hey|so|well|the|a|an|i|my|me|you|your|is|do|does|to)\b"
)


@lru_cache(maxsize=2048)
def line(text: str) -> str:
    """The text as the same line is recognised by: no case, no width, no marks, no space."""
    return "".join(WORDS.findall(unicodedata.normalize("NFKC", text).lower()))


@lru_cache(maxsize=2048)
def pieces(text: str) -> frozenset[str]:
    """Pairs of neighbouring Han characters and whole Latin words, without what every question has."""
    plain = FILLERS.sub(" ", unicodedata.normalize("NFKC", text).lower())
    found: set[str] = set()
    for word in WORDS.findall(plain):
        if HAN.search(word):
            found.update(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        else:
            found.add(word[:-1] if len(word) > 4 and word.endswith("s") else word)
    return frozenset(found)


def likeness(one: str, other: str) -> float:
    """0 for nothing in common to 1 for the same, by the pieces that both have; 0 when one has none."""
    a, b = pieces(one), pieces(other)
    return len(a & b) / len(a | b) if a and b else 0.0
