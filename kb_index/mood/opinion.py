"""What a message praises and blames: opinion words with negation, and the manner in which it speaks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kb_index.index.embedding import Vector
from kb_index.text.folding import fold, tokens
from kb_index.text.words import read_words

_LISTS = {"trouble": ("trouble",), "praise": ("pleased",), "blame": ("displeased", "anger", "insults")}
_NEGATIONS = read_words("negations")
REACH = 3
"""A negation turns the opinion word that comes at most so many words later, in the same clause."""
LONGEST = 5
"""Tokens of the longest entry that is looked for."""
_CLAUSE = re.compile(r"[^,，。.!！?？;；:：~～…\n]+")
_TURN = re.compile(
    r"但是|但|可是|可惜|就是|不过|然而|\b(?:but|however|though|yet|unfortunately|sadly|except|only problem)\b"
)
_MANNERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[!！]",
        r"[!！?？]{2,}",
        r"又|再次|第[二三四五六七八九十\d]+[次遍回]|还是|一直|老是|总是|每次|天天|都.{0,6}[次遍]",
        r"\b(?:again|still|(?:second|third|fourth|fifth|\d+(?:th|rd|nd)) time|every (?:single )?time|times"
        r"|keeps?|kept|constantly|always)\b",
        r"根本|到底|究竟|居然|竟然|连.{1,8}[都也]|简直|压根|明明|就这|还好意思",
        r"\b(?:even|at all|so much for|seriously|actually|really|literally|supposed to|clearly|apparently)\b",
        r"[\d一二三四五六七八九十两半]+个?(?:天|小时|钟头|分钟|周|星期|月|年)",
        r"\b(?:hours?|hrs?|days?|weeks?|months?|minutes?|mins?)\b",
        r"[😀-😆😊-😍🥰😘👍🙏🎉💯😋🤗💕]|❤|♥|☺|(?<!\w)[:;]-?[)dp](?!\w)|\^_?\^|哈哈|嘻嘻|\b(?:lol|haha+|yay)\b",
        r"[😠-😥😩-😭🤬😤😡👎💩🙄😒😞😔😣😖💔🙃😑]|(?<!\w):-?[(/](?!\w)|呵呵",
    )
)
"""How a message speaks: emphatic, repeating (zh, en), insisting (zh, en), counting time (zh, en), smiling, frowning."""


@dataclass(frozen=True)
class Opinion:
    """One opinion word as it stands in the message; turned when a negation speaks against it."""

    kind: str
    words: str
    turned: bool

    @property
    def direction(self) -> float:
        """+1 praise, -1 blame, half as much for blame denied ("not bad"), 0 for mere trouble."""
        if self.kind == "trouble":
            return 0.0
        if self.kind == "praise":
            return -1.0 if self.turned else 1.0
        return 0.5 if self.turned else -1.0


def joined(row: Sequence[str]) -> str:
    """Tokens in a row as one string, however the text around them was cut: 太差 is 太 and 差 elsewhere."""
    return row[0] if len(row) == 1 else "".join(row) if not row[0].isascii() else " ".join(row)


def entry_of(listed: str) -> str:
    """A word of a list in the form that `joined` gives; empty when nothing of it is a word."""
    row = tokens(fold(listed.replace("_", " ")))
    return joined(row) if row else ""


@lru_cache(maxsize=1)
def _listed() -> dict[str, str]:
    """Kind by entry; what is in two lists belongs to the later, stronger one."""
    kinds: dict[str, str] = {}
    for kind, names in _LISTS.items():
        for name in names:
            kinds.update((entry_of(listed), kind) for listed in read_words(name))
    kinds.pop("", None)
    return kinds


def clauses_of(folded: str) -> list[str]:
    """The parts between marks; what is said in one does not turn the words of another."""
    return _CLAUSE.findall(folded)


@lru_cache(maxsize=256)
def words_of(clause: str) -> tuple[str, ...]:
    """The tokens of a clause; several readers ask for the same one."""
    return tuple(tokens(clause))


def negated(words: Sequence[str], place: int) -> bool:
    """Whether a negation shortly before turns what stands at this place of a clause."""
    return any(word in _NEGATIONS for word in words[max(0, place - REACH) : place])


def opinions_in(folded: str) -> list[list[Opinion]]:
    """The opinion words of each clause, in order."""
    return [_opinions(words_of(clause)) for clause in clauses_of(folded)]


def _opinions(words: Sequence[str]) -> list[Opinion]:
    """Longest entry first, from left to right; a negation is used up by the first opinion it reaches."""
    kinds = _listed()
    found: list[Opinion] = []
    place, negation = 0, -REACH - 1
    while place < len(words):
        for size in range(min(LONGEST, len(words) - place), 0, -1):
            phrase = joined(words[place : place + size])
            kind = kinds.get(phrase)
            if kind is not None and phrase not in _NEGATIONS:
                found.append(Opinion(kind, phrase, turned=place - negation <= REACH))
                place, negation = place + size, -REACH - 1
                break
        else:
            if words[place] in _NEGATIONS:
                negation = place
            place += 1
    return found


def manner_of(folded: str) -> Vector:
    """Counts and directions of the opinions, and how the message speaks: repeats, insists, smiles.

    FEATURES numbers of moderate size; a linear head learns what each is worth.
    """
    clauses = opinions_in(folded)
    found = [opinion for clause in clauses for opinion in clause]
    blame = sum(one.kind == "blame" and not one.turned for one in found)
    praise = sum(one.kind == "praise" and not one.turned for one in found)
    praise_denied = sum(one.kind == "praise" and one.turned for one in found)
    blame_denied = sum(one.kind == "blame" and one.turned for one in found)
    trouble = sum(one.kind == "trouble" for one in found)
    against, for_it = blame + praise_denied, praise + blame_denied
    directions = [np.sign(total) for clause in clauses if (total := sum(one.direction for one in clause))]
    turning = [bool(_TURN.search(clause)) for clause in clauses_of(folded)]
    turned_at = turning.index(True) if any(turning) else len(clauses)
    after = sum(one.direction for clause in clauses[turned_at:] for one in clause)
    manners = [float(manner.search(folded) is not None) for manner in _MANNERS]
    counts = np.log1p([blame, praise, praise_denied, blame_denied, trouble])
    shape = [
        (against - for_it) / (against + for_it + 1),
        -directions[-1] if directions else 0.0,
        -directions[0] if directions else 0.0,
        -float(np.sign(after)),
        float(against + for_it == 0),
        float(against > 0 and for_it == 0),
        float(for_it > 0 and against == 0),
    ]
    return np.array([*counts, *shape, *manners], dtype=np.float32)


FEATURES = 12 + len(_MANNERS)


def praises(folded: str) -> bool:
    """Whether the message judges something well and nothing badly."""
    directions = [one.direction for clause in opinions_in(folded) for one in clause]
    return any(direction > 0 for direction in directions) and min(directions) >= 0


def blamed_in(folded: str) -> list[str]:
    """Words that speak against something, a denied praise with its "not"; in order, each once."""
    found = [one for clause in opinions_in(folded) for one in clause if one.direction < 0]
    return list(dict.fromkeys(f"not {one.words}" if one.turned else one.words for one in found))
