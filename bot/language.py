"""Which language to answer in, and which one the customer asks for."""

import re
import unicodedata

from bot.hearing.foreign import language_of

LANGUAGES = ("zh", "en")
HAN = re.compile(r"[\u3400-\u9fff]")
# Bounded repetitions: a pasted wall of letters must not make a pattern slow.
CODE = re.compile(
    r"[\w.+-]{1,64}@\S{1,64}|https?://\S{1,200}|\b[a-z]{0,8}\d[\w-]{0,64}|</?[a-z][^>]{0,200}>|(?<!\w)[/\u2215]\w{1,64}|\{[^{}]{0,400}\}",
    re.IGNORECASE,
)
LATIN_WORD = re.compile(r"[a-z']+", re.IGNORECASE)
PINYIN = re.compile(
    r"(?=[a-z]{1,20}$)(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?[aeiouv]{1,3}(?![aeiouv])(?:ng|n|r)?)+", re.IGNORECASE
)
_SPEAK = r"(?:讲|说|用|换成?|切换[到成]?|回(?:答|复)?|改成?|转成?)"
_REPLY = r"(?:speak|talk|reply|answer|respond|write|switch|change|continue|chat|use|go|say (?:it|that)|translate)"
_BEFORE = (
    r"^(?:\W*(?:please|pls|plz|in|can you|could you|do you|hi|hello|sorry|only|i|we|speak|prefer|want|need|to)){0,4}\W*"
)
_AFTER = r"\W*(?:please|pls|plz|only|thanks|version|ok)?\W*$"


def _asks_for(*, zh: str, en: str, also: str) -> re.Pattern[str]:
    """An expression for asking to be spoken to in the language that has these Chinese and English names."""
    asking = (
        rf"{_SPEAK}.{{0,4}}(?:{zh})",
        rf"^\W*(?:请|麻烦)?(?:{zh})(?:吧|可以吗|行吗|谢谢|服务|客服)?\W*$",
        rf"(?:会|能|可以).{{0,3}}(?:{zh})吗",
        rf"\b{_REPLY}\b.{{0,20}}\b(?:{en})\b",
        rf"{_BEFORE}\b(?:{en})\b{_AFTER}",
        also,
    )
    return re.compile("|".join(asking), re.IGNORECASE)


ASKED_FOR = {
    "en": _asks_for(
        zh="英文|英语|英語",
        en="english",
        also=r"\bi only .{0,12}\b(?:speak|read) english\b|\bno chinese\b"
        r"|\b(?:don'?t|cannot|can'?t) .{0,12}\b(?:speak|read|understand) chinese\b",
    ),
    "zh": _asks_for(
        zh="中文|汉语|漢語|普通话|國語|国语",
        en="chinese|mandarin",
        also=r"(?:看|听)不懂(?:英文|英语)|不会(?:英文|英语)|\bzhong ?wen\b|\bno english\b",
    ),
}
OTHER_ASKED_FOR = _asks_for(
    zh="日语|日文|韩语|韩文|法语|德语|西班牙语|俄语|阿拉伯语|泰语|越南语|粤语|广东话",
    en="japanese|korean|french|german|spanish|russian|arabic|thai|vietnamese|cantonese|portuguese|italian|hindi",
    also=r"^\W*(?:en )?(?:español|espanol|français|francais|deutsch|日本語|한국어|русский)\W*(?:por favor|bitte)?\W*$",
)
KANA = re.compile(r"[\u3040-\u30ff]")


def asked_language(text: str) -> str | None:
    """The language that the text asks to be spoken in: zh, en, or "other" for one that is not spoken here."""
    if len(text) > 80 or "怎么说" in text:  # a remark in passing, or a question about a word
        return None
    for language, pattern in ASKED_FOR.items():
        if pattern.search(text):
            return language
    return "other" if OTHER_ASKED_FOR.search(text) else None


def written_in(text: str) -> str | None:
    """The language that the text shows beyond doubt: Han characters, or at least two words that are no pinyin."""
    words = latin_words(text)
    if HAN.search(text):
        return None if is_mixed(text) else "zh"
    if len(words) >= 2 and not all(PINYIN.fullmatch(word) for word in words):
        return "en"
    return None


def is_mixed(text: str) -> bool:
    """Whether two languages share the text, with English as the frame ("where is my 快递")."""
    return len(latin_words(text)) > len(HAN.findall(text)) > 0


def latin_words(text: str) -> list[str]:
    """The words in Latin letters, without codes, addresses and links."""
    return LATIN_WORD.findall(CODE.sub(" ", text))


def answer_language(
    text: str, *, before: str | None, asked_for: str | None, detected: str | None, chosen: str | None = None
) -> str:
    """The one that the customer chose; else the text's own, that of the conversation so far, the channel, the detector.

    A lone "ok", an order number or pinyin says nothing, so it keeps the language of the conversation; so does a text
    of two languages, which starts a conversation in the one that has more words.
    """
    if chosen in LANGUAGES:
        return chosen
    frame = "en" if is_mixed(text) or (other_script(text) and not HAN.search(text) and not KANA.search(text)) else None
    for language in (written_in(text), before, frame, asked_for, detected):
        if language in LANGUAGES:
            return language
    return "en" if latin_words(text) else "zh"


def other_script(text: str) -> bool:
    """Whether the text is, for the most part, in a script or language that nobody here reads."""
    letters = [c for c in text if c.isalpha()]
    foreign = sum(not is_ours(c) for c in letters)
    if letters and foreign * 2 > len(letters):
        return True
    return language_of(text) is not None


def is_ours(letter: str) -> bool:
    """Whether this letter is Latin or Han."""
    return (
        letter.isascii()
        or HAN.match(letter) is not None
        or unicodedata.name(letter, "").startswith(("LATIN", "CJK", "FULLWIDTH"))
    )
