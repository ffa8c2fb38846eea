"""Promises to a customer in what agents and the bot say, in Chinese and English: pure, sentence by sentence.

A sentence promises when one of its clauses says that one of us will do something for him. What is asked, known from
before, said of everybody, tied to a condition, refused, or his to do, is no promise, though the words are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handoff_service.promises import chinese, english
from handoff_service.promises.when import Said, due_in, is_soon

_SENTENCE = re.compile(r"[^。！？!?；;\n]+?(?:[。！？!?；;\n]+|\.(?=\s|$)|$)")
_CLAUSE = re.compile(r"[,，;；:：—]+\s*")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_ANSWERS = re.compile(
    r"回[复覆话电您你]|答[复覆]|联[系络]|聯[繫絡]|致电|致電|来电|來電|电话|電話|通知|告[知诉訴]|反[馈饋]|跟[进進您你]|核[实對对]|确认|確認|"
    r"查|问|問|催|说明|說明|说法|說法|结果|結果|"
    r"\b(?:repl\w+|answer\w*|get back|come back|call|ring|phone|contact\w*|write|e-?mail|text|tell|let you know|"
    r"update|"
    r"inform|notify|report|follow|check|ask|look|find out|hear|keep you|in touch|respon\w+|confirm\w*|back (?:in|"
    r"with))\b",
    re.IGNORECASE,
)


class Deed(StrEnum):
    """What was promised: an answer, which the next message of an agent gives, or an act, which somebody marks done."""

    ANSWER = "answer"
    ACT = "act"


@dataclass(frozen=True)
class Found:
    """A sentence that promises; `due_at` is None when it names no time, `soon` when it says "at once" instead."""

    text: str
    deed: Deed
    due_at: datetime | None
    soon: bool


def promises_made(text: str, said: Said, *, by_person: bool) -> Iterator[Found]:
    """The promises in a message, in its order, with the times that they name."""
    for sentence, clauses in _promising(text, by_person=by_person):
        promised = "，".join(clauses)
        due = due_in(promised, said) or due_in(sentence, said)
        deed = Deed.ANSWER if _ANSWERS.search(promised) else Deed.ACT
        yield Found(sentence, deed, due, soon=due is None and is_soon(promised))


def promises_in(text: str, *, by_person: bool) -> Iterator[str]:
    """The sentences in which something is promised, in the words in which it was."""
    return (sentence for sentence, _ in _promising(text, by_person=by_person))


def _promising(text: str, *, by_person: bool) -> Iterator[tuple[str, list[str]]]:
    """Sentences with those of their clauses that promise something."""
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if clauses := _clauses(sentence, by_person=by_person):
            yield sentence, clauses


def _clauses(sentence: str, *, by_person: bool) -> list[str]:
    """None of a question or of what is tied to a condition. Of a bot, none that says how things go for everybody."""
    words = chinese if _HAN.search(sentence) else english
    if words.ASKED.search(sentence) or words.CONDITION.search(sentence):
        return []
    clauses = [clause.strip() for clause in _CLAUSE.split(sentence) if clause.strip()]
    found = [one for one in clauses if words.PROMISED.search(one) and not words.NOT_PROMISED.search(one)]
    if by_person:
        return found
    return [one for one in found if words.ADDRESSED.search(one) and not words.EXPECTED.search(one)]
