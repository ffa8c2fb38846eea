"""Duplicates: questions that two articles both claim, word for word or in meaning."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb_index.articles.mentions import content_words
from kb_index.articles.model import Article
from kb_index.text.folding import fold

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]
"""Folded texts to unit vectors, one row each."""

NEAR = 0.95
"""Cosine from which two questions count as meaning the same; below it, siblings such as "cancel" and "change" begin."""
NEAR_WITH_SAME_WORDS = 0.85
"""The same for two questions whose content words are the same."""
ALIKE = 0.85
"""Share of common letter pairs from which two questions count as the same without any vectors."""
LESS_THAN_THE_SAME = 0.9999
"""The largest similarity of questions that are not the same letter for letter."""
_CANDIDATES = 40
_NEAREST = 10
_BLOCK = 2048
_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Twin:
    """Two questions of two articles (places in the list) and how similar they are, 1 for the same letters."""

    one: int
    other: int
    question: str
    other_question: str
    similarity: float


@dataclass(frozen=True)
class _Question:
    article: int
    text: str
    folded: str


def twins(
    articles: Sequence[Article], *, embed: Embed | None, only: Collection[tuple[str, str]] | None = None
) -> list[Twin]:
    """Questions of different articles in one language that mean the same, most similar first.

    With `only`, pairs in which one side is such an (id, language); then only the likeliest others are embedded.
    """
    found: dict[tuple[int, int, str], Twin] = {}
    by_language: dict[str, list[_Question]] = defaultdict(list)
    for place, article in enumerate(articles):
        for text in dict.fromkeys([article.title, *article.questions]):
            by_language[article.language].append(_Question(place, text, fold(text)))
    for questions in by_language.values():
        chosen = [
            only is None or (articles[each.article].id, articles[each.article].language) in only for each in questions
        ]
        for one, other, similarity in _pairs(questions, chosen, embed=embed, everything=only is None):
            first, second = sorted((questions[one], questions[other]), key=lambda each: each.article)
            left, right = articles[first.article], articles[second.article]
            if left.id == right.id or not left.about(right):
                continue
            key = (first.article, second.article, first.folded)
            twin = Twin(first.article, second.article, first.text, second.text, round(float(similarity), 4))
            if key not in found or found[key].similarity < twin.similarity:
                found[key] = twin
    return sorted(found.values(), key=lambda twin: (-twin.similarity, twin.one, twin.other))


def _pairs(
    questions: Sequence[_Question], chosen: Sequence[bool], *, embed: Embed | None, everything: bool
) -> Iterator[tuple[int, int, float]]:
    yield from _same(questions, chosen)
    if embed is not None and everything:
        for one, other, cosine in _near(embed([each.folded for each in questions])):
            if _means_the_same(questions[one], questions[other], cosine):
                yield one, other, min(cosine, LESS_THAN_THE_SAME)
        return
    letters = [_letter_pairs(each.folded) for each in questions]
    for place in (place for place, is_chosen in enumerate(chosen) if is_chosen):
        likely = _likely(letters, place)
        if embed is None:
            alike = ((other, min(share, LESS_THAN_THE_SAME)) for other, share in likely if share >= ALIKE)
            yield from ((place, other, share) for other, share in alike)
        elif likely:
            others = [other for other, _ in likely]
            vectors = embed([questions[each].folded for each in [place, *others]])
            cosines = vectors[1:] @ vectors[0]
            for other, cosine in zip(others, cosines, strict=True):
                if _means_the_same(questions[place], questions[other], cosine):
                    yield place, other, min(float(cosine), LESS_THAN_THE_SAME)


def _means_the_same(one: _Question, other: _Question, cosine: float) -> bool:
    if cosine >= NEAR:
        return True
    words = content_words(one.text)
    return cosine >= NEAR_WITH_SAME_WORDS and bool(words) and words == content_words(other.text)


def _same(questions: Sequence[_Question], chosen: Sequence[bool]) -> Iterator[tuple[int, int, float]]:
    """Questions with the same letters, each with one other: a thousand copies are a thousand pairs, not a million."""
    by_text: dict[str, list[int]] = defaultdict(list)
    for place, question in enumerate(questions):
        by_text[_MARKS.sub("", question.folded)].append(place)
    for places in by_text.values():
        first = places[0]
        other = next((each for each in places if questions[each].article != questions[first].article), None)
        for place in places if other is not None else ():
            partner = other if questions[place].article == questions[first].article else first
            if partner is not None and (chosen[place] or chosen[partner]):
                yield place, partner, 1.0


def _near(vectors: npt.NDArray[np.float32]) -> Iterator[tuple[int, int, float]]:
    """Pairs (i < j) of rows with a cosine of at least NEAR_WITH_SAME_WORDS, in blocks that fit the memory."""
    for start in range(0, len(vectors), _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ vectors[start:].T
        for row, of_row in enumerate(cosines):
            columns = np.flatnonzero(of_row[row + 1 :] >= NEAR_WITH_SAME_WORDS) + row + 1
            for column in columns[np.argsort(-of_row[columns])][:_NEAREST]:
                yield start + row, int(start + column), float(of_row[column])


def _letter_pairs(text: str) -> frozenset[str]:
    squeezed = text.replace(" ", "")
    return frozenset(squeezed[place : place + 2] for place in range(len(squeezed) - 1)) or frozenset([squeezed])


def _likely(letters: Sequence[frozenset[str]], place: int) -> list[tuple[int, float]]:
    """The questions with the largest share of common letter pairs (Dice), at most _CANDIDATES."""
    own = letters[place]
    shares = [
        (other, 2 * len(own & theirs) / (len(own) + len(theirs)))
        for other, theirs in enumerate(letters)
        if other != place and own & theirs
    ]
    return sorted(shares, key=lambda each: -each[1])[:_CANDIDATES]
