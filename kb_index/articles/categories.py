"""Categories: a tree of paths such as returns/refund, with a title in each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb_index.articles.fields import CATEGORY, UNPRINTABLE, closest
from kb_index.articles.front_matter import read_header
from kb_index.articles.model import LANGUAGES, Article
from kb_index.errors import Problem

CATEGORIES_FILE = "categories.yml"


@dataclass(frozen=True)
class Category:
    """One node of the tree: its path and its title by language."""

    path: str
    titles: Mapping[str, str]


def tree_of(categories: Sequence[Category], articles: Sequence[Article]) -> list[dict[str, Any]]:
    """The tree as JSON can hold it: path, titles, how many articles are in or below it, and its children."""
    titles = {category.path: dict(category.titles) for category in categories}
    paths = set(titles) | {article.category for article in articles}
    paths |= {parent for path in paths for parent in _parents(path)}

    def node(path: str) -> dict[str, Any]:
        below = f"{path}/"
        count = len({each.id for each in articles if each.category == path or each.category.startswith(below)})
        children = sorted(each for each in paths if each.startswith(below) and "/" not in each[len(below) :])
        return {
            "path": path,
            "titles": titles.get(path) or {language: path.rpartition("/")[2] for language in LANGUAGES},
            "articles": count,
            "children": [node(child) for child in children],
        }

    return [node(path) for path in sorted(paths) if "/" not in path]


def _parents(path: str) -> list[str]:
    steps = path.split("/")
    return ["/".join(steps[:count]) for count in range(1, len(steps))]


def checked(values: Mapping[Any, Any]) -> tuple[list[Category], list[tuple[str, str]]]:
    """The categories of {path: {language: title}}, and (path, what is wrong) for all that cannot be used."""
    found: list[Category] = []
    wrong: list[tuple[str, str]] = []
    for path, titles in values.items():
        if not isinstance(path, str) or not CATEGORY.fullmatch(path):
            wrong.append((str(path)[:60], "a category is a path like returns/refund, lower-case"))
        elif not isinstance(titles, Mapping) or sorted(titles) != sorted(LANGUAGES):
            wrong.append((path, f"a category needs a title in {' and '.join(LANGUAGES)}"))
        elif not all(isinstance(each, str) and 0 < len(each.strip()) <= 80 for each in titles.values()) or any(
            UNPRINTABLE.search(each) for each in titles.values()
        ):
            wrong.append((path, "a title must be a text of at most 80 characters"))
        else:
            found.append(Category(path, {language: titles[language].strip() for language in LANGUAGES}))
    return found, wrong


def read_categories(path: Path) -> tuple[list[Category], list[Problem]]:
    """Read a tenant's categories.yml; without one there are none, and every category is accepted."""
    if not path.is_file():
        return [], []
    problems: list[Problem] = []
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        return [], [Problem(str(path), 1, "not valid UTF-8: save the file as UTF-8")]
    header = read_header(text, lambda line, message: problems.append(Problem(str(path), line - 1, message)))
    if header is None:
        return [], problems
    found, wrong = checked(header.values)
    return found, problems + [Problem(str(path), header.line(key) - 1, message) for key, message in wrong]


def unknown_category(category: str, categories: Sequence[Category]) -> str | None:
    """What to say about an article's category that the tenant's list does not have; None if all is well."""
    known = {each.path for each in categories}
    if not known or category in known:
        return None
    hint = closest(category, known)
    if hint == "remove it":
        hint = f"add it to {CATEGORIES_FILE}"
    return f"category {category!r} is not in the list of categories: {hint}"
