"""Asking for a person, as the gateway hears it while the bot's classifier is away: the words that the bot listens for
(`bot.hearing`), looser ones beside them, what typing, voice input and two languages in one line make of both, and for
what no word of theirs says weights learnt from the bot's training lines. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.hearing import foreign, wish
from bot.hearing.asking import OPERATOR, asks_plainly, own_wishes, plain, refuses
from bot.hearing.script import simplified
from bot.hearing.words import OTHER_MATTERS
from handoff_service.bots.misspelt import Spelling, heard_rightly

ENDS = 2000
"""Characters that are read at the beginning and at the end of a line."""


MOST_OF_A_CALL = 48
"""A clause that is nothing but a call for somebody is no longer than this."""


MOST_CLAUSES = 20
"""Clauses that are weighed one by one: of more, the first and the last."""


_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufe0e\ufe0f\U0001f000-\U0001faff]+")
# "转，人，工": marks between the characters of one word.
_SPREAD = re.compile(r"(?<=[转人工客服真])[\s,，.。~～、·*_-]+(?=[人工客服真])")
_CLAUSES = re.compile(r"[，,。.！!？?；;：:…~～、()（）【】「」\"“”*#\n]+")

_SENTENCES = re.compile(r"[?？!！。;；]+")

_ANCHOR = re.compile(r"(?<![a-z])(?:ren{1,2}g? ?gong|ke ?fu|zhen ?ren|huo ?ren|ge ?ren|z?rg)(?![a-z])", re.IGNORECASE)
_PINYIN = tuple(
    (re.compile(rf"(?<![a-z]){sounds}(?![a-z]) ?", re.IGNORECASE), word)
    for sounds, word in (
        ("zh?uan ?(?:yi ?xia ?)?ren{1,2}g? ?gong", "转人工"),
        ("ren{1,2}g? ?gong", "人工"),
        ("ke ?fu", "客服"),
        ("zhen ?ren", "真人"),
        ("huo ?ren", "活人"),
        ("z?rg", "转人工"),
        ("ge ?ren", "个人"),
        ("wo ?(?:xiang ?)?yao", "我要"),
        ("zhao", "找"),
        ("huan", "换"),
        ("qing", "请"),
        ("bang ?wo", "帮我"),
        ("gei ?wo", "给我"),
        ("zai ?ma", "在吗"),
        ("fu ?wu", "服务"),
        ("xie ?xie", "谢谢"),
        ("yao|want", "要"),
        ("lai", "来"),
    )
)
_IN_HAN = (  # English words of a Chinese line
    (re.compile(r"(?<![a-z])real(?=人)", re.IGNORECASE), "真"),
    (
        re.compile(r"(?<![a-z])(?:(?:real|live|human) )?(?:human|person|agent|rep(?:resentative)?)(?![a-z])", re.I),
        "真人",
    ),
    (re.compile(r"(?<![a-z])(?:customer (?:service|support)|staff|supervisor)(?![a-z])", re.IGNORECASE), "客服"),
    (re.compile(r"(?<![a-z])(?:zrg|转 ?rg|r工|人g)(?![a-z])", re.IGNORECASE), "人工"),
)
_IN_LATIN = (  # Chinese words of an English line
    (re.compile(r"(?:人工|真人|在线)?客服(?:的?人)?|人工|真人|活人"), " agent "),
    (re.compile("我?想?要|需要"), " i want "),
    (re.compile("想?跟|想?和"), " talk to "),
    (re.compile("转接?到?"), " transfer to "),
    (re.compile("[找换]一?个?"), " get me an "),
)
_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[a-z]{2}", re.IGNORECASE)


def _one_of(patterns: Iterable[str]) -> re.Pattern[str]:
    whole = "|".join(patterns)
    for name, meant in _LISTS["names"].items():
        whole = whole.replace(f"<{name}>", meant)
    return re.compile(whole, re.IGNORECASE)


_LISTS: Mapping[str, Any] = yaml.load(
    Path(__file__).with_name("asking.yml").read_text("utf-8"), Loader=yaml.CSafeLoader
)
_LOOSELY, _ALONE, _NOT_ASKED = (_one_of(_LISTS[name]) for name in ("loosely", "alone", "not_asked"))
_SPELLING = Spelling(meant=_LISTS["meant"].split(), other_words=_LISTS["other_words"].split())


def lines_of(text: str) -> list[str]:
    """Each line, and of one that is long both ends: that is where a wish stands."""
    return [
        part
        for line in text.splitlines()
        for part in ([line] if len(line) <= 2 * ENDS else [line[:ENDS], line[-ENDS:]])
        if part.strip()
    ]


def asks_for_human(text: str) -> bool:
    """Whether one of the lines asks for a person."""
    return any(_asks(line) for line in lines_of(text))


@lru_cache(maxsize=512)
def _asks(line: str) -> bool:
    if OPERATOR.fullmatch(line) or asks_plainly(plain(line)) or foreign.asks_for_person(line):
        return True
    words = _SPREAD.sub("", _UNSEEN.sub("", plain(simplified(line))))
    # Beside a no the sentences are not read one by one: "why transfer me to a human? I need none".
    return any(
        _is_asked(sentence)
        for reading in _readings(words)
        for sentence in ([reading] if refuses(reading) else _SENTENCES.split(reading))
        if sentence
    )


def _readings(words: str) -> Iterable[str]:
    """What was written, what was meant where it is misspelt or misheard, and both languages of a mixed line in one."""
    yield words
    spelt = _SPELLING.corrected(heard_rightly(words))
    if spelt != words:
        yield spelt
    if _ANCHOR.search(spelt) and not _HAN.search(spelt):
        yield _with(spelt, _PINYIN)
    elif _HAN.search(spelt) and _LATIN.search(spelt):
        yield re.sub(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])", "", _with(_with(spelt, _PINYIN), _IN_HAN))
        yield " ".join(_with(_with(spelt, _PINYIN), _IN_LATIN).split())


def _with(text: str, changes: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, instead in changes:
        text = pattern.sub(instead, text)
    return text


def _is_asked(words: str) -> bool:
    if asks_plainly(words):
        return True
    here = OTHER_MATTERS.sub(" ", words)
    if refuses(words) or _NOT_ASKED.search(here):
        rest = own_wishes(words)
        return rest != words and _is_asked(rest)
    clauses = [clause for clause in _CLAUSES.split(here) if clause.strip()]
    if _LOOSELY.search(here) or any(_ALONE.fullmatch(one) for one in clauses if len(one) <= MOST_OF_A_CALL):
        return True
    if here != words:  # the weights know nothing of what was taken out
        return wish.probability(own_wishes(words)) >= wish.LIKELY
    likely = wish.probability(words) >= wish.LIKELY
    ends = clauses if len(clauses) <= MOST_CLAUSES else clauses[: MOST_CLAUSES // 2] + clauses[-MOST_CLAUSES // 2 :]
    return likely or any(wish.probability(one) >= wish.SURE for one in ends)
