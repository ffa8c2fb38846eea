"""One turn of a conversation: understand, decide, let Rasa carry it out, and put the answer together."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from bot.actions.decide import decide
from bot.actions.manners import is_abusive
from bot.actions.say import tell
from bot.actions.situation import Decision, Move, Situation
from bot.actions.texts import Texts
from bot.channels.memory import Memory, with_articles
from bot.channels.output import TurnOutput
from bot.channels.request import Turn
from bot.knowledge import KnowledgeBase, KnowledgeUnavailable, Understanding
from bot.language import LANGUAGES, answer_language, asked_language
from bot.signals import see, with_handoff
from bot.tasks.running import running, shown_slots, standing_of

RANKING = 5


class TurnFailed(Exception):
    """The turn could not be finished and left no trace in the conversation."""


async def take_turn(agent: Agent, turn: Turn, *, kb: KnowledgeBase, lock_wait: float, texts: Texts) -> dict[str, Any]:
    """The response of the turn contract; raises when anything failed, and then nothing is stored."""
    started = time.perf_counter()
    processor = agent.processor
    if processor is None:
        raise TurnFailed("no model is loaded")
    output = TurnOutput(turn)
    async with agent.lock_store.lock(turn.sender, wait_time_in_seconds=lock_wait):
        tracker = await processor.fetch_tracker_and_update_session(turn.sender, output)
        memory = Memory.of(tracker, said=texts.said_in(turn.said))
        nlu, understanding = await read(agent, turn, kb=kb, memory=memory, tracker=tracker)
        parts_ms = (time.perf_counter() - started) * 1000
        prepare(output, tracker, memory=memory, nlu=nlu, understanding=understanding, parts_ms=parts_ms)
        message = UserMessage(
            turn.harmless,
            output,
            turn.sender,
            parse_data={**nlu, "intent": route(output.decision, output.situation.form)},
            input_channel="tandem",
            message_id=turn.turn,
            metadata=kept(output, memory),
        )
        # Before the message: after it Rasa would take these for the customer's own answers to the running form.
        tracker.update_with_events([SlotSet(k, plain(v)) for k, v in output.decision.slots.items()], agent.domain)
        await processor._handle_message_with_tracker(message, tracker)
        tracker = await processor.run_action_extract_slots(output, tracker)
        await say_first(output, tracker, texts=texts, domain=agent.domain)
        await processor._run_prediction_loop(output, tracker)
        if output.failure is not None:
            raise TurnFailed(f"an action failed: {output.failure!r}") from output.failure
        if not output.messages and output.handoff is None and not is_quiet(output):
            raise TurnFailed(f"no action answered; decision: {output.decision.rule}")
        await processor.save_tracker(tracker)
    return response(output, tracker, nlu=nlu, understanding=understanding, started=started)


async def read(
    agent: Agent, turn: Turn, *, kb: KnowledgeBase, memory: Memory, tracker: DialogueStateTracker
) -> tuple[dict[str, Any], Understanding | None]:
    """Rasa's reading of the text and the knowledge base's, at the same time; none of the latter for no text at all."""
    hint = language_of(turn, memory, detected=None)
    context = with_articles(turn.context, tracker)
    asked = asyncio.ensure_future(understand(kb, turn, language=hint, context=context)) if turn.text.strip() else None
    nlu = await read_intent(agent, turn)
    return nlu, await asked if asked is not None else None


def language_of(turn: Turn, memory: Memory, *, detected: str | None) -> str:
    """The language to answer in."""
    wanted = asked_language(turn.text) if turn.press is None else None
    chosen = wanted if wanted in LANGUAGES else memory.chosen
    return answer_language(turn.text, before=memory.language, asked_for=turn.language, detected=detected, chosen=chosen)


def kept(output: TurnOutput, memory: Memory) -> dict[str, Any]:
    """What is remembered of this message for the turns after it; `Memory` reads it."""
    wanted = asked_language(output.turn.text) if output.turn.press is None else None
    understanding, decision = output.situation.understanding, output.decision
    return {
        "language": output.language,
        "chosen": wanted if wanted in LANGUAGES else memory.chosen,
        "mood": understanding.mood.unhappy if understanding is not None else None,
        "article": decision.article,
        "say": decision.say,
        "insulting": is_abusive(output.situation),
        "first": list(decision.first),
        "after": list(decision.after),
    }


async def say_first(output: TurnOutput, tracker: DialogueStateTracker, *, texts: Texts, domain: Domain) -> None:
    """What courtesy wants said before the matter itself, whichever action deals with that."""
    for name in output.decision.first:
        event = tell(texts, output, name)
        tracker.update(event, domain)
        await output.send_response(tracker.sender_id, event.message())


def is_quiet(output: TurnOutput) -> bool:
    """Whether enough was said: no message is the answer."""
    return output.decision.say == "quiet"


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


def prepare(
    output: TurnOutput,
    tracker: DialogueStateTracker,
    *,
    memory: Memory,
    nlu: Mapping[str, Any],
    understanding: Understanding | None,
    parts_ms: float,
) -> None:
    """Decide the turn and hand the actions all they need."""
    turn = output.turn
    offer = tracker.get_slot("offer") or {}
    output.language = language_of(turn, memory, detected=understanding.language if understanding else None)
    output.situation = Situation(
        text=turn.text,
        intent=nlu["intent"]["name"],
        confidence=nlu["intent"]["confidence"],
        heard_in=nlu.get("heard_in", ""),
        entities=frozenset(entity["entity"] for entity in nlu["entities"]),
        understanding=understanding,
        waiting=turn.waiting,
        form=running(tracker),
        wanted=tracker.get_slot(REQUESTED_SLOT),
        tries=tracker.get_slot("tries") or 0,
        unanswered=tuple(tracker.get_slot("unanswered") or ()),
        offer=offer.get("kind"),
        options=tuple(offer.get("options", ())),
        pressed=turn.press is not None,
        pressed_article=turn.press.article if turn.press else None,
        ranking=tuple((each["name"], each["confidence"]) for each in nlu["intent_ranking"][:RANKING]),
        before=memory.before,
        policy=turn.policy,
        parts_ms=parts_ms,
        files=turn.files,
        returning=turn.returning,
        given_back=turn.given_back,
        language=output.language,
        more_to_read=memory.rest is not None,
        standing=standing_of(turn, tracker),
    )
    output.signals = see(output.situation)
    output.decision = decide(output.situation)
    output.reminded = memory.reminded
    output.number = len(memory.before)
    output.used = set(memory.used)
    output.rest = memory.rest


def route(decision: Decision, form: str | None) -> dict[str, Any]:
    """The intent that Rasa's rules see: the decided move, or what fills the running form."""
    fills = decision.move is Move.FILL or (decision.move is Move.TASK and form is not None)
    return {"name": "inform" if fills else decision.move.value, "confidence": 1.0}


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
        "signals": [signal.plain() for signal in with_handoff(output.signals, output.handoff)],
        "ticket": output.ticket,
        "close": output.decision.close,
        **({"quiet": True} if is_quiet(output) else {}),
        "slots": shown_slots(tracker),
        "active_loop": running(tracker),
        "took_ms": round((time.perf_counter() - started) * 1000, 2),
    }
