"""Our lean Rasa pipeline beside Rasa's default one: the same training data, the same run, interleaved requests."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.bench.breakdown import RUN, TURNS_PER_SENDER, turn_request
from tests.bench.default_model import SOURCES, DefaultModel, Training, timed
from tests.bench.figures import percentile, show_table
from tests.bench.processes import Running, cpu_seconds, free_address, resident_mb, running
from tests.bench.setting import Bench, Question
from tests.end_to_end.clients import NotAsTold

ROUNDS, WARM_UP_ROUNDS = 10, 2
# Small talk and wishes that need no article, worded otherwise than the training data; both bots know these intents.
TEXTS = (
    Question("你好呀，有人在吗", "zh"),
    Question("hey there, good evening", "en"),
    Question("非常感谢你的帮助", "zh"),
    Question("thanks a bunch, that was quick", "en"),
    Question("你是真人还是机器人呀", "zh"),
    Question("so am i chatting with a machine", "en"),
    Question("那就先这样，再见啦", "zh"),
    Question("ok see you later then", "en"),
    Question("我想找人工客服聊聊", "zh"),
    Question("could you put me through to a colleague of yours", "en"),
)


@dataclass(frozen=True)
class Candidate:
    """A bot that is measured: how a turn is asked for, what it took, what it cost to get here."""

    title: str
    process: Running
    training: Training
    turn: Callable[[Question, int], tuple[str, Any]]
    took_ms: list[float] = field(default_factory=list)

    def figures(self, cpu_ms: float | None) -> list[float | None]:
        """In the order of FIGURES."""
        return [
            percentile(self.took_ms, 0.50),
            percentile(self.took_ms, 0.95),
            cpu_ms,
            resident_mb(self.process.pid),
            self.process.boot_s,
            self.process.boot_cpu_s,
            self.training.wall_s,
            self.training.cpu_s,
        ]


FIGURES = (
    "turn p50 (ms)",
    "turn p95 (ms)",
    "processor per turn (ms)",
    "resident memory (MB)",
    "boot (s)",
    "boot, processor (s)",
    "training (s)",
    "training, processor (s)",
)


GOALS = {"turn p50 (ms)": 0.25, "boot (s)": 0.25, "resident memory (MB)": 0.6}
"""Of the default's figure, at most."""

AT_MOST = {"training (s)": 60.0}
"""`make train` from nothing, whatever the default takes."""


async def pipelines(bench: Bench) -> None:
    """Prints both pipelines and the ratio; ours alone when the default one is skipped."""
    model = DefaultModel(bench.settings)
    async with contextlib.AsyncExitStack() as stack:
        candidates = [await stack.enter_async_context(our_bot(bench))]
        if bench.with_default:
            candidates.append(await stack.enter_async_context(default_bot(bench, model)))
        columns = await interleaved(candidates)
    print_comparison(candidates, columns)
    if not bench.with_default:
        print("  Rasa's default pipeline was skipped.")


@contextlib.asynccontextmanager
async def our_bot(bench: Bench) -> AsyncIterator[Candidate]:
    """Our bot, trained from nothing and started; its turns ask the running knowledge index as always."""
    settings, url = bench.settings, free_address()
    environment = {**bench.environment, "TANDEM_VAR": str(bench.folder), "TANDEM_BOT_URL": url}
    training = timed(
        [settings.bot_python, "-m", "bot", "train"],
        doing="training the bot",
        settings=settings,
        environment=environment,
    )
    async with running(
        [settings.bot_python, "-m", "bot", "serve"],
        url=url,
        ready="/readyz",
        cwd=settings.root,
        environment=environment,
        log=bench.folder / "bot.log",
    ) as process:

        def turn(question: Question, number: int) -> tuple[str, Any]:
            return f"{url}/webhooks/tandem/turn", turn_request(question, number)

        yield Candidate("ours", process, training, turn)


@contextlib.asynccontextmanager
async def default_bot(bench: Bench, model: DefaultModel) -> AsyncIterator[Candidate]:
    """Rasa as its documentation sets it up, on its REST channel; nothing outside of it is asked."""
    training = model.make()
    url = free_address()
    credentials = bench.settings.root / SOURCES / "credentials.yml"
    command = [model.python, "-m", "rasa", "run", "--model", str(model.model), "--credentials", str(credentials)]
    async with running(
        [*command, "--interface", "127.0.0.1", "--port", url.rpartition(":")[2]],
        url=url,
        ready="/",
        cwd=bench.settings.root,
        environment=model.environment,
        log=bench.folder / "default.log",
        within_s=300,
    ) as process:

        def turn(question: Question, number: int) -> tuple[str, Any]:
            body = {"sender": f"bench-{RUN}-{number // TURNS_PER_SENDER}", "message": question.text}
            return f"{url}/webhooks/rest/webhook", body

        yield Candidate("default", process, training, turn)


async def interleaved(candidates: list[Candidate]) -> list[list[float | None]]:
    """Asks the bots in turns, each text once per round; the figures of each. Raises NotAsTold for an empty answer."""
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
        before: list[float | None] = []
        for round_number in range(WARM_UP_ROUNDS + ROUNDS):
            if round_number == WARM_UP_ROUNDS:
                before = [cpu_seconds(one.process.pid) for one in candidates]
                for one in candidates:
                    one.took_ms.clear()
            for index, text in enumerate(TEXTS):
                for one in candidates:
                    url, body = one.turn(text, round_number * len(TEXTS) + index)
                    begun = time.perf_counter()
                    answer = await client.post(url, json=body)
                    one.took_ms.append((time.perf_counter() - begun) * 1000)
                    if answer.status_code != 200 or not answer.json():
                        raise NotAsTold(f"{one.title} answered {text.text!r} with {answer.status_code} {answer.text}")
    columns = []
    for one, spent in zip(candidates, before, strict=True):
        now = cpu_seconds(one.process.pid)
        cpu_ms = None if now is None or spent is None else (now - spent) * 1000 / len(one.took_ms)
        columns.append(one.figures(cpu_ms))
    return columns


def print_comparison(candidates: list[Candidate], columns: list[list[float | None]]) -> None:
    """One line per figure; the last column says how many times ours goes into the default's."""
    rows = []
    for index, name in enumerate(FIGURES):
        values = [column[index] for column in columns]
        cells = ["?" if value is None else f"{value:.1f}" for value in values]
        ours, theirs = values[0], values[-1]
        ratio = f"{theirs / ours:.1f}" if ours and theirs and len(values) > 1 else ""
        share = ours / theirs if ours and theirs and len(values) > 1 else None
        most = GOALS.get(name)
        goal = "" if most is None or share is None else f"≤ {most} × default {'' if share <= most else 'NOT '}reached"
        if ours and name in AT_MOST:
            goal = f"≤ {AT_MOST[name]:g} {'' if ours <= AT_MOST[name] else 'NOT '}reached"
        rows.append([name, *cells, ratio, goal])
    show_table(
        f"3. Rasa: our pipeline beside Rasa's default one, {len(candidates[0].took_ms)} turns each, interleaved",
        ["", *(one.title for one in candidates), "default / ours", "goal"],
        rows,
    )
    print("  Ours asks the knowledge index in every turn, and that is in its time; the default looks nothing up.")
