"""How a text sounds: toneless syllables of Chinese characters and of typed pinyin, near sounds taken for one."""

import os
import re
import unicodedata
from functools import lru_cache

# Whole phrases would cost 43 MB; one reading per character is enough to hear that 转仁工 is 转人工.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
from pypinyin.pinyin_dict import pinyin_dict

_TONES = re.compile("[\u0300-\u0304\u0306\u0307\u0309-\u036f]")
_SYLLABLE = re.compile(
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|"
    r"in|iu|ou|ua|ue|ui|un|uo|ve|a|e|i|o|u|v)"
)
_NEAR_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"))


@lru_cache(maxsize=1 << 13)
def syllable_of(character: str) -> str:
    """The commonest reading of a Chinese character, as `near` writes it; the character itself when it has none."""
    spoken = _TONES.sub("", unicodedata.normalize("NFD", pinyin_dict.get(ord(character), "")))
    first = unicodedata.normalize("NFC", spoken).replace("ü", "v").split(",")[0]
    return near(first) if first else character


@lru_cache(maxsize=1 << 12)
def near(syllable: str) -> str:
    """One form for syllables that many do not tell apart: shi and si, xin and xing."""
    for spoken, heard in _NEAR_INITIALS:
        if syllable.startswith(spoken):
            syllable = heard + syllable[len(spoken) :]
    return syllable[:-1] if syllable.endswith("ng") else syllable


@lru_cache(maxsize=1 << 12)
def syllables_of_pinyin(word: str) -> tuple[str, ...]:
    """The syllables of a lower-case Latin word that is pinyin from end to end, longest first; none otherwise."""
    found, at = [], 0
    while at < len(word):
        match = _SYLLABLE.match(word, at)
        if match is None:
            return ()
        end = match.end()
        # "rengong" is ren gong, not reng ong: a syllable needs its initial where it can have one.
        if end < len(word) and word[end] in "aeiou" and word[end - 1] in "ng" and end - 1 > at + 1:
            end -= 1
        found.append(near(word[at:end]))
        at = end
    return tuple(found)


def syllables(tokens: list[str]) -> list[str]:
    """The syllables of all tokens in their order; what is neither Chinese nor pinyin is left out."""
    heard: list[str] = []
    for token in tokens:
        if "\u3400" <= token[0] <= "\u9fff":
            heard.append(syllable_of(token))
        elif token.isascii() and token.isalpha():
            heard.extend(syllables_of_pinyin(token))
    return heard
