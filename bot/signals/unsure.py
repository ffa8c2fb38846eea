"""*unsure*: the bot does not know, does not understand, or what it said did not help."""

from bot.actions.situation import MEANT_AT_ALL, SURE, WORD, Said, Situation
from bot.signals.likeness import likeness, line
from bot.signals.model import Name, Signal

ALIKE = 0.55  # two questions this alike are one, asked twice
AKIN = 0.2  # two that the same article answers are one from here on: it may well answer several
AFTER_ANSWER = frozenset({"answer", "article", "answer_again"})
MISSED = frozenset({"miss", "no_words", "unclear", "too_long", "looks_like_code", "other_script", "clarify"})


def unsure(s: Situation) -> list[Signal]:
    """Everything in this turn that speaks for not knowing."""
    found = [budget(s), ambiguous(s), asked_again(s), no_help(s), stuck(s), missed(s)]
    return [signal for signal in found if signal is not None]


def is_a_question_to_us(s: Situation) -> bool:
    """Whether the knowledge base's opinion matters: neither a button, nor small talk, nor an answer to a task."""
    if s.pressed or s.form is not None or WORD.search(s.text) is None:
        return False
    return s.intent in ("ask_question", "nlu_fallback", "inform") or s.confidence < SURE or s.is_question


def budget(s: Situation) -> Signal | None:
    """The knowledge base keeps its error budget and does not answer."""
    u = s.understanding
    if u is None or u.action == "answer" or not is_a_question_to_us(s):
        return None
    decision = u.raw["decision"]
    return Signal(
        signal=Name.UNSURE,
        rule=f"error budget: {u.action}",
        strength=1.0 - float(decision["probability"]),
        say="unsure",
        evidence={"decision": decision},
    )


def ambiguous(s: Situation) -> Signal | None:
    """Two meanings are about as likely, and neither is sure."""
    if s.pressed or len(s.ranking) < 2 or s.confidence >= SURE:
        return None
    (first, p), (second, q) = s.ranking[:2]
    if q < MEANT_AT_ALL or p - q > s.policy.ambiguity:
        return None
    evidence = {"intents": {first: round(p, 3), second: round(q, 3)}}
    return Signal(
        signal=Name.UNSURE, rule="two meanings are close", strength=1.0 - (p - q), say="unsure", evidence=evidence
    )


def same_question(s: Situation) -> list[Said]:
    """The earlier messages that asked what this one asks: in like words, or akin and answered with the same article."""
    if s.pressed or s.form is not None or WORD.search(s.text) is None:
        return []
    known = s.known.article if s.known is not None and not follows_up(s) else None
    return [
        said
        for said in s.before
        if said.say in AFTER_ANSWER | MISSED
        and (
            line(said.text) == line(s.text)
            or likeness(said.text, s.text) >= (AKIN if known is not None and said.article == known else ALIKE)
        )
    ]


def follows_up(s: Situation) -> bool:
    """Whether the text was read in the light of the one before ("and by card?"): it may well get the same article."""
    reading = (s.understanding.raw.get("reading") or {}) if s.understanding is not None else {}
    return any(note.get("kind") == "follow_up" for note in reading.get("notes", ()))


def asked_again(s: Situation) -> Signal | None:
    """The same question once more: what was answered did not answer it. Decides at the tenant's `repeats`."""
    if s.intent in ("greet", "thanks", "goodbye", "affirm", "deny", "bot_challenge") and s.confidence >= SURE:
        return None
    times = len(same_question(s)) + 1
    if times < 2:
        return None
    return Signal(
        signal=Name.UNSURE,
        rule="the same question again",
        strength=times / s.policy.repeats,
        say="unsure_again",
        decides=times >= s.policy.repeats,
        evidence={"times": times, "earlier": [said.text[:200] for said in same_question(s)][-3:]},
    )


def no_help(s: Situation) -> Signal | None:
    """The customer says that the answer did not solve it, or that none of the choices is meant."""
    if s.intent not in ("not_solved", "none_of_these"):
        return None
    rule = "the answer did not help" if s.intent == "not_solved" else "none of the choices"
    return Signal(signal=Name.UNSURE, rule=rule, strength=0.6, say="unsure")


def stuck(s: Situation) -> Signal | None:
    """A running task got an unusable answer before this one."""
    if s.form is None or s.tries == 0:
        return None
    evidence = {"task": s.form, "wanted": s.wanted, "tries": s.tries}
    return Signal(
        signal=Name.UNSURE,
        rule="unusable answers in a task",
        strength=s.tries / s.policy.tries,
        say="form_stuck",
        evidence=evidence,
    )


def missed(s: Situation) -> Signal | None:
    """Questions in a row without an answer, this one included: `miss` hands over at the tenant's `misses`."""
    if not s.unanswered or s.known is not None or not is_a_question_to_us(s):
        return None
    times = len(s.unanswered) + 1
    return Signal(
        signal=Name.UNSURE,
        rule=f"{times} misses in a row",
        strength=times / s.policy.misses,
        say="unsure",
        evidence={"questions": [*s.unanswered, s.text]},
    )
