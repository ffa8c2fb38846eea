"""What all products are filled with and asked: articles of public sentence pairs, or of the demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kb_index.articles.files import read_tenant
from kb_index.articles.model import Article
from kb_index.evaluation.datasets import pair_trial, read_pairs
from kb_index.evaluation.questions import JudgedQuestion
from kb_index.text.collections import read_questions
from tests.bench.setting import SEED

PAIRS = "afqmc_train.txt"


@dataclass(frozen=True)
class Corpus:
    """Articles with the questions that they answer."""

    title: str
    articles: Sequence[Article]
    questions: Sequence[JudgedQuestion]


def read_corpus(root: Path, folder: str, *, asked: int) -> Corpus:
    """Of the development sets in the folder when it has the pairs, else the demo's Chinese articles."""
    path = Path(folder) / PAIRS if folder else None
    if path is not None and path.is_file():
        trial = pair_trial(read_pairs(path), missing=0.0, calibrated=False)
        return Corpus(f"{PAIRS}: pairs with the same meaning", trial.articles, _some(trial.questions, asked))
    articles = [each for each in read_tenant("demo", root / "data" / "kb").articles if each.language == "zh"]
    lines = read_questions(root / "data" / "evaluation" / "answerable.jsonl")
    questions = [JudgedQuestion(each.text, each.right) for each in lines if each.language == "zh"]
    return Corpus("the demo's articles (name a folder with public sets for more)", articles, _some(questions, asked))


def _some(questions: Sequence[JudgedQuestion], count: int) -> list[JudgedQuestion]:
    order = np.random.default_rng(SEED).permutation(len(questions))[:count].tolist()
    return [questions[place] for place in order]


def many_articles(corpus: Corpus, count: int) -> list[Article]:
    """So many articles: the corpus's, and as often as it takes again with a number in each question."""
    found: list[Article] = []
    for turn in range(-(-count // len(corpus.articles))):
        for article in corpus.articles[: count - len(found)]:
            worded = tuple(f"{text} {turn}" for text in article.questions) if turn else article.questions
            name = f"{article.id}-{turn}" if turn else article.id
            found.append(replace(article, id=name, title=worded[0] if worded else article.title, questions=worded))
    return found
