"""The HTTP interface over a real server: shapes, bad input, swaps, and what never enters a log."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
import uvicorn

from kb_index.api import LARGEST_BODY, create_app
from kb_index.index.build import build
from kb_index.index.generation import GenerationStore
from kb_index.logs import configure_logs
from kb_index.settings import Settings
from tests.kb_index.shop_articles import DAY, quiet, shop_settings, write_article

CONTRACT = json.loads((Path(__file__).parents[1] / "contracts" / "understand.json").read_text("utf-8"))


@contextmanager
def running(settings: Settings, **others: Any) -> Iterator[httpx2.Client]:
    """A server on a free port of this machine, and a client of it; `others` as create_app takes them."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(create_app(settings, today=lambda: DAY, **others), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=20) as client:
                eventually(lambda: server.started)
                yield client
        finally:
            server.should_exit = True
            thread.join()


def eventually(holds: Callable[[], bool], *, within: float = 20) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def client(built_shop: Path) -> Iterator[httpx2.Client]:
    with running(shop_settings(built_shop)) as client:
        yield client


def understand(client: httpx2.Client, text: str, **more: Any) -> dict[str, Any]:
    response = client.post("/understand", json={"text": text, "tenant": "shop", **more})
    assert response.status_code == 200, response.text
    return dict(response.json())


def test_the_contract_is_valid_and_its_examples_fit_it() -> None:
    for side in ("request", "response"):
        schema = jsonschema.Draft7Validator(CONTRACT[side])
        jsonschema.Draft7Validator.check_schema(CONTRACT[side])
        for example in CONTRACT["examples"]:
            schema.validate(example[side])


@pytest.mark.parametrize("example", CONTRACT["examples"], ids=lambda example: example["request"]["text"])
def test_every_example_request_is_answered_in_the_promised_shape(
    client: httpx2.Client, example: dict[str, Any]
) -> None:
    response = client.post("/understand", json={**example["request"], "tenant": "shop"})
    assert response.status_code == 200, response.text
    jsonschema.validate(response.json(), CONTRACT["response"])


def test_a_question_is_understood(client: httpx2.Client) -> None:
    found = understand(client, "多久能退款?")
    assert found["language"] == "zh"
    assert found["hits"][0]["article"] == "refund-timing"
    assert found["hits"][0]["passage"] == "多久能退款"
    assert found["decision"]["action"] == "answer"
    assert found["mood"]["label"] == "calm"


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": "x" * 8001},
        {"text": "a\x00b"},
        {"text": 5},
        {"text": None},
        {},
        {"text": "ok", "odd": 1},
        {"text": "ok", "language": "fr"},
        {"text": "ok", "limit": 0},
        {"text": "ok", "limit": "5"},
        {"text": "ok", "audience": "everybody"},
        {"text": "ok", "tenant": "../etc"},
        {"text": "ok", "context": [{"author": "robot", "text": "x"}]},
        {"text": "ok", "context": [{"author": "customer", "text": "x"}] * 21},
        ["text"],
        "text",
    ],
    ids=repr,
)
def test_a_bad_request_is_refused_with_an_error(client: httpx2.Client, body: Any) -> None:
    content = {"tenant": "shop", **body} if isinstance(body, dict) else body
    response = client.post("/understand", json=content)
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["code"] == "bad_request"
    assert error["message"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe\x00", b'{"text": "\\ud800", "tenant": "shop"}', b"[" * 50_000],
    ids=["empty", "cut", "binary", "surrogate", "nested"],
)
def test_what_is_no_text_is_refused_and_the_next_question_answered(client: httpx2.Client, raw: bytes) -> None:
    response = client.post("/understand", content=raw, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert set(response.json()) == {"error"}
    assert understand(client, "怎么开发票")["hits"][0]["article"] == "invoice"


def test_a_huge_body_is_refused_unread(client: httpx2.Client) -> None:
    response = client.post("/understand", content=b"x" * (LARGEST_BODY + 1))
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "body_too_large"


@pytest.mark.parametrize(
    "text",
    ["退" * 8000, "a " * 4000, "\u202e\u200b\ufeff", "'; DROP TABLE x; --", "<script>1</script>"],
    ids=["long zh", "long en", "invisible", "sql", "html"],
)
def test_odd_but_allowed_texts_are_answered(client: httpx2.Client, text: str) -> None:
    jsonschema.validate(understand(client, text), CONTRACT["response"])


def test_an_unknown_tenant_or_article_is_a_404(client: httpx2.Client) -> None:
    response = client.post("/understand", json={"text": "退款", "tenant": "nobody"})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "unknown_tenant")
    response = client.get("/articles/shop/none")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "unknown_article")
    response = client.get("/nowhere")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "http_error")


