"""Questions of the articles, held out: as customers might ask them of an index that has not seen them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import rjieba

from kb_index.articles.model import Article
from kb_index.confidence.elsewhere import with_aside
from kb_index.text.folding import fold
from kb_index.text.language import detect_language

FOLDS = 6

ASIDES = 0.25
"""Share of the reworded questions that are asked a second time with something told beside them."""

MOST_OF_ONE = 600
"""So many questions of one article are asked: thousands of one would drown what the others tell."""


@dataclass(frozen=True)
class Asked:
    """A question for an index that does not hold it; about is its article, or the name that makes it foreign."""

    kind: str
    text: str
    language: str
    about: str = ""


def own_questions(
    articles: Sequence[Article], missing: Collection[str], number: int, random: np.random.Generator
) -> Iterator[Asked]:
    """Questions of the articles that this fold's index does not hold as they are asked."""
    for article in articles:
        for position, text in _some_of(article.questions, random):
            if article.id in missing:
                yield Asked("unanswerable", text, article.language, article.id)
            elif position % FOLDS == number and len(article.questions) > 1:
                yield Asked("reworded", text, article.language, article.id)
                if random.random() < ASIDES:
                    told = with_aside(text, article.language, part=number, parts=FOLDS, random=random)
                    yield Asked("told more", told, article.language, article.id)
            elif position % FOLDS == (number + 1) % FOLDS:
                yield Asked("similar", _similar(text, random), article.language, article.id)


def _some_of(questions: Sequence[str], random: np.random.Generator) -> list[tuple[int, str]]:
    """Questions with their places; of very many some, others in each fold."""
    numbered = list(enumerate(questions))
    if len(numbered) <= MOST_OF_ONE:
        return numbered
    return [numbered[place] for place in sorted(random.permutation(len(numbered))[:MOST_OF_ONE].tolist())]


def without_fold(article: Article, number: int) -> Article:
    """The article without this fold's questions, nor a title that repeats one.

    Nobody knows the day of a future question: validity is left out.
    """
    kept = tuple(text for position, text in enumerate(article.questions) if position % FOLDS != number)
    if len(article.questions) < 2:
        kept = article.questions
    left_out = {fold(text) for text in article.questions if text not in kept}
    title = kept[0] if kept and fold(article.title) in left_out else article.title
    return replace(article, title=title, questions=kept, valid_from=date.min, valid_to=None)


_OPENINGS = {
    True: ("你好，", "请问", "我想问一下，", "亲，", ""),
    False: ("hi, ", "hello ", "can you tell me ", "please, ", ""),
}


def _similar(question: str, random: np.random.Generator) -> str:
    """The question as another customer may type it: another opening, a word or two left out or swapped."""
    words = rjieba.cut(question.rstrip("?？。.!！ "))
    for _ in range(1 + len(words) // 8):
        if len(words) > 3:
            del words[random.integers(len(words))]
    if len(words) > 3:
        place = random.integers(len(words) - 1)
        words[place], words[place + 1] = words[place + 1], words[place]
    openings = _OPENINGS[detect_language(question, known=None, default="zh") == "zh"]
    return openings[random.integers(len(openings))] + "".join(words)
