"""Turns messages and handoffs into Rasa events."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rasa.shared.core.events import BotUttered, Event

from bot.actions.situation import PRIORITY, Reason, Situation
from bot.actions.texts import Message, Texts
from bot.channels.output import TurnOutput
from bot.hearing.foreign import language_of
from bot.knowledge import Hit
from bot.language import other_script


def said(message: Message, *, handoff: Mapping[str, Any] | None = None, reminder: str | None = None) -> Event:
    """The event of one message, with the wish for a human that goes with it, or the article that it reminds of."""
    metadata = {
        "kind": message.kind,
        "buttons": list(message.buttons),
        "sources": list(message.sources),
        "handoff": handoff,
        "reminder": reminder,
        "said": message.said,
        "rest": message.rest,
    }
    return BotUttered(message.text, metadata=metadata)


def tell(texts: Texts, output: TurnOutput, name: str, **values: str) -> Event:
    """One of the bot's own sentences, in the customer's language; without a promise of a human to one who waits."""
    if output.turn.waiting and texts.has(f"{name}_waiting"):
        name = f"{name}_waiting"
    return said(word(texts, output, name, **values))


def word(texts: Texts, output: TurnOutput, name: str, **values: str) -> Message:
    """The message of a text, in a variant that was not used yet in this conversation; from now on it was."""
    hello = texts.hello(output.turn.hour, language=output.language)
    gaps = {"hello": hello, "shop": output.turn.policy.name(output.language), **output.decision.values, **values}
    message = texts.message(name, language=output.language, turn=output.number, used=output.used, **gaps)
    output.used.add(message.said)
    return message


def in_own_language(output: TurnOutput, message: Message, *, handing: bool) -> Message:
    """The message with a sentence before it in the language that the customer wrote, if we know one of those."""
    language = language_of(output.situation.text) if other_script(output.situation.text) else None
    if language is None:
        return message
    return replace(message, text=f"{language.handing if handing else language.cannot}\n{message.text}")


def tell_handoff(texts: Texts, output: TurnOutput, name: str, *, reason: Reason, rule: str, **extra: Any) -> Event:
    """The sentence that hands over, with reason, priority and evidence; only the sentence for one who waits already."""
    if output.turn.waiting:
        return tell(texts, output, name)
    decision = output.decision
    own = decision.priority if decision.reason is reason else None
    handoff = {
        "reason": reason.value,
        "priority": PRIORITY[reason] if own is None else own,
        "evidence": {
            "rule": rule,
            **evidence(output.situation),
            "signals": [signal.plain() for signal in output.signals],
            **extra,
        },
    }
    return said(in_own_language(output, word(texts, output, name), handing=True), handoff=handoff)


def evidence(s: Situation) -> dict[str, Any]:
    """What the decision was made on: the questions, the reading, the best hits, the mood, the running form."""
    found: dict[str, Any] = {
        "questions": [*s.unanswered, s.text],
        "intent": s.intent,
        "confidence": round(s.confidence, 3),
    }
    if s.form is not None:
        found["form"] = {"name": s.form, "wanted": s.wanted, "tries": s.tries}
    if s.understanding is None:
        return {**found, "knowledge_base": "unreachable"}
    return {
        **found,
        "decision": s.understanding.raw["decision"],
        "mood": s.understanding.raw["mood"],
        "hits": [source(hit) for hit in s.understanding.hits[:3]],
    }


def source(hit: Hit) -> dict[str, Any]:
    """A hit as the contract names a source."""
    return {
        "article": hit.article,
        "language": hit.language,
        "title": hit.title,
        "probability": round(hit.probability, 4),
    }
