"""Whom the whole bot calls a person for as unhappy, at several thresholds of the mood: first messages, and of these the
short ones within a Task and beside a number too.

The real knowledge base reads each line once; what is decided on it is pure, so that a threshold costs nothing.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.models.figures import Wanted
from bot.settings import ROOT, Settings

if TYPE_CHECKING:
    from bot.actions.situation import Situation

FOLDER = ROOT / "data" / "evaluation"
SETS = {
    "mood.jsonl": (Wanted(0.90, floor=0.81), Wanted(0.85, floor=0.90)),
    "mood_unseen.jsonl": (Wanted(0.90, floor=0.93), Wanted(0.85, floor=0.95)),
}
"""Of each set the recall and the precision that are wanted."""

WITHIN_TASK, BESIDE_NUMBER = "few words within a Task", "few words beside an order's number"
SHORT = {
    WITHIN_TASK: (Wanted(0.90, floor=0.84), Wanted(0.85, floor=0.94)),
    BESIDE_NUMBER: (Wanted(0.90, floor=0.88), Wanted(0.85, floor=0.94)),
}
"""The lines of all sets that are a few words: said anew where a Task waits for a number, and with one before them."""

NUMBER = "LY20261028011"
THRESHOLDS = (None, 0.2, 0.3, 0.42, 0.52, 0.6, 0.7)  # None: what holds when the tenant has set nothing
Judged = tuple[bool, bool]
"""Whether somebody is unhappy, and whether that alone would bring a person."""


@dataclass(frozen=True)
class Found:
    """recall, precision: of those handed over as unhappy; alarms: the share of the calm that was."""

    recall: float
    precision: float
    alarms: float

    def __str__(self) -> str:
        return f"recall {self.recall:.3f}  precision {self.precision:.3f}  calm ones handed over {self.alarms:.1%}"


def figures(judged: Sequence[Judged]) -> Found:
    """The figures of some lines; a share of nothing is 0."""
    right = sum(meant and handed for meant, handed in judged)
    handed = sum(handed for _, handed in judged)
    unhappy = sum(meant for meant, _ in judged)
    calm = len(judged) - unhappy
    return Found(right / max(unhappy, 1), right / max(handed, 1), (handed - right) / max(calm, 1))


def handed_over(situation: "Situation", threshold: float | None) -> bool:
    """Whether its mood brings a person at a tenant with this threshold, be it that a more urgent signal does so too."""
    from bot.signals import Name, deciding, see

    situation = replace(situation, policy=replace(situation.policy, unhappy=threshold))
    return deciding(see(situation), Name.UNHAPPY) is not None


async def read_all(settings: Settings, *, python: str) -> dict[str, list[tuple[bool, "Situation"]]]:
    """Every line of every set as the bot reads it. Raises StageFailed when the knowledge base cannot be started."""
    from bot.knowledge import KnowledgeBase
    from bot.signals.unhappy import is_short
    from bot.simulation.in_process import BotInProcess
    from bot.simulation.stage import Stage

    with Stage(python=python, var=settings.var) as stage:
        environment = {**os.environ, **stage.environment, "TANDEM_VAR": str(settings.var)}
        own = Settings.from_environment(environment)
        kb = KnowledgeBase(own.kb_index_url, timeout=own.kb_timeout)
        await kb.open()
        try:
            async with BotInProcess(own) as bot:
                found: dict[str, list[tuple[bool, Situation]]] = {name: [] for name in (*SETS, *SHORT)}
                for name in SETS:
                    for line in lines_of(name):
                        meant, agent = line["unhappy"], bot.app.ctx.agent
                        found[name].append((meant, read := await situation_of(agent, kb, line)))
                        if is_short(line["text"]):
                            numbered = {**line, "text": f"{NUMBER} {line['text']}"}
                            found[WITHIN_TASK].append((meant, within_task(read)))
                            found[BESIDE_NUMBER].append((meant, await situation_of(agent, kb, numbered)))
                return found
        finally:
            await kb.close()


def lines_of(name: str) -> Iterator[dict[str, Any]]:
    """{"text", "unhappy", "language"} for each line of a set."""
    for line in Path(FOLDER / name).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


async def situation_of(agent: Any, kb: Any, line: dict[str, Any]) -> "Situation":
    """A first message as `decide` sees it."""
    from bot.channels.dialogue import prepare, read
    from bot.channels.memory import Memory
    from bot.channels.output import TurnOutput
    from bot.channels.request import read_turn

    metadata = {"tenant": "demo", "channel": "web", "language": None, "owner": "bot", "customer": None, "context": []}
    asked = {
        "conversation": "first",
        "phase": 1,
        "turn": "t",
        "text": line["text"],
        "press": None,
        "metadata": metadata,
    }
    turn = read_turn(json.dumps(asked).encode(), max_chars=4000)
    output = TurnOutput(turn)
    tracker = await agent.processor.fetch_tracker_and_update_session(turn.sender, output)
    memory = Memory.of(tracker)
    nlu, understanding = await read(agent, turn, kb=kb, memory=memory, tracker=tracker)
    prepare(output, tracker, memory=memory, nlu=nlu, understanding=understanding, parts_ms=0.0)
    return output.situation


def within_task(situation: "Situation") -> "Situation":
    """The same words where a Task has asked for the order's number."""
    return replace(situation, form="return_request", wanted="order_number")


def report(found: dict[str, list[tuple[bool, "Situation"]]]) -> tuple[str, bool]:
    """The tables as text, and whether no set has lost what it held before."""
    rows, held = [], True
    for name, lines in found.items():
        rows.append(f"Handed over as unhappy, messages to the whole bot, {name}, {len(lines)} lines:")
        for threshold in THRESHOLDS:
            got = figures([(meant, handed_over(situation, threshold)) for meant, situation in lines])
            rows.append(f"  {'default' if threshold is None else f'{threshold:.2f}':>7}  {got}")
            if threshold is None:
                recall, precision = {**SETS, **SHORT}[name]
                held &= recall.held(got.recall) and precision.held(got.precision)
                told = f"recall, {recall.verdict(got.recall)}; precision, {precision.verdict(got.precision)}"
                rows.append(f"           {told}")
    return "\n".join(rows), held
