"""Where the time of a turn goes: the gateway alone, Rasa with the knowledge index, the knowledge index alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from kb_index.articles.model import Audience
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.logs import configure_logs
from kb_index.search.understand import Asked
from kb_index.settings import Settings as IndexSettings
from tests.bench.answers import MEASURED, WARM_UP, ask_all
from tests.bench.figures import Latency, show_latencies
from tests.bench.own_gateway import instant_bot, own_gateway
from tests.bench.processes import cpu_seconds
from tests.bench.setting import Bench, Question, read_questions
from tests.end_to_end.clients import NotAsTold, op_id

TURNS_PER_SENDER = 5
RUN = op_id()  # a bot answers a turn that it knows from memory
GATEWAY_GOAL = {"p50": 10.0}
UNDERSTAND_GOAL = {"p50": 8.0}


async def breakdown(bench: Bench) -> None:
    """Prints the share of each part."""
    questions = read_questions(bench.settings.root, WARM_UP + MEASURED)
    turns = [turn_request(question, number) for number, question in enumerate(questions)]
    turn_ms, given = await posted(f"{bench.url('bot')}/webhooks/tandem/turn", turns)
    asked = [understand_request(question) for question in questions]
    understand_ms, _ = await posted(f"{bench.url('kb_index')}/understand", asked)
    answered = next(one for one in given if one["messages"][0]["kind"] == "answer")
    async with instant_bot(answered) as bot_url, own_gateway(bench, bot_url=bot_url) as gateway:
        before = cpu_seconds(gateway.process.pid)
        alone = await ask_all(gateway.stage, questions)
        after = cpu_seconds(gateway.process.pid)
    show_latencies(
        "2. Where the time goes",
        [
            Latency("gateway alone: message → answer, bot answers at once", alone.answer_ms, GATEWAY_GOAL),
            Latency("gateway alone: message → sent (durable commit)", alone.sent_ms),
            Latency("Rasa turn over HTTP, asks the knowledge index", turn_ms),
            Latency("understand over HTTP", understand_ms, UNDERSTAND_GOAL),
            Latency("understand in process", understood(questions, bench.settings.var / "kb_index")),
        ],
    )
    if before is not None and after is not None:  # hardly changes with what else the machine does
        spent = (after - before) * 1000 / len(questions)
        print(f"  processor time of the gateway per question, with its share of opening sessions: {spent:.1f} ms")


def turn_request(question: Question, number: int) -> dict[str, Any]:
    """The body of one turn; a new conversation every TURNS_PER_SENDER turns."""
    conversation = f"bench-{RUN}-{number // TURNS_PER_SENDER}"
    metadata = {"tenant": "demo", "channel": "web", "language": question.language, "owner": "bot", "orders": True}
    return {
        "conversation": conversation,
        "phase": 1,
        "turn": f"{conversation}-{number}",
        "text": question.text,
        "press": None,
        "metadata": {**metadata, "customer": None, "context": []},
    }


def understand_request(question: Question) -> dict[str, Any]:
    """What the bot asks the knowledge index in a turn."""
    asked = {"text": question.text, "tenant": "demo", "language": question.language}
    return {**asked, "context": [], "audience": "public", "limit": 5}


async def posted(url: str, bodies: Sequence[Any]) -> tuple[list[float], list[Any]]:
    """ms of each request over one kept connection, without the first WARM_UP; and all answers.

    Raises NotAsTold for an answer that is not 200.
    """
    took: list[float] = []
    answers: list[Any] = []
    async with httpx2.AsyncClient(timeout=20, trust_env=False) as client:
        for body in bodies:
            begun = time.perf_counter()
            answer = await client.post(url, json=body)
            took.append((time.perf_counter() - begun) * 1000)
            if answer.status_code != 200:
                raise NotAsTold(f"{url} answered {answer.status_code}: {answer.text[:300]}")
            answers.append(answer.json())
    return took[WARM_UP:], answers


def understood(questions: Sequence[Question], index: Path) -> list[float]:
    """ms of each question in this process, without the first WARM_UP."""
    configure_logs("warning")
    live = LiveKnowledge(GenerationStore(index))
    live.reload()
    knowledge, settings = live.current(), IndexSettings()
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    took = []
    for question in questions:
        begun = time.perf_counter()
        knowledge.understand(
            Asked(
                text=question.text,
                tenant="demo",
                audience=Audience.PUBLIC,
                language=question.language,
                earlier=(),
                limit=5,
            ),
            day=today,
            default_language=settings.default_language,
            unhappy_threshold=settings.unhappy_threshold,
        )
        took.append((time.perf_counter() - begun) * 1000)
    return took[WARM_UP:]
