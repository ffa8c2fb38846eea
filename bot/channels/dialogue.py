"""One turn of a conversation: understand, decide, let Rasa carry it out, and put the answer together."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.actions.decide import Decision, Move, Situation, decide
from bot.channels.output import TurnOutput
from bot.channels.request import CONTEXT_CHARS, Turn
from bot.knowledge import KnowledgeBase, KnowledgeUnavailable, Understanding
from bot.language import answer_language

SHOWN_SLOTS = ("order_number", "refund_reason")
RANKING = 5


class TurnFailed(Exception):
    """The turn could not be finished and left no trace in the conversation."""


async def take_turn(agent: Agent, turn: Turn, *, kb: KnowledgeBase, lock_wait: float) -> dict[str, Any]:
    """The response of the turn contract; raises when anything failed, and then nothing is stored."""
    started = time.perf_counter()
    processor = agent.processor
    if processor is None:
        raise TurnFailed("no model is loaded")
    output = TurnOutput(turn)
    async with agent.lock_store.lock(turn.sender, wait_time_in_seconds=lock_wait):
        tracker = await processor.fetch_tracker_and_update_session(turn.sender, output)
        hint = answer_language(turn.text, before=last_language(tracker), asked_for=turn.language, detected=None)
        asked = asyncio.ensure_future(understand(kb, turn, language=hint, context=with_articles(turn.context, tracker)))
        nlu = await read_intent(agent, turn)
        understanding = await asked
        prepare(output, tracker, nlu=nlu, understanding=understanding)
        message = UserMessage(
            turn.harmless,
            output,
            turn.sender,
            parse_data={**nlu, "intent": route(output.decision, nlu)},
            input_channel="tandem",
            message_id=turn.turn,
            metadata={"language": output.language},
        )
        # Before the message: after it Rasa would take these for the customer's own answers to the running form.
        tracker.update_with_events([SlotSet(k, plain(v)) for k, v in output.decision.slots.items()], agent.domain)
        await processor._handle_message_with_tracker(message, tracker)
        tracker = await processor.run_action_extract_slots(output, tracker)
        await processor._run_prediction_loop(output, tracker)
        if output.failure is not None:
            raise TurnFailed(f"an action failed: {output.failure!r}") from output.failure
        if not output.messages and output.handoff is None:
            raise TurnFailed(f"no action answered; decision: {output.decision.rule}")
        await processor.save_tracker(tracker)
    return response(output, tracker, nlu=nlu, understanding=understanding, started=started)


async def understand(
    kb: KnowledgeBase, turn: Turn, *, language: str | None, context: Sequence[Mapping[str, str]]
) -> Understanding | None:
    """The one question to the knowledge base per turn; None when it cannot be reached."""
    try:
        return await kb.understand(
            turn.text,
            tenant=turn.tenant,
            language=language,
            context=context,
            channel=turn.channel,
            contact=turn.contact,
        )
    except KnowledgeUnavailable:
        return None


def with_articles(context: Sequence[Mapping[str, str]], tracker: DialogueStateTracker) -> list[dict[str, str]]:
    """The messages before, those that the bot answered with an article together with its name."""
    answered = {}
    for event in tracker.events:
        sources = event.metadata.get("sources", ()) if isinstance(event, BotUttered) else ()
        if len(sources) == 1 and event.text:
            answered[event.text[:CONTEXT_CHARS]] = sources[0]["article"]
    return [
        {**said, "article": answered[said["text"]]}
        if said["author"] == "bot" and said["text"] in answered
        else {**said}
        for said in context
    ]


async def read_intent(agent: Agent, turn: Turn) -> dict[str, Any]:
    """Rasa's reading of the text; a pressed button is its intent, whatever its title says."""
    if turn.press is not None:
        intent = {"name": turn.press.intent, "confidence": 1.0}
        return {"text": turn.harmless, "intent": intent, "intent_ranking": [intent], "entities": []}
    if not turn.readable:  # nothing but space: Rasa's components fail on it
        intent = {"name": "nlu_fallback", "confidence": 0.0}
        return {"text": "", "intent": intent, "intent_ranking": [], "entities": []}
    parsed: dict[str, Any] = await agent.processor.parse_message(UserMessage(turn.readable, sender_id=turn.sender))
    return parsed


def last_language(tracker: DialogueStateTracker) -> str | None:
    """The language that the conversation was in at the turn before."""
    metadata = tracker.latest_message.metadata if tracker.latest_message else None
    return (metadata or {}).get("language")


def prepare(
    output: TurnOutput, tracker: DialogueStateTracker, *, nlu: Mapping[str, Any], understanding: Understanding | None
) -> None:
    """Decide the turn and hand the actions all they need."""
    turn = output.turn
    offer = tracker.get_slot("offer") or {}
    output.situation = Situation(
        text=turn.text,
        intent=nlu["intent"]["name"],
        confidence=nlu["intent"]["confidence"],
        entities=frozenset(entity["entity"] for entity in nlu["entities"]),
        understanding=understanding,
        waiting=turn.waiting,
        form=tracker.active_loop_name,
        wanted=tracker.get_slot(REQUESTED_SLOT),
        tries=tracker.get_slot("tries") or 0,
        unanswered=tuple(tracker.get_slot("unanswered") or ()),
        offer=offer.get("kind"),
        options=tuple(offer.get("options", ())),
        pressed=turn.press is not None,
        pressed_article=turn.press.article if turn.press else None,
    )
    output.decision = decide(output.situation)
    output.reminded = any(isinstance(e, BotUttered) and e.metadata.get("reminder") for e in tracker.events)
    output.number = sum(isinstance(event, UserUttered) for event in tracker.events)
    output.language = answer_language(
        turn.text,
        before=last_language(tracker),
        asked_for=turn.language,
        detected=understanding.language if understanding else None,
    )


def route(decision: Decision, nlu: Mapping[str, Any]) -> dict[str, Any]:
    """The intent that Rasa's rules see: the decided move, or what fills the running form."""
    name = decision.move.value
    if decision.move is Move.FILL:
        said = nlu["intent"]["name"]
        name = said if said in ("affirm", "deny") else "inform"
    return {"name": name, "confidence": 1.0}


def plain(value: Any) -> Any:
    """A slot's value as plain JSON."""
    return dict(value) if isinstance(value, Mapping) else value


def response(
    output: TurnOutput,
    tracker: DialogueStateTracker,
    *,
    nlu: Mapping[str, Any],
    understanding: Understanding | None,
    started: float,
) -> dict[str, Any]:
    """The contract's answer to one turn."""
    ranking = [{"name": r["name"], "confidence": r["confidence"]} for r in nlu["intent_ranking"][:RANKING]]
    entities = [{name: e[name] for name in ("entity", "value", "start", "end")} for e in nlu["entities"]]
    slots = {name: tracker.get_slot(name) for name in SHOWN_SLOTS}
    return {
        "turn": output.turn.turn,
        "duplicate": False,
        "messages": output.messages,
        "handoff": output.handoff,
        "nlu": {
            "intent": {"name": nlu["intent"]["name"], "confidence": nlu["intent"]["confidence"]},
            "ranking": ranking,
            "entities": entities,
        },
        "understanding": understanding.raw if understanding else None,
        "slots": {name: value for name, value in slots.items() if value is not None},
        "active_loop": tracker.active_loop_name,
        "took_ms": round((time.perf_counter() - started) * 1000, 2),
    }
