"""*asked*: the customer wants a person."""

import re
import unicodedata

from bot import foreign
from bot.actions.situation import SURE, Situation
from bot.signals.model import Name, Signal
from bot.signals.words import ASKS_FOR_NO_PERSON, ASKS_FOR_PERSON, OTHER_MATTERS, REFUSES_PERSON, SENIOR

SPELT = re.compile(r"\b(?:[a-z] ){3,}[a-z]\b")
TYPED_SHORT = tuple(  # as it is typed on a phone
    (re.compile(short), meant)
    for short, meant in (
        (r"\b(some|any)1\b", r"\1one"),
        (r"\bsum1\b|\bsb\b", "someone"),
        (r"\bur\b", "your"),
        (r"\bspk\b", "speak"),
        (r"\b(talk|speak|chat|connect me) 2\b", r"\1 to"),
    )
)
OPERATOR = re.compile(r"\W*0\W*")  # the key that telephone menus give a person
SENIOR_PRIORITY = 4


def asked(s: Situation) -> list[Signal]:
    """Asking in words or by the button; a yes to the bot's offer of a person; a guess at it, too weak to act on."""
    words = plain(s.text)
    wished = s.intent == "ask_human" and (s.pressed or not speaks_of_another_wish(words))
    if wished or (not s.pressed and (asks_plainly(words) or dials_operator(s) or foreign.asks_for_person(s.text))):
        senior = SENIOR.search(s.text)
        return [
            Signal(
                signal=Name.ASKED,
                rule="asked for a senior person" if senior else "asked for a human",
                strength=1.0 if s.pressed or s.intent != "ask_human" else s.confidence,
                say="asked_senior" if senior else "asked",
                decides=True,
                priority=SENIOR_PRIORITY if senior else None,
                evidence={"pressed": s.pressed, "intent": s.intent, **({"senior": senior.group()} if senior else {})},
            )
        ]
    if s.intent == "affirm" and s.offer == "human" and s.form is None:
        return [Signal(signal=Name.ASKED, rule="accepted the offer", strength=s.confidence, say="asked", decides=True)]
    weak = dict(s.ranking).get("ask_human", 0.0)
    if weak >= SURE / 2:
        return [Signal(signal=Name.ASKED, rule="may have asked for a human", strength=weak, say="asked")]
    return []


def plain(text: str) -> str:
    """The text without accents, with letters that stand alone joined ("h u m a n", "rén gōng"), and "sum1" in full."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    for short, meant in TYPED_SHORT:
        bare = short.sub(meant, bare)
    return SPELT.sub(lambda match: match.group().replace(" ", ""), bare)


def dials_operator(s: Situation) -> bool:
    """Whether a lone 0 is sent where nothing was asked that a number could answer."""
    return s.form is None and s.offer is None and OPERATOR.fullmatch(s.text) is not None


def asks_plainly(words: str) -> bool:
    """Whether the words leave no doubt that a person is wanted."""
    here = OTHER_MATTERS.sub(" ", words)
    return ASKS_FOR_PERSON.search(here) is not None and ASKS_FOR_NO_PERSON.search(here) is None


def speaks_of_another_wish(words: str) -> bool:
    """Whether what sounds like the wish is a no to a person, was granted before, or is about money: heard even
    where the classifier is sure of the wish."""
    if REFUSES_PERSON.search(words) is not None:
        return True
    return OTHER_MATTERS.search(words) is not None and not asks_plainly(words)
