"""Asking for a person in plain words of Chinese and English, whatever the spelling on a phone makes of them."""

import re
import unicodedata

from bot.hearing import wish
from bot.hearing.script import simplified
from bot.hearing.words import (
    ASKS_FOR_NO_PERSON,
    ASKS_FOR_PERSON,
    BEGINS_A_WISH,
    CLAUSE_ENDS,
    GIVES_A_REASON,
    OTHER_MATTERS,
    REFUSES_PERSON,
)

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
    if ASKS_FOR_PERSON.search(OTHER_MATTERS.sub(" ", words)) is None:
        return False
    # "I want no agent, get me your boss": what one clause refuses another one may ask for.
    return not refuses(words) or ASKS_FOR_PERSON.search(own_wishes(words)) is not None


def refuses(words: str) -> bool:
    """Whether the words, or a clause of them, say no to a person."""
    here = OTHER_MATTERS.sub(" ", words)
    return ASKS_FOR_NO_PERSON.search(here) is not None or REFUSES_PERSON.search(words) is not None


def speaks_of_another_wish(words: str) -> bool:
    """Whether what sounds like the wish is a no to a person, was granted before, or is about money: heard even
    where the classifier is sure of the wish; not where the rest of the words sounds like it as well."""
    other = REFUSES_PERSON.search(words) or OTHER_MATTERS.search(words)
    if other is None or asks_plainly(words):
        return False
    return wish.probability(simplified(own_wishes(words))) < wish.LIKELY


def own_wishes(words: str) -> str:
    """The clauses that begin as a wish does, and neither refuse a person, nor speak of another matter, nor give the
    reason for a no; the words themselves where none of them refuses or does so."""
    lists = (REFUSES_PERSON, ASKS_FOR_NO_PERSON, OTHER_MATTERS)
    places = [place.span() for heard in lists for place in heard.places(words)]
    if not places:
        return words
    ends = [place.span() for place in CLAUSE_ENDS.places(words)]
    clauses = zip([0, *(end for _, end in ends)], [*(start for start, _ in ends), len(words)], strict=True)
    others = (words[a:b] for a, b in clauses if not any(start < b and a < end for start, end in places))
    return ", ".join(
        each for each in others if BEGINS_A_WISH.match(each) is not None and GIVES_A_REASON.search(each) is None
    )
