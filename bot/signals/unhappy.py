"""*unhappy*: the mood now and where it is going, insults, threats, shouting, a thumb down."""

import re
from collections.abc import Sequence

from bot.actions.situation import A_FEW_WORDS, SMALL_TALK, SURE, VERY_SURE, WORD, Situation
from bot.entities import without_values
from bot.hearing.script import simplified
from bot.hearing.words import (
    ASKED_CALMLY,
    CLAUSE_ENDS,
    MARKUP,
    NONE_OF_THESE,
    NOT_HELPED,
    TAMPERING,
    THREATS,
    THREATS_DENIED,
    UPSET,
    says_farewell,
)
from bot.language import other_script
from bot.signals.model import Name, Signal
from bot.tasks.registry import TASKS
from bot.tasks.task import CONFIRM
from bot.tasks.words import BESIDE_A_VALUE, SKIP, looks_for_it, thinks_it_over

THREAT_PRIORITY = 8
TREND_OF = 3  # messages
SHOUTED = re.compile(r"[!！]{3,}|[?？!！]{4,}")
LOUD = re.compile(r"[!！?？‼⁉]{2,}|[‼⁉]")
HAN = re.compile(r"[\u3400-\u9fff]")
CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
LATIN = re.compile(r"\b[A-Za-z]{2,}\b")
THUMB = re.compile(r"[\s\ufe0f\U0001f3fb-\U0001f3ff]*👎[\s\ufe0f\U0001f3fb-\U0001f3ff👎]*")
# What lower ones find and what they cost is in docs/bot.md: who asks calmly must not be passed on for it.
UNHAPPY = 0.3
ASKED = 0.42  # a mood beside which a question can wait
PLAIN = 0.62  # a mood that few words show
OUTSPOKEN = 0.8  # a mood beside which a wish, a courtesy or the article that is ready can wait
NOT_CALM = 0.3  # below it what reads a little like an insult is none ("is the pool heated")
CERTAIN = 1.0  # no mood is
BEYOND_DOUBT = 0.9  # a mood that even code or another script shows
LETTERS_PER_SIGN = 3
PARTING = frozenset({"goodbye", "thanks"})
TELLING = ("insult", "aimed", "threat", "anger", "blame")  # kinds of evidence that are words and no impression
ANGRY = ("insult", "aimed", "threat", "anger")  # "blame" also goes with a wish: "too slow to type, please call me"
MOODY = frozenset(  # meanings that go with a bad mood as well as with a good one, or are one
    {"insult", "report_threat", "not_solved", "ask_human", "ask_question", "nlu_fallback"}
)
DIRECTED = ("insult", "aimed", "threat")  # kinds of mood evidence that are meant for us, whatever was asked


def unhappy(s: Situation, *, own_words: bool) -> list[Signal]:
    """Everything in this turn that speaks for an upset customer.

    own_words: a task asked what is wrong, so that something bad is the answer and no anger.
    """
    if s.pressed:
        return thumb(s)
    if says_farewell(s.text) and LOUD.search(s.text) is None and not is_told(s, at_least=CERTAIN):
        return []
    found = [*threat(s), *insult(s, own_words=own_words), *upset(s, own_words=own_words)]
    found += [*mood_now(s, own_words=own_words), *thumb(s), *shouting(s)]
    return [*found, *trend(s, own_words=own_words)]


def is_unhappy(s: Situation) -> bool:
    """Whether this message's mood is bad: by the tenant's threshold, else by the bot's or the knowledge base's."""
    u = s.understanding
    if u is None:
        return False
    if s.policy.unhappy is not None:
        return u.mood.unhappy >= s.policy.unhappy
    return u.mood.unhappy >= UNHAPPY or u.mood.label == "unhappy"


def mood_now(s: Situation, *, own_words: bool) -> list[Signal]:
    """What the words of this message say about the mood."""
    u = s.understanding
    if u is None or not is_unhappy(s):
        return []
    meant_for_us = any(each.startswith(DIRECTED) for each in u.mood.evidence)
    is_no_mood = own_words or answers_our_question(s) or says_little(s) or plainly_means_else(s) or is_faint(s)
    decides = meant_for_us or not is_no_mood
    evidence = {"unhappy": round(u.mood.unhappy, 3), "words": list(u.mood.evidence)}
    return [
        Signal(
            signal=Name.UNHAPPY,
            rule="mood is unhappy",
            strength=u.mood.unhappy,
            say="unhappy",
            decides=decides,
            evidence=evidence,
        )
    ]


