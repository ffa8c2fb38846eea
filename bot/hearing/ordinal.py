"""Which of several things a few words pick: "1", "第一个", "the second one please"."""

import re
import unicodedata

HAN = "一二三四五六"
WORDS = ("first", "second", "third", "fourth", "fifth")
ORDINAL = re.compile(
    r"\s*(?:我?(?:第|选第?|就|要第?)|option|number|no\.?|the)?\s*"
    rf"(?:(?P<digit>[1-9])|(?P<han>[{HAN}])|(?P<word>{'|'.join(WORDS)}))"
    r"\s*(?:个|项|单|种|st|nd|rd|th)?\s*(?:one|option)?\s*(?:please|pls|thanks|吧|谢谢)?\s*[.。!！)）]?\s*",
    re.IGNORECASE,
)


def ordinal(text: str) -> int | None:
    """0 for "1", "第一个", "the first one"; None when the text is more than that."""
    found = ORDINAL.fullmatch(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    if found["digit"]:
        return int(found["digit"]) - 1
    return HAN.index(found["han"]) if found["han"] else WORDS.index(found["word"].lower())
