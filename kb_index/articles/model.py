"""Articles: Markdown files with checked front matter, one file per article and language."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from kb_index.errors import ArticlesRefused, Problem

LANGUAGES = ("zh", "en")
FEWEST_QUESTIONS = 3
LONGEST_ANSWER = 6000
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_REQUIRED = ("id", "language", "category", "title", "questions", "audience", "owner", "valid_from", "review_by")
_OPTIONAL = ("valid_to", "tags")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Audience(StrEnum):
    """Who may read an article; agents also read what is public."""

    PUBLIC = "public"
    AGENTS = "agents"


@dataclass(frozen=True, kw_only=True)
class Article:
    """One language version of an article; valid_to is the last day it is valid."""

    tenant: str
    id: str
    language: str
    category: str
    title: str
    questions: tuple[str, ...]
    audience: Audience
    owner: str
    valid_from: date
    review_by: date
    answer: str
    valid_to: date | None = None
    tags: tuple[str, ...] = ()

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def visible_to(self, audience: Audience) -> bool:
        return self.audience is Audience.PUBLIC or audience is Audience.AGENTS


@dataclass(frozen=True)
class Source:
    """All articles of one tenant as read from disk, with a hash over every file's name and bytes."""

    tenant: str
    articles: tuple[Article, ...]
    digest: str


