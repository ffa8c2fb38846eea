"""What is learned and published, and what must not happen on the way."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kb_index.articles.editing import Desk
from kb_index.articles.stores import Stores
from kb_index.errors import DatabaseUnavailable, GetsWorse
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.learning import workbench
from kb_index.learning.apart import replay_apart
from kb_index.learning.plain import replay_json
from kb_index.learning.workbench import Workbench
from tests.kb_index.learning.conftest import TOKEN, report
from tests.kb_index.learning.test_learning_api import drafted, lately
from tests.kb_index.shop_articles import DAY, shop_settings

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_replay_in_a_process_of_its_own_tells_the_same(
    client: httpx2.Client, folder: Path, database_url: str
) -> None:
    draft = drafted(client)
    told = client.post(f"{draft}/replay").json()
    settings = shop_settings(folder, token=TOKEN, database_url=database_url)
    desk = Desk(Stores.of(settings), day=lambda: DAY, withdraw=lambda *_: None)
    live = LiveKnowledge(GenerationStore.of(settings))
    live.reload()
    bench = Workbench(
        settings, desk, knowledge=live.current, now=lambda: datetime.now(UTC), replaying=partial(replay_apart, settings)
    )
    apart = replay_json(bench.replay("shop", draft.rpartition("/")[2]))
    desk.stores.database.close()
    for each in (apart, told):  # of equally good changes either may be the first
        each["changes"].sort(key=lambda change: change["key"])
        each["seconds"] = 0
    assert json.loads(json.dumps(apart)) == told


def test_an_error_is_the_same_in_another_process(database_url: str) -> None:  # noqa: ARG001
    error = pickle.loads(pickle.dumps(GetsWorse(["a", "b"])))
    assert (type(error), str(error), error.changes) == (GetsWorse, str(GetsWorse(["a", "b"])), ("a", "b"))


def test_while_a_draft_is_being_published_nobody_else_touches_it(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two looked, both found it open, and one discarded what the other published."""
    draft = drafted(client)
    answers: list[int] = []
    real = workbench.place

    def meanwhile(*given: Any, **named: Any) -> Any:
        for what, body in (("discard", {"by": "maya"}), ("publish", {"by": "maya"})):
            answers.append(client.post(f"{draft}/{what}", json=body).status_code)
        answers.append(client.patch(draft, json={"title": "x"}).status_code)
        return real(*given, **named)

    monkeypatch.setattr(workbench, "place", meanwhile)
    done = client.post(f"{draft}/publish", json={"by": "chen"}).json()
    assert answers == [409, 409, 409]
    assert (done["state"], done["closed_by"]) == ("published", "chen")


def test_publishing_that_fails_leaves_the_draft_open(client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = drafted(client)

    def fails(*_: Any, **__: Any) -> Any:
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(workbench, "place", fails)
        assert client.post(f"{draft}/publish", json={"by": "chen"}).status_code == 503
    assert client.get(draft).json()["closed_by"] is None
    assert client.post(f"{draft}/publish", json={"by": "maya"}).json()["state"] == "published"


def test_a_long_answer_is_kept_whole(client: httpx2.Client) -> None:
    """An agent's answer of more than 2,000 characters ended in the middle, in the draft and in the article."""
    long = "请先登录，再打开订单页面。" * 300
    end = lately(0, event="m_end", kind="resolved", answer=long, entry=6, agent="chen")
    report(client, lately(0), end)
    made = client.post("/tenants/shop/drafts", json={"conversation": "c_0", "question": 2, "by": "chen"}).json()
    assert made["answer"] == long


def test_golden_questions_are_kept_without_personal_data(client: httpx2.Client) -> None:
    body = {"text": "我的电话 13812345678 能开发票吗", "article": "invoice", "language": "zh", "by": "chen"}
    assert client.post("/tenants/shop/golden", json=body).status_code == 200
    (kept,) = client.get("/tenants/shop/golden").json()["golden"]
    assert "13812345678" not in kept["text"]
    assert "能开发票吗" in kept["text"]
