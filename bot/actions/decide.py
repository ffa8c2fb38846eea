"""The bot's one decision per turn, as a pure function: `decide(situation) -> Decision`.

The rules are tried from the top of RULES; the first that has an opinion wins. Nothing here does I/O,
knows Rasa, or holds a text: a Decision names the text (`say`) and how the dialogue goes on (`move`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from bot.knowledge import Hit, Understanding

SURE = 0.6  # an intent below this does not start a form or small talk: the knowledge base is asked
VERY_SURE = 0.9  # a knowledge base answer this probable wins over a form only likely meant; a typed yes submits
A_FEW_WORDS = 8  # characters
MISSES_TO_HANDOFF = 2
TRIES_TO_HANDOFF = 2
CLARIFY_CHOICES = 3

ORDER_STATUS_FORM = "order_status_form"
REFUND_FORM = "refund_form"


class Move(str, Enum):
    """How the dialogue goes on; each value but FILL is the intent that the rules in data/training see."""

    REPLY = "reply"
    HANDOFF = "handoff"
    STOP = "stop"
    ORDER_STATUS = "order_status"
    REFUND = "refund_request"
    FILL = "fill"


class Reason(str, Enum):
    """Why a human is needed."""

    ASKED = "asked"
    UNSURE = "unsure"
    UNHAPPY = "unhappy"
    BOT_FAILED = "bot_failed"


PRIORITY = {Reason.ASKED: 3, Reason.UNSURE: 2, Reason.UNHAPPY: 6, Reason.BOT_FAILED: 4}
FORM_MOVES = {ORDER_STATUS_FORM: Move.ORDER_STATUS, REFUND_FORM: Move.REFUND}
FRESH_FORM: Mapping[str, Any] = MappingProxyType(
    {"phone_tail": None, "refund_reason": None, "refund_confirmed": None, "order": None, "tries": 0}
)
SMALL_TALK = frozenset({"greet", "goodbye", "thanks", "bot_challenge", "solved", "affirm", "deny", "stop"})
OFFER_HUMAN: Mapping[str, Any] = MappingProxyType({"kind": "human"})
ANSWERED: Mapping[str, Any] = MappingProxyType({"unanswered": [], "offer": None})

QUESTION = re.compile(
    r"[?？]|[吗嘛呢么]\s*[。!！~]*$|怎么|怎样|如何|为什么|为啥|多久|多少|什么|啥|哪|能不能|可不可以|是否|是不是|有没有|会不会|几[天个点时]"
    r"|^\s*(?:how|what|when|where|why|who|which|can|could|do|does|did|is|are|will|would|should|may)\b",
    re.IGNORECASE,
)
# A topic is no wish yet: the knowledge base asks what about it.
BARE_TOPIC = re.compile(
    r"\W*(?:关于|我的|about|my|an?|the|\s)*(?:退款|退货|订单|物流|快递|包裹|refund|return|order|parcel|package|delivery)s?"
    r"\s*(?:问题|的事|的问题|question|problem|issue)?\W*",
    re.IGNORECASE,
)
PLAIN_YES = re.compile(
    r"\W*(?:好|好的|可以|是|是的|对|行|嗯|没问题|确认|提交)[吧啊呀]?\W*"
    r"|\W*(?:yes|yeah|yep|y|ok|okay|sure|go ahead|do it|confirm|submit)\W*",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W_]")
# A yes with one of these may be none: "可以先别提交", "yes but wait".
HESITATION = re.compile(
    r"[别別不先再想等但慢停改换]|可是|只是|考虑|如果|要是|除非|取消|算了|稍后|晚点|回头|暂|明天|没(?!错|问题)"
    r"|\b(?:no|not|never|\w+n['’]?t|but|wait|hold|hang|later|yet|first|before|after|until|unless|if|think|maybe|perhaps"
    r"|instead|change|cancel|stop|though|although|actually|tomorrow)\b",
    re.IGNORECASE,
)
CHOICE = re.compile(
    r"^\s*(?:第|选|option|number|no\.?)?\s*([1-3一二三])\s*(?:个|项|st|nd|rd)?[.。]?\s*$", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that a decision depends on; `form` and `wanted` are the running form and the slot it asked for."""

    text: str
    intent: str
    confidence: float = 1.0
    entities: frozenset[str] = frozenset()
    understanding: Understanding | None = None
    waiting: bool = False
    form: str | None = None
    wanted: str | None = None
    tries: int = 0
    unanswered: tuple[str, ...] = ()
    offer: str | None = None
    options: tuple[str, ...] = ()
    pressed_article: str | None = None
    pressed: bool = False

    @property
    def is_question(self) -> bool:
        """Whether the text reads like a question, whatever it is about."""
        return QUESTION.search(self.text) is not None

    @property
    def known(self) -> Hit | None:
        """The hit that the knowledge base is ready to answer with."""
        u = self.understanding
        return u.hits[0] if u is not None and u.action == "answer" and u.hits else None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do: the dialogue move, the text to say, the slots to set, and a handoff's reason if one is due."""

    move: Move
    say: str
    rule: str
    reason: Reason | None = None
    article: str | None = None
    choices: tuple[Hit, ...] = ()
    offer_human: bool = False
    slots: Mapping[str, Any] = field(default_factory=dict)


