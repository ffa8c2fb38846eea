"""Placeholders: what somebody meant to fill in before publishing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from kb_index.articles.model import Article

_UNIT = r"(?:元|块|天|日|个?工作日|个?小时|分钟|个?月|年|折|%|％|days?\b|hours?\b|working days?\b|yuan\b)"
_PATTERNS = (
    ("phone number", re.compile(r"(?<![A-Za-z0-9])\+?\d{2,4}(?:[- ]?[Xx×*＊]{2,4}){1,3}(?![A-Za-z0-9*])(?!\d)")),
    ("phone number", re.compile(r"(?<!\d)[48]00[- ]?(?:000[- ]?0000|123[- ]?4567|111[- ]?1111|888[- ]?8888)(?!\d)")),
    ("number", re.compile(rf"(?<![A-Za-z0-9])[Xx×]{{1,4}}\s*(?:[-–~至到]\s*[Xx×]{{1,4}}\s*)?{_UNIT}")),
    ("amount", re.compile(r"[¥￥$€]\s*[Xx×]{1,5}(?![A-Za-z0-9])")),
    ("date", re.compile(r"20[Xx]{2}\s*[年-]|[Xx]{1,2}\s*月\s*[Xx]{1,2}\s*日|\b[Yy]{4}-[Mm]{2}-[Dd]{2}\b")),
    ("note to the writer", re.compile(r"(?<![A-Za-z])(?:TO" r"DO|TBD|TBC|FIX" r"ME|XXXX+)(?![A-Za-z])")),
    ("note to the writer", re.compile(r"(?<![等不未对期])待定(?![期时位制金岗])|待补充|待填写|此处填写|请替换|占位")),
    ("filler text", re.compile(r"lorem ipsum", re.IGNORECASE)),
    ("sample address", re.compile(r"(?<![A-Za-z0-9-])(?:www\.)?example\.(?:com|org|net)\b", re.IGNORECASE)),
    ("number of zeros", re.compile(r"(?<![\d.,¥￥$-])0{4,}(?![\d.,])(?:[- ]?0{3,})?")),
    ("template field", re.compile(r"\{\{[^{}\n]{1,40}\}\}")),
    ("template field", re.compile(r"[\[<](?:填写|插入|公司名称?|电话|(?i:insert|your|company) )[^\]>\n]{0,40}[\]>]")),
)  # fmt: skip
_SAMPLE = re.compile(
    r"(?:例如|比如|形如|格式为?|如|e\.g\.?|such as|for example|like|format)[^。.!?\n]{0,24}$", re.IGNORECASE
)
_CLOCK_BEFORE = re.compile(r"\d\s*$")


@lru_cache(maxsize=1 << 15)  # an edit of one article must not read thousands again
def placeholders_in(article: Article) -> tuple[tuple[str, str, str], ...]:
    """(field, what kind of placeholder, the text itself) of everything that was not filled in."""
    return tuple(
        (field, what, hit)
        for field, text in texts_of(article)
        if text
        for what, hit in _placeholders(text, lines_of_examples=field == "answer")
    )


def texts_of(article: Article) -> Iterator[tuple[str, str]]:
    """Every text that a customer may read, with the field it stands in."""
    yield "title", article.title
    yield "answer", article.answer
    yield "short", article.short
    yield from ((f"variants.{variant.channel}", variant.text) for variant in article.variants)
    yield from ((f"facts.{fact.name}", fact.value) for fact in article.facts)


def _placeholders(text: str, *, lines_of_examples: bool) -> Iterator[tuple[str, str]]:
    taken: list[tuple[int, int]] = []
    for what, pattern in _PATTERNS:
        for hit in pattern.finditer(text):
            before = text[max(0, hit.start() - 40) : hit.start()]
            if any(start < hit.end() and hit.start() < end for start, end in taken):
                continue
            if what == "number" and _CLOCK_BEFORE.search(before):
                continue  # 7 x 24 小时
            if lines_of_examples and what in ("sample address", "number of zeros") and _SAMPLE.search(before):
                continue  # an example that says so
            taken.append(hit.span())
            yield what, hit[0].strip()
