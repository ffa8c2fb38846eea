"""What was meant by a misspelt or misheard word, where it was one of those with which a person is asked for. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

SOUNDS_LIKE = {"hooman": "human", "hoomans": "human"}
_WORD = re.compile(r"[a-z]{3,16}", re.IGNORECASE)
_SHORT = 4
"""Of a word this short two neighbours may have changed places, and nothing else."""

_ZHUAN, _REN, _GONG = "[转专砖赚装传撰钻]", "[人仁任认银入忍壬]", "[工公功宫攻共弓供恭贡]"
_KE, _FU, _ZHEN = "[客课克刻肯科]", "[服福副复付府务]", "[真针珍镇阵]"
_BEFORE = (
    "(?:嗯|那个|喂|你好|您好|请问?|麻烦|帮我|帮忙|给我|我要|我想要?|我|想|快点?|马上|"
    "直接|还是|就|那|先|可以|能|要|赶紧)*+"
)
_AFTER = "(?:吧|啊|呢|呀|在吗|有吗|好吗|可以吗|快点|谢谢|急|一下|了|服务|台)*+"
_MISHEARD = tuple(
    (re.compile(rf"(?<![^\s，,。.！!？?；;、])({_BEFORE}){said}({_AFTER})(?![^\s，,。.！!？?；;、])"), rf"\1{meant}\2")
    for said, meant in (
        (rf"{_ZHUAN}(?:接|一下|到)?{_REN}{_GONG}(?:{_KE}{_FU})?", "转人工"),
        (rf"{_REN}{_GONG}(?:{_KE}{_FU}|服务)", "人工客服"),
        (rf"(?:[找要来]|我要找|转)?(?:一?[个位])?{_ZHEN}[人任认仁]", "找真人"),
        (rf"{_ZHEN}[人任认]{_KE}{_FU}", "真人客服"),
        (f"{_ZHUAN}人", "转人"),
    )
)
_HEARD_EN = ((re.compile(r"\bhue man\b"), "human"), (re.compile(r"\bsome buddy\b"), "somebody"))


def heard_rightly(text: str) -> str:
    """The text with what voice input made of a call for somebody set right."""
    for pattern, meant in (*_MISHEARD, *_HEARD_EN):
        text = pattern.sub(meant, text)
    return text


class Spelling:
    """Sets right what is one slip away from a word of `meant`, unless it is one of `other_words`."""

    def __init__(self, *, meant: Sequence[str], other_words: Sequence[str]) -> None:
        self._meant = tuple(meant)
        self._right = frozenset([*meant, *other_words])

    def corrected(self, text: str) -> str:
        """The text with the words in it that were meant."""
        return _WORD.sub(lambda match: self._read(match.group()), text)

    def _read(self, word: str) -> str:
        written = word.lower()
        if written in self._right:
            return word
        return SOUNDS_LIKE.get(written) or next((each for each in self._meant if _is_near(written, each)), word)


def _is_near(written: str, meant: str) -> bool:
    """Whether one slip lies between them: a letter too many, missing, wrong, or two in each other's place."""
    if abs(len(written) - len(meant)) > 1 or (written[0] != meant[0] and written[1:2] != meant[1:2]):
        return False
    same = next((i for i, (a, b) in enumerate(zip(written, meant, strict=False)) if a != b), None)
    start = min(len(written), len(meant)) if same is None else same
    a, b = written[start:], meant[start:]
    if len(a) >= 2 and a[1::-1] == b[:2] and a[2:] == b[2:]:
        return True
    return len(meant) > _SHORT and (a[1:] == b[1:] or a[1:] == b or a == b[1:])
