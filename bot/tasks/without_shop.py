"""A tenant whose customers are not the shop's: there its Tasks are not begun, and it is asked nothing. Pure."""

from bot.actions.situation import OFFER_HUMAN, Decision, Move, Situation
from bot.tasks.registry import TASKS


def lacks_shop(s: Situation, name: str) -> bool:
    """Whether a Task is one of the shop's, and this tenant has none."""
    return TASKS[name].of_shop and not s.standing.orders


def no_shop(s: Situation, name: str) -> Decision:
    """Says that this cannot be looked up here, and offers a person."""
    offered = not s.waiting and s.form is None  # within a Task a yes answers its question
    slots = {"unanswered": list(s.unanswered), "offer": OFFER_HUMAN if offered else None}
    return Decision(move=Move.REPLY, say="no_shop", rule=f"no shop for {name}", offer_human=not s.waiting, slots=slots)
