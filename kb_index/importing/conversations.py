"""Past conversations as drafts: what a customer asked, and what an agent answered after it.

Reads what `python -m handoff_service export` prints, one export or conversation per line or one in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kb_index.errors import SourceUnreadable
from kb_index.importing.cleaning import clean, language_of
from kb_index.importing.model import Item, Skip
from kb_index.text.masking import mask

MOST_QUESTION_MESSAGES = 3
_PLEASANTRY = re.compile(
    r"(?i)[\s!！。.~～,，?？]*(?:(?:你好|您好|在吗|在么|hi|hello|hey|谢谢|感谢|好的?|嗯|ok(?:ay)?|thanks?(?: you)?"
    r"|是的?|不是|没有|没了|有人吗|人工|转人工|请稍等|稍等|好滴|收到|bye|再见|yes|no|sure|one moment(?: please)?|亲)"
    r"[\s!！。.~～,，?？]*)+"
)
_GREETING = re.compile(r"(?i)^\s*(?:(?:亲|您好|你好|hello|hi(?: there)?|hey)\s*[,，!！。.~～]+\s*)+")
SHORTEST = {"zh": (4, 12), "en": (10, 25)}
"""Characters that a question and an answer have at least, by language."""


def read_conversations(text: str, source: str) -> tuple[list[Item], list[Skip]]:
    """Pairs as drafts; raises SourceUnreadable when nothing in the file is a conversation."""
    items: list[Item] = []
    skips: list[Skip] = []
    found = 0
    for where, record in _records(text, skips):
        for conversation in record.get("conversations", [record]) if isinstance(record, dict) else [record]:
            if not isinstance(conversation, dict) or not isinstance(conversation.get("entries"), list):
                skips.append(Skip(where, "no conversation: it has no entries", fault=True))
                continue
            found += 1
            _add_pairs(conversation, where, items, skips)
    if not found:
        why = skips[0].why if skips else "it is empty"
        raise SourceUnreadable(source, f"no conversations, expected what `handoff_service export` prints ({why})")
    return items, skips


def _records(text: str, skips: list[Skip]) -> Iterator[tuple[str, Any]]:
    """The JSON values of a file: one, or one a line."""
    try:
        yield "file", json.loads(text)
        return
    except (ValueError, RecursionError):
        pass
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
            skips.append(Skip(f"line {number}", f"not JSON: {reason}", fault=True))


def _add_pairs(conversation: Mapping[str, Any], where: str, items: list[Item], skips: list[Skip]) -> None:
    name = str(conversation.get("conversation") or where)[:80]
    asked: list[str] = []
    answered: list[str] = []
    first = 0

    def end_pair() -> None:
        if asked and answered:
            _add_pair(name, first, asked, answered, items, skips)
        if answered:
            asked.clear()
            answered.clear()

    for entry in conversation["entries"]:
        author, text = _said(entry)
        if author == "customer":
            end_pair()
            if text and not _is_pleasantry(text):
                asked.append(text)
        elif author == "agent" and asked and text and not _is_pleasantry(text):
            first = first if answered else int(entry["seq"]) if isinstance(entry.get("seq"), int) else 0
            answered.append(_GREETING.sub("", text))
    end_pair()


def _is_pleasantry(text: str) -> bool:
    return len(text) <= 60 and _PLEASANTRY.fullmatch(text) is not None


def _said(entry: object) -> tuple[str, str]:
    """Who said what in an entry; two empty texts for what is no public message."""
    if not isinstance(entry, dict) or entry.get("kind") != "message" or entry.get("audience", "public") != "public":
        return "", ""
    body, author = entry.get("body"), entry.get("author")
    if not isinstance(body, dict) or not isinstance(author, dict) or body.get("erased") or body.get("interim"):
        return "", ""
    text = body.get("text")
    return str(author.get("kind") or ""), clean(text) if isinstance(text, str) else ""


def _add_pair(name: str, seq: int, asked: list[str], answered: list[str], items: list[Item], skips: list[Skip]) -> None:
    where = f"conversation {name} message {seq}"
    language = language_of(" ".join(asked + answered)) or "zh"
    question, answer = " ".join(asked[-MOST_QUESTION_MESSAGES:]), "\n".join(answered)
    question, in_question = mask(question, language=language)
    answer, in_answer = mask(answer, language=language)
    shortest_question, shortest_answer = SHORTEST[language]
    if len(question) < shortest_question or len(answer) < shortest_answer:
        skips.append(Skip(where, "the question or the answer is too short to be understood by itself"))
        return
    if len(question) > 280:
        skips.append(Skip(where, "the question is longer than 280 characters: it tells a story, write it by hand"))
        return
    count = in_question + in_answer
    note = f"from a conversation; {count} personal details masked" if count else "from a conversation"
    items.append(
        Item(
            key=f"{name}#{seq}",
            where=where,
            title=question,
            questions=(question,),
            answer=answer,
            fields={"language": language},
            draft_because=note,
        )
    )
