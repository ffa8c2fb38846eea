"""Contradictions: two values for one thing, among declared facts and among the numbers of the texts.

Whether two numbers are about one thing is judged for precision: an article that contradicts another is not answered,
so one that does not must not be accused. Two clauses speak of one thing when they name exactly the same concepts
(words/concepts.txt, across languages) or when one says nothing but what the other says too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from kb_index.articles.mentions import Mention, concepts_in, content_words, mentions_in
from kb_index.articles.model import Article, Fact
from kb_index.articles.values import FactKind, Value, agree

OUTVOTED = 3
"""An article is not in doubt when at least so many times more articles say what it says than say otherwise."""

_COUNTED = (FactKind.AMOUNT, FactKind.PERCENT, FactKind.DEADLINE, FactKind.HOURS)
_CALLING = {"hotline", "service"}
_WHOSE_PHONE = {
    "merchant",
    "vip",
    "police",
    "bank",
    "business",
    "complain_line",
    "overseas",
    "repair",
    "hotel",
    "student",
}
_FEWEST_CONCEPTS = 2
_FEWEST_WORDS = 2
_LARGEST_BUCKET = 300
_FEWEST_ACROSS_LANGUAGES = 3
_SHARED_WORDS = 0.35
_LARGEST_RATIO = 12
_MOST_PAIRS = 400


REMEMBERED = 1 << 15
"""Articles, and things that they speak of, of which it is remembered what was found: an edit changes few of them."""


@dataclass(frozen=True, eq=False)
class Statement:
    """What one article says about one thing: where it says so, the value, and the words around it.

    Two are the same only when they are one object, so that a comparison of many is recognised by its statements.
    """

    article: Article
    value: Value
    written: str
    clause: str


@dataclass(frozen=True)
class Contradiction:
    """Two statements that cannot both be true; subject names the thing."""

    subject: str
    one: Statement
    other: Statement


def contradictions(articles: Sequence[Article], day: date) -> list[Contradiction]:
    """Every pair of articles valid on the day that contradict each other, once per thing; and articles in themselves.

    The articles are of one tenant.
    """
    valid = [article for article in articles if article.valid_on(day)]
    read = [*_between_texts(valid), *_between_versions(valid)]
    for article in valid:
        read += _within(article, day)
    found = [*_between_facts(valid, day), *(each for each in read if _in_one_currency(each))]
    seen: set[frozenset[tuple[str, str, str]]] = set()
    kept = []
    for each in found:
        pair = frozenset(
            (side.article.id, side.article.language, f"{each.subject.split(':')[0]} {side.value}")
            for side in (each.one, each.other)
        )
        if pair not in seen:
            seen.add(pair)
            kept.append(each)
    return kept


def _in_one_currency(found: Contradiction) -> bool:
    """$5 and ¥36 may be one price, and what either is worth changes by the day."""
    return found.one.value.kind is not FactKind.AMOUNT or found.one.value.unit == found.other.value.unit


def in_doubt(found: Sequence[Contradiction]) -> dict[tuple[str, str], list[tuple[Contradiction, bool]]]:
    """Articles (id, language) that a contradiction holds back, with whether they are its first side.

    Where almost all articles agree, only those that differ are held back: one wrong article must not silence ten.
    """
    held: dict[tuple[str, str], list[tuple[Contradiction, bool]]] = defaultdict(list)
    voices: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in found:
        for side in (each.one, each.other):
            voices[each.subject, str(side.value)].add(side.article.id)
    for each in found:
        first, second = (len(voices[each.subject, str(side.value)]) for side in (each.one, each.other))
        if first < OUTVOTED * second:
            held[each.one.article.id, each.one.article.language].append((each, True))
        if second < OUTVOTED * first:
            held[each.other.article.id, each.other.article.language].append((each, False))
    return dict(held)


def _between_facts(articles: Sequence[Article], day: date) -> Iterator[Contradiction]:
    """Declared facts of one name."""
    by_name: dict[tuple[str, FactKind], list[tuple[Article, Fact]]] = defaultdict(list)
    for article in articles:
        for fact in article.facts:
            if fact.valid_on(day):
                by_name[fact.name, fact.kind].append((article, fact))
    for (name, _), stated in by_name.items():
        if all(agree(stated[0][1].normal, fact.normal) for _, fact in stated[1:]):
            continue
        statements = [Statement(article, fact.normal, fact.value, f"{name}: {fact.value}") for article, fact in stated]
        yield from _pairs(f"fact:{name}", statements)


def _pairs(subject: str, statements: Sequence[Statement]) -> Iterator[Contradiction]:
    """Statements about one thing that do not agree, of which no article also says what the other one says.

    Articles that say the same are one side. Of two sides each article is held against one of the other, not each
    against each: a hotline that stands in a thousand articles is mistyped in one.
    """
    by_article: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    for each in statements:
        by_article[each.article.id, each.article.language].append(each)
    if len(by_article) == 1:
        first, *others = statements
        yield from (Contradiction(subject, first, each) for each in others if not agree(first.value, each.value))
    by_values: dict[frozenset[str], list[list[Statement]]] = defaultdict(list)
    for said in by_article.values():
        by_values[frozenset(str(each.value) for each in said)].append(said)
    sides = list(by_values.values())
    for place, left in enumerate(sides):
        for right in sides[place + 1 :]:
            if not any(agree(one.value, other.value) for one in left[0] for other in right[0]):
                yield from _against(subject, left, right)


def _against(
    subject: str, left: Sequence[Sequence[Statement]], right: Sequence[Sequence[Statement]]
) -> Iterator[Contradiction]:
    if len(left) * len(right) <= _MOST_PAIRS:
        pairs = {(one, other) for one in range(len(left)) for other in range(len(right))}
    else:
        pairs = {(one, 0) for one in range(len(left))} | {(0, other) for other in range(len(right))}
    for one, other in sorted(pairs):
        if left[one][0].article.about(right[other][0].article):
            yield Contradiction(subject, left[one][0], right[other][0])


@dataclass(frozen=True, eq=False)
class _Read:
    """A statement as it was read, with the keys under which others about the same thing are found."""

    statement: Statement
    mention: Mention
    topics: tuple[tuple[object, ...], ...]
    words: tuple[str, ...]


@lru_cache(maxsize=REMEMBERED)
def _read_in(article: Article) -> tuple[_Read, ...]:
    """Everything that an article's answer states."""
    found = []
    for mention in mentions_in(article.answer, article.language):
        statement = Statement(article, mention.value, mention.written, mention.clause)
        alone = mention.kind in _COUNTED and not mention.concepts
        words = sorted(mention.words, key=lambda word: (-len(word), word))[:3] if alone else ()
        found.append(_Read(statement, mention, tuple(_topics(mention)), tuple(words)))
    return tuple(found)


