"""Which of the two languages a message is written in."""

from __future__ import annotations

import re

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LATIN_WORD = re.compile(r"(?<![\w])[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f'\u2019]*(?![\w])")


def detect_language(text: str, *, known: str | None, default: str) -> str:
    """Return "zh" or "en"; a text that says nothing (digits, codes, "ok", emoji) keeps the known one."""
    han = len(_HAN.findall(text))
    words = _LATIN_WORD.findall(text)
    if han:
        # "how do I pay with 支付宝" is English that names something Chinese.
        return "en" if len(words) >= 3 and han <= len(words) else "zh"
    telling = [word for word in words if len(word) > 1]
    if not telling or (len(telling) == 1 and len(telling[0]) <= 3):
        return known or ("en" if telling else default)
    return "en"