def read_tenant(tenant: str, folder: Path) -> Source:
    """Read folder/<language>/**/*.md; raises ArticlesRefused with every problem of every file."""
    if not _NAME.fullmatch(tenant):
        raise ArticlesRefused([Problem(str(folder), 1, f"tenant name {tenant!r} must match {_NAME.pattern}")])
    if not folder.is_dir():
        raise ArticlesRefused([Problem(str(folder), 1, f"folder of tenant {tenant!r} does not exist: create it")])
    problems: list[Problem] = []
    articles: list[Article] = []
    first_seen: dict[tuple[str, str], Path] = {}
    digest = hashlib.sha256()
    for language_folder in sorted(path for path in folder.iterdir() if path.is_dir()):
        if language_folder.name not in LANGUAGES:
            problems.append(Problem(str(language_folder), 1, f"unknown language folder: use {' or '.join(LANGUAGES)}"))
            continue
        for path in sorted(language_folder.rglob("*.md")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
            article, found = parse_article(content, path=path, tenant=tenant, language=language_folder.name)
            problems.extend(found)
            if article is None:
                continue
            other = first_seen.setdefault((article.language, article.id), path)
            if other != path:
                problems.append(Problem(str(path), 2, f"id {article.id!r} is already used by {other}: rename one"))
            articles.append(article)
    if not articles and not problems:
        problems.append(Problem(str(folder), 1, f"no articles: add files like {LANGUAGES[0]}/refund-timing.md"))
    if problems:
        raise ArticlesRefused(problems)
    return Source(tenant=tenant, articles=tuple(articles), digest=digest.hexdigest())


def parse_article(content: bytes, *, path: Path, tenant: str, language: str) -> tuple[Article | None, list[Problem]]:
    """Turn one file into an Article, or into the list of all that is wrong with it."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, [Problem(str(path), line, "not valid UTF-8: save the file as UTF-8")]
    lines = text.split("\n")
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if lines[0].rstrip() != "---" or end is None:
        problem = "front matter missing: start the file with a line '---' and close it with another"
        return None, [Problem(str(path), 1, problem)]
    check = _Check(path, tenant=tenant, language=language)
    header = check.header("\n".join(lines[1:end]))
    answer = "\n".join(lines[end + 1 :]).strip()
    check.answer(answer, line=end + 2)
    if header is None:
        return None, check.problems
    article = check.article(header, answer)
    return (None if check.problems else article), check.problems


class _Check:
    """Collects the problems of one file; front matter begins on line 2."""

    def __init__(self, path: Path, *, tenant: str, language: str) -> None:
        self._path = path
        self._tenant = tenant
        self._language = language
        self._lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def _report(self, line: int, message: str) -> None:
        self.problems.append(Problem(str(self._path), line, message))

    def header(self, text: str) -> Mapping[str, Any] | None:
        """Parse the YAML between the fences; None when it cannot be understood at all."""
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            # An unclosed quote is noticed at the end of the file, but is to be repaired where it opens.
            unclosed = "quoted scalar" in str(getattr(error, "context", ""))
            mark = getattr(error, "context_mark" if unclosed else "problem_mark", None)
            line = mark.line + 2 if mark is not None else 2
            reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be parsed"
            self._report(line, f"front matter is not valid YAML: {reason}")
            return None
        except ValueError as error:  # an impossible date such as 2026-02-30 fails in the constructor
            self._report(self._line_of_bad_date(text), f"front matter holds an impossible value: {error}")
            return None
        if not isinstance(node, yaml.MappingNode) or not isinstance(values, dict):
            self._report(2, "front matter must be a list of 'key: value' lines")
            return None
        for key_node, _ in node.value:
            self._key(str(key_node.value), key_node.start_mark.line + 2)
        for missing in (key for key in _REQUIRED if key not in self._lines):
            self._report(1, f"key {missing!r} is missing: add it to the front matter")
        return values

    def _key(self, key: str, line: int) -> None:
        if key in self._lines:
            self._report(line, f"key {key!r} appears twice: remove one")
        self._lines[key] = line
        if key not in _REQUIRED + _OPTIONAL:
            close = difflib.get_close_matches(key, _REQUIRED + _OPTIONAL, n=1)
            hint = f": did you mean {close[0]!r}?" if close else ": remove it"
            self._report(line, f"unknown key {key!r}{hint}")

    @staticmethod
    def _line_of_bad_date(text: str) -> int:
        for number, line in enumerate(text.split("\n"), 2):
            found = re.search(r"(\d{4})-(\d{2})-(\d{2})", line)
            if found is None:
                continue
            try:
                date(*map(int, found.groups()))
            except ValueError:
                return number
        return 2

    def answer(self, answer: str, *, line: int) -> None:
        if not answer:
            self._report(line, "the answer is empty: write it below the front matter")
        if len(answer) > LONGEST_ANSWER:
            self._report(line, f"the answer has {len(answer)} characters: at most {LONGEST_ANSWER} fit a chat")
        if _UNPRINTABLE.search(answer):
            self._report(line, "the answer holds control characters: remove them")

    def article(self, header: Mapping[str, Any], answer: str) -> Article:
        """Build the Article; what is wrong is reported and replaced so that checking goes on."""
        valid_from, review_by = self._date(header, "valid_from"), self._date(header, "review_by")
        valid_to = self._date(header, "valid_to") if header.get("valid_to") is not None else None
        if "valid_from" in header and valid_to is not None and valid_to < valid_from:
            self._report(self._lines["valid_to"], f"valid_to {valid_to} is before valid_from {valid_from}")
        if "review_by" in header and "valid_from" in header and review_by < valid_from:
            self._report(self._lines["review_by"], f"review_by {review_by} is before valid_from {valid_from}")
        return Article(
            tenant=self._tenant,
            id=self._name(header, "id", must_be=self._path.stem, because="the file name"),
            language=self._name(header, "language", must_be=self._language, because="the folder"),
            category=self._name(header, "category"),
            title=self._text(header, "title", longest=120),
            questions=self._questions(header),
            audience=self._audience(header),
            owner=self._text(header, "owner", longest=80),
            valid_from=valid_from,
            review_by=review_by,
            valid_to=valid_to,
            tags=self._tags(header),
            answer=answer,
        )

    def _text(self, header: Mapping[str, Any], key: str, *, longest: int) -> str:
        value = header.get(key)
        if key not in header:
            return ""
        if not isinstance(value, str) or not value.strip():
            self._report(self._lines[key], f"{key} must be a text (put it in quotes), not {value!r}")
            return ""
        if len(value) > longest or _UNPRINTABLE.search(value):
            self._report(self._lines[key], f"{key} must be printable and at most {longest} characters long")
        return value.strip()

    def _name(self, header: Mapping[str, Any], key: str, must_be: str | None = None, because: str = "") -> str:
        value = self._text(header, key, longest=64)
        if value and not _NAME.fullmatch(value):
            self._report(self._lines[key], f"{key} {value!r} must be lower-case letters, digits and '-'")
        elif value and must_be is not None and value != must_be:
            self._report(self._lines[key], f"{key} {value!r} must equal {because} {must_be!r}")
        return value

    def _date(self, header: Mapping[str, Any], key: str) -> date:
        value = header.get(key)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if key in header:
            self._report(self._lines[key], f"{key} must be a date like 2026-01-31, not {value!r}")
        return date.max if key == "review_by" else date.min

    def _audience(self, header: Mapping[str, Any]) -> Audience:
        value = self._text(header, "audience", longest=20)
        if value and value not in list(Audience):
            self._report(self._lines["audience"], f"audience {value!r} must be {' or '.join(Audience)}")
            return Audience.AGENTS
        return Audience(value) if value else Audience.AGENTS

    def _questions(self, header: Mapping[str, Any]) -> tuple[str, ...]:
        questions = self._texts(header, "questions")
        if "questions" in header and len(set(questions)) < FEWEST_QUESTIONS:
            found = f"{len(set(questions))} different question(s)"
            self._report(self._lines["questions"], f"{found}: write at least {FEWEST_QUESTIONS}, worded differently")
        return questions

    def _tags(self, header: Mapping[str, Any]) -> tuple[str, ...]:
        return self._texts(header, "tags")

    def _texts(self, header: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = header.get(key)
        if key not in header:
            return ()
        good: Callable[[object], bool] = lambda item: isinstance(item, str) and bool(item.strip())  # noqa: E731
        if not isinstance(value, list) or not all(map(good, value)):
            self._report(self._lines[key], f"{key} must be a list of texts ('- ...', quotes where there is a ':')")
            return ()
        if any(len(item) > 300 or _UNPRINTABLE.search(item) for item in value):
            self._report(self._lines[key], f"{key} must be printable and at most 300 characters each")
        return tuple(dict.fromkeys(item.strip() for item in value))