def _between_texts(articles: Sequence[Article]) -> Iterator[Contradiction]:
    """Numbers in the answers of different articles; versions of one article are compared elsewhere."""
    by_topic: dict[tuple[object, ...], list[Statement]] = defaultdict(list)
    by_word: dict[tuple[FactKind, str, str], list[_Read]] = defaultdict(list)
    for article in articles:
        for read in _read_in(article):
            for topic in read.topics:
                by_topic[topic].append(read.statement)
            for word in read.words:
                by_word[read.mention.kind, article.language, word].append(read)
    for topic, statements in by_topic.items():
        yield from _about(topic, tuple(statements))
    for bucket in by_word.values():
        if len(bucket) <= _LARGEST_BUCKET:
            yield from _said_again(tuple(bucket))


@lru_cache(maxsize=REMEMBERED)
def _about(topic: tuple[object, ...], statements: tuple[Statement, ...]) -> tuple[Contradiction, ...]:
    """Contradictions of different articles about one topic."""
    return tuple(
        each
        for each in _pairs(_subject(topic), statements)
        if each.one.article.id != each.other.article.id and _comparable(each, topic)
    )


def _comparable(found: Contradiction, topic: Sequence[object]) -> bool:
    """Whether equal concepts are enough to say that two clauses speak of one thing."""
    one, other = found.one, found.other
    if topic[0] in (FactKind.PHONE, FactKind.EMAIL):
        return True
    if not _alike_in_size(one.value, other.value):
        return False
    if one.article.language != other.article.language:
        return len(topic) > _FEWEST_ACROSS_LANGUAGES
    left, right = content_words(one.clause), content_words(other.clause)
    if _says_no_more(left, right):
        return True
    if len(topic) <= _FEWEST_CONCEPTS or (_of_no_concept(left - right) and _of_no_concept(right - left)):
        return False  # such as the warehouse in one city, and the one in another
    return len(left & right) >= _SHARED_WORDS * len(left | right)


