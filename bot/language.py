"""Which language to answer in."""

import re

HAN = re.compile(r"[\u3400-\u9fff]")
# Bounded repetitions: a pasted wall of letters must not make a pattern slow.
CODE = re.compile(r"\b[a-z]{0,8}\d[\w-]{0,64}|[\w.+-]{1,64}@\S{1,64}|https?://\S{1,200}", re.IGNORECASE)
LATIN_WORD = re.compile(r"[a-z']+", re.IGNORECASE)
PINYIN = re.compile(
    r"(?=[a-z]{1,20}$)(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?[aeiouv]{1,3}(?![aeiouv])(?:ng|n|r)?)+", re.IGNORECASE
)


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
