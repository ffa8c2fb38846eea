"""An item as an article: id, questions, category and language are found, and the rules of articles checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from kb_index.articles.categories import Category, unknown_category
from kb_index.articles.fields import CATEGORY, FEWEST_QUESTIONS, NAME, read_fields
from kb_index.articles.model import LANGUAGES, Article, State, plain
from kb_index.importing.cleaning import clean, language_of, one_line
from kb_index.importing.model import Item
from kb_index.importing.site import is_address

REVIEW_AFTER = timedelta(days=365)
LONGEST_QUESTION = 300
_QUESTION = re.compile(
    r"[?？]\s*$|^(?:how|what|why|when|where|which|who|can|could|do|does|is|are|may|should|will)\b", re.I
)
_WORDINGS = {
    ("zh", True): ("请问{0}", "我想知道{0}"),
    ("zh", False): ("{0}是怎样的", "我想了解{0}"),
    ("en", True): ("Could you tell me: {0}", "I would like to know: {0}"),
    ("en", False): ("Tell me about {0}", "What do I need to know about {0}?"),
}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the person who imports has chosen for all articles."""

    tenant: str
    day: date
    language: str = "auto"
    category: str = "imported"
    owner: str = "imported"
    audience: str = "public"


@dataclass(frozen=True)
class Drafted:
    """The article of an item as a draft, or what is wrong with it; `because` says why it has to stay a draft.

    `made` are the questions that nobody wrote: they were made of the title.
    """

    article: Article | None
    because: str = ""
    wrong: str = ""
    made: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Changes with everything that the source or the choices say about the article."""
        return hashlib.sha256(f"{content_of(self.article)}\0{self.because}".encode()).hexdigest()[:32]


def content_of(article: Article | None) -> str:
    """A hash of what an article says: its state, and the days that an import sets itself, do not count."""
    if article is None:
        return ""
    said = {key: value for key, value in plain(article).items() if key not in ("state", "valid_from", "review_by")}
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]


def draft(
    item: Item, label: str, choices: Choices, *, categories: Sequence[Category], earlier: Article | None = None
) -> Drafted:
    """The article that an item becomes; `earlier` is the one that it became before, whose first day stays."""
    answer = clean(item.answer)
    language = item.fields.get("language") or (choices.language if choices.language != "auto" else None)
    language = language or language_of(f"{item.title}\n{answer}")
    if language not in LANGUAGES:
        told = "its language could not be told to be" if language is None else f"language {language!r} is not"
        return Drafted(None, wrong=f"{told} {' or '.join(LANGUAGES)}: translate it, or choose with --language")
    questions = [question for question in map(one_line, item.questions) if question]
    long = [question for question in questions if len(question) > LONGEST_QUESTION]
    own = list(dict.fromkeys(question for question in questions if len(question) <= LONGEST_QUESTION))
    title = _shortened(one_line(item.title))
    category, tag = _category(item.fields.get("category", ""), choices.category, categories)
    tags = list(dict.fromkeys([*re.split(r"\s*[,，、;；|\n]\s*", item.fields.get("tags", "")), tag]))
    values = {
        "id": article_id(item, label),
        "language": language,
        "category": category,
        "title": title,
        "questions": _enough(own, title, language),
        "audience": item.fields.get("audience", choices.audience),
        "owner": item.fields.get("owner", choices.owner),
        "valid_from": item.fields.get("valid_from") or (earlier.valid_from if earlier else choices.day),
        "review_by": choices.day + REVIEW_AFTER,
        "tags": [each for each in tags if each],
        "products": [each for each in re.split(r"\s*[,，、;；|\n]\s*", item.fields.get("products", "")) if each],
        "state": str(State.DRAFT),
        "answer": answer,
    }
    values |= {key: item.fields[key] for key in ("valid_to", "short") if item.fields.get(key)}
    problems: list[str] = []
    unknown = unknown_category(category, categories)
    if unknown is not None:
        problems.append(f"{unknown}, or choose with --category")
    article = read_fields(values, tenant=choices.tenant, report=lambda _, message: problems.append(message))
    if problems:
        return Drafted(None, wrong="; ".join(problems))
    because = [item.draft_because] if item.draft_because else []
    if len(own) < FEWEST_QUESTIONS:
        because.append(f"{len(own)} question(s) of its own, {FEWEST_QUESTIONS} are needed: reword the made-up ones")
    if long:
        because.append(f"{len(long)} question(s) longer than {LONGEST_QUESTION} characters were left out")
    if len(title) < len(one_line(item.title)):
        because.append("the title was shortened")
    made = tuple(question for question in article.questions if question not in own)
    return Drafted(replace(article, state=State.DRAFT), "; ".join(because), made=made)


def article_id(item: Item, label: str) -> str:
    """The sheet's own id where it has a good one; else the source's name and a hash of where the item is in it."""
    key = item.key.rpartition("@")[0] if item.key.startswith("id:") else item.key
    named = key.removeprefix("id:")
    if key.startswith("id:") and NAME.fullmatch(named) and not named.isdigit():
        return named
    path = unquote(urlsplit(label).path) if is_address(label) else label
    stem = PurePosixPath(path.rstrip("/")).stem
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:40].strip("-") or "imported"
    digest = hashlib.sha256(f"{label}\0{key}".encode()).hexdigest()
    return f"{slug}-{digest[:10]}"


def _category(written: str, default: str, categories: Sequence[Category]) -> tuple[str, str]:
    """The category that a source names, by its path or its title in any language; one that cannot be one is a tag."""
    written = one_line(written)
    if not written:
        return default, ""
    for category in categories:
        if written.casefold() in {category.path, *(title.casefold() for title in category.titles.values())}:
            return category.path, ""
    steps = [re.sub(r"[^a-z0-9]+", "-", step.lower()).strip("-") for step in re.split(r"\s*[/>]\s*", written)]
    path = "/".join(step[:64] for step in steps)
    if all(each.isascii() for each in written) and CATEGORY.fullmatch(path) and not categories:
        return path, ""
    return default, written[:LONGEST_QUESTION]


def _enough(own: Sequence[str], title: str, language: str) -> list[str]:
    """The questions, and so many made of the title that an article has enough of them."""
    asks = bool(_QUESTION.search(title)) or title.startswith(
        ("怎么", "如何", "为什么", "什么", "能不能", "可以", "是否")
    )
    made = [title, *(wording.format(title) for wording in _WORDINGS[language, asks])]
    questions = list(own)
    for question in made:
        if len(questions) < FEWEST_QUESTIONS and question not in questions:
            questions.append(question)
    return questions


def _shortened(title: str, longest: int = 120) -> str:
    return title if len(title) <= longest else f"{title[: longest - 1].rstrip()}…"