def _says_no_more(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether one clause has no word that the other lacks, and the other not many more."""
    if left == right:
        return True
    shared = len(left & right)
    return (left <= right or right <= left) and shared >= _FEWEST_WORDS and shared >= 0.6 * len(left | right)


def _of_no_concept(words: frozenset[str]) -> bool:
    """Whether some of the words are not just another way to name a concept."""
    return any(not concepts_in(word, "en") for word in words)


def _alike_in_size(one: Value, other: Value) -> bool:
    """Nobody means the same thing with 30 minutes and 3 years; such a pair was misread."""
    hours = {"hour": 1, "working_day": 24, "month": 720}
    left, right = (float(each.high or 0) * hours.get(each.unit, 1) for each in (one, other))
    return min(left, right) * _LARGEST_RATIO >= max(left, right)


def _topics(mention: Mention) -> list[tuple[object, ...]]:
    """What a mention is about, as keys under which the same thing is found in another article."""
    if mention.kind is FactKind.PHONE:
        whose = mention.concepts & _WHOSE_PHONE
        return [(mention.kind, *sorted(whose))] if mention.concepts & _CALLING else []
    if mention.kind is FactKind.EMAIL:
        return [(mention.kind, mention.value.text.partition("@")[0])]
    if mention.kind not in _COUNTED or not mention.concepts:
        return []
    return [(mention.kind, *sorted(mention.concepts))]


def _subject(topic: Sequence[object]) -> str:
    return ":".join(map(str, topic))


@lru_cache(maxsize=REMEMBERED)
def _said_again(bucket: tuple[_Read, ...]) -> tuple[Contradiction, ...]:
    """Clauses of one language without any known concept, of which one has no word that the other lacks."""
    found = []
    for place, left in enumerate(bucket):
        one, first = left.statement, left.mention
        for right in bucket[place + 1 :]:
            other, second = right.statement, right.mention
            if one.article.id == other.article.id or agree(one.value, other.value):
                continue
            if (
                one.article.about(other.article)
                and len(first.words & second.words) >= _FEWEST_WORDS
                and _says_no_more(first.words, second.words)
            ):
                words = sorted(first.words & second.words)
                subject = f"{first.kind}:{' '.join(words[:6])}"
                if not _says_too(one, second) and not _says_too(other, first):
                    found.append(Contradiction(subject, one, other))
    return tuple(found)


def _says_too(statement: Statement, mention: Mention) -> bool:
    """Whether the statement's article has the other value about the same thing as well, as a range of cases."""
    said = mentions_in(statement.article.answer, statement.article.language)
    return any(
        agree(each.value, mention.value) and each.kind is mention.kind and each.concepts == mention.concepts
        for each in said
    )


def _between_versions(articles: Sequence[Article]) -> Iterator[Contradiction]:
    """Language versions of one article say the same numbers, however the sentences are built."""
    versions: dict[str, list[Article]] = defaultdict(list)
    for article in articles:
        versions[article.id].append(article)
    for several in versions.values():
        for place, one in enumerate(several):
            for other in several[place + 1 :]:
                yield from _between_two(one, other)


@lru_cache(maxsize=REMEMBERED)
def _between_two(one: Article, other: Article) -> tuple[Contradiction, ...]:
    """Values on both sides that the other side lacks: a value left out on one side only is no contradiction."""
    found = []
    left, right = mentions_in(one.answer, one.language), mentions_in(other.answer, other.language)
    for kind in (*_COUNTED, FactKind.PHONE, FactKind.EMAIL):
        missing_right = _lacking(left, right, kind)
        missing_left = _lacking(right, left, kind)
        if len(missing_right) == len(missing_left):
            for mine, theirs in zip(missing_right, missing_left, strict=True):
                left_says = Statement(one, mine.value, mine.written, mine.clause)
                right_says = Statement(other, theirs.value, theirs.written, theirs.clause)
                found.append(Contradiction(f"{kind}:versions of {one.id}", left_says, right_says))
    return tuple(found)


def _lacking(mentions: Sequence[Mention], others: Sequence[Mention], kind: FactKind) -> list[Mention]:
    """Mentions of the kind, each value once, that no mention on the other side agrees with."""
    found: dict[str, Mention] = {}
    for mention in mentions:
        if mention.kind is kind and not any(agree(mention.value, each.value) for each in others if each.kind is kind):
            found.setdefault(str(mention.value), mention)
    return list(found.values())


@lru_cache(maxsize=REMEMBERED)
def _within(article: Article, day: date) -> tuple[Contradiction, ...]:
    """A fact or a short answer with a value that the long answer has otherwise."""
    found = []
    said = mentions_in(article.answer, article.language)
    others = [(fact.name, fact.kind, fact.normal, fact.value) for fact in article.facts if fact.valid_on(day)]
    wordings = [("short", article.short), *((variant.channel, variant.text) for variant in article.variants)]
    for name, text in wordings:
        others += [(name, each.kind, each.value, each.written) for each in mentions_in(text, article.language)]
    for name, kind, value, written in others:
        same_kind = [each for each in said if each.kind is kind]
        if (
            same_kind
            and kind in (*_COUNTED, FactKind.PHONE)
            and not any(agree(value, each.value) for each in same_kind)
        ):
            nearest = same_kind[0]
            stated = Statement(article, value, written, f"{name}: {written}")
            answered = Statement(article, nearest.value, nearest.written, nearest.clause)
            found.append(Contradiction(f"{kind}:{name}", stated, answered))
    return tuple(found)
