"""One simulated customer: what is said next, given what was answered, the mood, and the patience left."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bot.simulation.goals import Goal
from bot.simulation.hearing import Heard, choice_among, choice_titles, hear
from bot.simulation.noise import Typing, in_pieces, typed
from bot.simulation.speech import NoSuchPhrase, Speech

# How an answer moves the mood, 0 (content) to 1 (furious).
PROGRESS, SOOTHED, OFF_TOPIC, REPEATED, EACH_TURN = -0.06, -0.12, 0.13, 0.16, 0.01
ANNOYED, ANGRY = 0.5, 0.8
RECOGNISED = 12  # characters of a title
# Words on buttons: those that submit, and those that a customer who wants something done leaves alone.
AGREEING = ("确认", "提交", "继续", "了解", "submit", "go on", "yes")
LEAVING = (
    "停",
    "不用",
    "先不",
    "保留",
    "不办",
    "人工",
    "都不是",
    "stop",
    "don't",
    "keep",
    "leave",
    "human",
    "person",
    "none of",
)


@dataclass(frozen=True, kw_only=True)
class Temper:
    """A character, each 0..1 but patience (messages): how it reacts when a talk does not go well."""

    mood: float
    patience: int
    wants_people: float
    asks_aside: float
    mixes_up: float
    hesitates: float
    changes_mind: float
    forgets: float
    takes_pictures: float

    @classmethod
    def of_chance(cls, chance: random.Random) -> "Temper":
        """A person drawn at random."""
        return cls(
            mood=chance.choice((0.05, 0.1, 0.1, 0.3, 0.6)),
            patience=chance.randrange(6, 16),
            wants_people=chance.choice((0.1, 0.5, 0.9)),
            asks_aside=chance.choice((0.0, 0.15, 0.3)),
            mixes_up=chance.choice((0.0, 0.0, 0.25)),
            hesitates=chance.choice((0.0, 0.1, 0.3)),
            changes_mind=chance.choice((0.0, 0.0, 0.1)),
            forgets=chance.choice((0.0, 0.1, 0.3)),
            takes_pictures=chance.choice((0.0, 0.5, 1.0)),
        )


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """What the customer sends: messages in the order sent; `act` says why; `pressed` is a button's title.

    `pictures` are sent along with the messages, or alone.
    """

    act: str
    messages: tuple[str, ...]
    pressed: str | None = None
    pictures: int = 0
    leaves: bool = False


class Customer:
    """Draws one person from `chance` and talks for the goal."""

    def __init__(self, goal: Goal, chance: random.Random) -> None:
        self.goal = goal
        self.temper = Temper.of_chance(chance)
        self.typing = Typing.of_chance(chance)
        self.mood = self.temper.mood
        self.said = 0
        self.satisfied = False
        self._chance = chance
        self._speech = Speech(goal.language, goal.facts, chance)
        self._answers: list[str] = []
        self._did: dict[str, int] = {}
        self._mixed_up = False

    def begin(self) -> Utterance:
        """The first words."""
        name = self.goal.name
        if name == "question":
            return self._send("open", self.goal.question)
        if name == "human":
            return self._send("ask_human", self._speech.say("ask_human"))
        if name == "strange":
            return self._send("open", self._speech.say("strange"))
        return self._send("open", self._speech.say("open", "order_status" if name == "foreign" else name))

    def answer(self, text: str, buttons: Sequence[str] = (), *, handed_over: bool = False) -> Utterance:
        """What the customer says to an answer; `leaves` when it is the last word."""
        heard = hear(text)
        self._feel(heard)
        self._answers.append(text)
        if handed_over:
            return Utterance(act="waits for a person", messages=(), leaves=True)
        if self.said >= self.temper.patience:
            return self._lose_patience()
        return self._react(heard, buttons)

    def _react(self, heard: Heard, buttons: Sequence[str]) -> Utterance:
        if self.satisfied:
            return self._send("solved" if heard.solved and self._once("solved") else "bye", leaves=not heard.solved)
        if heard.solved:
            return self._send("not_solved")
        if heard.asks == "confirm":
            return self._confirm(heard, buttons)
        if self.goal.name == "question" and not self.satisfied and not buttons and not heard.offers_human:
            self.satisfied = True  # whether the answer is the right one only the referee knows
            return self._send("thanks", leaves=self._chance.random() < 0.7)
        if heard.asks is not None:
            return self._give(heard, buttons)
        if heard.done or (heard.orders and self.goal.name == "order_status") or self._is_told_of_the_coupon(heard):
            self.satisfied = True
            return self._send("thanks", leaves=self._chance.random() < 0.7)
        if heard.cannot and (self.goal.name == "foreign" or not self.goal.possible or self._once("told no")):
            return self._send("bye", leaves=True)
        return self._lost(heard, buttons)

    def _is_told_of_the_coupon(self, heard: Heard) -> bool:
        return self.goal.name == "coupon_check" and self.goal.facts["coupon"] in heard.text and not heard.cannot

    def _confirm(self, heard: Heard, buttons: Sequence[str]) -> Utterance:
        named = heard.orders
        if named and self.goal.number and self.goal.number not in named:
            return self._send("correct_order")
        if self._chance.random() < self.temper.hesitates and self._once("waits"):
            return self._send("waits")
        if self._chance.random() < self.temper.changes_mind:
            return self._send("no", leaves=False)
        return self._send("yes", button=choice_among(buttons, AGREEING))

    def _give(self, heard: Heard, buttons: Sequence[str]) -> Utterance:
        wanted = heard.asks or ""
        if wanted == "order_number":
            if self._chance.random() < self.temper.forgets and self._once("not_at_hand"):
                return self._send("not_at_hand")
            if self.goal.name == "foreign" or (
                self.goal.other_order and self._chance.random() < self.temper.mixes_up and self._once("mixes up")
            ):
                self._mixed_up = True
                self._speech.know(order=str((self.goal.other_order or {})["number"]))
                words = self._speech.say("give", "order_number")
                self._speech.know(order=self.goal.number)
                return self._send("give", words)
            return self._send("give", self._speech.say("give", "order_number"), button=self._fitting(buttons))
        if self._mixed_up and self.goal.name != "foreign" and self._once("corrects"):
            return self._send("correct_order")
        if self._chance.random() < self.temper.asks_aside and self._once("aside"):
            return self._send("aside", self.goal.question)
        told_why = "picture" in self._did and "No pictures" not in buttons and "没有图片" not in buttons
        if wanted == "picture" and (self._chance.random() < self.temper.takes_pictures or told_why):
            self.said += 1
            return Utterance(act="give", messages=(), pictures=self._chance.randrange(1, 4))
        try:
            words = (
                self._speech.say("details", self.goal.name) if wanted == "details" else self._speech.say("give", wanted)
            )
        except NoSuchPhrase:
            return self._send("puzzled")
        self._once(wanted)
        usable = [title for title in buttons if title not in choice_titles(buttons, LEAVING)]
        return self._send("give", words, button=self._fitting(buttons) or (usable[0] if usable else None))

    def _lost(self, heard: Heard, buttons: Sequence[str]) -> Utterance:
        if heard.offers_human and buttons and self._chance.random() < self.temper.wants_people * self.mood:
            return self._send("ask_human", self._speech.say("ask_human"))
        if self.mood > ANGRY and self._once("angry"):
            return self._send("angry")
        if self._chance.random() < self.temper.wants_people * self.mood:
            return self._send("ask_human", self._speech.say("ask_human"))
        fitting = self._fitting(buttons)
        if fitting is not None and self._once(f"pressed {fitting}"):
            return self._send("give", fitting, button=fitting)
        if self.goal.name == "strange":
            return self._send("bye", leaves=True) if self.said > 1 else self._send("open", self._speech.say("strange"))
        if self.mood > ANNOYED and self._chance.random() < 0.4:
            return self._send("annoyed")
        name = "order_status" if self.goal.name == "foreign" else self.goal.name
        wish = self.goal.question if name == "question" else self._speech.say("open", name)
        self._speech.know(wish=wish)
        return self._send("again")

    def _lose_patience(self) -> Utterance:
        if self._chance.random() < self.temper.wants_people and self._once("last word"):
            return self._send("ask_human", self._speech.say("ask_human"))
        return self._send("bye", leaves=True)

    def _fitting(self, buttons: Sequence[str]) -> str | None:
        sought = self.goal.title[:RECOGNISED] if self.goal.name == "question" else ""
        wanted = [
            sought,
            self.goal.number,
            self.goal.facts["reference"],
            self.goal.facts["coupon"],
            self.goal.facts["item"],
        ]
        return choice_among(buttons, wanted) if self._chance.random() < self.typing.presses else None

    def _feel(self, heard: Heard) -> None:
        change = EACH_TURN
        change += REPEATED if heard.text in self._answers else 0.0
        change += SOOTHED if heard.soothes else 0.0
        on_topic = heard.asks is not None or heard.done or heard.solved
        change += PROGRESS if on_topic else 0.0 if self.goal.name == "question" else OFF_TOPIC
        self.mood = min(1.0, max(0.0, self.mood + change))

    def _once(self, name: str) -> bool:
        self._did[name] = self._did.get(name, 0) + 1
        return self._did[name] == 1

    def _send(
        self, act: str, words: str | None = None, *, button: str | None = None, leaves: bool = False
    ) -> Utterance:
        self.said += 1
        if button is not None and self._chance.random() < self.typing.presses:
            return Utterance(act=act, messages=(button,), pressed=button, leaves=leaves)
        text = typed(words if words is not None else self._speech.say(act), self.typing, self._chance)
        pieces = in_pieces(text, self.typing, self._chance)
        return Utterance(act=act, messages=tuple(pieces) or ("?",), leaves=leaves)
