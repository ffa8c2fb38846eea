"""Whether a passage says what a sentence says: clause by clause, with rules for what must not change.

A sentence passes when each of its clauses agrees with a run of clauses of one sentence of the passage: the same
values, addresses, names and markers (not, only, must, may, before, at most, ...), no word standing for its opposite,
nearly all content words on both sides, and near vectors. The thresholds are the tightest that cost no
faithful sentence of data/rewriting; with .8 instead of .99 one unfaithful sentence in twenty passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kb_index.index.embedding import Encoder
from kb_index.rewriting.clauses import clauses, sentences
from kb_index.rewriting.meaning import (
    CONDITIONS,
    KEPT,
    MAY_DROP,
    RESTRICTIONS,
    Meaning,
    contrasts,
    light,
    meaning,
    same,
)

_MARK = re.compile(r"[\s，,。.:：;；!！*_`]+")
LONGEST_RUN = 3
MOST_CLAUSES, MOST_TO_COMPARE = 8, 80
"""Clauses of a written sentence, and of a passage: every run of the one is compared with every run of the other."""
PREFIX = 0.8


@dataclass(frozen=True)
class Limits:
    """From which share of content words on, and from which cosine, two texts may be the same.

    said: share of the written words that the passage holds; kept: share of the passage's words that are still there.
    """

    said: float = 0.99
    kept: float = 0.99
    cosine: float = 0.7


LIMITS = Limits()


@dataclass(frozen=True)
class Verdict:
    """Whether a text follows from a passage; why not, as a word for the log; used are the (sentence, clause) places."""

    entailed: bool
    reason: str = ""
    used: frozenset[tuple[int, int]] = field(default=frozenset())


def entailed(text: str, passage: str, language: str, encoder: Encoder, *, limits: Limits = LIMITS) -> Verdict:
    """Whether every sentence of a text follows from the passage, none twice, and no restriction is left out."""
    source = [clauses(sentence) for sentence in sentences(passage)]
    used: set[tuple[int, int]] = set()
    written = sentences(text)
    if not written:
        return Verdict(False, "empty")
    for sentence in written:
        verdict = follows(sentence, passage, language, encoder, limits=limits)
        if not verdict.entailed:
            return verdict
        if verdict.used & used:
            return Verdict(False, "said twice")
        used |= verdict.used
    said, told = meaning(text, language).words, meaning(passage, language).words
    if any(said.count(word) > max(1, told.count(word)) for word in set(said)):
        return Verdict(False, "said twice")
    for row, pieces in enumerate(source):
        for column, clause in enumerate(pieces):
            if (row, column) not in used and _restricts(meaning(clause, language), RESTRICTIONS):
                return Verdict(False, "restriction left out")
    return Verdict(True, used=frozenset(used))


def follows(sentence: str, passage: str, language: str, encoder: Encoder, *, limits: Limits = LIMITS) -> Verdict:
    """Whether one sentence follows from the passage."""
    source = [clauses(each) for each in sentences(passage)]
    written = clauses(sentence)
    if not 0 < len(written) <= MOST_CLAUSES or sum(map(len, source)) > MOST_TO_COMPARE:
        return Verdict(False, "too many clauses")
    reasons: list[str] = []
    matches = _matches(written, source, language, limits, reasons)
    used = _covering(0, len(written), matches)
    if used is None:
        return Verdict(False, reasons[-1] if reasons else "not said")
    told = {row: [meaning(clause, language) for clause in source[row]] for row, _ in used}
    for row in told:
        for column in range(len(told[row])):
            if (row, column) not in used and _is_needed(column, {place for at, place in used if at == row}, told[row]):
                return Verdict(False, "condition dropped")
    cited = "".join(source[row][column] for row, column in sorted(used))
    one, other = encoder.encode([sentence, cited])
    if float(one @ other) < limits.cosine:
        return Verdict(False, "far")
    return Verdict(True, used=used)


Places = frozenset[tuple[int, int]]


def _matches(
    written: Sequence[str], source: Sequence[Sequence[str]], language: str, limits: Limits, reasons: list[str]
) -> dict[tuple[int, int], Places]:
    """For each run of written clauses [start, end) that agrees with a run of the passage, the places of that run."""
    found: dict[tuple[int, int], Places] = {}
    for start, end in _runs(len(written)):
        said = meaning(" ".join(written[start:end]), language)
        ranked: list[tuple[float, str]] = []
        for row, pieces in enumerate(source):
            for first, last in _runs(len(pieces)):
                if _same_words(written[start:end], pieces[first:last]):
                    found[start, end] = frozenset((row, column) for column in range(first, last))
                    continue
                if end - start > 1 < last - first:
                    continue  # two by two: what belongs to which could be exchanged
                told = meaning(" ".join(pieces[first:last]), language)
                reason, share = _differs(said, told, limits)
                if reason is None:
                    found.setdefault((start, end), frozenset((row, column) for column in range(first, last)))
                else:
                    ranked.append((share, reason))
        if (start, end) not in found and ranked:
            reasons.append(max(ranked)[1])
    return found


def _same_words(written: Sequence[str], pieces: Sequence[str]) -> bool:
    one, other = ("".join(_MARK.sub("", piece) for piece in run) for run in (written, pieces))
    return one == other


def _runs(count: int) -> Iterator[tuple[int, int]]:
    """Runs of up to LONGEST_RUN of so many clauses, the short ones first, and all of them."""
    for size in range(1, min(LONGEST_RUN, count) + 1):
        for start in range(count - size + 1):
            yield start, start + size
    if count > LONGEST_RUN:
        yield 0, count


def _covering(start: int, count: int, matches: dict[tuple[int, int], Places]) -> Places | None:
    """Places of the passage for a split of the written clauses into runs that all agree; None when there is none."""
    if start == count:
        return frozenset()
    for end in range(start + 1, count + 1):
        if (start, end) in matches:
            rest = _covering(end, count, matches)
            if rest is not None:
                return matches[start, end] | rest
    return None


def _differs(said: Meaning, told: Meaning, limits: Limits) -> tuple[str | None, float]:
    """What keeps a clause from saying the same as a clause of the passage, and the share of its words found there."""
    found = sum(_is_in(word, told) for word in said.words)
    share = found / len(said.words) if said.words else 1.0
    if said.values != told.values:
        return "value", share
    if said.addresses != told.addresses:
        return "address", share
    if not said.names <= told.names | set(told.words) | set(told.text.split()):
        return "name", share
    if (changed := _markers_differ(said, told)) is not None:
        return changed, share
    if any(_contrast(group, said, told) for group in contrasts()) or _roles_differ(said, told):
        return "contrast", share
    if share < limits.said or not (said.words or said.values):
        return "not said", share
    kept = sum(_is_in(word, said) for word in told.words)
    if told.words and kept / len(told.words) < limits.kept:
        return "words dropped", share
    return None, share


def _markers_differ(said: Meaning, told: Meaning) -> str | None:
    for name in KEPT:
        one, other = said.markers.get(name, 0), told.markers.get(name, 0)
        if name == "MUST" and other and not one and said.markers.get("PLEASE"):
            continue
        if (one != other) if name == "NOT" else (bool(one) != bool(other)):
            return name.lower()
    for name in MAY_DROP:
        if said.markers.get(name) and not told.markers.get(name):
            return name.lower()
    return None


def _contrast(group: Sequence[str], said: Meaning, told: Meaning) -> bool:
    """Whether opposite words stand for each other: one is said instead of another, or two have changed places."""
    here, there = _places(group, said), _places(group, told)
    if set(here) - set(there) and set(there) - set(here):
        return True
    both = [word for word in here if word in there]
    return both != [word for word in there if word in both]


def _roles_differ(said: Meaning, told: Meaning) -> bool:
    """Whether two words have changed places around "from", "to", "by" or "than"."""
    crossed = {
        (word, other) for at, word in said.roles - told.roles for by, other in told.roles - said.roles if at == by
    }
    return any(word in told.words and other in said.words for word, other in crossed)


def _places(group: Sequence[str], clause: Meaning) -> list[str]:
    """Those words of a group that a clause holds, in its order."""
    text = f" {' '.join(clause.text.replace(',', ' ').replace('.', ' ').split())} "
    found = [(text.find(f" {word} " if word.isascii() else word), word) for word in group]
    return [word for place, word in sorted(found) if place >= 0]


def _is_in(word: str, clause: Meaning) -> bool:
    """Whether a clause holds a word, a form of it, or one of same meaning."""
    if _holds(word, clause):
        return True
    return any(_holds(other, clause) for other in same().get(_stem(word), same().get(word, ())))


def _holds(word: str, clause: Meaning) -> bool:
    if not word.isascii():
        core = "".join(sign for sign in word if sign not in light()) or word
        return (
            word in clause.text
            or core in clause.text
            or (len(word) > 2 and all(pair in clause.text for pair in _pairs(word)))
        )
    return any(_alike(word, other) for other in clause.words if other.isascii())


def _pairs(word: str) -> list[str]:
    return [word[place : place + 2] for place in range(0, len(word) - 1, 2)] + [word[-2:]]


def _alike(one: str, other: str) -> bool:
    """Whether two English words are forms of one: equal stems, or a long common beginning."""
    one, other = _stem(one), _stem(other)
    if one == other:
        return True
    shared = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return shared >= max(5, PREFIX * max(len(one), len(other)))


def _stem(word: str) -> str:
    for ending in ("ing", "ied", "ies", "ed", "es", "s", "ly", "e"):
        if word.isascii() and word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _is_needed(column: int, used: set[int], row: Sequence[Meaning]) -> bool:
    """Whether a clause that was not used is a condition of those of its sentence that were.

    By its form or by a word, or because it has nothing in common with any of them: "after five wrong passwords, the
    account is locked" needs no "if", while of "the device two years, the battery two months" each stands alone.
    """
    if row[column].conditional or _restricts(row[column], CONDITIONS):
        return True
    return not any(set(row[column].words) & set(row[place].words) for place in used)


def _restricts(said: Meaning, markers: frozenset[str]) -> bool:
    return any(said.markers.get(name) for name in markers)
