"""The step interface: `reset(seed) -> Observation`, `step(reply) -> Observation`.

The learner is whoever answers: the bot, or an agent in training. It sees what a customer writes, and after each of its
replies what the customer writes next; the mood and the reward tell how well it goes. Time is virtual.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from bot.simulation.customer import Customer, Utterance
from bot.simulation.goals import Goal, draw_goal
from bot.simulation.store import ShopFile

LONGEST = 30  # customer messages: a talk without end is one that failed
SHOP_TIME = timezone(timedelta(hours=8))
READING_CHARS_PER_SECOND = 12.0
SATISFIED, EACH_TURN, UNHAPPY = 1.0, -0.02, -0.5


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer to a customer: what stands there, the titles of its buttons, and whether a person takes over."""

    text: str
    buttons: Sequence[str] = ()
    handed_over: bool = False


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What the answering side sees; `act` and `goal` are for referees and teachers only."""

    messages: tuple[str, ...]
    pressed: str | None
    pictures: int
    at: datetime
    language: str
    mood: float
    reward: float
    done: bool
    act: str
    goal: Goal

    @property
    def text(self) -> str:
        """The messages as one turn."""
        return "\n".join(self.messages)


class SimulatedCustomer:
    """One seat in front of endless customers; each seed is one person with one goal, for ever the same."""

    def __init__(self, shop: ShopFile, *, goal: str | None = None, language: str | None = None) -> None:
        self._shop = shop
        self._goal = goal
        self._language = language
        self._customer: Customer
        self._now: datetime

    @property
    def customer(self) -> Customer:
        """Who talks at present."""
        return self._customer

    def reset(self, seed: int) -> Observation:
        """A new customer, who speaks first."""
        chance = random.Random(f"customer {seed}")
        language = self._language or chance.choice(("zh", "en"))
        goal = draw_goal(self._shop, chance, language=language, name=self._goal)
        self._customer = Customer(goal, chance)
        self._now = datetime(2026, 11, 23, tzinfo=SHOP_TIME) + timedelta(minutes=chance.randrange(7 * 24 * 60))
        return self._observe(self._customer.begin())

    def step(self, reply: Reply | str) -> Observation:
        """What the customer writes next; `done` when this was the last word."""
        if isinstance(reply, str):
            reply = Reply(text=reply)
        self._now += timedelta(seconds=2 + len(reply.text) / READING_CHARS_PER_SECOND)
        return self._observe(self._customer.answer(reply.text, reply.buttons, handed_over=reply.handed_over))

    def _observe(self, said: Utterance) -> Observation:
        customer = self._customer
        self._now += timedelta(seconds=len("".join(said.messages)) / customer.typing.chars_per_second)
        done = said.leaves or customer.said >= LONGEST
        reward = EACH_TURN
        if done:
            reward += (SATISFIED if customer.satisfied else 0.0) + UNHAPPY * customer.mood
        return Observation(
            messages=said.messages,
            pressed=said.pressed,
            pictures=said.pictures,
            at=self._now,
            language=customer.goal.language,
            mood=round(customer.mood, 3),
            reward=round(reward, 3),
            done=done,
            act=said.act,
            goal=customer.goal,
        )


def as_reply(answer: dict[str, Any]) -> Reply:
    """The bot's response to a turn as the customer sees it."""
    return Reply(
        text="\n".join(message["text"] for message in answer["messages"]),
        buttons=tuple(button["title"] for message in answer["messages"] for button in message["buttons"]),
        handed_over=answer["handoff"] is not None,
    )
