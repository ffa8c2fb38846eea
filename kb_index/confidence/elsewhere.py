"""Questions that sound like the tenant's and are about somebody else's things: "reset my Netflix password".

They are made of the tenant's own questions and of other people's names, so that for every tenant it can be learned,
and measured, what must not be answered. Names that its articles mention are its own: who delivers with a courier
answers for that courier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from kb_index.articles.model import Article
from kb_index.text.folding import fold

_FOLDER = Path(__file__).parent / "words"
_THING = re.compile(r"\{(.+?)\}")
_OWNER = re.compile(r"\b(?:my|the|your|an?) ")
_DETERMINER = re.compile(r"^(?:my|our|the|an?) ")

LANGUAGES = ("en", "zh")

MOST_ATTACHED = 400
"""So many of the tenant's own questions get another's name."""

INSIDE = 0.6
"""Share of names that stand where the question has room for them, the others before or behind it."""

_BEHIND = ("{q} on {n}", "{q} at {n}", "{q} with {n}", "{q} for {n}", "{n}: {q}")
_BEFORE = ("{n}{q}", "{n}的{q}", "在{n}上{q}", "{n}上{q}")


@dataclass(frozen=True)
class Elsewhere:
    """A question about what the tenant has nothing to do with; about is whose or what it is about."""

    text: str
    about: str
    language: str


@lru_cache(maxsize=1)
def _material() -> tuple[tuple[Elsewhere, ...], Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]:
    """Questions as they stand, names and asides by language."""
    questions = tuple(
        Elsewhere(_THING.sub(r"\1", line), about[1], language)
        for language in LANGUAGES
        for line in _lines(f"elsewhere_{language}")
        if (about := _THING.search(line))
    )
    names = {language: _lines(f"names_{language}") for language in LANGUAGES}
    return questions, names, {language: _lines(f"asides_{language}") for language in LANGUAGES}


def _lines(name: str) -> tuple[str, ...]:
    lines = (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def questions_elsewhere(articles: Sequence[Article]) -> list[Elsewhere]:
    """For these articles the same each time; none about what one of them mentions."""
    questions, names, _ = _material()
    languages = {article.language for article in articles}
    said = "\n".join(fold(text) for each in articles for text in (each.title, *each.questions, each.answer))
    free = {each: [name for name in names[each] if not _mentions(said, name)] for each in LANGUAGES}
    found = [each for each in questions if each.language in languages and not _mentions(said, each.about)]
    own = [(text, article.language) for article in articles for text in article.questions]
    random = np.random.default_rng(1)
    for place in random.permutation(len(own))[:MOST_ATTACHED].tolist():
        text, language = own[place]
        if others := free.get(language):
            name = others[random.integers(len(others))]
            found.append(Elsewhere(attached(text, name, language, random), name, language))
    return found


def _mentions(said: str, name: str) -> bool:
    """Whether a folded text speaks of it; "my bank" is mentioned by who writes of banks."""
    core = _DETERMINER.sub("", fold(name))
    if core.isascii():
        return re.search(rf"(?<![a-z0-9]){re.escape(core)}(?![a-z0-9])", said) is not None
    return core in said


def attached(question: str, name: str, language: str, random: np.random.Generator) -> str:
    """The question about this name's things: inside, where something is somebody's, or around it."""
    plain = question.rstrip("?？。.!！ ")
    inside = random.random() < INSIDE
    if language == "zh":
        before, own, behind = plain.partition("我的")
        form = _BEFORE[random.integers(len(_BEFORE))]
        return f"{before}{own}{name}{behind}" if own and inside else form.format(q=plain, n=name)
    spots = [match.end() for match in _OWNER.finditer(plain)]
    form = _BEHIND[random.integers(len(_BEHIND))]
    if not spots or not inside:
        return form.format(q=plain, n=name)
    spot = spots[random.integers(len(spots))]
    return f"{plain[:spot]}{_DETERMINER.sub('', name)} {plain[spot:]}"


def with_aside(question: str, language: str, *, part: int, parts: int, random: np.random.Generator) -> str:
    """The question with something told beside it that does not change what is asked; every part tells other things."""
    told = _material()[2].get(language, ())[part::parts]
    return told[int(random.integers(len(told)))].replace("{q}", question) if told else question
