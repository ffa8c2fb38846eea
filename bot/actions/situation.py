"""What a decision is made on and what comes out of it: the values that the bot's rules and tasks share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.actions.standing import NOTHING_STANDS, Standing
from bot.channels.circumstances import File, GivenBack, Returning
from bot.channels.policy import STANDARD, Policy
from bot.hearing.ordinal import ordinal
from bot.knowledge import Hit, Understanding

if TYPE_CHECKING:
    from bot.signals.model import Signal

SURE = 0.6  # an intent below this does not start a form or small talk: the knowledge base is asked
MEANT_AT_ALL = 0.25  # an intent below this is no candidate
VERY_SURE = 0.9  # a knowledge base answer this probable wins over a form only likely meant; a typed yes submits
A_FEW_WORDS = 8  # characters


class Move(str, Enum):
    """How the dialogue goes on; each value but FILL is the intent that the rules in data/training see."""

    REPLY = "reply"
    HANDOFF = "handoff"
    STOP = "stop"
    TASK = "task"
    FILL = "fill"


class Reason(str, Enum):
    """Why a human is needed."""

    ASKED = "asked"
    UNSURE = "unsure"
    UNHAPPY = "unhappy"
    BOT_FAILED = "bot_failed"
    POLICY = "policy"


PRIORITY = {Reason.ASKED: 3, Reason.UNSURE: 2, Reason.UNHAPPY: 6, Reason.BOT_FAILED: 4, Reason.POLICY: 9}
SMALL_TALK = frozenset({"greet", "goodbye", "thanks", "bot_challenge", "solved", "affirm", "deny", "stop"})
OFFER_HUMAN: Mapping[str, Any] = MappingProxyType({"kind": "human"})
ANSWERED: Mapping[str, Any] = MappingProxyType({"unanswered": [], "offer": None})

QUESTION = re.compile(
    r"[?？]|[吗嘛呢么]\s*[。!！~]*$|怎么|怎样|如何|为什么|为啥|多久|多少|什么|啥|哪|能不能|可不可以|是否|是不是|有没有|会不会|几[天个点时]"
    r"|^\s*(?:how|what|when|where|why|who|which|can|could|do|does|did|is|are|will|would|should|may)\b(?!['’]t|\s+not\b(?!\s+(?:you|they|we|i|it)\b))",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True, kw_only=True)
class Said:
    """An earlier message of the customer in this phase: its mood (0..1), what it was answered with, and by which text.

    article: the one that was shown; say: the name of the text; asked_if_solved, sorry: what the answer went with.
    """

    text: str
    mood: float = 0.0
    article: str | None = None
    say: str = ""
    insulting: bool = False
    asked_if_solved: bool = False
    sorry: bool = False


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that a decision depends on; `form` and `wanted` are the running form and the slot it asked for.

    heard_in: the part of the text that decided the intent; ranking: the intents with their probabilities, best
    first; before: the customer's earlier messages in this phase,
    oldest first; parts_ms: how long the parts took to read this message; hour: the tenant's own; language: the one
    that is answered in; more_to_read: the last answer was cut and goes on; signals: what `bot.signals.see` saw in all
    of this, filled in by `decide`.
    """

    text: str
    intent: str
    confidence: float = 1.0
    heard_in: str = ""
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
    ranking: tuple[tuple[str, float], ...] = ()
    before: tuple[Said, ...] = ()
    policy: Policy = STANDARD
    parts_ms: float = 0.0
    files: tuple[File, ...] = ()
    hour: int | None = None
    returning: Returning | None = None
    given_back: GivenBack | None = None
    language: str = "zh"
    more_to_read: bool = False
    signals: tuple["Signal", ...] = ()
    standing: Standing = NOTHING_STANDS

    @property
    def is_question(self) -> bool:
        """Whether the text reads like a question, whatever it is about."""
        return QUESTION.search(self.text) is not None

    @property
    def parting(self) -> float:
        """How likely the text takes leave, thanks or says that it is solved, whichever of them."""
        return sum(p for name, p in self.ranking if name in ("goodbye", "solved", "thanks"))

    @property
    def picked(self) -> str | None:
        """The option of the last offer that the text picks by its number."""
        at = ordinal(self.text) if self.form is None else None
        return self.options[at] if at is not None and at < len(self.options) else None

    @property
    def known(self) -> Hit | None:
        """The hit that the knowledge base is ready to answer with."""
        u = self.understanding
        return u.hits[0] if u is not None and u.action == "answer" and u.hits else None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do: the dialogue move, the text to say, the slots to set, and a handoff's reason if one is due.

    choices, tasks: what there is to choose from; priority: of the handoff, where it is not that of its reason; values:
    what the text has gaps for; first, after: texts said before and after it; close: the customer is
    done and the bot says goodbye.
    """

    move: Move
    say: str
    rule: str
    reason: Reason | None = None
    article: str | None = None
    choices: tuple[Hit, ...] = ()
    tasks: tuple[str, ...] = ()
    offer_human: bool = False
    slots: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    close: bool = False


def hand_off(
    s: Situation,
    reason: Reason,
    *,
    say: str,
    rule: str,
    priority: int | None = None,
    values: Mapping[str, str] = MappingProxyType({}),
) -> Decision:
    """A handoff, or for a customer who waits for a human already, the text that says so."""
    slots = {"unanswered": [], "offer": None}
    if s.waiting:
        rule = f"{rule}, waiting already"
        return Decision(move=Move.REPLY, say=f"{say}_waiting", rule=rule, slots=slots, values=values)
    return Decision(move=Move.HANDOFF, say=say, reason=reason, rule=rule, slots=slots, priority=priority, values=values)
