"""*asked*: the customer wants a person."""

import re

from bot.actions.situation import SURE, VERY_SURE, Situation
from bot.hearing import foreign, wish
from bot.hearing.asking import LONG, OPERATOR, asks_plainly, plain, speaks_of_another_wish
from bot.hearing.script import simplified
from bot.hearing.words import SENIOR
from bot.signals.model import Name, Signal

SENIOR_PRIORITY = 4
GUESSED = 0.5  # of the classifier
UNLIKELY = 0.35  # of the weights
TELLS = re.compile(  # how often, how long, and that nobody came
    r"[一二三四五六七八九十两几好多数\d]+[遍次回]|一直|每次|半天|没有?人|没解决"
    r"|\b(?:times|twice|told|said|waited|waiting|kept|nobody|no one)\b",
    re.IGNORECASE,
)


def asked(s: Situation, *, own_words: bool) -> list[Signal]:
    """Asking in words or by the button; a yes to the bot's offer of a person; a guess at it, too weak to act on.

    own_words: a Task asked what happened: "they told me to wait three times" is the answer.
    """
    words = plain(s.text)
    heard = plain(s.heard_in) if s.heard_in and len(s.text) > LONG else words
    wished = s.intent == "ask_human" and (s.pressed or not (speaks_of_another_wish(heard) or is_doubted(s, words)))
    wished = wished and (s.pressed or not own_words or is_no_story(s, words))
    spoken = asks_plainly(words) or dials_operator(s) or foreign.asks_for_person(s.text)
    spoken = spoken or (not own_words and may_mean_it(s, words))
    if wished or (spoken and not s.pressed):
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


def is_no_story(s: Situation, words: str) -> bool:
    """Whether what answers "what happened?" is a wish all the same: beyond doubt, or sure and nothing is told in it."""
    return s.confidence >= VERY_SURE or (s.confidence >= SURE and TELLS.search(simplified(words)) is None)


def is_doubted(s: Situation, words: str) -> bool:
    """Whether the classifier only guesses at the wish, and the weights, which know the words, do not hear it."""
    return s.confidence < GUESSED and 0 < wish.probability(simplified(words)) < UNLIKELY


def may_mean_it(s: Situation, words: str) -> bool:
    """Whether the weights of the wish hear it where the classifier is sure of nothing and no answer is known."""
    unsure = s.intent not in ("deny", "bot_challenge") and s.confidence < SURE and s.known is None
    return unsure and wish.probability(simplified(words)) >= wish.LIKELY and not speaks_of_another_wish(words)


def dials_operator(s: Situation) -> bool:
    """Whether a lone 0 is sent where nothing was asked that a number could answer."""
    return s.form is None and s.offer is None and OPERATOR.fullmatch(s.text) is not None
