"""Customer message → bot answer in the widget: over the WebSocket, through every part, one question at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.figures import Latency, show_latencies
from tests.bench.own_gateway import own_gateway
from tests.bench.setting import Bench, Question, read_questions
from tests.end_to_end.clients import Customer
from tests.end_to_end.story import Stage

WARM_UP, MEASURED = 20, 220
# A visitor may write 30 messages in ten seconds, and a conversation of a real customer is short.
PER_CUSTOMER = 8
GOALS = {"p50": 60.0, "p95": 150.0}


@dataclass(frozen=True)
class Asked:
    """What a row of questions took, in ms: until the answer was there, and until the message was acknowledged."""

    answer_ms: list[float] = field(default_factory=list)
    sent_ms: list[float] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)


async def answers(bench: Bench) -> None:
    """Prints the latency of the whole path."""
    async with own_gateway(bench, bot_url=bench.url("bot")) as gateway:
        asked = await ask_all(gateway.stage, read_questions(bench.settings.root, WARM_UP + MEASURED))
    show_latencies(
        "1. Answer: message sent → answer visible, WebSocket client, real gateway, Rasa and knowledge index",
        [
            Latency("message → bot answer", asked.answer_ms, GOALS),
            Latency("message → sent (durable)", asked.sent_ms),
        ],
    )
    kinds = ", ".join(f"{count} {kind}" for kind, count in asked.kinds.most_common())
    print(f"  answered with: {kinds}", flush=True)


async def ask_all(stage: Stage, questions: Sequence[Question]) -> Asked:
    """Asks one question after the other; the first WARM_UP are not counted."""
    asked = Asked()
    customer: Customer | None = None
    written = 0
    for number, question in enumerate(questions):
        if customer is None or written == PER_CUSTOMER:
            if customer is not None:
                await customer.leave()
            customer = await Customer(stage.gateway, stage.shop, language=question.language).arrive()
            written = 0
        kind = await _ask(customer, question, asked if number >= WARM_UP else Asked())
        written += 1
        if kind != "answer":  # a second miss in a row is handed over to a person, which is another story
            written = PER_CUSTOMER
    if customer is not None:
        await customer.leave()
    return asked


async def _ask(customer: Customer, question: Question, asked: Asked) -> str:
    conversation, seq, begun = await customer.write(question.text)
    asked.sent_ms.append((time.perf_counter() - begun) * 1000)
    answer = await customer.live.entry(
        conversation,
        lambda one: one["author"].get("kind") == "bot" and one["kind"] == "message",
        f"an answer to {question.text!r}",
        after=seq,
    )
    asked.answer_ms.append((customer.live.seen_at[f"{conversation}/{answer['seq']}"] - begun) * 1000)
    kind = str(answer["body"].get("kind"))
    asked.kinds[kind] += 1
    return kind
