"""Asking for a person in plain words of Chinese and English, whatever the spelling on a phone makes of them."""

import re
import unicodedata

from bot.hearing.words import ASKS_FOR_NO_PERSON, ASKS_FOR_PERSON, OTHER_MATTERS, REFUSES_PERSON

SPELT = re.compile(r"\b(?:[a-z] ){3,}[a-z]\b")
TYPED_SHORT = tuple(  # as it is typed on a phone
    (re.compile(short), meant)
    for short, meant in (
        (r"\b(some|any)1\b", r"\1one"),
        (r"\bsum1\b|\bsb\b", "someone"),
        (r"\bur\b", "your"),
        (r"\bgimme\b", "give me"),
        (r"\bspk\b", "speak"),
        (r"\b(talk|speak|chat|connect me) 2\b", r"\1 to"),
    )
)
SPACED = re.compile(
    r"(?<![\u4e00-\u9fff])(?:[\u4e00-\u9fff]([^\w\s]))(?:[\u4e00-\u9fff]\1)+[\u4e00-\u9fff](?![\u4e00-\u9fff])"
)
SENTENCE_ENDS = re.compile(r"[。！？!?；;\n]+|\.(?=\s|$)")
LONG = 300  # characters: a story, of which one sentence may be the wish
VALUE = re.compile(  # a number that may have been asked for, with what leads to it, or a mail address
    r"(?:我的|手机|电话|订单|单号|号码?|尾号|后四位|是|\b(?:my|order|phone|number|tail|is)\b[\s:]{0,2}){0,4}[\s:：]{0,2}"
    r"(?<![a-z0-9])(?:(?:ly|tu|tr|wd)\W?)?\d[\d.-]{2,}\d(?![a-z0-9])|\S{1,64}@\S{1,64}"
)
OPERATOR = re.compile(r"\W*0\W*")  # the key that telephone menus give a person


def plain(text: str) -> str:
    """The text without accents and unseen signs, what stands alone joined ("h u m a n", "转.人.工"), "sum1" in full."""
    signs = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(c for c in signs if not (unicodedata.combining(c) or unicodedata.category(c) == "Cf"))
    for short, meant in TYPED_SHORT:
        bare = short.sub(meant, bare)
    bare = SPACED.sub(lambda match: match.group().replace(match.group(1), ""), bare)
    return SPELT.sub(lambda match: match.group().replace(" ", ""), bare)


def asks_plainly(words: str) -> bool:
    """Whether the words leave no doubt that a person is wanted; a long text is read sentence by sentence.

    Beside a number what is left may be the whole wish: "8899 agent".
    """
    sentences = SENTENCE_ENDS.split(words) if len(words) > LONG else [words]
    return any(_sentence_asks(each) or _sentence_asks(VALUE.sub(" ", each)) for each in sentences)


def _sentence_asks(words: str) -> bool:
    here = OTHER_MATTERS.sub(" ", words)
    refused = ASKS_FOR_NO_PERSON.search(here) or REFUSES_PERSON.search(words)
    return ASKS_FOR_PERSON.search(here) is not None and refused is None


def speaks_of_another_wish(words: str) -> bool:
    """Whether what sounds like the wish is a no to a person, was granted before, or is about money: heard even
    where the classifier is sure of the wish."""
    if REFUSES_PERSON.search(words) is not None:
        return True
    return OTHER_MATTERS.search(words) is not None and not asks_plainly(words)
