"""Personal data in a text, replaced by what kind of data it was, before anything is stored."""

from __future__ import annotations

import re

LONGEST = 2000
"""Characters of a text that are kept."""

# Full-width letters, digits and marks fold one to one, so that places in the folded text are those in the text.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_HALF_WIDTH[0x3000] = 0x20

# What looks like a number of a person and is none: dates, amounts of money, service numbers of companies.
_HARMLESS = re.compile(
    r"(?<!\d)(?:"
    r"(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?"
    r"|[¥$€£]\s?\d[\d,]*(?:\.\d+)?"
    r"|\d[\d,]*(?:\.\d+)?\s?(?:元|块|万|usd|rmb|cny|yuan|dollars?)"
    r"|[48]00[- ]?\d{3,4}[- ]?\d{3,4}"
    r")(?!\d)",
    re.IGNORECASE,
)
_PERSONAL = (
    ("e-mail", re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")),
    ("account", re.compile(r"wxid_[a-z0-9]{4,}", re.IGNORECASE)),
    ("account", re.compile(r"(?<=微信号)\s?(?:[:是]\s?)?[a-z][a-z0-9_-]{5,}", re.IGNORECASE)),
    ("account", re.compile(r"(?<=wechat id)\s?(?::|is)?\s?[a-z][a-z0-9_-]{5,}", re.IGNORECASE)),
    ("account", re.compile(r"(?<=qq)\s?号?\s?[:是]?\s?\d{5,}", re.IGNORECASE)),
    ("ID", re.compile(r"(?<![\dA-Za-z])\d{6}\s?(?:19|20)\d{2}\s?(?:0[1-9]|1[0-2])\d{2}\s?\d{3}[\dXx](?![\dA-Za-z])")),
    ("phone", re.compile(r"(?<![\dA-Za-z])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)")),
    ("phone", re.compile(r"(?<![\dA-Za-z])\+\d{1,3}(?:[ -]?\(?\d{1,4}\)?){2,5}(?!\d)")),
    ("phone", re.compile(r"(?<![\dA-Za-z])\(?0\d{2,3}\)?[- ]?\d{7,8}(?!\d)")),
    ("phone", re.compile(r"(?<![\dA-Za-z])\(?\d{3}\)?[- ]\d{3}[- ]\d{4}(?!\d)")),
    ("card", re.compile(r"(?<![\dA-Za-z])\d{4}(?:[ -]?\d{4}){2,3}(?:[ -]?\d{1,7})?(?!\d)")),
    ("number", re.compile(r"[零〇一二三四五六七八九幺]{7,}")),
    ("number", re.compile(r"(?<![A-Za-z\d])[A-Za-z]{0,4}-?\d(?:[ -]?\d){5,}[A-Za-z]{0,3}(?![A-Za-z\d])")),
)


def mask(text: str) -> str:
    """The text with phone numbers, e-mail addresses, accounts, identity, card and order numbers as "[phone]" and so on.

    Names and addresses are not recognised: they have no form by which to know them. Dates, amounts of money and
    service numbers (400, 800) stay, because answers are made of them. Longer texts are cut at LONGEST.
    """
    text = text[:LONGEST].replace("\x00", "")
    found: list[tuple[int, int, str]] = []
    folded = text.translate(_HALF_WIDTH)
    harmless = [match.span() for match in _HARMLESS.finditer(folded)]
    taken = list(harmless)
    for name, pattern in _PERSONAL:
        for match in pattern.finditer(folded):
            start, end = match.span()
            if all(end <= begun or start >= ended for begun, ended in taken):
                taken.append((start, end))
                found.append((start, end, name))
    for start, end, name in sorted(found, reverse=True):
        text = f"{text[:start]}[{name}]{text[end:]}"
    return text
