"""How likely it is that a sentence asks for a person, where no word of the lists says so: weights learnt from the
training lines by `python -m bot wish`, run without any library. Pure.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).with_name("wish.json")
TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+|[\u3400-\u9fff]")
LATIN = re.compile(r"[a-z]")
SOMEBODY = re.compile(
    r"(?:客服|售后|技术|财务|仓库|工作|专业|相关|管理|值班)(?:代表|专员|主管|经理|人员|同事|小姐姐|小哥|老师)|客服|人工|真人|活人|坐席|专员|同事|"
    r"人员|主管|经理|领导|负责人|负责的|管事的|上级|上司|店长|组长|老板|师傅|顾问|接线员|话务员|管家|"
    r"\b(?:humans?|human beings?|persons?|people|agents?|rep(?:resentative)?s?|operators?|supervisors?|managers?|boss|"
    r"colleagues?|co-?workers?|advis[eo]rs?|specialists?|technicians?|executives?|employees?|staff|team ?members?|"
    r"assistants?|superiors?|somebody|someone|anybody|anyone|lady|guy|gentleman|team)\b"
)
WHO = "whoever"
SPOKEN_OF = re.compile(
    SOMEBODY.pattern + r"|人|谁|换个|技术|机器|智能|程序|自动|接线|值班|上级|懂|管|活的|"
    r"\b(?:who\w*|one|bots?|robots?|machines?|computer|"
    r"automat\w+|transfer|escalate|escalation|support|service|ren|gong|kefu|zhuan|put me|hand me)\b",
    re.IGNORECASE,
)
LENGTHS = (1, 2, 3, 5, 8, 13, 21)
MOST_CHARACTERS = 240
"""Of a longer sentence the weights know nothing: they were learnt from short ones."""

LIKELY, SURE = 0.75, 0.9
"""Of a whole sentence, and of one clause of it, from where this is believed."""

WordWeights = tuple[Mapping[str, float], float]
"""A weight for each feature, and what speaks for the wish before anything was read."""


def features(text: str) -> set[str]:
    """The words of a sentence, their neighbours and pairs of them with a word between, and the same once more with
    every word for somebody put alike."""
    written = text.lower()
    return _of(TOKEN.findall(written)) | _of(TOKEN.findall(SOMEBODY.sub(f" {WHO} ", written)))


def _of(tokens: list[str]) -> set[str]:
    words = ["#" if token[0].isdigit() else token for token in tokens]
    marked = ["^", *words, "$"]
    found = {*words, *_runs(marked, 2), *_runs(marked, 3)}
    found.update(f"{a} _ {b}" for a, b in zip(marked, marked[2:], strict=False))
    found.update(f"{a} __ {b}" for a, b in zip(marked, marked[3:], strict=False) if LATIN.match(a) and LATIN.match(b))
    found.add(f"length {next((most for most in LENGTHS if len(words) <= most), 'more')}")
    return found


def probability(text: str, *, learnt: WordWeights | None = None) -> float:
    """How likely the sentence asks for a person; 0 where nobody is spoken of, and for what is longer than learnt."""
    if len(text) > MOST_CHARACTERS or SPOKEN_OF.search(text) is None:
        return 0.0
    weights, bias = learnt or _learnt()
    found = features(text)
    score = bias + sum(weights.get(each, 0.0) for each in found) / math.sqrt(len(found))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def _runs(words: list[str], length: int) -> Iterator[str]:
    return (" ".join(run) for run in zip(*(words[at:] for at in range(length)), strict=False))


@lru_cache(maxsize=1)
def _learnt() -> WordWeights:
    """What `python -m bot wish` wrote."""
    learnt: Mapping[str, Any] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return learnt["weights"], float(learnt["bias"])
