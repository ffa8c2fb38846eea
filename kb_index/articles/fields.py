"""Checking an article's fields, whether they come from a file's front matter or from a request."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from kb_index.articles.model import LANGUAGES, Article, Audience, Fact, State, Variant
from kb_index.articles.values import SAME_AS, FactKind, normalise

FEWEST_QUESTIONS = 3
MOST_QUESTIONS = 10_000
LONGEST_ANSWER = 6000
LONGEST_PAGE = 20_000
"""Characters of an answer that has a short one beside it: only a page shows it."""
MOST_FACTS = 100
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
CATEGORY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}(/[a-z0-9][a-z0-9-]{0,63}){0,4}")
CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,31}")
REQUIRED = ("id", "language", "category", "title", "questions", "audience", "owner", "valid_from", "review_by")
OPTIONAL = ("valid_to", "tags", "short", "variants", "facts", "products", "quote_only", "state")
_FACT_KEYS = ("name", "kind", "value", "valid_from", "valid_to")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Report = Callable[[str, str], None]
"""Called with a field ("facts.2.value") and what is wrong with it."""


def read_fields(values: Mapping[str, Any], *, tenant: str, report: Report) -> Article:
    """The article of the values; what is wrong is reported and replaced, so that checking goes on.

    The result is good only if nothing was reported.
    """
    return _Fields(values, tenant=tenant, report=report).article()


def closest(word: str, known: Collection[str]) -> str:
    """A hint for what was probably meant, or what to do without one."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else "remove it"


