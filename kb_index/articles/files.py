"""Articles as files: folder/<language>/**/<id>.md with checked front matter; git is their history."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from kb_index.articles.categories import CATEGORIES_FILE, read_categories, unknown_category
from kb_index.articles.fields import NAME, REQUIRED, read_fields
from kb_index.articles.front_matter import FrontMatter, read_header
from kb_index.articles.model import LANGUAGES, Article, Source, State
from kb_index.errors import ArticlesRefused, Problem

LARGEST_FILE = 4 * 1024 * 1024
"""Bytes of one article's file: room for ten thousand questions, not for what was put there by mistake."""


def read_tenant(tenant: str, folder: Path) -> Source:
    """The published articles of a folder; raises ArticlesRefused with every problem of every file."""
    articles, digest = read_all(tenant, folder)
    published = tuple(article for article in articles if article.state is State.PUBLISHED)
    if not published:
        add = f"add files like {LANGUAGES[0]}/refund-timing.md" if not articles else "set 'state: published' in one"
        raise ArticlesRefused([Problem(str(folder), 1, f"no articles: {add}")])
    return Source(tenant=tenant, articles=published, digest=digest)


def read_all(tenant: str, folder: Path) -> tuple[list[Article], str]:
    """All articles of a folder in any state, and a hash over every file's name and bytes; raises ArticlesRefused."""
    if not NAME.fullmatch(tenant):
        raise ArticlesRefused([Problem(str(folder), 1, f"tenant name {tenant!r} must match {NAME.pattern}")])
    if not folder.is_dir():
        raise ArticlesRefused([Problem(str(folder), 1, f"folder of tenant {tenant!r} does not exist: create it")])
    categories, problems = read_categories(folder / CATEGORIES_FILE)
    articles: list[Article] = []
    first_seen: dict[tuple[str, str], Path] = {}
    digest = hashlib.sha256()
    if (folder / CATEGORIES_FILE).is_file():
        digest.update((folder / CATEGORIES_FILE).read_bytes())
    for language_folder in sorted(path for path in folder.iterdir() if path.is_dir()):
        if language_folder.name not in LANGUAGES:
            problems.append(Problem(str(language_folder), 1, _unknown_language(language_folder.name)))
            continue
        for path in sorted(language_folder.rglob("*.md")):
            content = _content(path, problems)
            digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
            if len(content) > LARGEST_FILE:
                continue
            article, found = parse_article(content, path=path, tenant=tenant, language=language_folder.name)
            problems.extend(found)
            if article is None:
                continue
            wrong = unknown_category(article.category, categories)
            if wrong is not None:
                problems.append(Problem(str(path), _line_of_category(content), wrong))
            other = first_seen.setdefault((article.language, article.id), path)
            if other != path:
                problems.append(Problem(str(path), 2, f"id {article.id!r} is already used by {other}: rename one"))
            articles.append(article)
    if problems:
        raise ArticlesRefused(problems)
    return articles, digest.hexdigest()


def _unknown_language(name: str) -> str:
    known = " or ".join(LANGUAGES)
    return f"unknown language folder: use {known}; articles in {name!r} cannot be searched, translate them"


def _content(path: Path, problems: list[Problem]) -> bytes:
    """The bytes of a file, but of one that is too large only enough to see that it is."""
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        size = path.stat().st_size
        problems.append(Problem(str(path), 1, f"the file has {size} bytes: at most {LARGEST_FILE}; split the article"))
    return content


def _line_of_category(content: bytes) -> int:
    lines = content.split(b"\n")
    return next((number for number, line in enumerate(lines, 1) if line.startswith(b"category:")), 1)


def parse_article(content: bytes, *, path: Path, tenant: str, language: str) -> tuple[Article | None, list[Problem]]:
    """Turn one file into an Article, or into the list of all that is wrong with it."""
    article, problems = _parsed(content, path, tenant, language)
    return article, list(problems)


@lru_cache(maxsize=4096)
def _parsed(content: bytes, path: Path, tenant: str, language: str) -> tuple[Article | None, tuple[Problem, ...]]:
    """Remembered: after an edit the index reads all files again, of which one has changed."""
    article, problems = _parse(content, path=path, tenant=tenant, language=language)
    return article, tuple(problems)


def _parse(content: bytes, *, path: Path, tenant: str, language: str) -> tuple[Article | None, list[Problem]]:
    problems: list[Problem] = []

    def report(line: int, message: str) -> None:
        problems.append(Problem(str(path), line, message))

    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        report(content[: error.start].count(b"\n") + 1, "not valid UTF-8: save the file as UTF-8")
        return None, problems
    lines = text.split("\n")
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if lines[0].rstrip() != "---" or end is None:
        report(1, "front matter missing: start the file with a line '---' and close it with another")
        return None, problems
    header = read_header("\n".join(lines[1:end]), report) or FrontMatter({})
    for missing in (key for key in REQUIRED if header.values and key not in header.values):
        report(1, f"key {missing!r} is missing: add it to the front matter")
    values = {str(key): value for key, value in header.values.items() if key != "answer"}
    if "answer" in header.values:
        report(header.line("answer"), "unknown key 'answer': write the answer below the front matter")
    article = read_fields(
        {**values, "answer": "\n".join(lines[end + 1 :]).strip()},
        tenant=tenant,
        report=lambda field, message: report(end + 2 if field == "answer" else header.line(field), message),
    )
    for key, must_be, because in (("id", path.stem, "the file name"), ("language", language, "the folder")):
        value = getattr(article, key)
        if value and value != must_be and NAME.fullmatch(value):
            report(header.line(key), f"{key} {value!r} must equal {because} {must_be!r}")
    return (None if problems else article), problems