def decide(s: Situation) -> Decision:
    """The decision of the first rule that has one; `answer_or_miss`, the last, always has."""
    for rule in RULES:
        decision = rule(s)
        if decision is not None:
            return decision
    raise AssertionError("the last rule always decides")


def hand_off(s: Situation, reason: Reason, *, say: str, rule: str) -> Decision:
    """A handoff, or for a customer who waits for a human already, the text that says so."""
    slots = {"unanswered": [], "offer": None}
    if s.waiting:
        return Decision(move=Move.REPLY, say=f"{say}_waiting", rule=f"{rule}, waiting already", slots=slots)
    return Decision(move=Move.HANDOFF, say=say, reason=reason, rule=rule, slots=slots)


def wants_human(s: Situation) -> Decision | None:
    """Asking for a human always wins; so does saying yes to the bot's offer of one."""
    asked = s.intent == "ask_human"
    accepted = s.intent == "affirm" and s.offer == "human" and s.form is None
    if asked or accepted:
        return hand_off(s, Reason.ASKED, say="asked", rule="asked for a human" if asked else "accepted the offer")
    return None


def is_unhappy(s: Situation) -> Decision | None:
    """Anger, an insult or a threat: soothe and hand off; a refund's reason may well describe something bad."""
    mood = s.understanding.mood if s.understanding is not None else None
    insulted = s.intent == "insult" and s.confidence >= SURE
    angry = (
        mood is not None
        and mood.label == "unhappy"
        and (s.wanted != "refund_reason" or any(e.startswith(("insult", "threat", "aimed")) for e in mood.evidence))
    )
    if not s.pressed and (insulted or angry):
        return hand_off(s, Reason.UNHAPPY, say="unhappy", rule="insult or threat" if insulted else "mood is unhappy")
    return None


def chose_article(s: Situation) -> Decision | None:
    """A choice from the clarifying question, by button or by number; none of them counts as a miss."""
    if s.intent == "none_of_these":
        return miss(s, rule="none of the choices")
    number = CHOICE.match(s.text) if s.options and s.form is None else None
    picked = "123一二三".index(number.group(1)) % 3 if number else None
    article = s.pressed_article or (s.options[picked] if picked is not None and picked < len(s.options) else None)
    if article is None:
        return None
    return Decision(move=Move.REPLY, say="article", article=article, rule="chose an article", slots=ANSWERED)


def in_form(s: Situation) -> Decision | None:
    """A running form: fill, stop, switch, or step aside for a question; the second unusable answer hands off."""
    if s.form is None:
        return None
    if fills(s):
        return Decision(move=Move.FILL, say="", rule=f"fills {s.wanted}")
    if s.wanted == "refund_confirmed" and s.intent == "affirm":
        return half_a_yes(s)
    sure = s.confidence >= SURE
    if sure and s.intent in ("stop", "deny", "solved", "goodbye"):
        return Decision(move=Move.STOP, say="stopped", rule="customer stopped the form")
    other = {"order_status": ORDER_STATUS_FORM, "refund_request": REFUND_FORM}.get(s.intent)
    if sure and other not in (None, s.form) and not (s.is_question and s.known):
        return start_form(other)
    if sure and s.intent in SMALL_TALK:
        return small_talk(s)
    same_wish = other == s.form and not s.known
    if not same_wish and (s.is_question or (s.known and s.wanted != "refund_confirmed")):
        return answer_or_miss(s)
    if s.wanted == "refund_reason":
        return Decision(move=Move.FILL, say="", rule="fills refund_reason")
    if s.tries + 1 >= TRIES_TO_HANDOFF:
        return hand_off(s, Reason.UNSURE, say="form_stuck", rule=f"{TRIES_TO_HANDOFF} unusable answers for {s.wanted}")
    return Decision(move=Move.FILL, say="", rule=f"no {s.wanted} in the answer", slots={"tries": s.tries + 1})


def fills(s: Situation) -> bool:
    """Whether the text holds what the form asked for."""
    if s.wanted == "refund_confirmed":
        return s.intent == "deny" or is_firm_yes(s)
    if s.wanted == "refund_reason":
        firm = s.confidence >= SURE
        leaves = firm and s.intent in ("stop", "greet", "thanks", "bot_challenge", "order_status", "goodbye")
        return not leaves and not s.is_question and WORD.search(s.text) is not None
    return s.wanted in s.entities


def is_firm_yes(s: Situation) -> bool:
    """Whether money may move on this: the pressed button, or a yes beyond doubt without hesitation or question."""
    doubtful = s.confidence < VERY_SURE or s.is_question or HESITATION.search(s.text) is not None
    plain = PLAIN_YES.fullmatch(s.text) is not None
    return s.intent == "affirm" and (s.pressed or (plain and not s.is_question) or not doubtful)


