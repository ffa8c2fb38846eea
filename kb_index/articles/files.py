"""Articles as files: folder/<language>/**/<id>.md with checked front matter; git is their history."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kb_index.articles.categories import CATEGORIES_FILE, read_categories, unknown_category
from kb_index.articles.fields import NAME, REQUIRED, read_fields
from kb_index.articles.front_matter import FrontMatter, read_header
from kb_index.articles.model import LANGUAGES, Article, Source, State
from kb_index.errors import ArticlesRefused, Problem

LARGEST_FILE = 4 * 1024 * 1024
"""Bytes of one article's file: room for ten thousand questions, not for what was put there by mistake."""


Status = tuple[int, int, int]
"""Inode, size and time: as long as they stay, so does the content."""


@dataclass(frozen=True)
class _File:
    """What one file was found to be, with the status by which it is known to be the same file still."""

    status: Status
    language: str
    digest: bytes
    article: Article | None
    problems: tuple[Problem, ...]
    line_of_category: int = 1


Remembered = dict[str, _File]
"""What was read of a tenant's files before."""


def read_tenant(tenant: str, folder: Path, *, remembered: Remembered | None = None) -> Source:
    """The published articles of a folder; raises ArticlesRefused with every problem of every file."""
    articles, digest = read_all(tenant, folder, remembered=remembered)
    published = tuple(article for article in articles if article.state is State.PUBLISHED)
    if not published:
        add = f"add files like {LANGUAGES[0]}/refund-timing.md" if not articles else "set 'state: published' in one"
        raise ArticlesRefused([Problem(str(folder), 1, f"no articles: {add}")])
    return Source(tenant=tenant, articles=published, digest=digest)


def read_all(tenant: str, folder: Path, *, remembered: Remembered | None = None) -> tuple[list[Article], str]:
    """All articles of a folder in any state, and a hash over every file's name and bytes; raises ArticlesRefused.

    A file that is `remembered`, with the same inode, size and time, is not read again.
    """
    if not NAME.fullmatch(tenant):
        raise ArticlesRefused([Problem(str(folder), 1, f"tenant name {tenant!r} must match {NAME.pattern}")])
    if not folder.is_dir():
        raise ArticlesRefused([Problem(str(folder), 1, f"folder of tenant {tenant!r} does not exist: create it")])
    known: Remembered = {} if remembered is None else remembered
    categories, problems = read_categories(folder / CATEGORIES_FILE)
    articles: list[Article] = []
    first_seen: dict[tuple[str, str], str] = {}
    digest = hashlib.sha256()
    if (folder / CATEGORIES_FILE).is_file():
        digest.update((folder / CATEGORIES_FILE).read_bytes())
    found: Remembered = {}
    for name, language, status in _article_files(folder, problems):
        before = known.get(name)
        try:
            same = before is not None and before.status == status
            file = before if same and before is not None else _read_file(Path(name), tenant, language, status)
        except FileNotFoundError:
            continue  # just removed
        found[name] = file
        digest.update(f"{name[len(str(folder)) :]}\0".encode() + file.digest)
        problems.extend(file.problems)
        article = file.article
        if article is None:
            continue
        wrong = unknown_category(article.category, categories)
        if wrong is not None:
            problems.append(Problem(name, file.line_of_category, wrong))
        other = first_seen.setdefault((article.language, article.id), name)
        if other != name:
            problems.append(Problem(name, 2, f"id {article.id!r} is already used by {other}: rename one"))
        articles.append(article)
    known.clear()
    known.update(found)
    if problems:
        raise ArticlesRefused(problems)
    return articles, digest.hexdigest()


def _article_files(folder: Path, problems: list[Problem]) -> Iterator[tuple[str, str, Status]]:
    """Every article's file with its language and status, in order; raises OSError where one cannot be listed."""
    for language_folder in sorted(path for path in folder.iterdir() if path.is_dir()):
        if language_folder.name not in LANGUAGES:
            problems.append(Problem(str(language_folder), 1, _unknown_language(language_folder.name)))
            continue
        for name, status in sorted(files_below(str(language_folder))):
            if name.endswith(".md"):
                yield name, language_folder.name, status


def files_below(folder: str) -> Iterator[tuple[str, Status]]:
    """Every file in a folder and the folders in it, with its status; raises OSError."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=True):
                yield from files_below(entry.path)
                continue
            with suppress(FileNotFoundError):  # just removed
                status = entry.stat()
                yield entry.path, (status.st_ino, status.st_size, status.st_mtime_ns)


def _unknown_language(name: str) -> str:
    known = " or ".join(LANGUAGES)
    return f"unknown language folder: use {known}; articles in {name!r} cannot be searched, translate them"


def _read_file(path: Path, tenant: str, language: str, status: Status) -> _File:
    """What a file is; of one that is too large only enough is read to see that it is."""
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    digest = hashlib.sha256(content).digest()
    if len(content) > LARGEST_FILE:
        message = f"the file has {path.stat().st_size} bytes: at most {LARGEST_FILE}; split the article"
        return _File(status, language, digest, None, (Problem(str(path), 1, message),))
    article, problems = parse_article(content, path=path, tenant=tenant, language=language)
    return _File(status, language, digest, article, tuple(problems), _line_of_category(content))


def _line_of_category(content: bytes) -> int:
    lines = content.split(b"\n")
    return next((number for number, line in enumerate(lines, 1) if line.startswith(b"category:")), 1)


def parse_article(content: bytes, *, path: Path, tenant: str, language: str) -> tuple[Article | None, list[Problem]]:
    """Turn one file into an Article, or into the list of all that is wrong with it."""
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