def answers_our_question(s: Situation) -> bool:
    """Whether this is a word in reply to what we put before the customer: a no, or a moment to look, is no anger."""
    if s.offer is not None and is_short(s.text):
        return True
    asked_to_look = s.form is not None and s.wanted in ("order_number", "reference")
    if (asked_to_look and looks_for_it(s.text)) or (s.wanted == CONFIRM and thinks_it_over(s.text)):
        return not is_told(s, at_least=BEYOND_DOUBT)
    return any(words.fullmatch(s.text) is not None for words in (NOT_HELPED, NONE_OF_THESE))


def says_little(s: Situation) -> bool:
    """Whether the words are too few, or none of ours, to tell a mood from, unless they could not be plainer."""
    u = s.understanding
    if is_thumb_down(s):
        return True  # `thumb` counts it
    if MARKUP.search(s.text) or TAMPERING.search(s.text):
        return True
    if has_no_mood(s):
        return not is_told(s, at_least=CERTAIN)  # no impression counts
    if u is None or u.mood.unhappy >= BEYOND_DOUBT:
        return False
    if WORD.search(s.text) is None or other_script(s.text):
        return True
    return is_short(without_values(s.text, s.standing.now)) and not is_told(s)


def has_no_mood(s: Situation) -> bool:
    """Whether the text is a bare number, a Task's "skip the photo" or a goodbye, and nothing is said beside it."""
    if LOUD.search(s.text) is not None:
        return False
    if s.intent in PARTING and s.confidence >= VERY_SURE and is_short(s.text):
        return True
    if s.form is not None and SKIP.fullmatch(s.text) is not None:
        return True
    rest = without_values(s.text, s.standing.now)
    return rest != s.text and is_short(rest) and BESIDE_A_VALUE.fullmatch(rest) is not None


def plainly_means_else(s: Situation) -> bool:
    """Whether the text is a wish or a courtesy beyond doubt, and nothing in it but the wording sounds upset.

    A wish that a Task meets is best met, with a word of regret: who complains wants the complaint taken down.
    """
    if s.intent == "complaint":
        return s.confidence >= SURE and not is_told(s, DIRECTED, at_least=CERTAIN)
    if s.intent in TASKS:
        return s.confidence >= SURE and not is_told(s, ANGRY, at_least=OUTSPOKEN)
    sure = SURE if s.intent in SMALL_TALK else VERY_SURE
    meant = (s.confidence >= sure and s.intent not in MOODY) or s.parting >= SURE
    return meant and not is_told(s, at_least=OUTSPOKEN)


def is_faint(s: Situation) -> bool:
    """Whether a question, or an answer within a Task, sounds upset by its wording alone and not much."""
    u = s.understanding
    if u is None or s.policy.unhappy is not None:
        return False
    if s.form is not None:
        return not is_told(s, at_least=OUTSPOKEN)
    if s.known is not None:
        return u.mood.label != "unhappy" and not is_told(s, at_least=OUTSPOKEN)
    return s.is_question and not is_told(s, at_least=ASKED)


def is_told(s: Situation, words: tuple[str, ...] = TELLING, *, at_least: float = PLAIN) -> bool:
    """Whether words of the text, and not only how it is put, say that somebody is upset."""
    u = s.understanding
    return u is not None and (u.mood.unhappy >= at_least or any(each.startswith(words) for each in u.mood.evidence))


def is_short(text: str) -> bool:
    """A few words."""
    return len(text.strip()) <= A_FEW_WORDS * (1 if HAN.search(text) else LETTERS_PER_SIGN)


def trend(s: Situation, *, own_words: bool) -> list[Signal]:
    """The mood of the last messages, where it has become bad step by step and no message alone was bad enough."""
    if s.understanding is None or own_words or says_little(s) or plainly_means_else(s):
        return []
    moods = [*(said.mood for said in s.before), s.understanding.mood.unhappy][-TREND_OF:]
    if len(moods) < TREND_OF or not is_sinking(moods, at_least=s.policy.trend):
        return []
    evidence = {"moods": [round(mood, 3) for mood in moods]}
    strength = sum(moods) / len(moods)
    return [
        Signal(
            signal=Name.UNHAPPY,
            rule="mood is sinking",
            strength=strength,
            say="unhappy",
            decides=True,
            evidence=evidence,
        )
    ]