def half_a_yes(s: Situation) -> Decision:
    """Nothing is submitted: the answer to the question that came with the yes, or what a firm yes is; asked again."""
    if s.is_question and s.known:
        return answer_or_miss(s)
    return Decision(move=Move.REPLY, say="not_submitted_yet", rule="a yes that is not firm")


def wants_form(s: Situation) -> Decision | None:
    """An order's status or a refund for it, unless it is a bare topic or a general question that has an answer."""
    numbered = "order_number" in s.entities
    form = {"order_status": ORDER_STATUS_FORM, "refund_request": REFUND_FORM}.get(s.intent)
    if form and s.confidence >= SURE:
        if s.understanding is not None and s.understanding.action == "clarify" and BARE_TOPIC.fullmatch(s.text):
            return None
        general = s.is_question and not numbered and s.known is not None and s.known.probability >= VERY_SURE
        return None if general and s.confidence < VERY_SURE else start_form(form)
    if numbered and s.known is None and s.intent not in SMALL_TALK:
        return start_form(ORDER_STATUS_FORM)
    return None


def start_form(form: str) -> Decision:
    """Start `form` with fresh slots; a refund takes over the number of the order that was just looked up."""
    slots = {**ANSWERED, **FRESH_FORM}
    if form == ORDER_STATUS_FORM:
        slots["order_number"] = None  # a number in this very text fills the slot again
    return Decision(move=FORM_MOVES[form], say="", rule=f"starts {form}", slots=slots)


def makes_small_talk(s: Situation) -> Decision | None:
    """Small talk, also a likely one in a few words that ask nothing; not when an answerable question came with it."""
    lost = s.understanding is not None and s.understanding.action == "abstain" and len(s.text) <= A_FEW_WORDS
    if s.intent not in SMALL_TALK or (s.confidence < SURE and (s.is_question or not lost)):
        return None
    if s.known is not None and s.is_question and s.intent != "bot_challenge":
        return None
    return small_talk(s)


def small_talk(s: Situation) -> Decision:
    """The text for a small-talk intent; a no to the bot's offer is heard, an answer that solved it is welcome."""
    declined = s.intent == "deny" and s.offer == "human"
    say = "declined" if declined else "nothing_to_stop" if s.intent == "stop" else s.intent
    slots = {"offer": None, "unanswered": [] if s.intent == "solved" else list(s.unanswered)}
    return Decision(move=Move.REPLY, say=say, rule=f"small talk: {s.intent}", slots=slots)


def complains(s: Situation) -> Decision | None:
    """A calm wish to complain: the article about it, or how to do it, with the offer of a human."""
    if s.intent != "complain" or s.confidence < SURE:
        return None
    slots = {"unanswered": [], "offer": None if s.waiting else OFFER_HUMAN}
    say, article = ("answer", s.known.article) if s.known else ("complain", None)
    return Decision(
        move=Move.REPLY, say=say, article=article, offer_human=not s.waiting, rule="calm complaint", slots=slots
    )


def answer_or_miss(s: Situation) -> Decision:
    """The knowledge base's own decision: answer, clarify (once in a row), or a miss; unreachable hands off."""
    u = s.understanding
    if u is None:
        return hand_off(s, Reason.BOT_FAILED, say="knowledge_down", rule="the knowledge base did not answer")
    if WORD.search(s.text) is None:
        return miss(s, rule="no words")
    if s.known is not None:
        return Decision(
            move=Move.REPLY, say="answer", article=s.known.article, rule=f"answer: {u.rule}", slots=ANSWERED
        )
    choices = tuple(hit for hit in u.hits if hit.doubt is None)[:CLARIFY_CHOICES]
    if u.action == "clarify" and choices and s.offer != "articles":
        offer = {"kind": "articles", "options": [hit.article for hit in choices]}
        slots = {"offer": offer, "unanswered": list(s.unanswered)}
        return Decision(move=Move.REPLY, say="clarify", choices=choices, rule=f"clarify: {u.rule}", slots=slots)
    return miss(s, rule=f"{u.action}: {u.rule}")


def miss(s: Situation, *, rule: str) -> Decision:
    """Not answered: say so and offer a human; the second time in a row hand off."""
    unanswered = [*s.unanswered, s.text]
    if s.waiting:
        return Decision(move=Move.REPLY, say="unsure_waiting", rule=rule, slots=ANSWERED)
    if len(unanswered) >= MISSES_TO_HANDOFF:
        return hand_off(s, Reason.UNSURE, say="unsure", rule=f"{len(unanswered)} misses in a row; last: {rule}")
    return Decision(
        move=Move.REPLY, say="miss", offer_human=True, rule=rule, slots={"unanswered": unanswered, "offer": OFFER_HUMAN}
    )


RULES = (wants_human, is_unhappy, chose_article, in_form, wants_form, makes_small_talk, complains, answer_or_miss)
