"""Files of the evaluation contract: articles and questions as JSON lines, checked line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kb_index.articles.model import Article, Audience
from kb_index.errors import TextsRefused
from kb_index.text.collections import json_lines
from kb_index.text.language import detect_language

TENANT = "evaluation"


@dataclass(frozen=True)
class JudgedQuestion:
    """A customer's question with the articles that answer it; none means out of scope."""

    text: str
    right: frozenset[str]

    @property
    def answerable(self) -> bool:
        return bool(self.right)


def read_articles(path: Path) -> list[Article]:
    """Lines {"id", "language", "title", "questions", "answer"}; only the id and some text are required.

    Raises TextsRefused with file and line. An empty file is an empty knowledge base.
    """
    found: list[Article] = []
    seen: dict[tuple[str, str], int] = {}
    for line, values in json_lines(path):
        article = _article(path, line, values)
        first = seen.setdefault((article.id, article.language), line)
        if first != line:
            message = f"id {article.id!r} is already used in line {first}: join the two or rename one"
            raise TextsRefused(str(path), line, message)
        found.append(article)
    return found


def read_asked(
    path: Path, articles: list[Article], warn: Callable[[str], None] = lambda _: None
) -> list[JudgedQuestion]:
    """Lines {"text", "article": id or null, "also": [ids]}; raises TextsRefused with file and line.

    The article that is named must be there. Of "also", whoever leaves articles out of a set leaves ids behind: such
    an id counts for nothing and is told to `warn`.
    """
    known = frozenset(article.id for article in articles)
    return [_asked(path, line, values, known, warn) for line, values in json_lines(path)]


def _article(path: Path, line: int, values: dict[str, Any]) -> Article:
    name = _name(path, line, values.get("id"))
    title, answer = (_text(path, line, values, key) for key in ("title", "answer"))
    questions = tuple(dict.fromkeys(_listed(path, line, values, "questions")))
    if not (title or answer or questions):
        raise TextsRefused(str(path), line, f"article {name!r} has neither title, questions nor answer: give one")
    shown = title or (questions[0] if questions else answer[:120])
    language = _text(path, line, values, "language") or detect_language(shown, known=None, default="zh")
    return Article(
        tenant=TENANT,
        id=name,
        language=language,
        category=_text(path, line, values, "category"),
        title=shown,
        questions=questions,
        audience=Audience.PUBLIC,
        owner="",
        valid_from=date.min,
        review_by=date.max,
        answer=answer,
    )


def _asked(
    path: Path, line: int, values: dict[str, Any], known: frozenset[str], warn: Callable[[str], None]
) -> JudgedQuestion:
    if not isinstance(values.get("text"), str):
        raise TextsRefused(str(path), line, f"'text' must be given as a text, not {values.get('text')!r}")
    if "article" not in values:
        raise TextsRefused(str(path), line, "'article' is missing: give an id, or null for out of scope")
    right = [] if values["article"] is None else [_name(path, line, values["article"])]
    if not known.issuperset(right):
        raise TextsRefused(str(path), line, f"article {right[0]!r} is not among the articles: correct it, or use null")
    also = [_name(path, line, each) for each in _members(path, line, values, "also")]
    for name in also:
        if name not in known:
            warn(f"{path}:{line}: {name!r} of 'also' is not among the articles and counts for nothing")
    return JudgedQuestion(values["text"], known.intersection(right + also))


def _name(path: Path, line: int, value: Any) -> str:
    """Ids are texts; whole numbers are taken as such."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise TextsRefused(str(path), line, f"an article's id must be a text, not {value!r}")
    return str(value)


def _text(path: Path, line: int, values: dict[str, Any], key: str) -> str:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise TextsRefused(str(path), line, f"{key!r} must be a text or null, not {value!r}")
    return (value or "").strip()


def _members(path: Path, line: int, values: dict[str, Any], key: str) -> list[Any]:
    value = values.get(key)
    if value is not None and not isinstance(value, list):
        raise TextsRefused(str(path), line, f"{key!r} must be a list or null, not {value!r}")
    return value or []


def _listed(path: Path, line: int, values: dict[str, Any], key: str) -> Iterator[str]:
    for each in _members(path, line, values, key):
        if not isinstance(each, str):
            raise TextsRefused(str(path), line, f"{key!r} must hold texts, not {each!r}")
        if each.strip():
            yield each.strip()