def is_sinking(moods: Sequence[float], *, at_least: float) -> bool:
    """Whether the mean is bad enough and the last message is the worst of them."""
    return sum(moods) / len(moods) >= at_least and moods[-1] >= max(moods) and moods[-1] > moods[0]


def insult(s: Situation, *, own_words: bool) -> list[Signal]:
    """Name-calling, where the mood is calm only beyond doubt; in a Task's answer only if meant for us."""
    u = s.understanding
    if s.intent != "insult" or s.confidence < SURE:
        return []
    if s.confidence < VERY_SURE and u is not None and u.mood.unhappy < NOT_CALM:
        return []
    evidence = u.mood.evidence if u is not None else ()
    if own_words and not any(each.startswith(DIRECTED) for each in evidence):
        return []
    return [Signal(signal=Name.UNHAPPY, rule="insult or threat", strength=s.confidence, say="unhappy", decides=True)]


def upset(s: Situation, *, own_words: bool) -> list[Signal]:
    """Set phrases of who has had enough, and how often he has said so: what a model of single words does not hear."""
    found = UPSET.search(s.text)
    if found is None:
        return []
    takes_complaint = s.intent == "complaint" and s.confidence >= SURE
    evidence = {"words": found.group()[:80]}
    decides = not (own_words or takes_complaint)
    return [
        Signal(
            signal=Name.UNHAPPY,
            rule="words of who has had enough",
            strength=0.8,
            say="unhappy",
            decides=decides,
            evidence=evidence,
        )
    ]


def threat(s: Situation) -> list[Signal]:
    """Says that he will report us, sue us, go public or leave; asking how one complains is no threat."""
    text = simplified(s.text)
    clauses = CLAUSE_ENDS.pattern.split(text)
    meant = [each for each in clauses if not (ASKED_CALMLY.search(each) or THREATS_DENIED.search(each))]
    for kind, pattern in THREATS.items():
        found = next((found for clause in meant if (found := pattern.search(clause))), None)
        if found:
            evidence = {"threat": kind, "words": found.group()[:80]}
            return [threat_signal(f"threat to {kind}", 0.9, evidence)]
    calm = len(meant) < len(clauses)
    if s.intent == "report_threat" and s.confidence >= SURE and not calm:
        return [threat_signal("threat", s.confidence, {"threat": "said"})]
    return []


def threat_signal(rule: str, strength: float, evidence: dict[str, str]) -> Signal:
    """A threat: more urgent than any mood."""
    return Signal(
        signal=Name.UNHAPPY,
        rule=rule,
        strength=strength,
        say="threat",
        decides=True,
        priority=THREAT_PRIORITY,
        evidence=evidence,
    )


def shouting(s: Situation) -> list[Signal]:
    """Capitals or piled-up marks: in the log, and no reason by itself."""
    capitals, latin = CAPITALS.findall(s.text), LATIN.findall(s.text)
    loud = len(capitals) >= 3 and len(capitals) > 0.6 * len(latin)
    if not loud and not SHOUTED.search(s.text):
        return []
    return [
        Signal(
            signal=Name.UNHAPPY,
            rule="shouting",
            strength=0.35,
            say="unhappy",
            evidence={"how": "capitals" if loud else "marks"},
        )
    ]


def thumb(s: Situation) -> list[Signal]:
    """A thumb down; the second one brings a person in."""
    if not is_thumb_down(s):
        return []
    earlier = sum(said.say == "thumb_down" for said in s.before)
    return [
        Signal(
            signal=Name.UNHAPPY,
            rule="thumb down",
            strength=0.5 if earlier == 0 else 0.8,
            say="unhappy",
            decides=earlier > 0,
            evidence={"thumbs": earlier + 1},
        )
    ]


def is_thumb_down(s: Situation) -> bool:
    """The button under an answer, or the sign alone."""
    return s.intent == "thumb_down" or THUMB.fullmatch(s.text) is not None
