"""Finds every state that the bot can be in, by turns that lead there, and keeps each to start from again.

Nothing is listed by hand that the code knows: tasks and their steps come from bot.tasks.TASKS, the words that start a
task from its training lines, what fills a step from the step's own reader. A task that is added is found by itself.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache
from typing import Any

import yaml

from bot.settings import ROOT
from bot.simulation.in_process import BotInProcess, TurnRefused
from bot.simulation.store import ShopFile
from bot.tasks import TASKS
from bot.tasks.task import CONFIRM, Task

LANGUAGES = ("zh", "en")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=timezone.utc)
BASE = {
    "tenant": "demo",
    "channel": "web",
    "language": None,
    "owner": "bot",
    "orders": True,
    "customer": None,
    "context": [],
}
GIVEN_BACK = {
    "at": "2026-11-23T09:00:00+08:00",
    "agent": "Mei",
    "summary": "The parcel is looked for.",
    "promises": [{"text": "A call by Friday.", "seq": 7}],
}
RETURNING = {"last_at": "2026-10-01T12:00:00+08:00", "count": 3}
# What leads to states outside tasks: kind of state, and the texts to say, one turn each.
TALKS: Mapping[str, Mapping[str, Sequence[Sequence[str]]]] = {
    "at first or after some talk": {
        "zh": (
            ["你好"],
            ["谢谢"],
            ["你是机器人吗"],
            ["再见"],
            ["好的"],
            ["多久能退款"],
            ["多久能退款", "谢谢，解决了"],
            ["请说英文"],
        ),
        "en": (
            ["hello there"],
            ["thanks a lot"],
            ["are you a bot"],
            ["goodbye then"],
            ["how long does a refund take"],
            ["how do i change my delivery address", "that solved it"],
            ["please speak chinese"],
        ),
    },
    "offered something or upset": {
        "zh": (
            ["退款"],
            ["退款", "都不是"],
            ["火星上有商店吗"],
            ["火星上有商店吗", "不用"],
            ["多久能退款", "没有解决"],
            ["？？？"],
            ["烦死了，怎么还没到"],
            ["我要去12315举报你们"],
            ["垃圾"],
            ["火星在哪"] * 3,
        ),
        "en": (
            ["refund"],
            ["return", "none of these"],
            ["who won the cup"],
            ["who won the cup", "no need"],
            ["this is getting really annoying"],
            ["i will sue you"],
            ["you idiot"],
            ["where is mars"] * 3,
        ),
    },
}
# What a customer may answer beside what is in the shop's own file; a step takes those that its own reader reads.
ANSWERS: Mapping[str, Sequence[str]] = {
    "zh": (
        "200元", "a@example.com", "杭州青禾文化有限公司", "91330100MA27XYZ12A", "林晓", "身份证", "昨天", "明天下午3点",
        "浙江省杭州市拱墅区湖墅南路9号2幢601", "有一条裂缝", "不想要了", "个人", "公司",
        "上门取件", "快递送坏了", "没有图片", "1",
    ),
    "en": (
        "200 yuan", "a@example.com", "Bright Harbour Ltd", "91330100MA27XYZ12A", "Alex", "passport", "yesterday",
        "tomorrow at 3 pm", "9 Huaihai Middle Road, Huangpu District, Shanghai", "it has a crack", "changed my mind",
        "for me personally", "a company", "pick it up", "the courier broke it", "no pictures", "1",
    ),
}  # fmt: skip
YES = {"zh": "确认", "en": "yes"}
UNUSABLE = {"zh": "嗯嗯那个", "en": "uhm well"}
ASIDE = {"zh": "多久能退款", "en": "how long does a refund take"}
PICTURE = {"id": "f1", "name": "photo.jpg", "type": "image/jpeg", "size": 180_000}
MOST_TRIES, FEW_TRIES = 10, 2  # answers tried at one step; where any words do, a few
WAYS_INTO_A_STEP = 2  # so often a step is gone on from: what comes behind it may depend on what came before
STARTS = 6  # training lines tried to start a task


@dataclass(frozen=True, kw_only=True)
class Place:
    """A state to start from: `sender` holds the tracker, `metadata` and the far sides make up the rest.

    path: the turns that lead there from nothing.
    """

    name: str
    kind: str
    language: str
    sender: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    kb: str = "ok"
    shop: bool = True
    path: tuple[Mapping[str, Any], ...] = ()

    @property
    def waiting(self) -> bool:
        """Whether the customer waits for a human already."""
        return self.metadata.get("owner") == "queue"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Where a turn led: the sender to go on from, the bot's answer, and the state."""

    sender: str
    answer: Mapping[str, Any]
    state: Mapping[str, Any]

    @property
    def task(self) -> str | None:
        """The running task."""
        return self.answer["active_loop"]

    @property
    def wanted(self) -> str | None:
        """The slot that it asks for."""
        return self.state.get("requested_slot") if self.task else None


