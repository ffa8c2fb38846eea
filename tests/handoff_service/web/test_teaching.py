"""What people teach reaches a real knowledge base, once, whoever is killed in between; and leaves it when erased."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx2
import pysqlite3 as sqlite3
import pytest
import sqlalchemy as sa

from handoff_service import outbox, tables
from tests.conftest import Once
from tests.handoff_service.stage import SHOP_URL, trial_settings
from tests.handoff_service.web.forks import Fork, nursery
from tests.handoff_service.web.serving import GatewayProcess, clean_environment, free_port
from tests.handoff_service.web.visitors import accepted, fresh, refused
from tests.kb_index.shop_articles import write_shop, write_texts

TOKEN = "a-token-for-both-sides"
PATIENCE_S = 240.0


def _environment(folder: Path, url: str) -> dict[str, str]:
    """Of a knowledge base over a small shop whose articles and state are in `folder`."""
    return clean_environment(
        {
            "TANDEM_VAR": str(folder / "var"),
            "TANDEM_KB_INDEX_URL": url,
            "TANDEM_KB_TENANTS": f'{{"demo": "{folder / "kb"}"}}',
            "TANDEM_KB_BACKGROUND": str(folder / "background"),
            "TANDEM_KB_MOOD": str(folder / "mood"),
            "TANDEM_KB_KEEP": "false",
            "TANDEM_KB_TOKEN": TOKEN,
        }
    )


class KnowledgeBase:
    """`python -m kb_index serve` over `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process: Fork | None = None

    def start(self) -> None:
        environment, output = _environment(self.folder, self.url), self.folder / "output.txt"
        self._process = nursery("kb_index").start(["serve"], environment, output)
        until = time.monotonic() + PATIENCE_S
        while not self._ready():
            assert self._process.poll() is None, output.read_text("utf-8")
            assert time.monotonic() < until, "the knowledge base did not start in time"
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False

    def kill(self) -> None:
        """kill -9: no chance to finish anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_S)

    def events(self) -> list[tuple[str, str, str]]:
        """(conversation, kind, text) of everything it has kept, in order of time."""
        path = self.folder / "var" / "kb_index" / "knowledge.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feedback'").fetchone():
                return []
            return list(connection.execute("SELECT conversation, kind, text FROM feedback ORDER BY at, event"))


@pytest.fixture(scope="session")
def indexed(once: Once) -> Path:
    """A shop's folder with its index; tests copy it."""
    return once("indexed", _index)


def _index(folder: Path) -> None:
    write_shop(folder / "kb")
    write_texts(folder)
    made = nursery("kb_index").run(["build"], _environment(folder, "http://127.0.0.1:9"), timeout=PATIENCE_S)
    assert made.returncode == 0, made.stderr


@pytest.fixture
def pair(tmp_path: Path, indexed: Path, database_url: str) -> Iterator[tuple[GatewayProcess, KnowledgeBase]]:
    """A gateway whose customers the search bot answers, since Rasa is not there; both killed at the end."""
    with ExitStack() as stack:
        shutil.copytree(indexed, tmp_path / "kb")
        (tmp_path / "gateway").mkdir()
        base = KnowledgeBase(tmp_path / "kb")
        stack.callback(base.kill)
        base.start()
        gateway = GatewayProcess(
            tmp_path / "gateway",
            free_port(),
            TANDEM_DATABASE_URL=database_url,
            TANDEM_SHOP_URL=SHOP_URL,
            TANDEM_LIMIT_MESSAGES="1000/second",
            TANDEM_KB_INDEX_URL=base.url,
            TANDEM_KB_TOKEN=TOKEN,
        )
        gateway.settings = trial_settings(database_url=database_url, gateway_url=gateway.url)  # type: ignore[attr-defined]
        gateway.start()
        stack.callback(gateway.kill)
        yield gateway, base


async def until(holds: Callable[[], bool], what: Callable[[], Any]) -> None:
    """Waits for something that other processes do."""
    give_up = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up, what()
        await asyncio.sleep(0.1)


async def asked(customer: Any, text: str) -> dict[str, Any]:
    """The bot's answer to what the customer writes."""
    await customer.write(text)
    answer: dict[str, Any] = await customer.answered(within=30.0)
    return answer


async def test_whoever_is_killed_nothing_that_people_taught_is_lost_or_doubled(
    pair: tuple[GatewayProcess, KnowledgeBase], build_house: Callable[..., Awaitable[Any]]
) -> None:
    gateway, base = pair
    house = await build_house(gateway, "demo")
    customers = [await house.customer() for _ in range(3)]
    seqs = [(await asked(customer, "多久能退款"))["seq"] for customer in customers]
    await until(lambda: [kind for _, kind, _ in base.events()] == ["asked"] * 3, base.events)
    await asyncio.to_thread(base.kill)
    for round_ in range(4):
        for customer, seq in zip(customers, seqs, strict=True):
            judged = {"op_id": fresh(), "seq": seq, "value": ("up", "down")[round_ % 2]}
            accepted(await customer.post(customer.path("feedback"), judged))
    await asyncio.to_thread(gateway.kill)
    await asyncio.to_thread(gateway.start)
    await asyncio.to_thread(base.start)
    await until(lambda: len(base.events()) > 4, base.events)
    await asyncio.to_thread(base.kill)  # in the middle of what is delivered
    await asyncio.to_thread(base.start)
    await until(lambda: len(base.events()) >= 15, base.events)
    await asyncio.sleep(3.0)  # whatever would come twice comes within the worker's next looks
    told = base.events()
    assert sorted(kind for _, kind, _ in told) == ["asked"] * 3 + ["thumb"] * 12
    assert {text for _, _, text in told} == {"多久能退款"}


async def test_a_customer_who_is_erased_is_forgotten_by_the_knowledge_base_too(
    pair: tuple[GatewayProcess, KnowledgeBase], build_house: Callable[..., Awaitable[Any]]
) -> None:
    gateway, base = pair
    house = await build_house(gateway, "demo")
    leaving, staying = await house.customer(), await house.customer()
    await asked(leaving, "多久能退款，我的手机13812345678")
    await asked(staying, "怎么开发票")
    await until(lambda: len(base.events()) == 2, base.events)
    texts = {conversation: text for conversation, _, text in base.events()}
    assert texts[leaving.conversation] == "多久能退款，我的手机[电话]"
    accepted(await leaving.post("/v1/widget/erase", {}))
    await until(lambda: len(base.events()) == 1, base.events)
    assert base.events()[0][0] == staying.conversation


async def test_an_agents_answer_becomes_a_draft_over_the_gateway(
    pair: tuple[GatewayProcess, KnowledgeBase], build_house: Callable[..., Awaitable[Any]]
) -> None:
    gateway, base = pair
    house = await build_house(gateway, "demo")
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer(language="zh")
    await asked(customer, "你们店附近能停车吗")
    await customer.ask_human()
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    accepted(await lin.reply(customer.conversation, "可以，地下车库前两小时免费。", epoch))
    quoted = {"text": "发票看这里", "article": {"id": "invoice", "language": "zh", "title": "怎么开发票"}}
    said = {"client_id": fresh("msg"), "body": quoted, "epoch": epoch}
    accepted(await lin.post(f"/v1/conversations/{customer.conversation}/messages", said))
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    await until(lambda: len(base.events()) == 4, base.events)
    assert [kind for _, kind, _ in base.events()] == ["asked", "handoff", "picked", "resolved"]
    (gap,) = accepted(await lin.get("/v1/knowledge/gaps"))["gaps"]
    assert (gap["title"], gap["picked"], gap["why"]) == ("你们店附近能停车吗", {"invoice": 1}, {"handed_off": 1})
    draft = accepted(await lin.post("/v1/knowledge/drafts", gap["replies"][0]))
    assert draft["answer"] == "可以，地下车库前两小时免费。\n发票看这里"
    assert (draft["provenance"]["conversation"], draft["provenance"]["agent"]) == (customer.conversation, lin.id)
    lin.http.timeout = PATIENCE_S  # a replay is a process of its own
    replay = accepted(await lin.post(f"/v1/knowledge/drafts/{draft['id']}/replay", {}))
    assert replay["past"]["asked"] == 1
    refused(await lin.post(f"/v1/knowledge/drafts/{draft['id']}/publish", {}), 403, "forbidden")
    assert accepted(await lin.get("/v1/knowledge/tasks")) == {"tasks": []}


async def test_without_a_token_nothing_is_kept_to_be_reported(house: Any) -> None:
    customer = await house.customer()
    await customer.write("hello")
    entry = await customer.answered()
    judged = {"op_id": fresh(), "seq": entry["seq"], "value": "up"}
    accepted(await customer.post(customer.path("feedback"), judged))

    def rows(connection: sa.Connection) -> int:
        query = sa.select(sa.func.count()).where(tables.outbox.c.destination == outbox.KNOWLEDGE)
        return int(connection.execute(query).scalar_one())

    assert await house.database.read(rows) == 0