def test_articles_are_read_in_the_language_and_only_by_their_audience(client: httpx2.Client) -> None:
    article = client.get("/articles/shop/invoice", params={"language": "en"}).json()
    assert set(article) == {"article", "language", "title", "category", "answer", "questions"}
    assert (article["article"], article["language"]) == ("invoice", "en")
    assert client.get("/articles/shop/compensation-limits").status_code == 404
    assert client.get("/articles/shop/compensation-limits", params={"audience": "agents"}).status_code == 200


def test_search_finds_for_agents_what_customers_do_not_see(client: httpx2.Client) -> None:
    query = {"q": "赔付上限", "tenant": "shop", "limit": 3}
    public = client.get("/search", params=query).json()
    agents = client.get("/search", params={**query, "audience": "agents"}).json()
    assert set(public) == {"generation", "hits"}
    assert len(public["hits"]) == 3
    assert "compensation-limits" not in [hit["article"] for hit in public["hits"]]
    assert agents["hits"][0]["article"] == "compensation-limits"
    assert agents["hits"][0]["internal"] is True, "an agent must know what is not for customers"
    assert all("internal" not in hit for hit in agents["hits"] if hit["article"] != "compensation-limits")
    assert client.get("/search", params={"tenant": "shop"}).status_code == 422


def test_a_new_generation_is_picked_up_without_being_told(shop: Settings) -> None:
    with running(shop) as client:
        before = understand(client, "能包装成礼物吗")
        write_article(
            shop.tenants["shop"],
            "gift-wrap",
            "zh",
            title="能包装成礼物吗",
            questions=["可以礼品包装吗", "送人的，能包好看点吗", "礼盒包装怎么选"],
            answer="结算页可以选择礼品包装。",
        )
        name = build(shop, if_changed=True, progress=quiet).generation
        eventually(lambda: understand(client, "能包装成礼物吗")["generation"] == name)
        assert "gift-wrap" not in [hit["article"] for hit in before["hits"]]
        assert understand(client, "能包装成礼物吗")["hits"][0]["article"] == "gift-wrap"
        assert client.post("/reload").json() == {"generation": name}


def test_without_an_index_it_lives_but_is_not_ready_until_one_is_built(built_shop: Path, tmp_path: Path) -> None:
    settings = shop_settings(built_shop, TANDEM_VAR=tmp_path)
    with running(settings) as client:
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "python -m kb_index build" in ready.json()["reason"]
        response = client.post("/understand", json={"text": "退款", "tenant": "shop"})
        assert (response.status_code, response.json()["error"]["code"]) == (503, "no_generation")
        build(settings, if_changed=False, progress=quiet)
        eventually(lambda: client.get("/readyz").status_code == 200)
        assert understand(client, "多久能退款")["hits"][0]["article"] == "refund-timing"


def test_a_damaged_current_generation_is_told_by_readyz(shop: Settings) -> None:
    name = build(shop, if_changed=False, progress=quiet).generation
    damaged = shop.store / name / "mood.npz"
    damaged.write_bytes(damaged.read_bytes() + b"x")
    with running(shop) as client:
        state = client.get("/readyz").json()
        assert state["generation"] == GenerationStore(shop.store).names()[1]
        assert "mood.npz" in state["warning"]


def test_no_customers_words_enter_the_logs(built_shop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    canary = "渡渡鸟 dodo-4711"
    configure_logs("debug")
    with running(shop_settings(built_shop)) as client:
        understand(client, f"多久能退款 {canary}", context=[{"author": "customer", "text": canary}])
        client.post("/understand", json={"text": canary, "tenant": "shop", "odd": canary})
        client.post("/understand", json={"text": f"{canary}\x00", "tenant": "shop"})
        client.get("/search", params={"q": canary, "tenant": "shop"})
    written = "".join(capfd.readouterr())
    assert "kb_index.loaded" in written
    assert all(json.loads(line)["event"] for line in written.splitlines())
    assert "dodo" not in written
    assert "渡渡鸟" not in written
