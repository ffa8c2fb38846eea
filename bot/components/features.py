"""What the intent model sees of a text: words and their neighbours, sounds, concepts, and the values that it holds."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from itertools import combinations

from bot.components.concepts import concepts_heard, concepts_in
from bot.components.sounds import syllables
from bot.components.spelling import Spelling
from bot.entities import read
from bot.entities.folding import fold

GROUPS = {"word": 1.0, "sound": 0.5, "concept": 0.7}
"""Groups of features and how much each counts, whatever the number of its features."""

STAND_INS = {
    "order_number": "ordernumberhere",
    "phone_number": "phonenumberhere",
    "phone_tail": "fourdigitshere",
    "amount": "amounthere",
    "address": "addresshere",
    "email": "emailhere",
    "coupon_code": "couponcodehere",
    "payment_reference": "paymentreferencehere",
}
"""What stands for a value: which number it is says nothing about the wish. A date's words are left, they are common."""

TOKEN = re.compile(r"[A-Za-z0-9_']+|[\u3400-\u9fff]|[^\sA-Za-z0-9_'\u3400-\u9fff]")
SPELLED_OUT = re.compile(r"\b[A-Za-z](?:[ .\-*_][A-Za-z]){3,}\b")
"""One letter after the other: "h u m a n"."""

ACCENTS = re.compile("[\u0300-\u036f]")
HAN = re.compile(r"[\u3400-\u9fff]")
LONG_NUMBER = re.compile(r"\d{3,}")
SOME_DAY = datetime(2026, 1, 1)
END = 300
"""Characters of either end of a long text: a wish comes first or last, and what lies between is the story."""

LENGTHS = (1, 2, 4, 8)


def features(text: str, spelling: Spelling) -> dict[str, list[str]]:
    """The features of a text by group; each once, in a fixed order."""
    bare, kinds = without_values(fold("\n".join(ends(text))).replace("\u2019", "'"))
    bare = SPELLED_OUT.sub(lambda match: re.sub(r"\W", "", match[0]), unaccented(bare))
    tokens = [spelling.corrected(token) for token in TOKEN.findall(bare.lower())]
    words = [LONG_NUMBER.sub("#", token) for token in tokens if token[0].isalnum()]
    heard = syllables(tokens)
    found = concepts_in(" ".join(tokens) if bare.isascii() else _joined(tokens))
    by_sound = concepts_heard(heard) - set(found)
    return {
        "word": sorted(_of_words(words)),
        "sound": sorted(
            f"s:{' '.join(run)}" for n in (2, 3) for run in set(zip(*[heard[i:] for i in range(n)], strict=False))
        ),
        "concept": sorted(_of_concepts(found, by_sound, kinds, len(words))),
    }


def ends(text: str) -> tuple[str, ...]:
    """The head and the tail of a long text, else the whole."""
    return (text,) if len(text) <= 2 * END else (text[:END], text[-END:])


def unaccented(text: str) -> str:
    """Letters without their marks, as pinyin is typed: rén gōng is ren gong; heaped-up marks go too."""
    return text if text.isascii() else unicodedata.normalize("NFC", ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def without_values(folded: str) -> tuple[str, tuple[str, ...]]:
    """The text with a stand-in for each value, and the kinds of the values."""
    values = read(folded, SOME_DAY)
    parts, at = [], 0
    for value in values:
        if value.kind in STAND_INS:
            parts += [folded[at : value.start], f" {STAND_INS[value.kind]} "]
            at = value.end
    return "".join([*parts, folded[at:]]), tuple(sorted({value.kind for value in values}))


def _joined(tokens: Sequence[str]) -> str:
    """Chinese characters side by side, English words apart."""
    text = ""
    for token in tokens:
        text += (
            token
            if not text or (HAN.match(token) and HAN.match(text[-1]))
            else f"{'' if HAN.match(token) else ' '}{token}"
        )
    return text


def _of_words(words: Sequence[str]) -> set[str]:
    found = {f"w:{word}" for word in words}
    found.update(f"p:{a} {b}" for a, b in zip(["^", *words], [*words, "$"], strict=True))
    for word in words:
        if not HAN.match(word) and len(word) > 2:
            padded = f"<{word}>"
            found.update(f"c:{padded[i : i + n]}" for n in (3, 4) for i in range(len(padded) - n + 1))
    found.update(f"h:{''.join(run)}" for n in (3, 4) for run in zip(*[words[i:] for i in range(n)], strict=False))
    return found


def _of_concepts(found: Sequence[str], heard: frozenset[str], kinds: Sequence[str], length: int) -> set[str]:
    everything = sorted({*found, *heard})
    size = next((str(limit) for limit in LENGTHS if length <= limit), "more")
    features = {f"k:{name}" for name in everything}
    features.update(f"kk:{a} {b}" for a, b in combinations(everything, 2))
    features.update(f"ek:{kind} {name}" for kind in kinds for name in everything)
    features.update(f"e:{kind}" for kind in kinds)
    features.update({f"first:{found[0]}", f"last:{found[-1]}"} if found else ())
    features.add(f"length:{size}")
    return features
