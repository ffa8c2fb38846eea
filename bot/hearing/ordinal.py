"""Which of several things a few words pick: "1", "第一个", "the second one please"."""

import re
import unicodedata

from bot.hearing.script import simplified

MOST_CHARACTERS = 24
HAN = "一二三四五六"
WORDS = ("first", "second", "third", "fourth", "fifth")
ORDINAL = re.compile(
    r"(?:好的?|那|嗯|行|ok|就|我|要|选|option|number|no\.?(?= ?\d)|the|[ ,，])*"
    rf"(?:(?:第|(?<=选))?(?P<digit>[1-9])(?:st|nd|rd|th)?|(?:第|(?<=选))(?P<ranked>[{HAN}])|(?P<han>[{HAN}])"
    rf"|(?P<word>{'|'.join(WORDS)}))"
    r"(?:(?<=第.)[个项单种条]|(?<=选.)[个项单种条])? ?(?:one|option|choice)?"
    r"[ ,，]*(?:please|pls|thanks|吧|谢谢)?[ .。!！)）]*",
    re.IGNORECASE,
)


def ordinal(text: str) -> int | None:
    """0 for "1", "第一个", "the first one"; None when the text is more than that."""
    said = simplified(unicodedata.normalize("NFKC", text)).strip()
    found = ORDINAL.fullmatch(said) if len(said) <= MOST_CHARACTERS else None
    if found is None:
        return None
    if found["digit"]:
        return int(found["digit"]) - 1
    han = found["ranked"] or found["han"]
    return HAN.index(han) if han else WORDS.index(found["word"].lower())
