"""*failed*: a part of the bot is down or too slow."""

from bot.actions.situation import Situation
from bot.signals.model import Name, Signal


def failed(s: Situation) -> list[Signal]:
    """The knowledge base gave no answer, or the parts took longer than the tenant's `slow_ms`."""
    found = []
    if s.understanding is None and s.text.strip():
        found.append(
            Signal(
                signal=Name.FAILED,
                rule="the knowledge base did not answer",
                strength=1.0,
                say="knowledge_down",
                evidence={"part": "kb_index"},
            )
        )
    if s.parts_ms > s.policy.slow_ms:
        evidence = {"took_ms": round(s.parts_ms), "limit_ms": s.policy.slow_ms}
        found.append(
            Signal(signal=Name.FAILED, rule="a part is too slow", strength=0.5, say="knowledge_down", evidence=evidence)
        )
    return found