class _Fields:
    """One article's fields while they are checked."""

    def __init__(self, values: Mapping[str, Any], *, tenant: str, report: Report) -> None:
        self._values = values
        self._tenant = tenant
        self._report = report

    def article(self) -> Article:
        for key in self._values:
            if key not in (*REQUIRED, *OPTIONAL, "answer"):
                self._report(key, f"unknown key {key!r}: {closest(key, REQUIRED + OPTIONAL)}")
        valid_from, review_by, valid_to = self._days()
        quote_only = self._flag("quote_only")
        short = self._text("short", longest=1000)
        variants = self._variants()
        if quote_only and (short or variants):
            self._report("quote_only", "quote_only means the exact words of the answer: remove short and variants")
        return Article(
            tenant=self._tenant,
            id=self._name("id"),
            language=self._language(),
            category=self._category(),
            title=self._text("title", longest=120),
            questions=self._questions(),
            audience=self._audience(),
            owner=self._text("owner", longest=80),
            valid_from=valid_from,
            review_by=review_by,
            valid_to=valid_to,
            tags=self._texts("tags"),
            answer=self._answer(longest=LONGEST_PAGE if short or variants else LONGEST_ANSWER),
            short=short,
            variants=variants,
            facts=self._facts(),
            products=self._products(),
            quote_only=quote_only,
            state=self._state(),
        )

    def _days(self) -> tuple[date, date, date | None]:
        valid_from, review_by = self._date("valid_from"), self._date("review_by")
        valid_to = self._date("valid_to") if self._values.get("valid_to") is not None else None
        if valid_to is not None and valid_from is not None and valid_to < valid_from:
            self._report("valid_to", f"valid_to {valid_to} is before valid_from {valid_from}")
        if review_by is not None and valid_from is not None and review_by < valid_from:
            self._report("review_by", f"review_by {review_by} is before valid_from {valid_from}")
        return valid_from or date.min, review_by or date.max, valid_to

    def _date(self, key: str, *, values: Mapping[str, Any] | None = None, field: str = "") -> date | None:
        values = self._values if values is None else values
        value = values.get(key)
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if key in values:
            self._report(field or key, f"{key} must be a date like 2026-01-31, not {_shown(value)}")
        return None

    def _text(self, key: str, *, longest: int) -> str:
        value = self._values.get(key)
        if key not in self._values:
            return ""
        if not isinstance(value, str) or not value.strip():
            self._report(key, f"{key} must be a text (put it in quotes), not {_shown(value)}")
            return ""
        if len(value) > longest or UNPRINTABLE.search(value):
            self._report(key, f"{key} must be printable and at most {longest} characters long")
        return value.strip()

    def _answer(self, *, longest: int) -> str:
        answer = self._values.get("answer", "")
        if not isinstance(answer, str) or not answer.strip():
            self._report("answer", "the answer is empty: write it below the front matter")
            return ""
        if len(answer) > longest:
            hint = (
                "" if longest == LONGEST_PAGE else f" (a page up to {LONGEST_PAGE}, if 'short' has the chat's answer)"
            )
            self._report("answer", f"the answer has {len(answer)} characters: at most {longest} fit a chat{hint}")
        if UNPRINTABLE.search(answer):
            self._report("answer", "the answer holds control characters: remove them")
        return answer.strip()

    def _name(self, key: str) -> str:
        value = self._text(key, longest=64)
        if value and not NAME.fullmatch(value):
            self._report(key, f"{key} {value!r} must be lower-case letters, digits and '-'")
        return value

    def _category(self) -> str:
        value = self._text("category", longest=200)
        if value and not CATEGORY.fullmatch(value):
            self._report("category", f"category {value!r} must be like 'returns' or 'returns/refund', lower-case")
        return value

    def _language(self) -> str:
        value = self._text("language", longest=40)
        if value and value not in LANGUAGES:
            known = " and ".join(LANGUAGES)
            self._report("language", f"language {value!r} is not supported, only {known}: translate the article")
        return value

    def _audience(self) -> Audience:
        value = self._text("audience", longest=20)
        if value and value not in list(Audience):
            self._report("audience", f"audience {value!r} must be {' or '.join(Audience)}")
            return Audience.AGENTS
        return Audience(value) if value else Audience.AGENTS

    def _state(self) -> State:
        value = self._values.get("state", State.PUBLISHED)
        if value not in list(State):
            self._report("state", f"state {_shown(value)} must be {', '.join(State)}")
            return State.DRAFT
        return State(value)

    def _questions(self) -> tuple[str, ...]:
        questions = self._texts("questions")
        if "questions" in self._values and len(questions) < FEWEST_QUESTIONS:
            found = f"{len(questions)} different question(s)"
            self._report("questions", f"{found}: write at least {FEWEST_QUESTIONS}, worded differently")
        if len(questions) > MOST_QUESTIONS:
            self._report("questions", f"{len(questions)} questions: at most {MOST_QUESTIONS}, keep those that differ")
        return questions

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._values.get(key)
        if key not in self._values:
            return ()
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item.strip() for item in value):
            self._report(key, f"{key} must be a list of texts ('- ...', quotes where there is a ':')")
            return ()
        if any(len(item) > 300 or UNPRINTABLE.search(item) for item in value):
            self._report(key, f"{key} must be printable and at most 300 characters each")
        return tuple(dict.fromkeys(item.strip() for item in value))

    def _products(self) -> tuple[str, ...]:
        products = self._texts("products")
        for product in products:
            if not NAME.fullmatch(product):
                self._report("products", f"product {product!r} must be lower-case letters, digits and '-'")
        return products

    def _flag(self, key: str) -> bool:
        value = self._values.get(key, False)
        if not isinstance(value, bool):
            self._report(key, f"{key} must be true or false, not {_shown(value)}")
        return value is True

    def _variants(self) -> tuple[Variant, ...]:
        value = self._values.get("variants", {})
        if not isinstance(value, Mapping):
            self._report("variants", "variants must be 'channel: text' lines, such as 'wechat: ...'")
            return ()
        found = []
        for channel, text in value.items():
            field = f"variants.{channel}"
            if not isinstance(channel, str) or not CHANNEL.fullmatch(channel):
                self._report("variants", f"{_shown(channel)} must be a kind of channel such as wechat or web_widget")
            elif (
                not isinstance(text, str) or not text.strip() or len(text) > LONGEST_ANSWER or UNPRINTABLE.search(text)
            ):
                self._report(field, f"the wording for {channel} must be a text of at most {LONGEST_ANSWER} characters")
            else:
                found.append(Variant(channel, text.strip()))
        return tuple(found)

    def _facts(self) -> tuple[Fact, ...]:
        value = self._values.get("facts", ())
        if not isinstance(value, (list, tuple)) or len(value) > MOST_FACTS:
            self._report("facts", f"facts must be a list of at most {MOST_FACTS} with name, kind and value")
            return ()
        read = (self._fact(f"facts.{place}", fact) for place, fact in enumerate(value))
        return tuple(fact for fact in read if fact is not None)

    def _fact(self, field: str, value: object) -> Fact | None:
        if not isinstance(value, Mapping) or not all(isinstance(value.get(key), str) for key in _FACT_KEYS[:3]):
            self._report(field, "a fact has a name, a kind and a value; put the value in quotes")
            return None
        for key in value:
            if key not in _FACT_KEYS:
                self._report(field, f"unknown key {_shown(key)} of a fact: {closest(str(key), _FACT_KEYS)}")
        name, written = value["name"], value["value"]
        kind = SAME_AS.get(value["kind"], value["kind"])
        if not NAME.fullmatch(name):
            self._report(f"{field}.name", f"name {_shown(name)} must be lower-case letters, digits and '-'")
        if kind not in list(FactKind):
            known = ", ".join([*FactKind, *SAME_AS])
            self._report(f"{field}.kind", f"kind {_shown(kind)} is unknown: use one of {known}")
            return None
        if len(written) > 300 or UNPRINTABLE.search(written):
            self._report(f"{field}.value", "the value of a fact must be printable and at most 300 characters long")
            return None
        try:
            normalise(FactKind(kind), written)
        except ValueError as error:
            self._report(f"{field}.value", f"value {_shown(written)} cannot be read as {kind}: {error}")
            return None
        days = {
            key: self._date(key, values=value, field=f"{field}.{key}")
            for key in ("valid_from", "valid_to")
            if value.get(key) is not None
        }
        fact = Fact(name=name, kind=FactKind(kind), value=written.strip(), **days)
        if fact.valid_from is not None and fact.valid_to is not None and fact.valid_to < fact.valid_from:
            self._report(f"{field}.valid_to", f"valid_to {fact.valid_to} is before valid_from {fact.valid_from}")
        return fact


def _shown(value: object) -> str:
    """A value for a message, never longer than a line."""
    shown = repr(value) if isinstance(value, (str, int, float, bool, date, type(None))) else f"a {type(value).__name__}"
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
