"""Which language to answer in."""

import re

HAN = re.compile(r"[\u3400-\u9fff]")
CODE = re.compile(r"[a-z]*\d[\w-]*|\S+@\S+|https?://\S+", re.IGNORECASE)
LATIN_WORD = re.compile(r"[a-z']+", re.IGNORECASE)
PINYIN = re.compile(r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?[aeiouv]{1,3}(?:ng|n|r)?)+", re.IGNORECASE)


def written_in(text: str) -> str | None:
    """The language that the text shows beyond doubt: Han characters, or at least two words that are no pinyin."""
    if HAN.search(text):
        return "zh"
    words = LATIN_WORD.findall(CODE.sub(" ", text))
    if len(words) >= 2 and not all(PINYIN.fullmatch(word) for word in words):
        return "en"
    return None


def answer_language(text: str, *, before: str | None, asked_for: str | None, detected: str | None) -> str:
    """The text's own language, else that of the conversation so far, the channel, the detector; zh at last.

    A lone "ok", an order number or pinyin says nothing, so it keeps the language of the conversation.
    """
    for language in (written_in(text), before, asked_for, detected):
        if language in ("zh", "en"):
            return language
    return "en" if LATIN_WORD.search(CODE.sub(" ", text)) else "zh"
