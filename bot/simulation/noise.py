"""How a customer types: slips of the finger, the wrong character of an input method, no punctuation, in pieces.

Facts (anything with a digit, codes, addresses of mail) are never changed: a slip there would be another fact.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

# Characters of the same or nearly the same sound, as an input method offers them.
SAME_SOUND = {
    "的": "得地", "在": "再", "做": "作", "单": "但", "退": "腿", "款": "宽", "账": "帐", "订": "定", "换": "还",
    "到": "道", "里": "理", "快": "块", "吗": "嘛", "是": "事", "以": "已", "查": "察", "改": "该", "发": "法",
    "消": "销", "址": "止", "券": "卷", "票": "飘", "想": "像", "没": "美", "怎": "咋", "货": "或", "钱": "前",
}  # fmt: skip
NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
SHORT = {"please": "pls", "you": "u", "are": "r", "thanks": "thx", "because": "cuz", "order": "ordr", "number": "nr"}
FACT = re.compile(r"[\w.+@#-]*\d[\w.+@#-]*|[\w.+-]+@[\w.-]+")
PIECES = re.compile(r"(?<=[，。！？,!?])\s*|\s{1,}(?=\S{3,})")
MARKS = re.compile(r"[，。！？、,.!?']")


@dataclass(frozen=True, kw_only=True)
class Typing:
    """One person's way: slips per character (0..1), chance of sending in pieces, of short forms, of no marks."""

    slips: float = 0.0
    pieces: float = 0.0
    shortens: float = 0.0
    unmarked: float = 0.0
    presses: float = 0.7
    chars_per_second: float = 4.0

    @classmethod
    def of_chance(cls, chance: random.Random) -> "Typing":
        """A person drawn at random: most type well."""
        return cls(
            slips=chance.choice((0.0, 0.0, 0.0, 0.01, 0.03)),
            pieces=chance.choice((0.0, 0.0, 0.15, 0.5)),
            shortens=chance.choice((0.0, 0.0, 0.3)),
            unmarked=chance.choice((0.0, 0.3, 1.0)),
            presses=chance.choice((0.0, 0.7, 1.0)),
            chars_per_second=chance.uniform(1.5, 6.0),
        )


def typed(text: str, typing: Typing, chance: random.Random) -> str:
    """The text as it is typed."""
    if chance.random() < typing.unmarked:
        text = _outside_facts(text, lambda part: MARKS.sub(" " if part.isascii() else "", part))
    if typing.shortens:
        text = re.sub(
            r"[a-z]+", lambda w: SHORT[w[0]] if w[0] in SHORT and chance.random() < typing.shortens else w[0], text
        )
    if typing.slips:
        text = _outside_facts(text, lambda part: "".join(_slip(c, typing.slips, chance) for c in part))
    return text.strip()


def in_pieces(text: str, typing: Typing, chance: random.Random) -> list[str]:
    """The messages that the text is sent as: usually one."""
    if chance.random() >= typing.pieces:
        return [text]
    marks = [m.start() for m in PIECES.finditer(text) if 0 < m.start() < len(text)]
    if not marks:
        return [text]
    cut = marks[chance.randrange(len(marks))]
    return [piece for piece in (text[:cut].strip(), text[cut:].strip()) if piece]


def _outside_facts(text: str, change: Callable[[str], str]) -> str:
    parts, last = [], 0
    for fact in FACT.finditer(text):
        parts += [change(text[last : fact.start()]), fact[0]]
        last = fact.end()
    return "".join([*parts, change(text[last:])])


def _slip(character: str, often: float, chance: random.Random) -> str:
    if chance.random() >= often:
        return character
    if character in SAME_SOUND:
        return chance.choice(SAME_SOUND[character])
    lower = character.lower()
    if lower in NEIGHBOURS:
        return chance.choice(("", character * 2, chance.choice(NEIGHBOURS[lower])))
    return character