class Crawler:
    """Walks through the bot: `places` fills as it goes, `reached` holds (task, slot), `failed` the turns that broke."""

    def __init__(self, bot: BotInProcess, shop: ShopFile) -> None:
        self._bot = bot
        self._shop = shop
        self._customers = {language: customers(shop, language) for language in LANGUAGES}
        self._pool = {language: (*own_things(shop, language), *ANSWERS[language]) for language in LANGUAGES}
        self._late: list[Task] = []
        self._numbers = itertools.count(1)
        self.places: list[Place] = []
        self._paths: dict[str, tuple[Mapping[str, Any], ...]] = {}
        self.reached: set[tuple[str, str]] = set()
        self._signed_in: set[tuple[str, str]] = set()
        self.failed: list[str] = []
        self.turns = 0

    async def crawl(self) -> None:
        """Find all places."""
        for language in LANGUAGES:
            await self._outside_tasks(language)
            starts = {name: await self._start(task, language, {"language": language}) for name, task in TASKS.items()}
            self._late = [task for task in TASKS.values() if starts[task.name] is None]
            for task in TASKS.values():
                for customer in (None, *self._customers[language]):
                    await self._task(task, language, customer)
        self._with_broken_far_sides()

    async def say(
        self, sender: str, text: str, *, press: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Seen:
        """One turn from a place on, in a fork of it."""
        fork, answer = await self._fork(sender, text, press, metadata)
        step = {"text": text, "press": press, "file": bool((metadata or {}).get("files"))}
        self._paths[fork] = (*self._paths.get(sender, ()), step)
        return Seen(sender=fork, answer=answer, state=await self._bot.state(fork))

    async def probe(self, sender: str, text: str, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a text in a place, which stays as it is."""
        fork, answer = await self._fork(sender, text, None, metadata)
        self._bot.forget(fork)
        return answer

    async def _fork(
        self, sender: str, text: str, press: str | None, metadata: Mapping[str, Any] | None
    ) -> tuple[str, Mapping[str, Any]]:
        number = next(self._numbers)
        fork = f"f{number}"
        self._bot.fork(sender, f"{fork}.1")
        request = {
            "conversation": fork,
            "phase": 1,
            "turn": f"t{number}",
            "text": text,
            "press": press,
            "metadata": {**BASE, "now": NOW.isoformat(), "hour": 10, **(metadata or {})},
        }
        self.turns += 1
        try:
            return f"{fork}.1", await self._bot.turn(request)
        except TurnRefused as refused:
            self.failed.append(f"{text} {press or ''} at {sender}: {refused}")
            self._bot.forget(f"{fork}.1")
            return f"{fork}.1", {"messages": [], "handoff": None, "active_loop": None}

    def _keep(self, kind: str, name: str, sender: str, language: str, **more: Any) -> None:
        metadata = {"language": language, **more.pop("metadata", {})}
        where = {"language": language, "sender": sender, "path": self._paths.get(sender, ())}
        self.places.append(Place(name=f"{name} ({language})", kind=kind, metadata=metadata, **where, **more))

    async def _outside_tasks(self, language: str) -> None:
        fresh = "nobody.1"
        self._keep(f"start {language}", "start", fresh, language)
        known = {"id": self._customers[language][0], "verified": True}
        self._keep("at first or after some talk", "signed in", fresh, language, metadata={"customer": known})
        self._keep("at first or after some talk", "at night", fresh, language, metadata={"hour": 3})
        self._keep("at first or after some talk", "was here before", fresh, language, metadata={"returning": RETURNING})
        self._keep("at first or after some talk", "given back", fresh, language, metadata={"given_back": GIVEN_BACK})
        self._keep("waiting", "waiting", fresh, language, metadata={"owner": "queue"})
        for kind, scripts in TALKS.items():
            for script in scripts[language]:
                sender = fresh
                for text in script:
                    sender = (await self.say(sender, text, metadata={"language": language})).sender
                self._keep(kind, " / ".join(script), sender, language)

    async def _task(self, task: Task, language: str, customer: str | None) -> None:
        """All steps of a task for a stranger, and those that another customer has not shown for a signed-in one."""
        if customer is not None and (task.name, language) in self._signed_in:
            return
        self._shop.put_back()
        more: dict[str, Any] = {"language": language}
        if customer is not None:
            more["customer"] = {"id": customer, "verified": True}
        start = await self._start(task, language, more)
        if start is not None:
            await self._explore(task, start, language, more, Counter())

    async def _start(
        self, task: Task, language: str, more: Mapping[str, Any], *, after: str = "nobody.1"
    ) -> Seen | None:
        """The task just begun, by the first of its training lines that begins it."""
        for line in training_lines(task.name, language)[:STARTS]:
            seen = await self.say(after, line, metadata=more)
            if seen.task == task.name:
                return seen
        return None

    async def _explore(
        self, task: Task, seen: Seen, language: str, more: Mapping[str, Any], known: Counter[str]
    ) -> None:
        """Keep this step, and go on to every step that some answer leads to; `known` counts how often each was seen."""
        wanted = seen.wanted
        if wanted is None or known[wanted] >= WAYS_INTO_A_STEP:
            return
        known[wanted] += 1
        signed_in = more.get("customer") is not None
        self.reached.add((task.name, wanted))
        if signed_in and wanted == CONFIRM:
            self._signed_in.add((task.name, language))  # no other customer need show it
        name = f"{task.name}: {wanted}{', signed in' if signed_in else ''}"
        if known[wanted] == 1:
            await self._keep_step(task, seen, language, more, name)
        for text, press, files in self._answers(task, wanted, language, seen):
            after = await self.say(seen.sender, text, press=press, metadata={**more, "files": files})
            if after.task == task.name:
                await self._explore(task, after, language, more, known)
            elif wanted == CONFIRM and after.answer["handoff"] is None and not known["over"]:
                known["over"] += 1
                self._keep("left a task", f"{name}, done", after.sender, language, metadata=dict(more))
                await self._follow(after, language, more)
            if self._complete(task, known, signed_in=signed_in):
                return

    async def _follow(self, done: Seen, language: str, more: Mapping[str, Any]) -> None:
        """Tasks that only begin behind another one, such as taking it back."""
        for task in [*self._late]:
            start = await self._start(task, language, more, after=done.sender)
            if start is not None:
                self._late.remove(task)
                await self._explore(task, start, language, more, Counter())

    async def _keep_step(self, task: Task, seen: Seen, language: str, more: Mapping[str, Any], name: str) -> None:
        step = task.step(seen.wanted)
        kind = "confirming" if step is None else "in words" if step.own_words else "step"
        buttons = [b for m in seen.answer["messages"] for b in m["buttons"] if b["payload"].startswith("/choose")]
        self._keep("choosing in a task" if buttons else kind, name, seen.sender, language, metadata=dict(more))
        if not more.get("customer"):
            await self._around(task, seen, language, more, name)

    def _complete(self, task: Task, known: Counter[str], *, signed_in: bool) -> bool:
        """Whether nothing is left to find; a signed-in customer is not asked for everything."""
        needed = {CONFIRM, "over"} if task.summary else set()
        needed |= {step.slot for step in task.steps if step.asked and not (signed_in and task.summary)}
        return all(known[slot] for slot in needed)

    async def _around(self, task: Task, seen: Seen, language: str, more: Mapping[str, Any], name: str) -> None:
        """What can happen in the middle: an answer that is none, a question, another task, waiting."""
        self._keep("waiting", f"{name}, waiting", seen.sender, language, metadata={**more, "owner": "queue"})
        again = await self.say(seen.sender, UNUSABLE[language], metadata=more)
        if again.task == task.name:
            self._keep("again in a step", f"{name}, second try", again.sender, language, metadata=dict(more))
        aside = await self.say(seen.sender, ASIDE[language], metadata=more)
        self._keep("again in a step", f"{name}, question aside", aside.sender, language, metadata=dict(more))
        names = list(TASKS)
        other = names[(names.index(task.name) + 1) % len(names)]
        line = training_lines(other, language)[0]
        left = await self.say(seen.sender, line, metadata=more)
        self._keep("left a task", f"{name}, then {other}", left.sender, language, metadata=dict(more))

    def _answers(
        self, task: Task, wanted: str, language: str, seen: Seen
    ) -> Iterator[tuple[str, str | None, list[dict[str, Any]]]]:
        """Texts, presses and files that may fill a step: its buttons, then whatever its own reader reads."""
        for message in seen.answer["messages"]:
            for button in message["buttons"]:
                if not button["payload"].startswith(("/stop", "/ask_human", "/none", "/deny")):
                    yield button["title"], button["payload"], []
        step = task.step(wanted)
        if step is None or wanted == CONFIRM:
            yield YES[language], None, []
            return
        if step.files:
            yield "", None, [PICTURE]
        texts = [text for text in self._pool[language] if step.own_words or step.read(text, NOW) is not None]
        for text in texts[: FEW_TRIES if step.own_words else MOST_TRIES]:
            yield text, None, []

    def _with_broken_far_sides(self) -> None:
        """The same places while the knowledge base or the shop is down."""
        for place in [*self.places]:
            if place.kind.startswith("start") or place.kind in ("step", "confirming"):
                self._keep_broken(place, "knowledge base down", kb="down")
            if place.kind in ("step", "confirming"):
                self._keep_broken(place, "shop down", shop=False)

    def _keep_broken(self, place: Place, what: str, **broken: Any) -> None:
        values = {**vars(place), **broken, "kind": "something is down", "name": f"{place.name}, {what}"}
        self.places.append(Place(**values))


def customers(shop: ShopFile, language: str) -> tuple[str, ...]:
    """The ids of the shop's customers of a language."""
    return tuple(row["id"] for row in shop.table("customers") if row["language"] == language)


def own_things(shop: ShopFile, language: str) -> tuple[str, ...]:
    """What the customers of a language may name: their orders, phones, payments and coupons."""
    own = {row["id"]: row["phone"] for row in shop.table("customers") if row["language"] == language}
    first = next(iter(own))
    orders = [order["number"] for order in shop.orders() if order["customer"] == first]
    payments = [row["reference"] for row in shop.table("payments") if row["customer"] == first]
    coupons = [row["code"] for row in shop.table("coupons")]
    return (*orders, *payments, *coupons, own[first], own[first][-4:])


@cache
def training_lines(intent: str, language: str) -> tuple[str, ...]:
    """The examples of an intent that are written in a language."""
    found = []
    for path in sorted((ROOT / "data" / "training" / "nlu").glob(f"{language}*.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu", ()):
            if entry.get("intent") == intent:
                found += [line.removeprefix("- ") for line in entry["examples"].splitlines() if line.strip()]
    return tuple(line for line in found if "[" not in line)
