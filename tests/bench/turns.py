"""Turns of many customers at once, through every part: at a steady rate, and more than the machine can do."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handoff_service.settings import Settings as GatewaySettings
from tests.bench.figures import Latency, show_latencies, show_table
from tests.bench.own_gateway import OwnGateway, own_gateway
from tests.bench.processes import cpu_seconds
from tests.bench.setting import Bench, Question, read_questions
from tests.end_to_end.clients import Customer, NotAsTold

STEADY_PER_S, STEADY_S = 5.0, 24
FLOOD_PER_S, FLOOD_S = 60.0, 5
AT_ONCE = 20  # visitors who open the widget side by side
PATIENCE_S = 60.0
STEADY_GOALS = {"p50": 60.0, "p95": 120.0}
PER_SECOND_GOAL = 40.0


@dataclass(frozen=True)
class Flow:
    """What came of asking at a rate: ms from the moment each question was due; turns and seconds until the last."""

    answer_ms: list[float]
    seconds: float
    cpu_ms: Mapping[str, float]
    """Processor time per turn, by part."""

    @property
    def per_s(self) -> float:
        """Answered turns per second."""
        return len(self.answer_ms) / self.seconds


async def turns(bench: Bench) -> None:
    """Prints both flows and the processor time of a turn."""
    async with own_gateway(bench, bot_url=bench.url("bot")) as gateway:
        await flow(bench, gateway, per_s=STEADY_PER_S, seconds=4)  # warm
        steady = await flow(bench, gateway, per_s=STEADY_PER_S, seconds=STEADY_S)
        flood = await flow(bench, gateway, per_s=FLOOD_PER_S, seconds=FLOOD_S)
    show_latencies(
        "13. Turns of different customers: question due → answer visible, real gateway, Rasa and knowledge index",
        [
            Latency(f"{STEADY_PER_S:g} turns per second", steady.answer_ms, STEADY_GOALS),
            Latency(f"{FLOOD_PER_S:g} turns per second for {FLOOD_S} s", flood.answer_ms),
        ],
    )
    cores = os.cpu_count() or 1
    sum_ms = sum(steady.cpu_ms.values())
    rows = [
        ["answered per second while flooded", f"{flood.per_s:.1f}", _reached(flood.per_s)],
        ["unanswered", "0", ""],
        *([f"processor time per turn, {part} (ms)", f"{ms:.1f}", ""] for part, ms in steady.cpu_ms.items()),
        [f"turns per second that fill {cores} cores", f"{cores * 1000 / sum_ms:.0f}", _reached(cores * 1000 / sum_ms)],
    ]
    show_table("   Throughput", ("", "", "goal"), rows)
    most = GatewaySettings.model_fields["bot_calls"].default
    print(f"  At most {most} turns are with the bot at once (TANDEM_BOT_CALLS); the others wait in the database.")


def _reached(per_s: float) -> str:
    return f"≥ {PER_SECOND_GOAL:g} {'reached' if per_s >= PER_SECOND_GOAL else 'NOT reached'}"


async def flow(bench: Bench, gateway: OwnGateway, *, per_s: float, seconds: float) -> Flow:
    """Each question is asked by a visitor of his own, at its moment, whatever became of those before.

    Raises NotAsTold when one is not answered within PATIENCE_S.
    """
    wanted = int(per_s * seconds)
    some = read_questions(bench.settings.root, min(wanted, 200))
    questions = [some[number % len(some)] for number in range(wanted)]
    customers = await _arrived(gateway, questions)
    pids = {"gateway": gateway.process.pid, **{name: _pid(bench, name) for name in ("bot", "kb_index")}}
    before = {name: cpu_seconds(pid) or 0.0 for name, pid in pids.items()}
    begun = time.perf_counter()
    answered = await asyncio.gather(
        *(
            _ask(customer, question, begun + number / per_s)
            for number, (customer, question) in enumerate(zip(customers, questions, strict=True))
        )
    )
    took = time.perf_counter() - begun
    spent = {name: ((cpu_seconds(pid) or 0.0) - before[name]) * 1000 / wanted for name, pid in pids.items()}
    for customer in customers:
        await customer.leave()
    return Flow(answered, took, spent)


def _pid(bench: Bench, part: str) -> int:
    return int(str(bench.parts[part]["pid"]))


async def _arrived(gateway: OwnGateway, questions: Sequence[Question]) -> list[Customer]:
    customers: list[Customer] = []
    stage = gateway.stage
    for at in range(0, len(questions), AT_ONCE):
        some = [Customer(stage.gateway, stage.shop, language=one.language) for one in questions[at : at + AT_ONCE]]
        customers += await asyncio.gather(*(customer.arrive() for customer in some))
    return customers


async def _ask(customer: Customer, question: Question, due: float) -> float:
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    conversation, seq, _ = await customer.write(question.text)
    answer = await customer.live.entry(
        conversation,
        lambda one: one["author"].get("kind") == "bot" and one["kind"] == "message",
        f"an answer to {question.text!r}",
        after=seq,
        within_s=PATIENCE_S,
    )
    if answer["body"].get("text") is None:
        raise NotAsTold(f"an answer without words to {question.text!r}")
    return (customer.live.seen_at[f"{conversation}/{answer['seq']}"] - due) * 1000
