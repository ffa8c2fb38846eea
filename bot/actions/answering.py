"""Rules of answering: what the knowledge base decides, a choice among articles, the same question once more, a miss."""

import re

from bot.actions.situation import (
    ANSWERED,
    OFFER_HUMAN,
    WORD,
    Decision,
    Move,
    Reason,
    Situation,
    hand_off,
)
from bot.hearing.words import NONE_OF_THESE
from bot.knowledge import Hit
from bot.signals import Name, deciding
from bot.signals.unsure import AFTER_ANSWER, asked_again

IN_DOUBT = "fact in doubt"
"""The knowledge base's rule where articles contradict each other, or one has a placeholder or has expired."""

CLOSE = "two articles are close"
"""The knowledge base's rule where either of two articles may be meant; others clarify what is hardly asked."""

SOMETHING_ELSE = re.compile(
    r"都不是|不是(?:这|那|它|第)|另[一外]|别的|其他(?:的|一?个|$)|第[二三](?![天次周])|最后一?[个项]"
    r"|\b(?:none|neither|another|other one|(?:something|anything) else|not (?:that|this|the|it)"
    r"|(?:second|third|last) (?:one|option|choice))\b",
    re.IGNORECASE,
)
CLARIFY_CHOICES = 3
ALTERNATIVES = 2
NEAR = 0.6  # of the threshold: an article this probable is worth a button below "I do not know"
STEPS = re.compile(
    r"→|^\s*(?:\d[.、)]|[①②③])|第[一二三]步|首先|\bstep \d|\bfirst(?:ly)?,", re.IGNORECASE | re.MULTILINE
)
ANSWERS_BEFORE_ASKING = 2
TIMES_ASKED = 2


def chose_article(s: Situation) -> Decision | None:
    """A choice from the clarifying question, by button or by number; none of them counts as a miss."""
    refused = s.offer in ("articles", "tasks") and s.form is None and NONE_OF_THESE.fullmatch(s.text) is not None
    if s.intent == "none_of_these" or refused:
        return miss(s, rule="none of the choices")
    article = s.pressed_article or s.picked
    if article is None:
        return None
    return Decision(move=Move.REPLY, say="article", article=article, rule="chose an article", slots=ANSWERED)


def answer_or_miss(s: Situation) -> Decision:
    """The knowledge base's own decision: answer, clarify (once in a row), or a miss; unreachable hands off."""
    u = s.understanding
    if WORD.search(s.text) is None:
        return miss(s, rule="no words", say="no_words")
    if u is None:
        return hand_off(s, Reason.BOT_FAILED, say="knowledge_down", rule="the knowledge base did not answer")
    again = asks_again(s)
    if again is not None:
        return again
    if s.known is not None:
        return answer(s, s.known)
    choices = tuple(hit for hit in u.hits if hit.doubt is None)[:CLARIFY_CHOICES]
    if u.action == "clarify" and choices and s.offer != "articles":
        offer = {"kind": "articles", "options": [hit.article for hit in choices]}
        slots = {"offer": offer, "unanswered": list(s.unanswered)}
        return Decision(move=Move.REPLY, say="clarify", choices=choices, rule=f"clarify: {u.rule}", slots=slots)
    if u.action == "clarify" and choices and is_likeliest_still(s, choices[0]):
        return Decision(
            move=Move.REPLY,
            say="article",
            article=choices[0].article,
            rule="nothing was chosen: the likeliest",
            offer_human=not s.waiting,
            slots={"unanswered": [], "offer": None if s.waiting else OFFER_HUMAN},
        )
    if u.rule == IN_DOUBT and not s.waiting:  # the answer is known and must not be given: asking otherwise won't help
        return hand_off(s, Reason.UNSURE, say="being_checked", rule=f"{u.action}: {u.rule}")
    return miss(s, rule=f"{u.action}: {u.rule}")


def is_likeliest_still(s: Situation, hit: Hit) -> bool:
    """Whether the first of two close choices just offered is so again, is probable enough, and nothing speaks of
    another one."""
    u = s.understanding
    if u is None or u.rule != CLOSE or SOMETHING_ELSE.search(s.text) is not None:
        return False
    return s.options[:1] == (hit.article,) and hit.probability >= float(u.raw["decision"]["threshold"])


def answer(s: Situation, hit: Hit) -> Decision:
    """The answer, and now and then whether it solved the matter."""
    rule = f"answer: {s.understanding.rule if s.understanding is not None else ''}"
    if not asks_whether_it_helped(s, hit):
        return Decision(move=Move.REPLY, say="answer", article=hit.article, rule=rule, slots=ANSWERED)
    return Decision(
        move=Move.REPLY,
        say="answer",
        article=hit.article,
        rule=rule,
        after=("did_it_help",),
        slots={**ANSWERED, "offer": {"kind": "solved"}},
    )


def asks_whether_it_helped(s: Situation, hit: Hit) -> bool:
    """After steps to follow, or the third answer: never twice in a row, at most twice, not to who waits."""
    if s.waiting or s.form is not None or s.offer == "solved":
        return False
    asked = sum(said.asked_if_solved for said in s.before)
    answers = sum(said.say in AFTER_ANSWER for said in s.before)
    return asked < TIMES_ASKED and (STEPS.search(hit.answer) is not None or answers >= ANSWERS_BEFORE_ASKING)


def asks_again(s: Situation) -> Decision | None:
    """The same question once more: the answer again with a person beside it, then the person."""
    signal = asked_again(s)
    if signal is None:
        return None
    rule = f"{signal.rule}, {signal.evidence['times']} times"
    if deciding(s.signals, Name.UNSURE):
        return hand_off(s, Reason.UNSURE, say=signal.say, rule=rule)
    if s.known is None:
        return None
    return Decision(
        move=Move.REPLY,
        say="answer",
        article=s.known.article,
        rule=rule,
        offer_human=not s.waiting,
        after=() if s.waiting else ("answered_again",),
        slots={"unanswered": [], "offer": None if s.waiting else OFFER_HUMAN},
    )


def miss(s: Situation, *, rule: str, say: str = "miss") -> Decision:
    """Not answered: say so, show what comes near, offer a human; the tenant's `misses` in a row hand over."""
    unanswered = [*s.unanswered, s.text]
    if s.waiting:
        return Decision(move=Move.REPLY, say="unsure_waiting", rule=rule, slots=ANSWERED)
    if len(unanswered) >= s.policy.misses:
        return hand_off(s, Reason.UNSURE, say="unsure", rule=f"{len(unanswered)} misses in a row; last: {rule}")
    near = alternatives(s) if say == "miss" else ()
    offer = {**OFFER_HUMAN, **({"options": [hit.article for hit in near]} if near else {})}
    return Decision(
        move=Move.REPLY,
        say=say,
        offer_human=True,
        rule=rule,
        choices=near,
        slots={"unanswered": unanswered, "offer": offer},
    )


def alternatives(s: Situation) -> tuple[Hit, ...]:
    """Articles that may be meant after all: too improbable to be the answer, probable enough for a button."""
    u = s.understanding
    if u is None or s.intent == "none_of_these":
        return ()
    least = NEAR * float(u.raw["decision"]["threshold"])
    return tuple(hit for hit in u.hits if hit.doubt is None and hit.probability >= least)[:ALTERNATIVES]
