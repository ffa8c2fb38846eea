"""The form of a written answer: plain text, short, no question, nothing that a browser or a chat would make active."""

from __future__ import annotations

import re
import unicodedata

from kb_index.rewriting.meaning import addresses_in
from kb_index.text.language import detect_language

LONGER_BY = 10
"""Characters that a written answer may be longer than its passage."""

_MARKUP = re.compile(
    r"</?[A-Za-z!?][^>]*>?|&(?:#\w+|[A-Za-z]+);|!?\[[^\]]*\]\s*[(\[][^)\]]*[)\]]?|`+|\*{1,3}(?=\S)|__|~~|\{\{|\{%|\$\{|\\[nrux]"
    r"|^\s{0,3}(?:#{1,6}|>)\s|^\s*\|.*\|\s*$",
    re.MULTILINE,
)
_SCHEME = re.compile(r"(?:javascript|vbscript|data|file|blob|mailto|tel|sms|weixin|alipays?)\s*:", re.IGNORECASE)
_QUESTION = re.compile(r"[?？]|[吗嘛么呢][。!！~]*(?:\s|$)")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_HAN = re.compile(r"[\u3400-\u9fff]")


def flaw(text: str, passage: str, language: str, *, longest: int, canary: str) -> str | None:
    """Why a text is not sent whatever it says, as a word for the log; None when its form is right."""
    if not text.strip():
        return "empty"
    if len(text) > min(longest, len(passage) + LONGER_BY):
        return "too long"
    if any(unicodedata.category(sign) in _UNSEEN and sign != "\n" for sign in text):
        return "unseen characters"
    if _holds_secret(text, canary):
        return "canary"
    if any(hit[0] not in passage for hit in (*_MARKUP.finditer(text), *_SCHEME.finditer(text))):
        return "markup"
    if not addresses_in(text) <= addresses_in(passage):
        return "address"
    if any(unicodedata.category(sign) == "So" and text.count(sign) > passage.count(sign) for sign in text):
        return "symbol"
    if _QUESTION.search(text):
        return "question"
    if detect_language(text, known=language, default=language) != language or (
        language == "en" and _HAN.search(text) and not _HAN.search(passage)
    ):
        return "language"
    return None


def _holds_secret(text: str, canary: str) -> bool:
    letters = "".join(sign for sign in text.lower() if sign.isalnum())
    return canary.lower() in letters or canary.lower()[::-1] in letters
